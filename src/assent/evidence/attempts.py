"""What the receipts say of each attempt: decided, allowed or not, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from assent_verify.merkle import leaf_hash
from assent_verify.receipt import milliseconds, read

from assent.evidence.telemetry import squeezed

#: Index and leaf → its opened clear values; None if they are erased or were never given.
Values = Callable[[int, Mapping[str, Any]], Mapping[str, Any] | None]


@dataclass
class Attempt:
    """One attempt, as its leaves tell it.

    Args:
        index: its last decision leaf.
        time: when that was decided, milliseconds since the epoch.
        ends: until when an effect may have begun or gone on.
        arguments: None if erased or withheld.
        ids: everything that a foreign record can name it by.
        seen: source and content of the events that were joined to it.
    """

    id: str
    index: int
    session: str
    server: str
    tool: str
    effects: tuple[str, ...]
    verdict: str
    time: int
    ends: int
    leaf: str
    arguments: Mapping[str, Any] | None
    ids: set[str]
    status: str = ""
    outcome: int | None = None
    gap: bool = False
    seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def allowed(self) -> bool:
        """Was it ever allowed to happen?"""
        return self.verdict == "allow"

    @cached_property
    def texts(self) -> frozenset[str]:
        """Every string in its arguments, as they are compared."""
        return frozenset(squeezed(text) for text in _strings(self.arguments))

    @cached_property
    def words(self) -> str:
        """All of them in one text, in which a name can be looked for."""
        return "\0".join(sorted(self.texts))


@dataclass
class Told:
    """All attempts of a log, and outcomes that belong to none."""

    attempts: dict[str, Attempt] = field(default_factory=dict)
    stray: list[tuple[int, str, int]] = field(default_factory=list)
    latest: int = 0


def follow(
    told: Told, leaves: Iterable[tuple[int, bytes]], values: Values, *, since: int = 0, until: int | None = None
) -> None:
    """Follow every attempt from its decision to its outcome.

    Args:
        told: what earlier leaves said; is added to.
        leaves: index and stored bytes of the leaves after them, in log order, as `assent_verify` accepts them.
        since, until: only attempts decided between these, milliseconds since the epoch.

    Raises:
        ProofError: a leaf is none, or its clear values do not open it.
    """
    for index, data in leaves:
        read(data)  # what is no receipt (any more) tells nothing
        leaf = json.loads(data)
        time = milliseconds(str(leaf["time"]).encode())
        told.latest = max(told.latest, time)
        if leaf["kind"] == "decision" and since <= time and (until is None or time <= until):
            _decided(told, index, data, leaf, values(index, leaf))
        elif leaf["kind"] == "outcome":
            _ended(told, index, leaf, time, values(index, leaf))
        elif leaf["kind"] == "system" and leaf["event"] == "gap":
            known = told.attempts.get(str(leaf["subject"].get("attempt", "")))
            if known is not None:
                known.gap = True


def _decided(told: Told, index: int, data: bytes, leaf: Mapping[str, Any], values: Mapping[str, Any] | None) -> None:
    action, values = leaf["action"], values or {}
    time = milliseconds(str(leaf["time"]).encode())
    tool = action["tool"] if action["tool"] != "?" else str(values.get("tool", "?"))
    ids = {leaf["attempt"], leaf["permit"], str(values.get("trace", ""))} - {""}
    told.attempts[leaf["attempt"]] = Attempt(
        id=leaf["attempt"],
        index=index,
        session=leaf["session"]["id"],
        server=action["server"],
        tool=tool,
        effects=tuple(leaf["effects"]),
        verdict=leaf["verdict"],
        time=time,
        ends=milliseconds(leaf["expires"].encode()) if leaf["expires"] else time,
        leaf="sha256:" + leaf_hash(data).hex(),
        arguments=None if "withheld" in values else values.get("arguments"),
        ids=ids,
    )


def _ended(told: Told, index: int, leaf: Mapping[str, Any], time: int, values: Mapping[str, Any] | None) -> None:
    known = told.attempts.get(leaf["attempt"])
    if known is None or not known.allowed or known.leaf != leaf["decision"]:
        told.stray.append((index, leaf["attempt"], time))
        return
    known.status, known.outcome, known.ends = leaf["status"], index, max(known.ends, time)
    if external := (values or {}).get("external"):
        known.ids.add(str(external))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
