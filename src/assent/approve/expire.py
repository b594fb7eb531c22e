"""Questions that nobody answered in time: expired, which lifts nothing."""

from __future__ import annotations

from dataclasses import replace

from assent.ports import Transaction


def expire(tx: Transaction, now: int) -> int:
    """Mark pending questions whose time is over; how many. `now` in milliseconds since the epoch."""
    late = [approval for approval in tx.approvals(status="pending") if approval.expires <= now]
    for approval in late:
        tx.put_approval(replace(approval, status="expired"))
    return len(late)
