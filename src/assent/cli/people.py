"""`assent keys new`, `people`, `enrol` and `remove`: people's keys, and who of them may do what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Shell, with_shell

if TYPE_CHECKING:
    from assent.admin.recover import Role
    from assent.ports import Reader

WHY_OPTION = click.option(
    "--reason",
    "why",
    type=click.Choice(["left", "lost", "stolen"]),
    default="left",
    show_default=True,
    help="Why it no longer counts.",
)


@click.command("new")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@with_shell
def new(shell: Shell, file: Path) -> None:
    """Make a key of your own, locked with a passphrase, and print the public half to be enrolled."""
    from assent.admin.home import passphrase as asked_twice
    from assent.assembly import create_locked
    from assent.identity.public import text_of

    signer = create_locked(file, asked_twice(passphrase, "your key"))
    click.echo(
        f"{text_of(signer.public)}\nYour key is in {file}. An operator enrols the line above: assent keys enrol."
    )


@click.command("people")
@JSON_OPTION
@with_shell
def people(shell: Shell, as_json: bool) -> None:
    """List the people whose keys count here, and the sealed recovery key."""
    with shell.read() as reader:
        rows = rows_of(reader)
    if as_json:
        print_json({"people": rows})
        return
    cells = [[row["fingerprint"], row["role"], visible(row["user"]), f"since {row['since']}"] for row in rows]
    click.echo("\n".join(columns(cells)) if cells else "nobody is enrolled: run `assent init` at a terminal")


def rows_of(reader: Reader) -> list[dict[str, str]]:
    """Every key that counts, operators first."""
    from assent.admin.people import known

    found = sorted(known(reader).items(), key=lambda one: (one[1].role, one[1].user, one[0]))
    return [
        {
            "fingerprint": fingerprint,
            "role": one.role,
            "user": one.user or "nobody: it lies in a safe",
            "since": when(one.since) if one.since else "the beginning",
        }
        for fingerprint, one in found
    ]


@click.command("enrol")
@click.argument("key_of", metavar="KEY")
@click.option("--user", required=True, metavar="NAME", help="Whose it is: `bob`, or `org/bob`; never two of one name.")
@click.option(
    "--role",
    type=click.Choice(["reviewer", "operator"]),
    default="reviewer",
    show_default=True,
    help="A reviewer answers; an operator also activates, enrols and changes this home.",
)
@KEY_OPTION
@YES_OPTION
@with_shell
def enrol(
    shell: Shell, key_of: str, user: str, role: Literal["reviewer", "operator"], key: Path | None, yes: bool
) -> None:
    """Let one more person's key count: KEY is a public key, or a file that holds one.

    Compare the fingerprint with its owner, over another way than it came. As one of two
    people who recover this home it counts from a day later.
    """
    from assent.admin.recover import Request, enrolment, perform, user_of
    from assent.identity.public import read_public

    made: Role = role
    with shell.open() as home:
        act = enrolment(read_public(key_of), user_of(user), made)
        confirm(f"Let `{act.subject['fingerprint']}` count as {visible(str(act.subject['user']))}, {role}?", yes=yes)
        signer = home.unlock(key, passphrase)
        at = perform(home.log, Request(home.log.origin, (act,)), signer, home.clock.now())
    click.echo(f"leaf {at[0]}: {act.subject['fingerprint']} counts")


@click.command("remove")
@click.argument("fingerprint", metavar="FINGERPRINT")
@WHY_OPTION
@KEY_OPTION
@YES_OPTION
@with_shell
def remove(shell: Shell, fingerprint: str, why: Literal["left", "lost", "stolen"], key: Path | None, yes: bool) -> None:
    """Let a reviewer's key, or your own, count no more, for ever.

    What it answered before stays valid where it was used; nothing passes on the rest.
    Another operator's key takes two people or the recovery key: assent recover remove.
    """
    from assent.admin.recover import Request, perform, removal

    with shell.open() as home:
        with home.store.read() as reader:
            act = removal(reader, fingerprint, why)
        confirm(f"Remove `{act.subject['fingerprint']}` of {visible(str(act.subject['user']))}?", yes=yes)
        signer = home.unlock(key, passphrase)
        at = perform(home.log, Request(home.log.origin, (act,)), signer, home.clock.now())
    click.echo(f"leaf {at[0]}: {act.subject['fingerprint']} counts no more")
