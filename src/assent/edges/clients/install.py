"""Assent put in front of the servers of a configuration, and taken away again: planned first, shown, then done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assent.edges.clients import kept
from assent.edges.clients.entries import Entry, find, unwrap, wrap
from assent.edges.clients.files import Held, parse, replace
from assent.edges.clients.naming import Names
from assent.edges.clients.places import Place
from assent.edges.clients.shown import difference
from assent.edges.clients.tree import Edit, edited
from assent.edges.mcp.command import program_of
from assent.errors import ConfigError

State = Literal["wrap", "wrapped", "http", "unreadable", "unwrap"]


@dataclass(frozen=True, slots=True)
class Launcher:
    """What is put in front of a server.

    Args:
        program: absolute path of `assent`.
        home: the home; empty for the one in the user's directory.
        environ: the environment, for what a command resolves to.
    """

    program: str
    home: str
    environ: Mapping[str, str]

    def options(self, name: str, principal: str) -> list[str]:
        """The words before the server's own command."""
        home, caller = (["--home", self.home] if self.home else []), (["--as", principal] if principal else [])
        return ["mcp", *home, "--name", name, *caller, "--"]


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one server.

    Args:
        entry: the server.
        state: `wrap` and `unwrap` change it; the others say why nothing is done.
        name: its name in Assent; empty if it has none.
    """

    entry: Entry
    state: State
    name: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to one file.

    Args:
        held: the file as it is.
        steps: what happens to each server.
        content: what would be written.
        diff: the difference, for a person.
        record: what is kept in the home; None to undo.
        undone: records that are over once it is done.
    """

    held: Held
    steps: tuple[Step, ...]
    content: bytes
    diff: tuple[str, ...]
    record: kept.Record | None = None
    undone: tuple[kept.Record, ...] = ()

    @property
    def changes(self) -> bool:
        """Is there anything to write?"""
        return self.content != self.held.content

    def carry_out(self, home: Path) -> None:
        """Keep the file as it was, then write.

        Raises:
            ConfigError: the file has been changed since, or cannot be written.
            OSError: the home cannot be written.
        """
        if self.changes:
            made = kept.keep(home, self.record, self.held.content) if self.record else None
            try:
                replace(self.held, self.content)
            except ConfigError:
                if made is not None:
                    kept.drop(home, made)
                raise
        for record in self.undone:
            kept.drop(home, record)


# ---- to wrap -----------------------------------------------------------------------


def plan(place: Place, held: Held, launcher: Launcher, names: Names) -> Plan:
    """What wrapping the servers of one file comes to. Writes nothing.

    Raises:
        ConfigError: the file cannot be read, or cannot be edited without changing something else.
    """
    document = held.document()
    entries = find(document, place.keys)
    taken = {entry.wrapped.name for entry in entries if entry.wrapped}
    steps, edits, expected = [], [], document.root.shape()
    bare, identities = {}, {}
    for entry in entries:
        if entry.state != "stdio" or entry.wrapped:
            state: State = "wrapped" if entry.wrapped else "http" if entry.state == "http" else "unreadable"
            steps.append(Step(entry, state, entry.wrapped.name if entry.wrapped else ""))
            continue
        identity = program_of(entry.words, launcher.environ).identity
        name = names.choose(entry.keys[-1], identity, taken)
        caller = "" if entry.node.get("env", "ASSENT_PRINCIPAL") else f"local/{place.client.name}"
        options = launcher.options(name, caller)
        edits += wrap(document, entry, launcher.program, options)
        _expect(expected, entry.keys, launcher.program, [*options, *entry.words])
        steps.append(Step(entry, "wrap", name))
        bare[name], identities[name] = entry.node.get("args") is None, identity
    content = _encoded(held, edited(document.text, edits))
    after = parse(held.path, content)
    if after.root.shape() != expected:
        raise _not_edited(held.path)
    record = kept.Record(place.client.name, held.path, kept.digest(content), launcher.program, bare, identities)
    diff = tuple(difference(document, after, entries, find(after, place.keys)))
    return Plan(held, tuple(steps), content, diff, record)


def _expect(shape: object, keys: Sequence[str], program: str, args: Sequence[str]) -> None:
    """Write into the shape of a configuration what one edit is to make of it."""
    for key in keys:
        shape = shape[key]  # type: ignore[index]
    shape["command"] = ("text", program)  # type: ignore[index]
    shape["args"] = [("text", word) for word in args]  # type: ignore[index]


def _encoded(held: Held, text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _not_edited(held.path) from error


def _not_edited(path: str) -> ConfigError:
    text = f"`{path}` cannot be edited without changing something else in it"
    return ConfigError("client_not_edited", text, help="nothing was written; put `assent mcp --` in front by hand")


# ---- to undo -----------------------------------------------------------------------


def plan_undo(place: Place, held: Held, records: Sequence[kept.Record], home: Path) -> Plan:
    """What taking Assent away from one file comes to. Writes nothing.

    Each record is undone in turn, the newest first: byte for byte if the file is what
    was written then, else around what has changed.

    Args:
        records: those of this file, the oldest first.

    Raises:
        ConfigError: the file has to be edited and cannot be read.
        OSError: what was kept is not there.
    """
    content = held.content
    for record in reversed(records):
        same = kept.digest(content) == record.after
        content = kept.before(home, record) if same else around(place, content, record)
    if content == held.content:
        return Plan(held, (), content, (), undone=tuple(records))
    document, after = parse(held.path, held.content), parse(held.path, content)
    entries, later = find(document, place.keys), find(after, place.keys)
    through = {entry.keys for entry in later if entry.wrapped}
    steps = [
        Step(entry, "unwrap", entry.wrapped.name) for entry in entries if entry.wrapped and entry.keys not in through
    ]
    return Plan(held, tuple(steps), content, tuple(difference(document, after, entries, later)), undone=tuple(records))


def around(place: Place, content: bytes, record: kept.Record) -> bytes:
    """The file without what one record put into it, whatever else has changed.

    Args:
        place: where its servers are.
        content: the file as it is.
        record: what was put into it.

    Raises:
        ConfigError: it cannot be read.
    """
    document = parse(record.file, content)
    edits: list[Edit] = []
    for entry in find(document, place.keys):
        wrapped = entry.wrapped
        if wrapped and wrapped.program == record.program and wrapped.name in record.bare:
            edits += unwrap(document, entry, record.bare[wrapped.name])
    return edited(document.text, edits).encode("utf-8")
