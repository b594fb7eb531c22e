"""Break-glass: another bundle in force for some hours, when policy locks everybody out (docs/recovery.md).

It is a bundle like any other: its rules ask people, and what guards Assent itself is
in it. It was activated once, or sealed beforehand; it ends by itself; on and off are receipts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from assent_verify.breakglass import LONGEST
from assent_verify.receipt import milliseconds

from assent.admin import signed, texts
from assent.errors import RequestError
from assent.model.ids import Digest
from assent.policy.bundle import from_archive
from assent.ports import Reader, Signer, Store, Transaction
from assent.record import epoch, leaves
from assent.record.log import Log

#: State key: `{"bundle", "reason", "until"}` while another bundle stands in, else empty.
STATE = "breakglass"
#: State key of the bundles that were sealed beforehand, name → digest.
SEALED = "breakglass_sealed"
HOURS, MOST_HOURS = 1, LONGEST // 3_600_000


def standing_in(state: str, now: int) -> tuple[Digest, int]:
    """Which bundle stands in at this time (ms), and until when; empty and 0 if none does.

    Args:
        state: the value of `STATE`.
    """
    told: dict[str, str] = json.loads(state or '{"bundle": "", "until": 0}')
    return (Digest(told["bundle"]), int(told["until"])) if now < int(told["until"]) else (Digest(""), 0)


def on(reader: Reader, which: str, hours: int, reason: str, now: int) -> dict[str, object]:
    """The subject of the leaf that lets another bundle stand in.

    Args:
        which: `previous`, the name of a sealed bundle, or the first characters of a digest.
        reason: a code, for the record.

    Raises:
        RequestError: `no_such_bundle`, or `breakglass_too_long`.
    """
    if not 1 <= hours <= MOST_HOURS:
        raise RequestError("breakglass_too_long", f"expected 1 to {MOST_HOURS} hours, got {hours}")
    until = leaves.rfc3339(now + hours * 3_600_000)
    return {"bundle": _bundle(reader, which), "reason": reason, "state": "on", "until": until}


def _bundle(reader: Reader, which: str) -> str:
    sealed: dict[str, str] = json.loads(reader.state(SEALED) or "{}")
    if which in sealed:
        return sealed[which]
    before = _activated(reader)
    if which == "previous":
        now = reader.state("bundle") or ""
        before = [one for one in before if one != now][-1:]
    else:
        digits = which.removeprefix("sha256:")
        before = [one for one in (*before, *sealed.values()) if len(digits) >= 8 and one[7:].startswith(digits)]
    if len(set(before)) != 1:
        text = f"{len(set(before))} bundles that were in force, or sealed, fit `{which[:80]}`"
        raise RequestError("no_such_bundle", text, help="see: assent recover status")
    return before[0]


def _activated(reader: Reader) -> list[str]:
    """Digests of the bundles that were ever in force, in order, less those whose receipts lie in an archive alone."""
    lines = (data for _, data in reader.leaves() if b'"event":"activation"' in data)
    return [str(json.loads(data)["subject"]["bundle"]) for data in lines]


def put(tx: Transaction, subject: Mapping[str, str], now: int) -> None:
    """What a signed leaf changes, inside its transaction.

    Raises:
        RequestError: `no_such_bundle`: it is not archived here; `breakglass_too_long`.
    """
    if subject["state"] == "off":
        tx.put_state(STATE, "")
        epoch.move(tx)
        return
    archive = tx.archived(Digest(subject["bundle"]))
    if archive is None or (subject["state"] == "on" and not _known(tx, subject["bundle"])):
        raise RequestError("no_such_bundle", "this home has never had that bundle in force, nor sealed it")
    from_archive(archive)  # what cannot be read is not put in force
    if subject["state"] == "sealed":
        sealed = json.loads(tx.state(SEALED) or "{}")
        tx.put_state(SEALED, json.dumps({**sealed, subject["reason"]: subject["bundle"]}))
        return
    until = milliseconds(subject["until"].encode())
    if not now < until <= now + LONGEST:
        raise RequestError("breakglass_too_long", f"it ends within {MOST_HOURS} hours, or not at all", help="ask anew")
    told = {"bundle": subject["bundle"], "reason": subject["reason"], "until": until}
    tx.put_state(STATE, json.dumps(told))
    epoch.move(tx)


def _known(reader: Reader, bundle: str) -> bool:
    return bundle in json.loads(reader.state(SEALED) or "{}").values() or bundle in _activated(reader)


def seal(log: Log, name: str, found: texts.Texts, signer: Signer, now: int) -> Digest:
    """Keep a bundle for a bad night, checked and archived now, under a name.

    Raises:
        PolicyError: it could not be put in force.
        RequestError: the key is not an operator's.
        UnavailableError: it cannot be made durable.
    """
    bundle, _ = found.check()
    subject = {"bundle": bundle.digest, "reason": name, "state": "sealed", "until": ""}

    def job(tx: Transaction) -> Digest:
        tx.put_archive(bundle.digest, "bundle", bundle.archive())
        signed.append(tx, log.node, now, "breakglass", subject, signer)
        put(tx, subject, now)
        return bundle.digest

    return log.submit(job, durable=True).result()


def lapse(store: Store, log: Log, now: int) -> bool:
    """Write down that it has ended by itself, once; did it now?

    Raises:
        UnavailableError: it cannot be made durable; it has ended all the same.
    """

    def job(tx: Transaction) -> bool:
        state = tx.state(STATE) or ""
        if not state or standing_in(state, now)[0]:
            return False
        subject: dict[str, object] = {"bundle": "", "reason": "expired", "state": "off", "until": ""}
        leaves.append(tx, leaves.system(log.node, now, "breakglass", subject), None)
        tx.put_state(STATE, "")
        epoch.move(tx)
        return True

    with store.read() as reader:
        if not reader.state(STATE):
            return False  # nothing stands in, as nearly always
    return log.submit(job, durable=True).result()
