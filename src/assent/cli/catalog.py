"""`assent catalog`: what is known of the tools seen, and accepting one that has changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.difference import changed, printed
from assent.cli.listing import definition_of, diff, in_force, named, offered_by, scan
from assent.cli.output import columns, print_json, quoted, visible
from assent.cli.seen import server_of
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, with_shell
from assent.model.ids import Digest

if TYPE_CHECKING:
    from assent.catalog.book import Found, Profiles
    from assent.ports import Pin, Reader


@click.group("catalog", cls=Group, commands=[scan, diff])
def command() -> None:
    """What is known of tools; scan a server, see what changed, accept it."""


@command.command("list")
@click.argument("server", metavar="[SERVER]", required=False)
@JSON_OPTION
@with_shell
def list_(shell: Shell, server: str | None, as_json: bool) -> None:
    """List every tool seen: pinned or changed, reviewed, unverified or inferred, its effects."""
    from assent.admin.foresee import contested

    with shell.read() as reader:
        profiles = in_force(reader)
        rows = [_row(reader, profiles, pin) for pin in reader.pins(server)]
        notes = contested(reader, profiles)
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("no tool has been seen yet: wrap a server with `assent mcp -- COMMAND`")
    for line in columns(_cells(row) for row in rows):
        click.echo(line)
    for note in notes:
        click.echo(f"note      {visible(note)}")


def _row(reader: Reader, profiles: Profiles, pin: Pin) -> dict[str, object]:
    found = profiles.find(server_of(reader, pin.server), definition_of(pin))
    profile = found.profile
    return {
        "server": pin.server,
        "tool": pin.tool,
        "definition": pin.digest,
        "offered": pin.offered,
        "changed": pin.digest != pin.offered,
        "reviewed": not profile.inferred,
        "standing": found.standing,
        "effects": sorted(profile.effects),
        "domains": sorted(profile.domains),
        "reversibility": profile.reversibility,
    }


def _cells(row: dict[str, object]) -> list[str]:
    effects = row["effects"]
    return [
        visible(f"{row['server']}/{row['tool']}"),
        click.style("CHANGED", fg="red", bold=True) if row["changed"] else "pinned",
        str(row["standing"]),
        str(row["reversibility"]),
        ", ".join(effects) if isinstance(effects, list) else "",
    ]


@command.command("show")
@click.argument("name", metavar="SERVER/TOOL")
@JSON_OPTION
@with_shell
def show(shell: Shell, name: str, as_json: bool) -> None:
    """Tell what is known of one tool, and why."""
    with shell.read() as reader:
        pin = named(reader, name)[0]
        server, profiles = server_of(reader, pin.server), in_force(reader)
        row = _row(reader, profiles, pin)
    found = profiles.find(server, definition_of(pin))
    if as_json:
        profile = found.profile
        more = {"analysers": list(profile.analysers), "targets": dict(profile.targets), "because": list(profile.votes)}
        print_json({**row, **more, "described": definition_of(pin).definition})
        return
    for line in columns(_facts(pin, found)):
        click.echo(line)
    for line in _difference(pin):
        click.echo(line)


_STANDINGS = {
    "reviewed": "reviewed",
    "unverified": "unverified: it may only make the inferred one more serious",
    "inferred": "inferred: nobody has reviewed what it does",
}


def _facts(pin: Pin, found: Found) -> list[tuple[str, str]]:
    profile = found.profile
    rows = [
        ("tool", visible(f"{pin.server}/{pin.tool}")),
        ("definition", pin.digest),
        ("profile", _STANDINGS[found.standing]),
        *(("from", visible(f"{book.source}{f': {book.note}' if book.note else ''}")) for book in found.books),
        ("effects", ", ".join(sorted(profile.effects))),
        ("domains", ", ".join(sorted(profile.domains)) or "none"),
        ("reversibility", profile.reversibility),
        ("analysers", ", ".join(profile.analysers) or "none"),
    ]
    rows += [(f"target {kind}", visible(argument)) for argument, kind in sorted(profile.targets.items())]
    rows += [("label", label) for label in sorted(profile.output_labels)]
    rows += [("cost", visible(profile.cost))] if profile.cost else []
    rows += [("because", visible(vote)) for vote in profile.votes]
    return [*rows, ("description", quoted(definition_of(pin).definition.get("description", "")))]


def _difference(pin: Pin) -> list[str]:
    """What the server offers instead of what is pinned, part by part; nothing if it is the same."""
    if pin.digest == pin.offered:
        return []
    shown = printed(changed(definition_of(pin), offered_by(pin)))
    return [f"{visible(pin.server)}/{visible(pin.tool)} has changed:", *shown]


@command.command("accept")
@click.argument("name", metavar="[SERVER[/TOOL]]", required=False)
@KEY_OPTION
@YES_OPTION
@with_shell
def accept(shell: Shell, name: str | None, key: Path | None, yes: bool) -> None:
    """Accept tools that their server describes differently than when they were pinned."""
    from assent.admin.pins import accept as accept_pin

    with shell.open() as home:
        with home.store.read() as reader:
            pins = named(reader, name) if name else reader.pins()
        changed = [pin for pin in pins if pin.digest != pin.offered]
        if not changed:
            click.echo("nothing to accept: every tool is offered as it is pinned")
            return
        for pin in changed:
            for line in _difference(pin):
                click.echo(line)
        confirm(f"Accept {len(changed)} changed tool(s) as shown?", yes=yes)
        signer = home.unlock(key, passphrase)
        for pin in changed:
            accepted = accept_pin(home.log, pin, signer, home.clock.now())
            click.echo(f"accepted  {visible(accepted.server)}/{visible(accepted.tool)}  {Digest(accepted.digest)}")
