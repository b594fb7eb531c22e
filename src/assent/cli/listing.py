"""`assent catalog scan` and `diff`: what a server lists now, judged and held against what is known."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from assent.cli.difference import Part, changed, meaning, printed
from assent.cli.output import print_json, visible
from assent.cli.seen import server_of
from assent.cli.shell import JSON_OPTION, Shell, with_shell
from assent.errors import RequestError
from assent.model.profile import Server, ToolDefinition, ToolProfile

if TYPE_CHECKING:
    from assent.catalog.book import Profiles
    from assent.cli.proposal import Proposal
    from assent.edges.mcp.scan import Listed
    from assent.ports import Pin, Reader

#: Where what stands behind `--` waits until the command runs.
_BEHIND = "assent.behind_dashes"


class Dashed(click.Command):
    """A command that takes another program's command line behind `--`, apart from its own words."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what is behind the first `--` as it is."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_BEHIND] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])


def definition_of(pin: Pin) -> ToolDefinition:
    """The pinned definition."""
    return ToolDefinition(pin.tool, json.loads(pin.definition), pin.digest)


def offered_by(pin: Pin) -> ToolDefinition:
    """The definition that the server last offered under this name."""
    return ToolDefinition(pin.tool, json.loads(pin.offered_definition), pin.offered)


def named(reader: Reader, name: str) -> Sequence[Pin]:
    """The pins of `SERVER/TOOL` or of a whole `SERVER`.

    Raises:
        RequestError: `unknown_tool`: there are none.
    """
    server, _, tool = name.partition("/")
    found = [pin for pin in reader.pins(server) if not tool or pin.tool == tool]
    if not found:
        help = "`assent catalog list` names every tool seen"
        raise RequestError("unknown_tool", f"no tool `{visible(name)}` has been seen", help=help)
    return found


def in_force(reader: Reader) -> Profiles:
    """The profiles in force."""
    from assent.admin.activate import active

    return active(reader)[1]


# ---- scan --------------------------------------------------------------------------


@click.command("scan", cls=Dashed)
@JSON_OPTION
@click.option("--name", default="", metavar="NAME", help="The server's name (default: the package of the command).")
@with_shell
@click.pass_context
def scan(ctx: click.Context, shell: Shell, as_json: bool, name: str) -> None:
    """Start a server, list its tools, print a proposed profile: assent catalog scan -- COMMAND…

    Nothing is asked of it but its tool list, and it is ended. Read what is printed,
    correct it, save it in the home's `catalog/`, then run `assent policy activate`.
    """
    from assent.cli.proposal import as_toml

    listed, server = _listed(shell, ctx.meta[_BEHIND], name)
    with _profiles(shell) as profiles:
        proposals = [_proposal(profiles, server, tool) for tool in listed.tools]
    if as_json:
        print_json(
            {
                "server": server.name,
                "package": server.package,
                "version": server.version,
                "left_out": dict(listed.left_out),
                "tools": [_as_json(one) for one in proposals],
            }
        )
        return
    click.echo(as_toml(server, proposals, listed.left_out), nl=False)


@contextmanager
def _profiles(shell: Shell) -> Iterator[Profiles]:
    """Those in force, or the shipped ones where there is no home yet."""
    from assent.admin.texts import shipped
    from assent.assembly import begun
    from assent.catalog.book import Profiles

    if begun(shell.config()):
        with shell.read() as reader:
            yield in_force(reader)
    else:
        yield Profiles.load(shipped())


def _listed(shell: Shell, command: Sequence[str], name: str) -> tuple[Listed, Server]:
    from assent.edges.mcp.command import program_of
    from assent.edges.mcp.launch import checked_name, name_of
    from assent.edges.mcp.scan import scan as ask

    if not command:
        help = "write it behind two dashes: assent catalog scan -- COMMAND [ARGUMENT…]"
        raise RequestError("no_command", "there is no server to start", help=help)
    started = program_of(command, shell.environ)
    server = Server(
        name=checked_name(name) or name_of(started),
        package=started.package,
        version=started.version,
        cwd=os.getcwd(),
    )
    return ask(command, shell.environ, shell.config().max_body), server


def _proposal(profiles: Profiles, server: Server, tool: ToolDefinition) -> Proposal:
    from assent.catalog.infer import confidence
    from assent.cli.proposal import Proposal

    profile = profiles.profile_of(server, tool)
    return Proposal(tool, profile, *confidence(tool, profile))


