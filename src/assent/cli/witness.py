"""`assent witness`: witness other logs, and have this one witnessed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, with_shell
from assent.errors import ConfigError, ProofError

if TYPE_CHECKING:
    from assent_verify.cosignature import WitnessKey
    from starlette.applications import Starlette

    from assent.ports import Reader

_STATE_OPTION = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the witness keeps its key and what it saw (default: ~/.assent-witness).",
)


@click.group("witness", cls=Group)
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

    from assent.api.serving import Hasty

    bound = socket.create_server((host, port))
    config = uvicorn.Config(
        served,
        http=Hasty,
        log_level="warning",
        limit_concurrency=128,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=16_384,
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


@command.command("add")
@click.argument("url")
@click.argument("vkey")
@click.option("--quorum", type=click.IntRange(1), default=None, help="How many witnesses must agree from now on.")
@KEY_OPTION
@YES_OPTION
@with_shell
def add(shell: Shell, url: str, vkey: str, quorum: int | None, key: Path | None, yes: bool) -> None:
    """Have this log witnessed at URL by the witness of this key; the operator signs for it."""
    from assent_verify.cosignature import WitnessKey

    try:
        witness = WitnessKey.parse(vkey)
    except ProofError as error:
        raise click.BadParameter(error.message, param_hint="VKEY") from error
    confirm(f"Have this log witnessed by `{visible(witness.name)}` at {visible(url)}?", yes=yes)
    _change(shell, key, add=(witness, url), quorum=quorum or 0)


@command.command("remove")
@click.argument("name")
@KEY_OPTION
@YES_OPTION
@with_shell
def remove(shell: Shell, name: str, key: Path | None, yes: bool) -> None:
    """No longer have this log witnessed by NAME; the operator signs for it."""
    confirm(f"Take `{visible(name)}` off the witnesses of this log?", yes=yes)
    _change(shell, key, add=None, remove=name)


@command.command("quorum")
@click.argument("many", metavar="N", type=click.IntRange(1))
@KEY_OPTION
@YES_OPTION
@with_shell
def quorum(shell: Shell, many: int, key: Path | None, yes: bool) -> None:
    """How many witnesses must agree; the operator signs for it."""
    confirm(f"Must {many} of the witnesses agree from now on?", yes=yes)
    _change(shell, key, add=None, quorum=many)


def _change(
    shell: Shell, key: Path | None, *, add: tuple[WitnessKey, str] | None, remove: str = "", quorum: int = 0
) -> None:
    from assent.admin.witnesses import change

    with shell.open() as home:
        signer = home.unlock(key, passphrase)
        policy = change(home.log, signer, home.clock.now(), add=add, remove=remove, quorum=quorum)
        home.log.checkpoint().result()
        home.witness()
    most = policy.groups["most"].threshold if policy.groups else 0
    click.echo(f"witnesses  {len(policy.witnesses)}, of which {most} must agree; its digest is a receipt")


@command.command("list")
@JSON_OPTION
@with_shell
def list_(shell: Shell, as_json: bool) -> None:
    """List the witnesses of this log: what they last cosigned, how far they lag, and what failed."""
    from assent.record.witnesses import policy, standing

    with shell.read() as reader:
        if as_json:
            print_json(_listed(reader))
            return
        found = policy(reader)
        rows = []
        for key in found.witnesses.values() if found else ():
            one = standing(reader, key)
            seen = f"{one.size:,} of {reader.size():,} leaves, {when(one.time)}" if one.size else "nothing yet"
            rows.append([visible(str(key)), seen, visible(one.error) or "ok"])
    if not rows:
        click.echo("no witness; add one with: assent witness add URL VKEY")
    for line in columns(rows):
        click.echo(line)


def _listed(reader: Reader) -> dict[str, object]:
    """The witnesses for a program; `vouched` is the size that enough of them have cosigned."""
    from assent.record.vouched import vouched
    from assent.record.witnesses import policy, standing

    found = policy(reader)
    rows: list[dict[str, object]] = []
    for key in found.witnesses.values() if found else ():
        one = standing(reader, key)
        row = {"key": str(key), "url": found.urls.get(str(key), "") if found else "", "size": one.size}
        rows.append(row | {"time": when(one.time) if one.size else None, "error": one.error, "failures": one.failures})
    quorum = found.groups["most"].threshold if found and found.groups else 0
    return {"leaves": reader.size(), "quorum": quorum, "vouched": vouched(reader), "witnesses": rows}


@command.command("policy")
@with_shell
def policy_(shell: Shell) -> None:
    """Print the policy in force as c2sp.org/tlog-policy has it; a verifier takes it from you, not from the log."""
    from assent.record.vouched import POLICY

    with shell.read() as reader:
        click.echo(reader.state(POLICY) or "quorum none\n", nl=False)
