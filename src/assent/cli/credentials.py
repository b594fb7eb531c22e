"""`assent credentials`: upstream secrets that Assent holds and no agent sees."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.asking import confirm, has_terminal, passphrase
from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, with_shell
from assent.errors import RequestError

if TYPE_CHECKING:
    from assent.evidence.uses import Report
    from assent.model.credential import Credential

_MOST = 64 * 1024
FILE_OPTION = click.option(
    "--from-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Read the secret from a file (default: ask for it, or read standard input).",
)
ENV_OPTION = click.option("--from-env", metavar="NAME", help="Read the secret from a variable of the environment.")


@click.group("credentials", cls=Group)
def command() -> None:
    """Secrets of upstreams: held here, given to servers, never seen by an agent."""


@command.command("add")
@click.argument("name", metavar="NAME")
@click.option("--server", required=True, metavar="SERVER", help="The only server it is used at, by its name.")
@click.option("--env", metavar="VARIABLE", help="Put it into the environment of the server when that is started.")
@click.option("--file", metavar="VARIABLE", help="The same as a path to a file that is on no disk (Linux).")
@click.option("--header", metavar="NAME", help="Put it into every call of a server elsewhere (assent mcp --url).")
@click.option("--exchange", metavar="URL", help="Exchange it there for a token that goes with the calls (RFC 8693).")
@click.option("--scope", default="", metavar="TEXT", help="Ask for a token that is good for this alone.")
@click.option("--audience", default="", metavar="TEXT", help="… and for this audience (default: the server's address).")
@click.option("--principal", "principals", multiple=True, metavar="P", help='Who may use it; or Group::"NAME"; again.')
@FILE_OPTION
@ENV_OPTION
@KEY_OPTION
@YES_OPTION
@with_shell
def add(
    shell: Shell,
    name: str,
    server: str,
    principals: tuple[str, ...],
    key: Path | None,
    yes: bool,
    from_file: Path | None,
    from_env: str | None,
    **said: str | None,
) -> None:
    """Take a secret in, with the operator's key. It is sealed before it is kept, and never printed.

    The secret is asked for, or read from standard input, a file or a variable; never from the command line.
    """
    from assent.admin import credentials
    from assent.model.credential import Credential, Secret

    given = [f"{kind}:{said[kind]}" for kind in ("env", "file", "header", "exchange") if said[kind]]
    scope, audience = said["scope"] or "", said["audience"] or ""
    if len(given) != 1:
        raise click.UsageError("give one of --env, --file, --header, --exchange")
    if (scope or audience) and not said["exchange"]:
        raise click.UsageError("--scope and --audience are for --exchange")
    if said["file"] and not sys.platform.startswith("linux"):
        raise click.UsageError("--file needs Linux; use --env")
    wanted = Credential(name, server, credentials.parse_how(given[0]), _whose(principals), b"", 0)
    text = _secret(shell, from_file, from_env)
    confirm(f"Hold `{visible(name)}` for the server `{visible(server)}`?", yes=yes)
    with shell.open() as home:
        signer = home.unlock(key, passphrase)
        secret = Secret(text, scope, audience)
        credentials.add(home.log, signer, home.custody(), home.clock.now(), (wanted, secret))
        home.log.checkpoint().result()
    click.echo(f"held      {name}, for {server}, as {wanted.how}")


@command.command("list")
@JSON_OPTION
@with_shell
def list_(shell: Shell, as_json: bool) -> None:
    """List what is held, and for whom; never a secret."""
    from assent.admin.credentials import live

    with shell.read() as reader:
        rows = live(reader)
    if as_json:
        print_json([_told(row) for row in rows])
        return
    if not rows:
        click.echo("no credential is held; see: assent credentials add --help")
    cells = [
        [row.name, row.server, row.how, ", ".join(row.principals) or "everybody", when(row.created)] for row in rows
    ]
    for line in columns(cells):
        click.echo(visible(line))


@command.command("rotate")
@click.argument("name", metavar="NAME")
@FILE_OPTION
@ENV_OPTION
@KEY_OPTION
@YES_OPTION
@with_shell
def rotate(shell: Shell, name: str, from_file: Path | None, from_env: str | None, key: Path | None, yes: bool) -> None:
    """Put another secret in place of one, with the operator's key.

    Calls to servers elsewhere take it from the next one on; a server that was started with it has to be started again.
    """
    from assent.admin import credentials

    text = _secret(shell, from_file, from_env)
    confirm(f"Put this secret in place of `{visible(name)}`?", yes=yes)
    with shell.open() as home:
        signer = home.unlock(key, passphrase)
        done = credentials.rotate(home.log, signer, home.custody(), home.clock.now(), (name, text))
        home.log.checkpoint().result()
    click.echo(f"rotated   {done.name}; servers that were started with it: start them again")


@command.command("remove")
@click.argument("name", metavar="NAME")
@KEY_OPTION
@YES_OPTION
@with_shell
def remove(shell: Shell, name: str, key: Path | None, yes: bool) -> None:
    """Forget a secret, with the operator's key. Servers that were started with it end at their next call."""
    from assent.admin import credentials

    confirm(f"Forget `{visible(name)}` for good?", yes=yes)
    with shell.open() as home:
        gone = credentials.remove(home.log, home.unlock(key, passphrase), home.clock.now(), name)
        home.log.checkpoint().result()
    click.echo(f"removed   {gone.name}; take it back at its issuer too, for whoever has seen it")


