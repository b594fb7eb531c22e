"""The revocation epoch: whatever takes authority away moves it, and every decision compares it at its commit."""

from __future__ import annotations

from assent.errors import UnavailableError
from assent.ports import Reader, Transaction

STATE = "epoch"


def number(text: str | None) -> int:
    """The epoch that a state says.

    Raises:
        UnavailableError: `epoch_unreadable`: nobody can tell what was revoked, so nothing is allowed.
    """
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        help = "the store has been changed; run: assent verify"
        raise UnavailableError("epoch_unreadable", "the revocation epoch cannot be read", help=help)
    return int(text)


def current(reader: Reader) -> int:
    """The epoch in force.

    Raises:
        UnavailableError: as `number`.
    """
    return number(reader.state(STATE))


def move(tx: Transaction) -> int:
    """Begin the next epoch: every decision under way is made again, every permit not yet consumed is void.

    In the transaction that takes the authority away; never in one of its own.

    Raises:
        UnavailableError: as `number`.
    """
    following = current(tx) + 1
    tx.put_state(STATE, str(following))
    return following
