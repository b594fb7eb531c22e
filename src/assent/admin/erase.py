"""Erasing clear values on request: a plan that a person sees first, then one transaction.

The transaction drops the values, seals what stays of the session under another key, and
appends a `redaction` leaf that the operator's key signed; after it is durable the old key
is destroyed. A crash before the commit has erased nothing, one after it has erased all:
the next start destroys what is left of the key. No leaf changes, so every proof holds.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from assent_verify.canonical import canonicalize, parse
from assent_verify.receipt import commit

from assent.admin import signed
from assent.admin.hold import joined
from assent.admin.sealing import last
from assent.catalog.detectors.encoded import decoded
from assent.errors import ProofError, RequestError
from assent.inform.seen import normal
from assent.model.approval import Approval
from assent.model.ids import ActionDigest, ApprovalId, AttemptId, Digest, LeafIndex, SessionId
from assent.ports import Reader, Signer, Transaction
from assent.record import leaves
from assent.record.expiry import drop
from assent.record.holds import held
from assent.record.log import Log

By = Literal["receipt", "session", "principal", "owner", "matching", "before"]
_RANGES = 200  # of one leaf; a verifier takes 256
_SHORTEST = 3  # characters of a value to look for; less is in everything
_LIVE = ("pending", "approved", "denied")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose or which values are to go.

    Args:
        value: an id, a principal, text to look for, or an RFC 3339 time; for `receipt`, indexes with commas.
    """

    by: By
    value: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be erased, and what would not.

    Args:
        leaves: leaves whose values go.
        sessions: sessions that they are of.
        held: leaves that a legal hold keeps.
        live: leaves of calls of open sessions that are under way, wait for people, or stand on an answer.
        erased: leaves that were meant, but have no values any more.
    """

    wanted: Wanted
    leaves: tuple[LeafIndex, ...]
    sessions: tuple[SessionId, ...]
    held: tuple[LeafIndex, ...] = ()
    live: tuple[LeafIndex, ...] = ()
    erased: int = 0


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done.

    Args:
        receipts: indexes of the redaction leaves.
        leaves: how many leaves lost their values.
        salt: opens the commitment to whom it was for; nothing on the home keeps it.
    """

    receipts: tuple[LeafIndex, ...]
    leaves: int
    salt: bytes


def plan(reader: Reader, wanted: Wanted) -> Plan:
    """What would be erased, in one pass over the leaves and their values.

    Raises:
        RequestError: `too_short`: it would be found in everything.
    """
    named = _named(reader, wanted)
    attempts = {str(leaf["attempt"]) for _, leaf in named if "attempt" in leaf}
    whole = wanted.by != "before"  # an outcome goes with its decision, but not before its own time
    chosen = {index: leaf for index, leaf in named}
    if whole and attempts:
        chosen |= {index: leaf for index, leaf in _parsed(reader) if leaf.get("attempt") in attempts}
    holds, going = held(reader), Going(reader)
    free: list[LeafIndex] = []
    on_hold: list[LeafIndex] = []
    live: list[LeafIndex] = []
    sessions: dict[SessionId, None] = {}
    valued = {index for index, _, _ in reader.sidecars()}
    for index, leaf in sorted(chosen.items(), key=lambda pair: pair[0]):
        if index not in valued:
            continue
        if holds.by(index):
            on_hold.append(index)
        elif going.live(leaf):
            live.append(index)
        else:
            free.append(index)
            sessions[SessionId(leaf["session"]["id"])] = None
    missing = sum(index not in valued for index, leaf in chosen.items() if leaf["kind"] in ("decision", "approval"))
    return Plan(wanted, tuple(free), tuple(sessions), tuple(on_hold), tuple(live), missing)


