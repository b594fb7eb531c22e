"""Expiry: clear values whose time is over go by themselves, unless a hold keeps them.

The same erasing as on request, but for the leaf: a program signs no redaction. That the
time is over can be told from the leaf's own time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from assent.model.ids import LeafIndex
from assent.ports import Store, Transaction
from assent.record.holds import held
from assent.record.log import Log

#: Leaves that one transaction erases at most: other processes wait behind it.
AT_ONCE = 5_000


def expire(store: Store, log: Log, now: int) -> int:
    """Erase clear values whose time is over, and destroy keys that seal nothing any more; how many leaves.

    Raises:
        UnavailableError: the store cannot be read or written.
    """
    erased = 0
    while due := _due(store, now):
        log.submit(lambda tx, due=due: drop(tx, due), durable=True).result()  # type: ignore[misc]
        erased += len(due)
    if erased:
        log.submit(give_up_idle, durable=True).result()
    return erased


def _due(store: Store, now: int) -> list[LeafIndex]:
    with store.read() as reader:
        holds = held(reader)
        return list(islice((index for index, _, _ in reader.sidecars(now) if not holds.by(index)), AT_ONCE))


def drop(tx: Transaction, leaves: Sequence[LeafIndex]) -> list[LeafIndex]:
    """Erase the values of leaves, save what is on hold by now; which were erased."""
    holds = held(tx)
    free = [index for index in leaves if not holds.by(index)]
    tx.drop_values(free)
    return free


def give_up_idle(tx: Transaction) -> None:
    """Destroy the keys of sessions that are over and of which nothing is kept."""
    for id in tx.idle_keys():
        session = tx.session(id)
        if session is None or session.status != "open":
            tx.renew_key(id)


def seal_plain(store: Store, log: Log) -> None:
    """Seal what stands in the clear from before there were keys; once, session by session.

    Raises:
        UnavailableError: the store or a key cannot be written; the next start goes on.
    """
    with store.read() as reader:
        sessions = reader.plain() if reader.state("values_plain") == "1" else None
    if sessions is None:
        return
    for session in sessions:
        log.submit(lambda tx, session=session: tx.renew_key(session), durable=True).result()  # type: ignore[misc]
    log.submit(lambda tx: tx.put_state("values_plain", "0"), durable=True).result()