def _as_json(one: Proposal) -> dict[str, object]:
    return {
        "tool": one.profile.tool,
        "definition": one.definition.digest,
        "confidence": one.confidence,
        "why": one.why,
        "because": list(one.profile.votes),
        **_effects(one.profile),
        "targets": dict(one.profile.targets),
    }


def _effects(profile: ToolProfile) -> dict[str, object]:
    return {
        "reviewed": not profile.inferred,
        "effects": sorted(profile.effects),
        "domains": sorted(profile.domains),
        "reversibility": profile.reversibility,
    }


# ---- diff --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One tool that is not as it is pinned.

    Args:
        server: the server's name.
        tool: the tool's name.
        state: `changed`, `new` (not pinned yet) or `gone` (no longer listed).
        parts: what of its definition differs.
        before: its profile as pinned; None if it is new.
        after: its profile as offered; None if it is gone.
    """

    server: str
    tool: str
    state: str
    parts: Sequence[Part]
    before: ToolProfile | None
    after: ToolProfile | None

    def meaning(self) -> list[str]:
        """What it means for effects, in words."""
        if self.before and self.after:
            return meaning(self.before, self.after)
        if self.after:
            return [f"would be pinned at its first use; taken to {', '.join(sorted(self.after.effects))}"]
        return ["calls of it are refused"]

    def as_json(self) -> dict[str, object]:
        """As `catalog-diff.json` says."""
        return {
            "server": self.server,
            "tool": self.tool,
            "state": self.state,
            "parts": [{"part": part.name, "lines": list(part.lines)} for part in self.parts],
            "before": _effects(self.before) if self.before else None,
            "after": _effects(self.after) if self.after else None,
            "meaning": self.meaning(),
        }


@click.command("diff", cls=Dashed)
@JSON_OPTION
@click.option("--name", default="", metavar="NAME", help="With a COMMAND: the server's name.")
@click.argument("wanted", metavar="[SERVER[/TOOL]]", required=False)
@with_shell
@click.pass_context
def diff(ctx: click.Context, shell: Shell, as_json: bool, name: str, wanted: str | None) -> None:
    """Show what changed since tools were pinned, and what that means for their effects.

    Without more: what servers last offered. With `-- COMMAND…`: start that server and
    compare what it lists now; nothing but its tool list is asked of it.
    """
    command = ctx.meta[_BEHIND]
    with shell.read() as reader:
        profiles = in_force(reader)
        if command:
            found = _against(reader, profiles, *_listed(shell, command, name or (wanted or "").partition("/")[0]))
        else:
            found = _noted(reader, profiles, named(reader, wanted) if wanted else reader.pins())
    if as_json:
        print_json([one.as_json() for one in found])
        return
    if not found:
        click.echo("nothing has changed: every tool is offered as it is pinned")
    for one in found:
        click.echo(f"{visible(one.server)}/{visible(one.tool)}  {one.state}")
        for line in [*printed(one.parts), *(f"  means: {line}" for line in one.meaning())]:
            click.echo(line)


def _noted(reader: Reader, profiles: Profiles, pins: Sequence[Pin]) -> list[Change]:
    """What the gateway has noted of tools that changed."""
    moved = [pin for pin in pins if pin.digest != pin.offered]
    return [_change(profiles, server_of(reader, pin.server), definition_of(pin), offered_by(pin)) for pin in moved]


def _against(reader: Reader, profiles: Profiles, listed: Listed, server: Server) -> list[Change]:
    """What a server lists now against its pins."""
    pins = {pin.tool: pin for pin in reader.pins(server.name)}
    found = []
    for tool in listed.tools:
        pin = pins.pop(tool.name, None)
        if pin is None:
            found.append(Change(server.name, tool.name, "new", (), None, profiles.profile_of(server, tool)))
        elif pin.digest != profiles.steady(server, tool):
            found.append(_change(profiles, server, definition_of(pin), tool))
    for pin in pins.values():
        was = profiles.profile_of(server, definition_of(pin))
        found.append(Change(server.name, pin.tool, "gone", (), was, None))
    return found


def _change(profiles: Profiles, server: Server, before: ToolDefinition, after: ToolDefinition) -> Change:
    was, now = profiles.profile_of(server, before), profiles.profile_of(server, after)
    return Change(server.name, before.name, "changed", changed(before, after), was, now)
