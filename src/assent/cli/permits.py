"""`assent permits`: what executors need that take permits."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.asking import passphrase
from assent.cli.shell import KEY_OPTION, Group, Shell, with_shell
from assent.errors import ConfigError, RequestError

if TYPE_CHECKING:
    from assent.assembly import Home
    from assent.identity.permits import Trust

_PUBLIC = 32  # bytes of an Ed25519 public key


@click.group("permits", cls=Group)
def command() -> None:
    """Executors that run nothing without a permit: their keys, their store."""


@command.command("jwks")
@with_shell
def jwks(shell: Shell) -> None:
    """Print the keys that sign permits of this home, for an executor's file."""
    from assent.identity.permits import Trust

    with shell.open() as home:
        trust = _trust(home)
    click.echo(Trust.published(trust.issuer, list(trust.keys.values())).decode())


@command.command("enrol")
@click.argument("server")
@click.option("--public", required=True, metavar="KEY", help="The executor's public key, base64.")
@KEY_OPTION
@with_shell
def enrol(shell: Shell, server: str, public: str, key: Path | None) -> None:
    """Take a server's signed word for what became of its calls.

    The key signs outcomes of this server and nothing else; the operator signs the
    enrolment.
    """
    from assent.admin import executors
    from assent.edges.mcp.launch import checked_name

    raw = _raw(public)
    with shell.open() as home:
        name, signer = checked_name(server), home.unlock(key, passphrase)
        enrolled = (name, raw, home.owner)
        leaf = home.log.submit(
            lambda tx: executors.enrol(tx, home.node, home.clock.now(), enrolled, signer), durable=True
        ).result()
    click.echo(f"leaf {leaf.index}: the executor of `{name}` may sign outcomes")


@command.command("serve")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Where to listen (default: this machine alone).")
@click.option("--port", type=click.IntRange(0, 65_535), default=8422, metavar="PORT", help="Default: 8422.")
@with_shell
def serve(shell: Shell, host: str, port: int) -> None:
    """Use permits up for executors elsewhere, over HTTP (needs the extra `server`).

    Put what ends TLS before it on a network. Nothing is answered but whether a permit
    could be used, and the keys.
    """
    try:
        from assent.api.app import app
        from assent.api.permits import routes
        from assent.api.serving import run
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        text = "serving over HTTP needs the extra `server`"
        raise ConfigError("extra_missing", text, help="pip install 'assent[server]'") from error
    from assent.resource.home import HomeConsumption

    with shell.open() as home:
        store = HomeConsumption(home.log, home.clock)
        run(app(routes(lambda: _trust(home), store)), host, port, lambda at: click.echo(f"taking permits at {at}"))


def _trust(home: Home) -> Trust:
    from assent.identity import jwk
    from assent.identity.permits import Trust

    public = home.authority().public
    return Trust(home.log.origin, {jwk.thumbprint(public): public})


def _raw(public: str) -> bytes:
    try:
        raw = base64.b64decode(public.strip(), validate=True)
    except ValueError:
        raw = b""
    if len(raw) != _PUBLIC:
        raise RequestError("bad_key", "expected an Ed25519 public key of 32 bytes, in base64")
    return raw
