"""Permit: the proof of one allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assent.model.action import Action
from assent.model.decision import Obligation
from assent.model.ids import AttemptId, DelegationId, LeafIndex, PermitId, PrincipalId, SessionId

#: An effect that starts this soon (ms) after its permit was minted starts with it: nothing is compared again.
AT_ONCE_MS = 20


#: Who consumes a permit: this gateway itself (empty), or an executor in the home's store or in one of its own.
Consumer = Literal["", "home", "own"]


@dataclass(frozen=True)
class Permit:
    """Single-use proof of an `allow`, bound to attempt, action, audience and receipt.

    Args:
        id: random; consumed exactly once.
        attempt: the attempt it is for.
        action: the exact action that may run.
        audience: the server it may run at.
        receipt: index of the durable allow receipt.
        expires: milliseconds since the epoch; bounds the *start* of the effect, ≤ 60 s.
        epoch: revocation epoch at commit.
        obligations: what must be carried out with it.
        leaf: leaf hash of that receipt.
        issued: milliseconds since the epoch.
        principals: the chain, its root first; the actor last.
        consumer: who consumes it.
    """

    id: PermitId
    attempt: AttemptId
    action: Action
    audience: str
    receipt: LeafIndex
    expires: int
    epoch: int
    obligations: tuple[Obligation, ...] = ()
    leaf: str = ""
    issued: int = 0
    principals: tuple[PrincipalId, ...] = ()
    consumer: Consumer = ""


@dataclass(frozen=True, slots=True)
class Minted:
    """A permit that was given to an executor, until it has expired.

    Args:
        session, principal: whose it is.
        chain: ids of the delegations it stands on.
        leaf: hash of its receipt.
        own: its audience keeps a consumption store of its own, so that only its expiry ends it for sure.
    """

    id: PermitId
    attempt: AttemptId
    audience: str
    session: SessionId
    principal: PrincipalId
    chain: tuple[DelegationId, ...]
    receipt: LeafIndex
    leaf: str
    expires: int
    epoch: int
    own: bool = False
    state: Literal["minted", "consumed", "void"] = "minted"
