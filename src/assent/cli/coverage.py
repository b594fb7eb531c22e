"""`assent coverage`: which configured MCP servers go through Assent, and which go round it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from assent.cli.output import columns, print_json, visible
from assent.cli.shell import JSON_OPTION, Shell, with_shell

if TYPE_CHECKING:
    from assent.edges.clients.coverage import Found

_COLOUR = {"wrapped": "green", "disabled": "yellow", "http": "yellow"}
_WHY = {
    "http": "reached over HTTP; nothing governs it",
    "disabled": "not started while it is disabled; not wrapped",
    "not wrapped": "started without Assent",
    "unreadable": "neither a command nor an address can be read",
}


@click.command("coverage")
@JSON_OPTION
@with_shell
def command(shell: Shell, as_json: bool) -> int:
    """List the MCP servers that clients are configured to start.

    Looks at the files of every known client, those of the user and of the project
    in the current directory. Exit code 1 if any server goes round Assent, or a
    file cannot be read.
    """
    found = covered(shell.environ)
    if as_json:
        print_json([_json(one) for one in found])
    elif not found:
        click.echo("no known client is configured to start a server")
    else:
        for line in columns(_row(one) for one in found):
            click.echo(line)
        clients = sorted({one.client for one in found if one.state == "not wrapped"})
        for name in clients:
            click.echo(f"Wrap them with: assent install {name}")
    return 1 if any(one.state != "wrapped" for one in found) else 0


def covered(environ: Mapping[str, str]) -> list[Found]:
    """Every configured server of every known client, as seen from the current directory."""
    from assent.edges.clients.coverage import coverage
    from assent.edges.clients.places import places
    from assent.model.client import CLIENTS

    return list(coverage(places(CLIENTS, os.path.expanduser("~"), os.getcwd(), environ)))


def _row(one: Found) -> list[str]:
    state = click.style(one.state, fg=_COLOUR.get(one.state, "red"))
    return [state, one.client, visible(one.server or "-"), visible(one.file), visible(_note(one))]


def _note(one: Found) -> str:
    if one.note:
        return one.note
    if one.state != "wrapped":
        return _WHY[one.state]
    there = (
        "" if os.path.exists(one.program) or os.path.basename(one.program) == one.program else " (which is not there)"
    )
    home = f", home {one.home}" if one.home else ""
    return f"as {one.name or 'its package'}, by {one.program}{there}{home}"


def _json(one: Found) -> dict[str, str]:
    names = ("client", "file", "server", "state", "program", "home", "name", "note")
    return {name: getattr(one, name) for name in names}
