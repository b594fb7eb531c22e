"""`assent witness`: witness other logs, and have this one witnessed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.output import columns, visible, when
from assent.cli.shell import Shell, with_shell
from assent.errors import ConfigError, ProofError

if TYPE_CHECKING:
    from starlette.applications import Starlette

_STATE_OPTION = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the witness keeps its key and what it saw (default: ~/.assent-witness).",
)


@click.group("witness")
def command() -> None:
    """Witness other logs; have this one witnessed."""


def _state(shell: Shell, state: Path | None) -> Path:
    return state or Path(shell.environ.get("HOME") or "~").expanduser() / ".assent-witness"


@command.command("serve")
@_STATE_OPTION
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8431, show_default=True, help="0 takes a free one.")
@with_shell
def serve(shell: Shell, state: Path | None, host: str, port: int) -> None:
    """Witness the logs that are trusted, over HTTP (c2sp.org/tlog-witness).

    Put what ends TLS before it. Prints its key and address once it listens.
    """
    from assent.assembly import open_witness

    try:
        from assent.api.witness import Witness, app
    except ModuleNotFoundError as error:
        help = "run: pip install 'assent[server]'"
        raise ConfigError("server_not_installed", f"`{error.name}` is not installed", help=help) from error
    book, key, signer = open_witness(_state(shell, state))
    _run(app(Witness(key, signer.sign, book, time.time)), host, port, lambda at: click.echo(f"witness {key}\n{at}"))


def _run(served: Starlette, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until told to stop; bounded in connections, headers and idle time."""
    import asyncio
    import socket

    import uvicorn

    bound = socket.create_server((host, port))
    config = uvicorn.Config(
        served, log_level="warning", limit_concurrency=128, timeout_keep_alive=30, h11_max_incomplete_event_size=16_384
    )
    ready(f"http://{host}:{bound.getsockname()[1]}")
    asyncio.run(uvicorn.Server(config).serve(sockets=[bound]))


@command.command("trust")
@click.argument("vkey")
@_STATE_OPTION
@with_shell
def trust(shell: Shell, vkey: str, state: Path | None) -> None:
    """Witness the log of this key from now on: NAME+ID+BASE64; again with another key for a rotated one."""
    from assent_verify.note import VerifierKey

    from assent.assembly import open_witness

    try:
        log = VerifierKey.parse(vkey)
    except ProofError as error:
        raise click.BadParameter(error.message, param_hint="VKEY") from error
    book, key, _ = open_witness(_state(shell, state))
    book.trust(log)
    click.echo(f"trusted  {visible(log.name)}\nwitness  {key}")


@command.command("logs")
@_STATE_OPTION
@with_shell
def logs(shell: Shell, state: Path | None) -> None:
    """List the logs that are witnessed here, and evidence against them."""
    from assent.assembly import open_witness

    book, key, _ = open_witness(_state(shell, state))
    click.echo(f"witness  {key}")
    rows = [[visible(vkey), f"{size:,} leaves", when(at * 1000) if at else "never"] for vkey, size, at in book.logs()]
    for line in columns(rows):
        click.echo(line)
    for origin, why, body in book.evidence():
        click.echo(f"EVIDENCE {why} of {visible(origin)}: {len(body)} bytes, in witness.db")
