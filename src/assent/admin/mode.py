"""Enforce or only observe: the operator's signed word, a receipt, and an end that comes by itself.

Observing lets pass what policy would ask about or stop. It is no setting: no file,
variable or agent can say it, only the operator's key (docs/decisions/004).
"""

from __future__ import annotations

from assent.admin import signed
from assent.errors import RequestError
from assent.ports import Signer, Transaction
from assent.record import leaves
from assent.record.log import Log

#: State key: until when (ms) policy is only observed; empty while it is enforced.
STATE = "observe"
DAYS, MOST_DAYS = 7, 30
_DAY_MS = 86_400_000


def observe(log: Log, signer: Signer, now: int, days: int = DAYS) -> int:
    """Only observe policy for so many days; until when, in milliseconds since the epoch.

    Raises:
        RequestError: `observe_too_long`, or the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """
    if not 1 <= days <= MOST_DAYS:
        raise RequestError("observe_too_long", f"expected 1 to {MOST_DAYS} days of observing, got {days}")
    until = now + days * _DAY_MS
    _put(log, signer, now, until)
    return until


def enforce(log: Log, signer: Signer, now: int) -> None:
    """Enforce policy from the next decision on.

    Raises:
        RequestError: the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """
    _put(log, signer, now, 0)


def _put(log: Log, signer: Signer, now: int, until: int) -> None:
    subject = {"mode": "observe" if until else "enforce", "until": leaves.rfc3339(until) if until else ""}

    def job(tx: Transaction) -> None:
        signed.append(tx, log.node, now, "mode", subject, signer)
        tx.put_state(STATE, str(until) if until else "")

    log.submit(job, durable=True).result()
