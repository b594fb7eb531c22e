"""Placing and releasing legal holds: the operator's signed word, and a leaf that names what is held."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from assent_verify.receipt import commit

from assent.admin import signed
from assent.errors import RequestError
from assent.model.ids import LeafIndex
from assent.ports import Reader, Signer, Transaction
from assent.record import leaves
from assent.record.holds import STATE, Held, Hold, stored, text_of
from assent.record.log import Log

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
MOST = 1_024  # as a verifier follows them
#: Ranges that one leaf names at most; more are joined, and hold what lies between them as well.
RANGES = 200


def add(log: Log, signer: Signer, now: int, wanted: Hold) -> Hold:
    """Place a hold; as it is in force.

    Raises:
        RequestError: `bad_hold`, `hold_exists`, `too_many_holds`, or the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """
    if not _NAME.fullmatch(wanted.name):
        raise RequestError("bad_hold", f"`{wanted.name[:64]}` is no name of a hold", help="use a-z, 0-9 and -")

    def job(tx: Transaction) -> Hold:
        on = stored(tx.state(STATE))
        if any(one.name == wanted.name for one in on):
            raise RequestError("hold_exists", f"the hold `{wanted.name}` is on already", help="choose another name")
        if len(on) >= MOST:
            raise RequestError("too_many_holds", f"{MOST} holds are on already", help="release one")
        found = () if wanted.kind == "everything" else joined(_matching(tx, wanted), RANGES)
        placed = replace(wanted, ranges=found, placed=leaves.rfc3339(now))
        signed.append(tx, log.node, now, "hold", _subject(placed, "on"), signer)
        tx.put_state(STATE, text_of([*on, placed]))
        return placed

    return log.submit(job, durable=True).result()


def release(log: Log, signer: Signer, now: int, name: str) -> Hold:
    """Let go of what a hold kept; what it was.

    Raises:
        RequestError: `unknown_hold`, or the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> Hold:
        on = stored(tx.state(STATE))
        gone = next((one for one in on if one.name == name), None)
        if gone is None:
            raise RequestError("unknown_hold", f"no hold `{name[:64]}` is on", help="see: assent receipts hold list")
        signed.append(tx, log.node, now, "hold", _subject(gone, "off"), signer)
        tx.put_state(STATE, text_of([one for one in on if one.name != name]))
        return gone

    return log.submit(job, durable=True).result()


def _subject(hold: Hold, state: str) -> dict[str, object]:
    """What the leaf says: never whose receipts are held, only a commitment that nobody can open."""
    whose = [hold.kind, hold.value, hold.since, hold.until]
    return {
        "hold": hold.name,
        "ranges": [{"first": first, "last": last} for first, last in hold.ranges],
        "reason": hold.reason,
        "state": state,
        "subject": "" if hold.kind == "everything" else commit(secrets.token_bytes(leaves.SALT), "subject", whose),
    }


def _matching(reader: Reader, hold: Hold) -> list[LeafIndex]:
    alone = Held(reader, [hold])
    return [LeafIndex(index) for index, _ in reader.leaves() if alone.by(LeafIndex(index))]


def joined(indexes: Sequence[int], most: int) -> tuple[tuple[int, int], ...]:
    """Rising indexes as ranges; the smallest gaps are closed until there are at most so many."""
    ranges: list[tuple[int, int]] = []
    for index in indexes:
        if ranges and ranges[-1][1] + 1 == index:
            ranges[-1] = ranges[-1][0], index
        else:
            ranges.append((index, index))
    if len(ranges) <= most:
        return tuple(ranges)
    gaps = sorted((two[0] - one[1], at) for at, (one, two) in enumerate(pairwise(ranges)))
    closed = {at for _, at in gaps[: len(ranges) - most]}
    found = [ranges[0]]
    for at, two in enumerate(ranges[1:]):
        if at in closed:
            found[-1] = found[-1][0], two[1]
        else:
            found.append(two)
    return tuple(found)
