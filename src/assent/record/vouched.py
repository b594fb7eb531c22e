"""How far the witnesses vouch for this log, and since when a leaf waits for them.

What is kept is what this home has verified: which policy was met, and at what size. A
cosignature's own time is a witness's word and is not gone by.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

from assent_verify.canonical import digest
from assent_verify.cosignature import cosignatures
from assent_verify.note import Note
from assent_verify.policy import Policy
from assent_verify.receipt import milliseconds

from assent.errors import ProofError
from assent.model.ids import LeafIndex
from assent.ports import Clock, Reader, Store, Transaction

#: State key of the policy of witnesses in force, a text of c2sp.org/tlog-policy; empty if there is none.
POLICY = "witnesses"
#: State key of the largest tree that a quorum of that policy has cosigned, with the policy's digest.
VOUCHED = "witnessed"
#: Milliseconds for which what was read holds.
LOOK_MS = 1_000
#: Milliseconds by which another process may write a later time than this one reads.
AHEAD_MS = 30_000


def keep(tx: Transaction, size: int, note: bytes) -> None:
    """Keep that a quorum of the policy in force has cosigned the checkpoint of this size, if it has."""
    text = tx.state(POLICY) or ""
    with suppress(ProofError):  # what cannot be verified vouches for nothing
        wanted = Policy.parse(text.encode())
        if wanted.since(cosignatures(Note.parse(note), wanted.witnesses.values())) and size > vouched(tx):
            tx.put_state(VOUCHED, json.dumps({"policy": digest(text.encode()), "size": size}))


def vouched(reader: Reader) -> int:
    """The size of the largest tree that a quorum of the policy in force has cosigned; 0 if there is none."""
    kept: Mapping[str, object] = json.loads(reader.state(VOUCHED) or "{}")
    same = kept.get("policy") == digest((reader.state(POLICY) or "").encode())
    return int(str(kept["size"])) if same else 0


def waiting(reader: Reader) -> int | None:
    """When the first leaf was written that no quorum vouches for, in milliseconds; None if there is none.

    0 if there is no telling: no witnesses, none that has answered yet, or that leaf is archived.
    """
    size = vouched(reader)
    if size >= reader.size():
        return None
    leaf = reader.leaf(LeafIndex(size)) if size else None
    return milliseconds(str(json.loads(leaf)["time"]).encode()) if leaf else 0


def late(since: int | None, now: int, max_lag: int) -> bool:
    """Does a leaf of this time (ms) wait for longer than so many seconds?"""
    # a leaf from a later time than now is no reason to wait for less: the clock was set back
    return since is not None and not -AHEAD_MS <= now - since <= max_lag * 1000


class Overdue:
    """Has a leaf waited for its witnesses for too long? As last seen at most a second ago.

    Args:
        store: read at most once a second, unless something is overdue.
        max_lag: seconds that a leaf may wait.
    """

    def __init__(self, store: Store, clock: Clock, max_lag: int) -> None:
        self._store = store
        self._clock = clock
        self._max_lag = max_lag
        self._seen: tuple[int, int | None] = (0, 0)  # steady time of the look, and what `waiting` gave

    def __call__(self) -> bool:
        """Look.

        Raises:
            UnavailableError: the store cannot be read.
        """
        ran = self._clock.steady()
        if self._late() or ran - self._seen[0] >= LOOK_MS:
            with self._store.read() as reader:
                self._seen = ran, waiting(reader)
        return self._late()

    def _late(self) -> bool:
        return late(self._seen[1], self._clock.now(), self._max_lag)