@command.command("use-report")
@JSON_OPTION
@with_shell
def use_report(shell: Shell, as_json: bool) -> None:
    """Say who used which credential, how often and when, from receipts; and what stands out."""
    import time

    from assent.evidence.uses import reports

    with shell.read() as reader:
        found, nameless = reports(reader, int(time.time() * 1000))
    if as_json:
        print_json({"credentials": [_reported(one) for one in found], "nameless": nameless})
        return
    for one in found:
        row = one.credential
        click.echo(visible(f"{row.name}  {row.server}  {row.how}  {row.status}, used {row.uses} times"))
        for principal, use in sorted(one.by.items()):
            click.echo(visible(f"  {principal}: {use.allowed} allowed, {use.refused} refused, last {use.last}"))
        for note in one.notes:
            click.echo(f"  note: {note}")
    if nameless:
        click.echo(f"{nameless} receipts of uses whose values are gone: the leaf says who and when, not which")
    if not found:
        click.echo("no credential was ever held")


def _whose(principals: tuple[str, ...]) -> tuple[str, ...]:
    """Principals and groups as policies name them, sorted."""
    from assent.identity.names import id_of

    groups = {one for one in principals if one.startswith('Group::"') and one.endswith('"') and one.isascii()}
    return tuple(sorted({*groups, *(id_of(one) for one in principals if one not in groups)}))


def _secret(shell: Shell, file: Path | None, variable: str | None) -> str:
    """The secret, without the line end that an editor or `echo` puts behind it.

    Raises:
        RequestError: `no_secret`: there is none where it should be, or it is no text.
    """
    if file is not None and variable is not None:
        raise click.UsageError("give one of --from-file, --from-env")
    help = "type it when asked, or give --from-file FILE, --from-env NAME, or standard input"
    try:
        if variable is not None:
            text = shell.environ.get(variable, "")
        elif file is not None:
            with file.open("rb") as opened:
                text = opened.read(_MOST).decode()
        elif not sys.stdin.isatty():
            text = sys.stdin.buffer.read(_MOST).decode()
        else:
            text = getpass.getpass("Secret: ") if has_terminal() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError("no_secret", f"the secret cannot be read: {type(error).__name__}", help=help) from error
    if "\n" not in text.rstrip("\r\n"):
        text = text.rstrip("\r\n")  # a key of several lines keeps its last line end
    if not text.strip():
        raise RequestError("no_secret", "there is no secret", help=help)
    return text


def _told(row: Credential) -> dict[str, object]:
    moments = {"created": row.created, "last_used": row.last_used, "rotated": row.rotated}
    return {
        "how": row.how,
        "name": row.name,
        "principals": list(row.principals),
        "server": row.server,
        "status": row.status,
        "uses": row.uses,
        **{name: when(moment) if moment else "" for name, moment in moments.items()},
    }


def _reported(one: Report) -> dict[str, object]:
    by = [
        {"allowed": use.allowed, "last": use.last, "principal": principal, "refused": use.refused}
        for principal, use in sorted(one.by.items())
    ]
    return {**_told(one.credential), "by": by, "notes": list(one.notes)}
