"""`assent home`: what becomes of a home as a whole."""

from __future__ import annotations

from pathlib import Path

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.shell import KEY_OPTION, YES_OPTION, Group, Shell, must_exist, with_shell


@click.group("home", cls=Group)
def command() -> None:
    """What becomes of a home as a whole."""


@command.command("accept-rollback")
@KEY_OPTION
@YES_OPTION
@with_shell
def accept_rollback(shell: Shell, key: Path | None, yes: bool) -> None:
    """Go on with an older copy of the home, and record what was lost.

    Only if the later receipts are gone for good. What they allowed has happened:
    whoever holds a later checkpoint sees that they are missing.
    """
    from assent.admin.rollback import accept
    from assent.assembly import open_rolled_back

    config = shell.config()
    must_exist(config)
    with open_rolled_back(config) as (home, lost, settle):
        with home.store.read() as reader:
            size = reader.size()
        click.echo(f"this copy has {size:,} leaves; {lost[0]:,} were signed")
        confirm("Is the rest lost for good?", yes=yes)
        at = accept(home.log, home.unlock(key, passphrase), home.clock.now(), lost)
        settle()
    click.echo(f"leaf {at} says what was lost; decisions are made again")
