"""Session: one run of an agent on one task; privilege ends with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assent.model.ids import DelegationId, PrincipalId, SessionId


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
        ended: milliseconds since the epoch; 0 while it is open.
        chain: ids of the delegations it acts under, root first; empty for an agent of this machine.
        key: id of the authenticator that opened it, or empty.
        task: digest of the task statement, or empty.
        expires: milliseconds since the epoch; 0 if it does not.
        idle: milliseconds without a leaf after which it is over; 0 for any.
        used: time of its last leaf, milliseconds since the epoch.
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
    chain: tuple[DelegationId, ...] = ()
    key: str = ""
    task: str = ""
    expires: int = 0
    idle: int = 0
    used: int = 0

    def over(self, now: int) -> str:
        """Why nothing may be decided in it at this time (ms): `ended`, `expired` or `idle`; empty if it is open."""
        if self.status != "open":
            return "ended"
        if self.expires and now >= self.expires:
            return "expired"
        return "idle" if self.idle and now >= max(self.used, self.opened) + self.idle else ""