class Going:
    """Tells of calls that still go on, whose values somebody will need."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._asked: dict[str, list[Approval]] = {}
        for approval in reader.approvals():
            self._asked.setdefault(approval.attempt, []).append(approval)
        self._granted = {given.approval: given for given in reader.delegations()}

    def asked(self, attempt: str) -> list[Approval]:
        """The questions about an attempt."""
        return self._asked.get(attempt, [])

    def live(self, leaf: Mapping[str, Any]) -> bool:
        """Is the leaf of a call of an open session that is under way, or that people's answers hold for?"""
        session = self._reader.session(leaf["session"]["id"]) if "session" in leaf else None
        if session is None or session.status != "open" or "attempt" not in leaf:
            return False
        attempt = self._reader.attempt(leaf["attempt"])
        if attempt is not None and attempt.state in ("waiting", "executing"):
            return True
        if self._reader.state(f"kept:{session.id}") == leaf["attempt"]:
            return True  # its result waits for the same call to be made again
        asked = self.asked(leaf["attempt"])
        return any(one.status in _LIVE or self._grants(one.id) for one in asked)

    def _grants(self, approval: ApprovalId) -> bool:
        given = self._granted.get(approval)
        return given is not None and given.status == "live"


def erase(log: Log, signer: Signer, shown: Plan, reason: str, now: int) -> Erased:
    """Carry out a plan that a person has seen; what is held or live by now stays.

    Raises:
        RequestError: `nothing_to_erase`, or the key is not the operator's.
        UnavailableError: it cannot be made durable, and nothing is erased.
    """
    salt = secrets.token_bytes(leaves.SALT)
    subject = commit(salt, "subject", [shown.wanted.by, shown.wanted.value])

    def job(tx: Transaction) -> Erased:
        going, wanted = Going(tx), []
        for index in shown.leaves:
            leaf = _leaf(tx, index)
            if tx.sidecar(index) is not None and not going.live(leaf):
                wanted.append(index)
        found = {index: _leaf(tx, index) for index in wanted}
        actions = {index: _action(tx, index) for index in wanted}
        free = drop(tx, wanted)
        if not free:
            raise RequestError("nothing_to_erase", "there is nothing left to erase, or all of it is on hold")
        for index in free:
            leaf = found[index]
            if action := actions[index]:
                _take_kept(tx, SessionId(leaf["session"]["id"]), action, leaf["attempt"])
            _scrub(tx, going, leaf)
        receipts = []
        ranges = joined(free, len(free))
        for at in range(0, len(ranges), _RANGES):
            some = [{"first": first, "last": last} for first, last in ranges[at : at + _RANGES]]
            said = {"ranges": some, "reason": reason, "subject": subject, "what": ["values"]}
            receipts.append(signed.append(tx, log.node, now, "redaction", said, signer).index)
        for session in dict.fromkeys(SessionId(found[index]["session"]["id"]) for index in free):
            tx.renew_key(session)
        return Erased(tuple(receipts), len(free), salt)

    return log.submit(job, durable=True).result()


def _action(reader: Reader, index: LeafIndex) -> ActionDigest | None:
    """The digest of the action of a decision, under which a result of it would be kept."""
    kept = reader.sidecar(index)
    found = json.loads(kept.values) if kept is not None else {}
    return ActionDigest(found["action"]) if "attempt" in _leaf(reader, index) and "action" in found else None


def _take_kept(tx: Transaction, session: SessionId, action: ActionDigest, attempt: str) -> None:
    kept = tx.kept(session, action)
    if kept is not None and kept.attempt == attempt:
        tx.take_kept(session, action)


def _scrub(tx: Transaction, going: Going, leaf: Mapping[str, Any]) -> None:
    """Take away what else is kept of a call: digests that can be guessed, what people were shown, a kept result."""
    attempt = tx.attempt(AttemptId(leaf.get("attempt", "")))
    session = tx.session(SessionId(leaf["session"]["id"]))
    if session is not None and session.status != "open":
        tx.drop_passages(session.id)
    if attempt is not None and attempt.state == "waiting":  # else it may have happened, and a repeat must be seen
        tx.drop_attempt(attempt.id)
    for asked in going.asked(leaf.get("attempt", "")):
        bare = replace(asked, card="", salt=b"", action=ActionDigest(""), facts=Digest(""), refusal=Digest(""))
        tx.put_approval(replace(bare, status="cancelled" if asked.status in ("pending", "approved") else asked.status))
        for given in tx.delegations(asked.session):
            if given.approval == asked.id:
                tx.put_delegation(replace(given, card="", salt=b""))


