"""Which configured servers go through Assent, and which do not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from assent.catalog.analysers.secrets import holds_secret
from assent.catalog.detectors.held import SHORTEST
from assent.edges.clients.entries import Entry, find
from assent.edges.clients.files import read
from assent.edges.clients.places import Place
from assent.errors import ConfigError

#: Members of an entry whose members are given to the server.
_GIVEN = ("env", "environment", "headers", "http_headers", "requestInit")
#: `$NAME`, `${NAME}`, `${env:NAME}`, `{env:NAME}`, `${input:NAME}`: the value stands elsewhere.
_ELSEWHERE = re.compile(r"^(?:Bearer )?\$?\{?\$?\{?(?:env:|input:)?[A-Z][A-Z0-9_]*\}*$|\$\{|\{env:")
_NAMED = re.compile(r"(?i)pass(?:word|wd)?$|secret|token|api_?-?key|credential|authorization|private_?key|_pat$")

State = Literal["wrapped", "not wrapped", "http", "disabled", "unreadable"]


@dataclass(frozen=True, slots=True)
class Found:
    """One configured server; or a file that cannot be read, with no server named.

    Args:
        client: whose it is.
        file: where it stands.
        server: its name in the client.
        state: `disabled` is not wrapped either.
        program: what it is wrapped by.
        home: the home that it names; empty for the usual one.
        name: its name in Assent.
        note: why a file cannot be read.
        secrets: names of variables and headers, of any server, whose values seem to be secrets in the clear.
    """

    client: str
    file: str
    server: str
    state: State
    program: str = ""
    home: str = ""
    name: str = ""
    note: str = ""
    secrets: tuple[str, ...] = ()


def coverage(places: Iterable[Place]) -> Iterator[Found]:
    """Every server of these files, in their order. Never raises for what a file holds."""
    for place in places:
        try:
            held = read(place.path)
            entries = find(held.document(), place.keys) if held else []
        except ConfigError as error:
            yield Found(place.client.name, place.path, "", "unreadable", note=error.message)
            continue
        yield from (_found(place, entry) for entry in entries)


def _found(place: Place, entry: Entry) -> Found:
    clear = in_the_clear(entry)
    if entry.wrapped:
        by = entry.wrapped
        name, home = by.name, by.home
        return Found(place.client.name, place.path, entry.label, "wrapped", by.program, home, name, secrets=clear)
    state: State = "not wrapped" if entry.state == "stdio" else entry.state
    state = "disabled" if entry.disabled else state
    return Found(place.client.name, place.path, entry.label, state, secrets=clear)


def in_the_clear(entry: Entry) -> tuple[str, ...]:
    """Names of what a configuration gives a server and that seems to be a secret; a reference to elsewhere is none."""
    found = []
    for kind in _GIVEN:
        given = entry.node.get(kind)
        for name, member in given.members.items() if given else ():
            text = member.node.value
            here = member.node.kind == "text" and len(text) >= SHORTEST and not _ELSEWHERE.search(text)
            if here and (holds_secret(text) or _NAMED.search(name)):
                found.append(name)
    words = entry.words if entry.state == "stdio" else []
    found += ["an argument" for word in words if holds_secret(word)][:1]
    return tuple(found)
