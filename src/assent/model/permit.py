"""Permit: the proof of one allow."""

from __future__ import annotations

from dataclasses import dataclass

from assent.model.action import Action
from assent.model.decision import Obligation
from assent.model.ids import AttemptId, LeafIndex, PermitId


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
    """

    id: PermitId
    attempt: AttemptId
    action: Action
    audience: str
    receipt: LeafIndex
    expires: int
    epoch: int
    obligations: tuple[Obligation, ...] = ()
