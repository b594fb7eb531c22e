"""`assent token`: exchange tokens over HTTP, and secrets for clients that have no key."""

from __future__ import annotations

import secrets
from hashlib import sha256
from pathlib import Path

import click

from assent.cli.shell import Group, Shell, with_shell
from assent.errors import ConfigError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("token", cls=Group)
def command() -> None:
    """Exchange tokens of others for narrower ones of this home."""


@command.command("serve")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Where to listen (default: this machine alone).")
@click.option("--port", type=click.IntRange(0, 65_535), default=8422, metavar="PORT", help="Default: 8422.")
@click.option("--certificate", type=_FILE, metavar="PEM", help="The server's certificate, to serve over TLS.")
@click.option("--certificate-key", type=_FILE, metavar="PEM", help="The key of that certificate.")
@click.option("--client-authorities", type=_FILE, metavar="PEM", help="Whose clients' certificates count (mTLS).")
@with_shell
def serve(
    shell: Shell,
    host: str,
    port: int,
    certificate: Path | None,
    certificate_key: Path | None,
    client_authorities: Path | None,
) -> None:
    """Serve the token endpoint of this home (RFC 8693; needs the extra `server`).

    `[token] issuer` says under which address it is known. Without --certificate, put what ends
    TLS before it; clients' certificates are seen only with it.
    """
    try:
        from assent.api.app import app
        from assent.api.serving import Tls, run
        from assent.api.token import desk, routes
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        text = "serving over HTTP needs the extra `server`"
        raise ConfigError("extra_missing", text, help="pip install 'assent[server]'") from error
    if (certificate is None) != (certificate_key is None) or (client_authorities and certificate is None):
        raise click.UsageError("give --certificate and --certificate-key, and --client-authorities only beside them")
    tls = Tls(certificate, certificate_key, client_authorities) if certificate and certificate_key else None
    with shell.open() as home:
        served = desk(home.config, home.log, home.store, home.clock, home.authority())
        home.attend()
        run(app(routes(served)), host, port, lambda at: click.echo(f"{served.issuer} is served at {at}"), tls)


@command.command("client")
@click.argument("id", metavar="ID")
@click.argument("principal", metavar="PRINCIPAL")
@with_shell
def client(shell: Shell, id: str, principal: str) -> None:
    """Draw a secret for a client that has no key; the settings keep only its digest."""
    from assent.identity.names import id_of

    secret = secrets.token_urlsafe(32)
    click.echo(f"{secret}\n")
    click.echo("Give this to the client, it is not shown again; and write into assent.toml:\n")
    digest = sha256(secret.encode()).hexdigest()
    click.echo(f'[[clients]]\nid = "{id}"\nprincipal = \'{id_of(principal)}\'\nsecret = "sha256:{digest}"')
