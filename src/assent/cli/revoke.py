"""`assent revoke`: take back what was given, for every decision from now on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, with_shell
from assent.cli.taking import take
from assent.model.revocation import RevokedKind

REASON_OPTION = click.option(
    "--reason", default="asked", show_default=True, metavar="CODE", help="Why, as a word for the record: key_stolen."
)
#: Kind → its id, and what is taken back with it.
KINDS: dict[str, tuple[str, str]] = {
    "principal": ("PRINCIPAL", "Disable a principal, end its sessions, void its permits and delegations."),
    "session": ("SESSION", "End a session; its client opens no other one."),
    "delegation": ("DELEGATION", "Take a delegation back with everything that stands on it."),
    "permit": ("PERMIT", "Void a permit that has not been used."),
    "tool": ("SERVER/TOOL", "Bar a tool until it is restored."),
    "server": ("SERVER", "Bar a server and end its processes, until it is restored."),
    "key": ("KEY", "Let a key prove nobody any more; end what it opened and signed."),
}


def checked(reason: str) -> str:
    """A reason as a leaf takes it: a code.

    Raises:
        BadParameter: it is none.
    """
    import re

    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", reason):
        raise click.BadParameter(f"`{reason[:40]}` is no code: write a word, as key_stolen", param_hint="--reason")
    return reason


def _taking(kind: str) -> click.Command:
    """The subcommand for one kind of thing."""
    metavar, words = KINDS[kind]

    @click.command(kind, help=words)
    @click.argument("id", metavar=metavar)
    @REASON_OPTION
    @KEY_OPTION
    @YES_OPTION
    @JSON_OPTION
    @with_shell
    def one(shell: Shell, id: str, reason: str, key: Path | None, yes: bool, as_json: bool) -> None:
        from assent.identity.names import id_of

        whole = id_of(id) if kind == "principal" else id  # `ci/deploy` is an agent, as everywhere
        take(shell, cast(RevokedKind, kind), whole, checked(reason), (key, yes), as_json=as_json)

    return one


class Kinds(Group):
    """A subcommand for each kind of thing, beside those that are written down."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for kind in KINDS:
            self.add_command(_taking(kind))


@click.group("revoke", cls=Kinds)
def command() -> None:
    """Take back what was given, for every decision from now on.

    It stops pending questions and calls under way too. When it says acknowledged,
    nothing that was permitted before can begin any more.
    """


@command.command("list")
@JSON_OPTION
@with_shell
def listed(shell: Shell, as_json: bool) -> None:
    """List what was taken back: what, since when."""
    from assent.model.revocation import Revocation

    with shell.read() as reader:
        found = sorted(reader.find_all(Revocation), key=lambda one: (one.epoch, one.kind, one.id))
    if as_json:
        print_json([{"kind": one.kind, "id": one.id, "at": when(one.at), "epoch": one.epoch} for one in found])
        return
    if not found:
        click.echo("nothing has been revoked")
    for line in columns([one.kind, visible(one.id), when(one.at), f"epoch {one.epoch}"] for one in found):
        click.echo(line)


@command.command("restore")
@click.argument("kind", type=click.Choice(["tool", "server"]))
@click.argument("id", metavar="ID")
@REASON_OPTION
@KEY_OPTION
@YES_OPTION
@with_shell
def restored(shell: Shell, kind: str, id: str, reason: str, key: Path | None, yes: bool) -> None:
    """Give a tool or a server back. It needs the operator's key.

    A principal is enabled again with `assent principals enable`. A session, a permit,
    a delegation and a key that were revoked stay so: give new ones.
    """
    from assent.admin.revoke import Wanted, restore

    with shell.open() as home:
        confirm(f"Give the {kind} `{visible(id)}` back?", yes=yes)
        wanted = Wanted(cast(RevokedKind, kind), id, checked(reason))
        restore(home.log, wanted, home.unlock(key, passphrase), home.clock.now())
    click.echo(f"restored      {kind} {visible(id)}")
