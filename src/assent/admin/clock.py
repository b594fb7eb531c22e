"""Confirming the time after a clock jump, so that decisions are made again (DESIGN §5)."""

from __future__ import annotations

import json

from assent.admin import signed
from assent.ports import Signer, Transaction
from assent.record import leaves
from assent.record.log import Log

STATE = leaves.CLOCK


def confirm(log: Log, boot: str, now: int, steady: int, signer: Signer) -> None:
    """Take the present wall time as right.

    Args:
        boot: id of this boot, empty where there is none.
        now: wall time, milliseconds since the epoch.
        steady: milliseconds of the clock that only runs forward.

    Raises:
        RequestError: the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> None:
        before = json.loads(tx.state(STATE) or "{}")
        signed.append(tx, log.node, now, "clock", {"high": int(before.get("high", 0)), "now": now}, signer)
        tx.put_state(STATE, json.dumps({"boot": boot, "high": now, "offset": now - steady}))

    log.submit(job, durable=True).result()
