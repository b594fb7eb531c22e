"""`assent sessions`: the sessions of this home, newest last."""

from __future__ import annotations

import click

from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, Shell, with_shell
from assent.model.session import Session


@click.command("sessions")
@click.option("--all", "everything", is_flag=True, help="The ended ones too.")
@JSON_OPTION
@with_shell
def command(shell: Shell, everything: bool, as_json: bool) -> None:
    """List the sessions of this home: who, since when, with which labels."""
    with shell.read() as reader:
        found = list(reader.sessions(open_only=not everything))
    if as_json:
        print_json([_row(session) for session in found])
        return
    if not found:
        click.echo("no session is open" if not everything else "no session yet")
    for line in columns(_cells(session) for session in found):
        click.echo(line)


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


def _cells(session: Session) -> list[str]:
    labels = ", ".join(sorted(session.labels)) or "no labels"
    return [session.id, session.status, when(session.opened), visible(session.principal), visible(labels)]
