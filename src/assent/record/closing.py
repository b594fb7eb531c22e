"""The end of a session: its last leaf, and everything that was open in it."""

from __future__ import annotations

from dataclasses import replace

from assent.model.session import Session
from assent.ports import Transaction
from assent.record import leaves, recovery


def end(tx: Transaction, session: Session, node: str, now: int, reason: str) -> None:
    """Append the close leaf and end the session; nothing is decided in it afterwards.

    What is still executing belongs to a process that is gone, or to a session that is taken
    back: nothing follows a close, so its outcome is said to be unknown first.

    Args:
        reason: one that `leaves.session_close` takes.
    """
    why = reason if reason in ("killed", "revoked") else "process_died"
    for attempt in tx.attempts_in("executing"):
        if attempt.session == session.id:
            recovery.lose(tx, node, now, attempt, why)
    session = tx.session(session.id) or session
    appended = leaves.append(tx, leaves.session_close(node, now, reason), session.id)
    tx.put_session(replace(appended.session or session, status="ended", ended=now, version=session.version + 1))
    # what is still open belongs to nobody now
    for approval in tx.approvals(status="pending"):
        if approval.session == session.id:
            tx.put_approval(replace(approval, status="cancelled"))
    for given in tx.delegations(session.id):
        if given.status == "live":
            tx.put_delegation(replace(given, status="ended"))
