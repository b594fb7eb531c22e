"""`assent kill`: everything stops, until the operator says to go on."""

from __future__ import annotations

from pathlib import Path

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import print_json, when
from assent.cli.revoke import REASON_OPTION, checked
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Shell, with_shell
from assent.cli.taking import acknowledged, signer_of


@click.command("kill")
@click.option("--all", "on", is_flag=True, help="Stop everything: every session, permit, question and running call.")
@click.option("--off", is_flag=True, help="Let decisions be made again; it needs the operator's key.")
@REASON_OPTION
@KEY_OPTION
@YES_OPTION
@JSON_OPTION
@with_shell
def command(shell: Shell, on: bool, off: bool, reason: str, key: Path | None, yes: bool, as_json: bool) -> None:
    """Stop everything at once, on every process and machine of this home.

    With neither --all nor --off, say whether everything is stopped. Sessions that
    were ended stay so: after --off, agents are started anew.
    """
    if on and off:
        raise click.UsageError("give --all or --off, not both")
    if on:
        _all(shell, checked(reason), (key, yes), as_json=as_json)
    elif off:
        _off(shell, checked(reason), key, yes)
    else:
        _standing(shell, as_json)


def _all(shell: Shell, reason: str, how: tuple[Path | None, bool], *, as_json: bool) -> None:
    from assent.admin.kill import end_sessions, kill

    key, yes = how
    with shell.open() as home:
        confirm("Stop everything?", yes=yes)
        done = kill(home.log, signer_of(home, key), home.clock.now(), reason)
        since = home.clock.steady()
        ended = end_sessions(home.store, home.log, home.clock.now())
        if not as_json:
            first = "everything is stopped" if done.fresh else f"everything was stopped before: at {when(done.what.at)}"
            click.echo(f"killed        {first}; {len(ended)} session(s) ended, {done.permits} permit(s) void")
        acknowledged(home, done, since, lambda: 0, as_json=as_json)


def _off(shell: Shell, reason: str, key: Path | None, yes: bool) -> None:
    from assent.admin.kill import lift

    with shell.open() as home:
        confirm("Let decisions be made again?", yes=yes)
        lift(home.store, home.log, home.unlock(key, passphrase), home.clock.now(), reason)
    click.echo("lifted        decisions are made again; start the agents anew")


def _standing(shell: Shell, as_json: bool) -> None:
    from assent.admin.kill import since

    with shell.read() as reader:
        at = since(reader)
    if as_json:
        print_json({"stopped": bool(at), "since": when(at) if at else None})
        return
    click.echo(f"everything is stopped since {when(at)}; go on with: assent kill --off" if at else "nothing is stopped")
