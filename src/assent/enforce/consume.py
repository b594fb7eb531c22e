"""Permits that an executor consumes at the home: given with the receipt, used once, void when anything is taken back.

What the decision stood on is looked at again in the transaction that consumes (DESIGN
§3): after a revocation is acknowledged none of its permits can be consumed.
"""

from __future__ import annotations

from dataclasses import replace

from assent.errors import RefusedError
from assent.model.ids import DelegationId, PermitId
from assent.model.permit import Minted, Permit
from assent.model.principal import Enrolled
from assent.ports import Transaction
from assent.record import epoch


def give(tx: Transaction, permit: Permit, now: int) -> None:
    """Keep a permit until it has expired, in the transaction of its receipt; forget those that have."""
    for old in tx.find_all(Minted, "expires", now):
        tx.drop(Minted, old.id)  # a permit that is not there is refused like one that was used
    action = permit.action
    tx.put(
        Minted(
            id=permit.id,
            attempt=permit.attempt,
            audience=permit.audience,
            session=action.session,
            principal=action.principal,
            chain=tuple(DelegationId(one) for one in action.chain),
            receipt=permit.receipt,
            leaf=permit.leaf,
            expires=permit.expires,
            epoch=permit.epoch,
            own=permit.consumer == "own",
        )
    )


def consume(tx: Transaction, id: PermitId, audience: str, now: int) -> None:
    """Use a permit up, once; what it stood on must still stand.

    Args:
        audience: the executor that presents it.
        now: milliseconds since the epoch.

    Raises:
        RefusedError: `permit_used`, `permit_elsewhere`, `permit_expired`, `revoked` or `session_ended`.
    """
    given = tx.find(Minted, id)
    if given is None or given.own or given.state == "consumed":
        raise RefusedError("permit_used", "the permit has been used or was never issued here")
    if given.audience != audience:
        raise RefusedError("permit_elsewhere", "the permit is for another executor")
    if now >= given.expires:
        raise RefusedError("permit_expired", "too long has passed since it was decided")
    if given.state == "void" or epoch.current(tx) != given.epoch:
        raise RefusedError("revoked", "something that the permit stood on has been revoked")
    session = tx.session(given.session)
    if session is None or session.over(now):
        raise RefusedError("session_ended", "the session of the permit has ended")
    enrolled = tx.find(Enrolled, given.principal)
    if enrolled is not None and enrolled.principal.status != "active":
        raise RefusedError("revoked", "who acts has been disabled")
    tx.put(replace(given, state="consumed"))


def settled(tx: Transaction, id: PermitId, *, answered: bool) -> bool:
    """End a permit whose attempt has its outcome; False if its executor answered without consuming it.

    Args:
        answered: the executor has answered, so one with a store of its own has used the permit up.
    """
    given = tx.find(Minted, id)
    if given is None or given.state != "minted":
        return True
    if given.own:
        tx.put(replace(given, state="consumed" if answered else "minted"))
        return True
    tx.put(replace(given, state="void"))
    return not answered
