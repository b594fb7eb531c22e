"""Legal holds: what nobody may erase, expire or archive away until the operator's key says so.

`held` is the one place that knows; erasing, expiry and sealing all ask it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

from assent.model.ids import LeafIndex, SessionId
from assent.ports import Reader

#: State key of the holds that are on, as a JSON array.
STATE = "holds"
HoldKind = Literal["session", "principal", "time", "everything"]


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold that is on.

    Args:
        name: the operator's word for it.
        kind: by what it holds.
        value: id of the session, or the principal or owner.
        since: RFC 3339; for `time`, the first moment that is held.
        until: the first that is not; empty for no end.
        reason: a code.
        placed: RFC 3339.
        ranges: leaves that its own leaf names, which are held whatever they are.
    """

    name: str
    kind: HoldKind
    value: str = ""
    since: str = ""
    until: str = ""
    reason: str = "legal_hold"
    placed: str = ""
    ranges: tuple[tuple[int, int], ...] = ()

    def matches(self, session: SessionId | None, people: tuple[str, str], time: str) -> bool:
        """Is a leaf of this session, of these principal and owner, at this time held by what it is?"""
        match self.kind:
            case "everything":
                return True
            case "session":
                return session == self.value
            case "principal":
                return self.value in people
            case "time":
                return self.since <= time and (not self.until or time < self.until)


class Held:
    """Asks of leaves whether a hold keeps them, in one snapshot.

    Args:
        reader: the snapshot.
        holds: the holds that are on in it.
    """

    def __init__(self, reader: Reader, holds: Sequence[Hold]) -> None:
        self._reader = reader
        self.holds = tuple(holds)
        self._people = lru_cache(maxsize=4_096)(self._look_up)

    def by(self, index: LeafIndex) -> str:
        """Name of a hold that keeps this leaf; empty if none does."""
        if not self.holds:
            return ""
        leaf: dict[str, Any] | None = None
        for hold in self.holds:
            if any(first <= index <= last for first, last in hold.ranges):
                return hold.name
            if leaf is None:
                data = self._reader.leaf(index)
                if data is None:  # it lies in an archive, so nobody here can tell that it is not held
                    return hold.name
                leaf = json.loads(data)
            session = leaf["session"]["id"] if "session" in leaf else None
            if hold.matches(session, self._people(session), str(leaf.get("time", ""))):
                return hold.name
        return ""

    def _look_up(self, session: SessionId | None) -> tuple[str, str]:
        found = self._reader.session(session) if session else None
        return (found.principal, found.owner) if found else ("", "")


def held(reader: Reader) -> Held:
    """What is on hold in this snapshot."""
    return Held(reader, stored(reader.state(STATE)))


def stored(text: str | None) -> list[Hold]:
    """The holds as `state` has them."""
    return [Hold(**{**one, "ranges": tuple(map(tuple, one["ranges"]))}) for one in json.loads(text or "[]")]


def text_of(holds: Sequence[Hold]) -> str:
    """The holds as `state` keeps them."""
    return json.dumps([asdict(one) for one in holds])
