"""`assent clock`: the time after a jump, confirmed by a person."""

from __future__ import annotations

import json
from pathlib import Path

import click

from assent.cli.asking import confirm as ask
from assent.cli.asking import passphrase
from assent.cli.output import when
from assent.cli.shell import KEY_OPTION, YES_OPTION, Group, Shell, with_shell


@click.group("clock", cls=Group)
def command() -> None:
    """Confirm the time after a clock jump."""


@command.command("confirm")
@KEY_OPTION
@YES_OPTION
@with_shell
def confirm(shell: Shell, key: Path | None, yes: bool) -> None:
    """Take the present time as right, so that decisions are made again."""
    from assent.admin.clock import confirm as confirm_time
    from assent.inform.process import boot_id

    with shell.open() as home:
        with home.store.read() as reader:
            high = int(json.loads(reader.state("clock") or "{}").get("high", 0))
        now = home.clock.now()
        click.echo(f"time now          {when(now)}")
        click.echo(f"highest recorded  {when(high) if high else 'none'}")
        ask("Is the time now right?", yes=yes)
        signer = home.unlock(key, passphrase)
        confirm_time(home.log, boot_id(), home.clock.now(), home.clock.steady(), signer)
    click.echo("confirmed")
