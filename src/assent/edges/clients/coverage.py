"""Which configured servers go through Assent, and which do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from assent.edges.clients.entries import Entry, find
from assent.edges.clients.files import read
from assent.edges.clients.places import Place
from assent.errors import ConfigError

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
    """

    client: str
    file: str
    server: str
    state: State
    program: str = ""
    home: str = ""
    name: str = ""
    note: str = ""


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
    if entry.wrapped:
        by = entry.wrapped
        return Found(place.client.name, place.path, entry.label, "wrapped", by.program, by.home, by.name)
    state: State = "not wrapped" if entry.state == "stdio" else entry.state
    return Found(place.client.name, place.path, entry.label, "disabled" if entry.disabled else state)
