"""Changing the log's keys: one leaf that the operator signs, then a checkpoint by who must sign it (docs/keys.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assent.admin import signed
from assent.errors import RequestError
from assent.ports import Signer, Transaction
from assent.record import logkeys
from assent.record.log import Log
from assent.record.logkeys import Span

Reason = Literal["planned", "lost", "stolen"]
#: Keys that can be in force at the same time (docs/receipts.md).
MAX_KEYS = 4


@dataclass(frozen=True, slots=True)
class Change:
    """What a rotation does.

    Args:
        reason: `planned` asks the keys that leave for a last signature; `lost` and `stolen` do not.
        added: vkeys that were never the log's.
        removed: vkeys that are in force, or still to sign their last.
    """

    reason: Reason
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def rotate(log: Log, signer: Signer, now: int, change: Change) -> int:
    """Record the change; the next checkpoint is signed as it says. Index of the leaf.

    A crash before the leaf is durable changes nothing; one after it leaves a checkpoint to be signed,
    which whoever opens the home next does.

    Raises:
        RequestError: the change does not fit the keys in force, or the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> int:
        spans = logkeys.spans(tx)
        after = _after(spans, change)
        size, root = tx.root()
        subject = {
            "added": list(change.added),
            "origin": log.origin,
            "reason": change.reason,
            "removed": list(change.removed),
            "root": f"sha256:{root.hex()}",
            "size": size,
        }
        signed.append(tx, log.node, now, "rotation", subject, signer)
        span = Span(size + 1, after.keys, after.leaving)
        tx.put_state(logkeys.STATE, logkeys.text_of([*spans, span]))
        return size

    return log.submit(job, durable=True).result()


def _after(spans: Sequence[Span], change: Change) -> Span:
    """The keys in force after a change, and those that leave.

    Raises:
        RequestError: `rotation_refused`.
    """
    now = spans[-1]
    ever = {key for span in spans for key in span.keys}
    kept = tuple(key for key in now.keys if key not in change.removed)
    unknown = set(change.removed) - {*now.keys, *now.leaving}
    if unknown or not (change.added or change.removed) or ever & set(change.added):
        raise RequestError(
            "rotation_refused", "a rotation adds new keys and removes keys in force", help="see: assent keys list"
        )
    if not 0 < len(kept + change.added) <= MAX_KEYS:
        raise RequestError(
            "rotation_refused", f"a log has 1 to {MAX_KEYS} keys in force", help="add one, or retire one first"
        )
    if change.reason == "planned":
        leaving = tuple(dict.fromkeys(now.leaving + change.removed))
    else:
        leaving = tuple(key for key in now.leaving if key not in change.removed)
    return Span(0, kept + change.added, leaving)
