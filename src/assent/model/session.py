"""Session: one run of an agent on one task; privilege ends with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assent.model.ids import PrincipalId, SessionId


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the store holds it.

    Args:
        id: issued by Assent, unguessable.
        principal: the actor; a session has exactly one.
        owner: the `User` who owns the actor.
        client: opaque key of the client process (boot id, pid, start time) or of a person's session.
        opened: milliseconds since the epoch.
        status: no action is decided in an `ended` session.
        version: moves when labels or status change; compared at commit.
        labels: confidentiality and integrity labels, only ever added.
        seq: number of leaves the session has so far.
        head: leaf hash (`sha256:…`) of its last leaf; empty before the first.
    """

    id: SessionId
    principal: PrincipalId
    owner: PrincipalId
    client: str
    opened: int
    status: Literal["open", "ended"] = "open"
    version: int = 0
    labels: frozenset[str] = frozenset()
    seq: int = 0
    head: str = ""
    ended: int = 0
