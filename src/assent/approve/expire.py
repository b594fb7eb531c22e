"""Questions whose time is over: unanswered, or answered with a yes that nobody used. They lift nothing."""

from __future__ import annotations

from dataclasses import replace

from assent.ports import Transaction


def expire(tx: Transaction, now: int) -> int:
    """Mark questions whose time is over; how many. `now` in milliseconds since the epoch."""
    live = (*tx.approvals(status="pending"), *tx.approvals(status="approved"))
    late = [approval for approval in live if approval.expires <= now]
    for approval in late:
        tx.put_approval(replace(approval, status="expired"))
    return len(late)
