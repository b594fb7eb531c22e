"""Delegation: a person's yes to more calls like one that was shown, bounded in session, targets, count and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assent.model.approval import Assurance
from assent.model.decision import PolicyRef
from assent.model.ids import ApprovalId, DelegationId, PrincipalId, SessionId

DelegationStatus = Literal["live", "revoked", "ended"]


@dataclass(frozen=True, slots=True)
class Delegation:
    """What an operator has granted an agent for one session (DESIGN §4.7); a signed leaf says the same.

    Args:
        session: it ends with it.
        principal: who may use it.
        by: the `User` who granted it.
        assurance: how well they proved who they are.
        approval: the answer that it was given with.
        card: what was shown (`decide.facts.shown`), canonical JSON text: a later call must lie within it.
        lifts: the escalations shown; only these are lifted.
        count: how many calls it lets pass.
        used: how many it has.
        expires: milliseconds since the epoch.
        salt: 16 random bytes that open its leaf's commitment; never in a leaf.
    """

    id: DelegationId
    session: SessionId
    principal: PrincipalId
    server: str
    tool: str
    by: PrincipalId
    assurance: Assurance
    approval: ApprovalId
    card: str
    lifts: tuple[PolicyRef, ...]
    count: int
    used: int
    created: int
    expires: int
    status: DelegationStatus = "live"
    salt: bytes = b""

    def live(self, now: int) -> bool:
        """Can it still let a call pass at this time (ms)?"""
        return self.status == "live" and self.used < self.count and now < self.expires
