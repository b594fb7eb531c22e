"""`assent mcp`: run an MCP server behind Assent."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assent.cli.mode import observing_until, said
from assent.cli.shell import Shell, with_shell

if TYPE_CHECKING:
    from assent.assembly import Home
    from assent.model.permit import Consumer


@click.command("mcp", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--name", default="", metavar="NAME", help="The server's name (default: the package of the command).")
@click.option(
    "--zone",
    type=click.Choice(["local", "own", "external"]),
    help="Where it is (default: as its profile says, else external).",
)
@click.option("--root", "roots", multiple=True, metavar="PATH", help="What it may touch; again for more.")
@click.option(
    "--as",
    "principal",
    envvar="ASSENT_PRINCIPAL",
    default="",
    metavar="PRINCIPAL",
    help='Who calls (default: Agent::"local/CLIENT" after the program that started this one).',
)
@click.option(
    "--permits",
    type=click.Choice(["home", "own"]),
    help="The server takes permits, and uses them up at this home or in a store of its own.",
)
@click.option(
    "--url", default="", metavar="URL", help="A server elsewhere, over Streamable HTTP, instead of a command."
)
@click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ASSENT_KEY",
    metavar="FILE",
    help="The private key that proves who calls.",
)
@click.option(
    "--token",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ASSENT_TOKEN",
    metavar="FILE",
    help="A token that says who calls; with the --key that it is bound to.",
)
@click.option(
    "--delegation", default="", metavar="ID|FILE", help="What the caller acts under (default: the one given to it)."
)
@click.option(
    "--session", envvar="ASSENT_SESSION", default="", metavar="ID", help="One that `assent sessions open` made."
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@with_shell
def command(
    shell: Shell,
    name: str,
    zone: str | None,
    roots: tuple[str, ...],
    permits: Consumer | None,
    url: str,
    command: tuple[str, ...],
    **who: Any,
) -> int:
    """Put Assent before an MCP server: assent mcp -- COMMAND [ARGUMENT]…

    Reads and writes MCP messages on standard input and output. Every call is
    decided before it reaches the server, and leaves a receipt. The exit code is
    the server's.
    """
    from assent.config import holds_credentials
    from assent.edges.mcp import launch
    from assent.edges.mcp.caller import Caller

    @contextmanager
    def opened() -> Iterator[Home]:
        with shell.open(make=True) as home:  # nothing needs configuring to start
            with home.store.read() as reader:
                until = observing_until(reader)
            if until:
                logging.getLogger("assent").warning("%s", said(until))
            yield home

    # standard output belongs to the protocol
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="assent: %(message)s")
    # a home that holds secrets decides on them before the server starts; any other loses no time
    late = bool(command) and holds_credentials(shell.config().home)
    caller = Caller(**who)
    options = launch.Options(command, name, zone or "", roots, caller, permits or "", url, late)
    return launch.run(options, shell.environ, opened)
