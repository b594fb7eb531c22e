"""`assent sessions`: the sessions of this home; opened by a person for an agent, shown, ended."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assent.cli.approve import seconds
from assent.cli.asking import confirm, passphrase
from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, with_shell
from assent.errors import RequestError

if TYPE_CHECKING:
    from assent.model.session import Session
    from assent.ports import Reader


@click.group("sessions", cls=Group, invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="The ended ones too.")
@JSON_OPTION
@with_shell
@click.pass_context
def command(ctx: click.Context, shell: Shell, everything: bool, as_json: bool) -> None:
    """List the sessions of this home: who, since when, with which labels."""
    if ctx.invoked_subcommand is not None:
        return
    with shell.read() as reader:
        found = list(reader.sessions(open_only=not everything))
    if as_json:
        print_json([_row(session) for session in found])
        return
    if not found:
        click.echo("no session is open" if not everything else "no session yet")
    for line in columns(_cells(session) for session in found):
        click.echo(line)


@command.command("open")
@click.option("--as", "principal", required=True, metavar="PRINCIPAL", help="The enrolled agent that it is for.")
@click.option("--task", default="", metavar="TEXT", help="What it is to do, in your words.")
@click.option("--task-file", type=click.File("rb"), metavar="FILE", help="The same from a file, whole.")
@click.option("--delegation", default="", metavar="ID", help="What it acts under (default: the only one given to it).")
@click.option(
    "--expires", default="8h", show_default=True, callback=seconds, metavar="TIME", help="It ends then at the latest."
)
@click.option(
    "--idle", default="1h", show_default=True, callback=seconds, metavar="TIME", help="Or after such a pause."
)
@KEY_OPTION
@YES_OPTION
@with_shell
def open_(
    shell: Shell, principal: str, delegation: str, expires: int, idle: int, key: Path | None, yes: bool, **said: Any
) -> None:
    """Open a session for an agent, with your key: assent mcp --session ID, or ASSENT_SESSION.

    It starts without the labels of sessions before it, is used by one program at
    a time, and all that it may do ends with it.
    """
    from assent.enforce.session import Opening
    from assent.identity import names

    wanted = names.id_of(principal)
    task = said["task_file"].read().decode() if said["task_file"] else said["task"]
    with shell.open() as home:
        confirm(f"Open a session for {wanted}?", yes=yes)
        home.person(home.unlock(key, passphrase))
        opening = Opening(task, home.clock.now() + expires * 1000, idle * 1000, delegation)
        session = asyncio.run(home.sessions.open_for(wanted, opening))
    click.echo(f"opened    {session.id} for {session.principal}, until {when(session.expires)}")
    click.echo(f"          use it: ASSENT_SESSION={session.id} assent mcp --as '{session.principal}' -- COMMAND")


@command.command("end")
@click.argument("id", metavar="ID")
@YES_OPTION
@with_shell
def end_(shell: Shell, id: str, yes: bool) -> None:
    """End a session now: nothing more is decided in it, and what was given for it is over."""
    with shell.open() as home:
        confirm(f"End {visible(id)}?", yes=yes)
        asyncio.run(home.sessions.end(id))
    click.echo(f"ended     {id}")


@command.command("show")
@click.argument("id", metavar="ID")
@JSON_OPTION
@with_shell
def show(shell: Shell, id: str, as_json: bool) -> None:
    """Show one session: who, under which delegations, what is left of its time."""
    from assent.model.ids import SessionId

    with shell.read() as reader:
        session = reader.session(SessionId(id))
        if session is None:
            raise RequestError(
                "unknown_session", f"there is no session `{ascii(id)[1:-1][:64]}`", help="assent sessions"
            )
        row = _whole(reader, session)
    if as_json:
        print_json(row)
        return
    for name, value in row.items():
        told = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{name:<12}{visible(str(told)) if told not in ('', None) else '-'}")


def _row(session: Session) -> dict[str, object]:
    return {
        "id": session.id,
        "status": session.status,
        "principal": session.principal,
        "owner": session.owner,
        "opened": when(session.opened),
        "ended": when(session.ended) if session.ended else None,
        "labels": sorted(session.labels),
        "leaves": session.seq,
    }


def _whole(reader: Reader, session: Session) -> dict[str, object]:
    """The object of `assent sessions show --json`."""
    from assent.model.grant import Grant

    elevated = [one for one in reader.find_all(Grant, "session", session.id) if one.id not in session.chain]
    return {
        **_row(session),
        "key": session.key,
        "delegations": list(session.chain),
        "elevations": [one.id for one in elevated if one.status == "live"],
        "task": session.task,
        "expires": when(session.expires) if session.expires else None,
        "idle_seconds": session.idle // 1000,
    }


def _cells(session: Session) -> list[str]:
    labels = ", ".join(sorted(session.labels)) or "no labels"
    return [session.id, session.status, when(session.opened), visible(session.principal), visible(labels)]
