"""The revocation epoch: whatever takes authority away moves it, and every decision compares it at its commit."""

from __future__ import annotations

from assent.ports import Reader, Transaction

STATE = "epoch"


def current(reader: Reader) -> int:
    """The epoch in force."""
    return int(reader.state(STATE) or "0")


def move(tx: Transaction) -> int:
    """Begin the next epoch: every decision under way is made again, every permit not yet consumed is void.

    In the transaction that takes the authority away; never in one of its own.
    """
    number = current(tx) + 1
    tx.put_state(STATE, str(number))
    return number
