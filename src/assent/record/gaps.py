"""Gaps: an attempt whose outcome is overdue is said to be so, once (DESIGN §7).

The deadline comes from the profile. A gap leaf is of the log, not of the session: who
writes it may be another process than the one that waits for the answer. An outcome
that comes later names the gap and supersedes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assent_verify.merkle import leaf_hash

from assent.model.ids import AttemptId, LeafIndex
from assent.ports import Clock, Reader, Store, Transaction
from assent.record import leaves
from assent.record.log import Log
from assent.record.tiles import tree

#: Gaps that one batch says, so that other processes need not wait long.
_AT_ONCE = 100


def hash_of(reader: Reader, index: int) -> str:
    """Leaf hash of a leaf that is there, as other leaves name it; empty for -1."""
    if index < 0:
        return ""
    data = reader.leaf(LeafIndex(index))
    # a leaf that lies in an archive alone keeps its hash here
    return "sha256:" + (tree(reader).leaf(index) if data is None else leaf_hash(data)).hex()


def put(tx: Transaction, node: str, now: int, id: AttemptId) -> bool:
    """Append the gap leaf of an attempt that is overdue and has none; False if there is nothing to say."""
    attempt = tx.attempt(id)
    if attempt is None or attempt.state != "executing" or attempt.deadline > now:
        return False
    subject = {
        "attempt": attempt.id,
        "deadline": leaves.rfc3339(attempt.deadline),
        "decision": hash_of(tx, attempt.decision),
    }
    appended = leaves.append(tx, leaves.system(node, now, "gap", subject), None)
    tx.put_attempt(replace(attempt, state="gap", gap=appended.index))
    return True


def say(store: Store, log: Log, clock: Clock) -> Sequence[AttemptId]:
    """Write the gap leaves that are due on the whole home, whichever process runs the calls.

    Several processes may do so at once: each gap is said by one.

    Raises:
        UnavailableError: the store cannot be read or written; what was said stays so.
    """
    now = clock.now()
    with store.read() as reader:
        due = [attempt.id for attempt in reader.attempts_in("executing") if attempt.deadline <= now]
    said: list[AttemptId] = []
    for start in range(0, len(due), _AT_ONCE):
        part = due[start : start + _AT_ONCE]

        def job(tx: Transaction, part: Sequence[AttemptId] = tuple(part)) -> list[AttemptId]:
            return [id for id in part if put(tx, log.node, now, id)]

        said += log.submit(job, durable=False).result()
    return said
