"""`assent principals`: who may act, who answers for them, how they prove who they are, and the access review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, with_shell

if TYPE_CHECKING:
    from assent.model.principal import Authenticator, Enrolled, Principal
    from assent.ports import Reader

_FILE = click.Path(dir_okay=False, path_type=Path)
OWNER_OPTION = click.option("--owner", metavar="USER", help="The person who answers for it.")
GROUP_OPTION = click.option("--group", "groups", multiple=True, metavar="GROUP", help="Of policy; again for more.")
AUTONOMY_OPTION = click.option(
    "--autonomy", type=click.IntRange(0, 4), help="How far it acts on its own: 0 when told, 4 for days."
)
MODEL_OPTION = click.option("--model", metavar="NAME[@VERSION]", help="The model it runs.")
NEW_KEY_OPTION = click.option(
    "--new-key", type=_FILE, metavar="FILE", help="The private key that it is to use; made if it is not there."
)
PUBLIC_OPTION = click.option("--public", type=_FILE, metavar="FILE", help="Its public key (OpenSSH or PEM, Ed25519).")
PROOF_OPTION = click.option(
    "--proof", metavar="ID", help="Another proof: x509:HEX, spiffe:spiffe://…, 'token:ISSUER SUBJECT'."
)


@click.group("principals", cls=Group)
def command() -> None:
    """Who may act: enrol, list, disable, give new keys, review.

    A principal is a User, Agent, Service or Model: Agent::"ci/deploy", or ci/deploy
    for short. All but Users have an owner, a User who answers for them.
    """


@command.command("add")
@click.argument("id", metavar="PRINCIPAL")
@OWNER_OPTION
@GROUP_OPTION
@AUTONOMY_OPTION
@MODEL_OPTION
@NEW_KEY_OPTION
@PUBLIC_OPTION
@PROOF_OPTION
@KEY_OPTION
@YES_OPTION
@with_shell
def add(shell: Shell, id: str, key: Path | None, yes: bool, **said: Any) -> None:
    """Enrol a principal, with your signature.

    With --new-key it proves who it is with that file: assent mcp --as PRINCIPAL --key FILE.
    """
    from assent.admin import principals
    from assent.identity import names
    from assent.model.principal import Principal

    kind, name = names.parse(id)
    with shell.open() as home:
        owner = names.id_of(said["owner"]) if said["owner"] else home.owner
        wanted = _with(Principal(kind, name, None if kind == "User" else owner), said)
        confirm(f"Enrol {wanted.id}, for whom {wanted.owner or 'they themselves'} answers?", yes=yes)
        signer, by = home.unlock(key, passphrase), _proof(home.config.home, said)
        row = principals.add(home.log, signer, home.clock.now(), wanted, home.rules().bundle.members, by)
        if said["new_key"]:
            home.prove(said["new_key"])
    click.echo(f"enrolled  {row.id}" + (f", owner {row.owner}" if row.owner else ""))
    _told_key(by, said["new_key"], row.id)


@command.command("set")
@click.argument("id", metavar="PRINCIPAL")
@OWNER_OPTION
@GROUP_OPTION
@AUTONOMY_OPTION
@MODEL_OPTION
@KEY_OPTION
@YES_OPTION
@with_shell
def set_(shell: Shell, id: str, key: Path | None, yes: bool, **said: Any) -> None:
    """Change owner, groups, autonomy or model; what is not given stays. Groups are given anew, all of them."""
    _change(shell, id, (key, yes), "Change", lambda now: _with(now, said))


@command.command("disable")
@click.argument("id", metavar="PRINCIPAL")
@KEY_OPTION
@YES_OPTION
@with_shell
def disable(shell: Shell, id: str, key: Path | None, yes: bool) -> None:
    """Let a principal act no more, from the next decision on, nor anybody who acts for it."""
    _change(shell, id, (key, yes), "Disable", lambda now: replace(now, status="disabled"))


@command.command("enable")
@click.argument("id", metavar="PRINCIPAL")
@KEY_OPTION
@YES_OPTION
@with_shell
def enable(shell: Shell, id: str, key: Path | None, yes: bool) -> None:
    """Let a disabled principal act again, with what it still has been given."""
    _change(shell, id, (key, yes), "Enable", lambda now: replace(now, status="active"))


@command.command("rotate")
@click.argument("id", metavar="PRINCIPAL")
@NEW_KEY_OPTION
@PUBLIC_OPTION
@PROOF_OPTION
@click.option("--keep", is_flag=True, help="Those it has go on to prove who it is.")
@KEY_OPTION
@YES_OPTION
@with_shell
def rotate(shell: Shell, id: str, keep: bool, key: Path | None, yes: bool, **said: Any) -> None:
    """Give a principal a new key or other proof; what it had proves nothing from the next decision on."""
    from assent.admin import principals
    from assent.identity import names

    wanted = names.id_of(id)
    with shell.open() as home:
        confirm(f"Give {wanted} a new key" + (" beside those it has?" if keep else " in place of its old?"), yes=yes)
        signer, by = home.unlock(key, passphrase), _proof(home.config.home, said)
        if by is None:
            raise click.UsageError("give the new one with --new-key, --public or --proof")
        gone = principals.rotate(home.log, signer, home.clock.now(), wanted, by, keep=keep)
        if said["new_key"]:
            home.prove(said["new_key"])
    for one in gone:
        click.echo(f"removed   {visible(one)}")
    _told_key(by, said["new_key"], wanted)


@command.command("list")
@JSON_OPTION
@with_shell
def list_(shell: Shell, as_json: bool) -> None:
    """List every principal: whose it is, what it runs, when it was last used."""
    from assent.model.principal import Enrolled

    with shell.read() as reader:
        rows = [_row(reader, one) for one in reader.find_all(Enrolled)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("nobody is enrolled; a local agent is when it first starts")
    for line in columns(_cells(row) for row in rows):
        click.echo(line)


@command.command("show")
@click.argument("id", metavar="PRINCIPAL")
@JSON_OPTION
@with_shell
def show(shell: Shell, id: str, as_json: bool) -> None:
    """Show one principal: proofs, what it was given, sessions that are open as it."""
    from assent.admin.principals import found
    from assent.identity import names
    from assent.model.grant import Grant

    with shell.read() as reader:
        one = found(reader, names.id_of(id))
        row = _row(reader, one)
        row["delegations"] = [grant.id for grant in reader.find_all(Grant, "subject", one.id) if grant.status == "live"]
        row["sessions"] = [session.id for session in reader.sessions(open_only=True) if session.principal == one.id]
    if as_json:
        print_json(row)
        return
    lists = ("groups", "proofs", "delegations", "sessions")
    for name, value in row.items():
        told = ", ".join(value) if name in lists else value
        click.echo(f"{name:<12}{visible(str(told)) if told not in ('', None) else '-'}")


@command.command("review")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="How long may it go unused?")
@JSON_OPTION
@with_shell
def review(shell: Shell, days: int, as_json: bool) -> None:
    """The access review: standing, unused, ownerless, over-broad and shared identities and rights."""
    import time

    from assent.admin import review as reviews

    with shell.read() as reader:
        found = reviews.review(reader, int(time.time() * 1000), days)
    if as_json:
        print_json([{"principal": one.principal, "code": one.code, "text": one.text} for one in found])
        return
    if not found:
        click.echo("nothing to look at: everybody is owned, proven, used, and holds no more than they use")
    last = ""
    for one in found:
        if one.principal != last:
            click.echo(click.style(visible(one.principal), bold=True))
        last = one.principal
        click.echo(f"  {one.code:<15}{visible(one.text)}")


def _change(
    shell: Shell, id: str, how: tuple[Path | None, bool], verb: str, to: Callable[[Principal], Principal]
) -> None:
    from assent.admin import principals
    from assent.identity import names

    wanted, (key, yes) = names.id_of(id), how
    with shell.open() as home:
        confirm(f"{verb} {wanted}?", yes=yes)
        signer = home.unlock(key, passphrase)
        members = home.rules().bundle.members
        row = principals.change(home.log, signer, home.clock.now(), wanted, members, to)
    click.echo(f"{row.principal.status:<10}{row.id}")


def _with(one: Principal, said: dict[str, Any]) -> Principal:
    """The principal with what the options say; what they leave out stays."""
    from assent.identity import names

    more: dict[str, Any] = {}
    if said["owner"] and one.kind != "User":
        more["owner"] = names.id_of(said["owner"])
    if said["groups"]:
        more["groups"] = tuple(sorted(set(said["groups"])))
    if said["autonomy"] is not None:
        more["autonomy"] = said["autonomy"]
    if said["model"] is not None:
        more["model"], _, more["model_version"] = said["model"].partition("@")
    return replace(one, **more)


def _proof(home: Path, said: dict[str, Any]) -> Authenticator | None:
    """What --new-key, --public or --proof gives."""
    from assent.admin.principals import proof
    from assent.assembly import agent_key, agent_public

    given = [name for name in ("new_key", "public", "proof") if said[name]]
    if len(given) > 1:
        raise click.UsageError("give one of --new-key, --public and --proof")
    if not given:
        return None
    if said["new_key"]:
        return proof(agent_key(said["new_key"], home).public)
    return proof(agent_public(said["public"]) if said["public"] else str(said["proof"]))


def _told_key(by: Authenticator | None, file: Path | None, id: str) -> None:
    if by is not None:
        click.echo(f"proof     {visible(by.id)}")
    if file is not None:
        click.echo(f"key       {file}\n          start it with: assent mcp --as '{id}' --key {file} -- COMMAND")


def _row(reader: Reader, one: Enrolled) -> dict[str, Any]:
    """The object of `assent principals list --json`."""
    from assent.admin.principals import keys_of

    who = one.principal
    return {
        "id": one.id,
        "status": who.status,
        "owner": one.owner,
        "groups": list(who.groups),
        "autonomy": who.autonomy,
        "model": who.model,
        "model_version": who.model_version,
        "proofs": [key.id for key in keys_of(reader, one.id) if key.status == "active"],
        "created": when(one.created),
        "last_used": when(one.last_used) if one.last_used else None,
    }


def _cells(row: dict[str, Any]) -> list[str]:
    model = f"{row['model']}@{row['model_version']}".rstrip("@") or "no model known"
    used = f"used {row['last_used'][:10]}" if row["last_used"] else "never used"
    proofs = f"{len(row['proofs'])} proof{'' if len(row['proofs']) == 1 else 's'}"
    owner = row["owner"] or "a person"
    return [visible(row["id"]), row["status"], visible(owner), f"autonomy {row['autonomy']}", proofs, used, model]
