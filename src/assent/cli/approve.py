"""`assent approve`: a person's yes to one exact action."""

from __future__ import annotations

from pathlib import Path

import click

from assent.cli.card import give
from assent.cli.shell import KEY_OPTION, YES_OPTION, Shell, with_shell


@click.command("approve")
@click.argument("id", metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="For the record.")
@KEY_OPTION
@YES_OPTION
@with_shell
def command(shell: Shell, id: str, reason: str, key: Path | None, yes: bool) -> int:
    """Say yes to one exact action, after it has been shown whole.

    The yes is signed with your key, counts for this attempt with these
    arguments, and works once.
    """
    return give(shell, id, ("approve", reason), (yes, key))