def _leaf(reader: Reader, index: LeafIndex) -> dict[str, Any]:
    """A leaf; of one that lies in an archive what its values still say."""
    data, kept = reader.leaf(index), reader.sidecar(index)
    if data is None:
        return _archived(kept.session) if kept is not None else {"kind": ""}
    found: dict[str, Any] = json.loads(data)
    return found


def _archived(session: SessionId, time: str = "") -> dict[str, Any]:
    return {"kind": "archived", "session": {"id": session}, "time": time}


def _parsed(reader: Reader) -> Iterator[tuple[LeafIndex, dict[str, Any]]]:
    """Every leaf; of those in an archive the ones whose values are here, as old as the first that is not there."""
    gone = last(reader).gone
    later = json.loads(reader.leaf(LeafIndex(gone)) or b"{}").get("time", "") if gone else ""
    for index, session, _ in reader.sidecars():
        if 0 < index < gone:
            yield index, _archived(session, later)
    for number, data in reader.leaves():
        yield LeafIndex(number), json.loads(data)


def _named(reader: Reader, wanted: Wanted) -> list[tuple[LeafIndex, dict[str, Any]]]:
    """The leaves that are meant, before whole calls are made of them."""
    value = wanted.value
    if wanted.by == "receipt":
        return [(index, _leaf(reader, index)) for index in map(LeafIndex, map(int, value.split(",")))]
    if wanted.by == "matching":
        return [(index, _leaf(reader, index)) for index in matching(reader, value)]
    tests: dict[str, Callable[[dict[str, Any]], bool]] = {
        "session": lambda leaf: leaf["session"]["id"] == value,
        "before": lambda leaf: leaf["time"] < value,
    }
    test = tests.get(wanted.by)
    if test is None:
        column = "principal" if wanted.by == "principal" else "owner"
        theirs = {one.id for one in reader.sessions(open_only=False) if getattr(one, column) == value}

        def test(leaf: dict[str, Any]) -> bool:
            return leaf["session"]["id"] in theirs

    return [(index, leaf) for index, leaf in _parsed(reader) if "session" in leaf and test(leaf)]


def matching(reader: Reader, value: str) -> Iterator[LeafIndex]:
    """Leaves whose clear values mention this text, however it is spelled: case, accents, punctuation, encodings.

    Raises:
        RequestError: `too_short`.
    """
    needle = normal(value)
    if len(needle) < _SHORTEST:
        help = f"give at least {_SHORTEST} letters or digits"
        raise RequestError("too_short", "so short a value would be found in everything", help=help)
    for index, _, _ in reader.sidecars():
        kept = reader.sidecar(index)
        if kept is not None and _mentions(kept.values, needle):
            yield index


def _mentions(values: str, needle: bytes) -> bool:
    try:
        texts = list(_texts(parse(values.encode())))
    except ProofError:
        texts = [values]
    return any(needle in normal(text) for text in texts) or needle in normal(decoded("\n".join(texts)[:1_000_000]))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield canonicalize(value).decode()


def proof_of(erased: Erased) -> str:
    """The salt as text: whoever has it can show later for whom an erasure was."""
    return base64.b64encode(erased.salt).decode()


def redacted(reader: Reader, indexes: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    """Of these leaves, those that a redaction leaf names: when, by which key's owner, reason code."""
    found: dict[int, tuple[str, str, str]] = {}
    for _, data in reader.leaves():
        if b'"event":"redaction"' not in data:
            continue
        leaf = json.loads(data)
        if leaf.get("kind") != "system" or leaf.get("event") != "redaction":
            continue
        subject = leaf["subject"]
        by = reader.state(f"key:{leaf['key']}") or leaf["key"]
        for index in indexes:
            if any(one["first"] <= index <= one["last"] for one in subject["ranges"]):
                found[index] = (leaf["time"], by, subject["reason"])
    return found
