"""`assent deny`: a person's no, which holds for the whole session."""

from __future__ import annotations

from pathlib import Path

import click

from assent.cli.card import give
from assent.cli.shell import KEY_OPTION, YES_OPTION, Shell, with_shell


@click.command("deny")
@click.argument("id", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why, for the record.")
@KEY_OPTION
@YES_OPTION
@with_shell
def command(shell: Shell, id: str, reason: str, key: Path | None, yes: bool) -> int:
    """Say no to one action; the same tool and targets are not asked again in its session."""
    return give(shell, id, ("deny", reason), (yes, key))
