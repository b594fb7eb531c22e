"""Changes of who holds this home: one or more signed leaves, together or not at all (docs/recovery.md).

Each is signed by one key; what one key may not say alone carries the word of a
second person, or is signed by the sealed recovery key. There is no other way in.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

from assent_verify.canonical import canonicalize, digest, parse
from assent_verify.events import SUBJECTS
from assent_verify.people import Key, second_statement

from assent.admin import breakglass, people, signed
from assent.admin.home import RECOVERY_FILE
from assent.errors import ProofError, RequestError
from assent.identity.names import id_of
from assent.model.ids import PrincipalId
from assent.ports import Reader, Signer, Transaction
from assent.record import leaves
from assent.record.log import Log

Role = Literal["operator", "reviewer"]
Why = Literal["left", "lost", "stolen"]
_FORMAT = "assent-request/1"
_MOST_BYTES, _MOST_ACTS = 65_536, 8


@dataclass(frozen=True, slots=True)
class Act:
    """One leaf to be signed: its event and subject."""

    event: str
    subject: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Request:
    """Acts that belong together, and what a second person has signed of them.

    Args:
        origin: name of the log that they are for.
        acts: in the order in which they happen.
        seconds: for each act the second person's word, or none of them.
    """

    origin: str
    acts: tuple[Act, ...]
    seconds: tuple[Mapping[str, object], ...] = field(default=())

    def text(self) -> bytes:
        """The file that goes from one person to the other."""
        acts = [{"event": act.event, "subject": dict(act.subject)} for act in self.acts]
        told = {"acts": acts, "format": _FORMAT, "origin": self.origin, "seconds": [dict(one) for one in self.seconds]}
        return canonicalize(told) + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> Request:
        """Read such a file, strictly: another person may have written anything into it.

        Raises:
            RequestError: `bad_request`.
        """
        try:
            told = parse(data.removesuffix(b"\n"), max_bytes=_MOST_BYTES)
        except ProofError as error:
            raise _bad(error.message) from error
        names = {"acts", "format", "origin", "seconds"}
        if not isinstance(told, dict) or told.keys() != names or told["format"] != _FORMAT:
            raise _bad(f"expected an object of format `{_FORMAT}`")
        acts, seconds = told["acts"], told["seconds"]
        if not isinstance(acts, list) or not isinstance(seconds, list) or not 0 < len(acts) <= _MOST_ACTS:
            raise _bad(f"expected 1 to {_MOST_ACTS} acts")
        if not all(isinstance(act, dict) and act.keys() == {"event", "subject"} for act in acts):
            raise _bad("an act is an event and a subject")
        found = cls(str(told["origin"]), tuple(Act(str(act["event"]), act["subject"]) for act in acts), tuple(seconds))
        if len(seconds) not in (0, len(acts)):
            raise _bad("each act is signed, or none")
        found.whole()
        return found

    def whole(self) -> tuple[Act, ...]:
        """The acts as they are signed and recorded, with the word of the second person.

        Raises:
            RequestError: `bad_request`: one is not of the published format.
        """
        acts = self.acts
        if self.seconds:
            acts = tuple(
                Act(act.event, {**act.subject, "second": second})
                for act, second in zip(acts, self.seconds, strict=True)
            )
        for act in acts:
            if not isinstance(act.subject, dict):
                raise _bad("a subject is an object")
            if act.event not in ("enrol", "removal", "recovery", "breakglass") or "server" in act.subject:
                raise _bad(f"`{act.event[:64]}` is nothing that two people do")
            if why := SUBJECTS[act.event].explain(act.subject, "subject"):
                raise _bad(why)
        return acts

    def second(self, signer: Signer, now: int) -> Request:
        """With the word of the second person, who has read it."""
        time = leaves.rfc3339(now)
        words = []
        for act in self.acts:
            message = second_statement(act.event, act.subject, self.origin, time)
            signature = base64.b64encode(signer.sign(message)).decode()
            key = digest(signer.public)
            words.append({"assurance": signer.assurance, "key": key, "signature": signature, "time": time})
        return replace(self, seconds=tuple(words))


def _bad(why: str) -> RequestError:
    return RequestError("bad_request", f"it is no request for a second person: {why}", help="have it made anew")


def perform(log: Log, request: Request, signer: Signer, now: int) -> list[int]:
    """Sign and record every act, in one transaction with what each changes; the indexes of their leaves.

    Raises:
        RequestError: `second_person`, `role_exceeded`, `not_enrolled`, `last_operator`, `other_log`, … .
        UnavailableError: it cannot be made durable. Whatever is raised, nothing changed.
    """
    if request.origin != log.origin:
        text = f"the request is for the log `{request.origin[:64]}`, this one is `{log.origin}`"
        raise RequestError("other_log", text, help="take it to the home that it was made on")
    acts = request.whole()

    def job(tx: Transaction) -> list[int]:
        return [_do(tx, log.node, act, signer, now) for act in acts]

    return log.submit(job, durable=True).result()


def _do(tx: Transaction, node: str, act: Act, signer: Signer, now: int) -> int:
    appended = signed.append(tx, node, now, act.event, act.subject, signer)
    subject = {name: str(value) for name, value in act.subject.items()}
    sealed = tx.state(people.RECOVERY) or ""
    if act.event == "enrol":
        people.add(tx, _key(subject, subject.get("role", "operator"), now))
    elif act.event == "removal" and subject["fingerprint"] != sealed:
        people.drop(tx, subject["fingerprint"])
    elif act.event == "breakglass":
        breakglass.put(tx, subject, now)
    elif subject.get("change") == "sealed":
        if sealed:
            people.drop(tx, sealed)
        people.add(tx, _key(subject, "recovery", now))
    elif subject["fingerprint"] == sealed and subject.get("change") == "removed":
        people.drop(tx, sealed)
    else:
        raise _bad("it names the sealed recovery key as something else, or another key as the sealed one")
    return appended.index


def _key(subject: Mapping[str, str], role: str, now: int) -> Key:
    public = base64.b64decode(subject.get("key", ""))
    if digest(public) != subject["fingerprint"]:
        raise _bad("a fingerprint is not that of its key")
    return Key(public, subject.get("user", ""), role=role, since=now)


def user_of(text: str) -> PrincipalId:
    """The person that somebody means: `bob` is `User::"local/bob"`.

    Raises:
        RequestError: `bad_principal`.
    """
    return id_of(text if text.startswith("User::") else f'User::"{text if "/" in text else "local/" + text}"')


def enrolment(public: bytes, user: PrincipalId, role: Role) -> Act:
    """A person's key is to count."""
    subject = {"fingerprint": digest(public), "key": base64.b64encode(public).decode(), "user": user}
    return Act("enrol", subject | ({"role": role} if role == "reviewer" else {}))


def removal(reader: Reader, fingerprint: str, why: Why) -> Act:
    """A person's key is to count no more.

    Args:
        fingerprint: whole, or its first hex digits.

    Raises:
        RequestError: `no_such_key`.
    """
    known = people.known(reader)
    wanted = [name for name in known if name.removeprefix("sha256:").startswith(fingerprint.removeprefix("sha256:"))]
    if len(wanted) != 1 or known[wanted[0]].role == "recovery":
        text = f"{len(wanted)} keys of people fit `{fingerprint[:80]}`, expected one"
        raise RequestError("no_such_key", text, help="see: assent keys people")
    return Act("removal", {"fingerprint": wanted[0], "reason": why, "user": known[wanted[0]].user})


def sealing(public: bytes) -> Act:
    """A recovery key is to be sealed, in the place of the one that is."""
    key = base64.b64encode(public).decode()
    return Act("recovery", {"change": "sealed", "fingerprint": digest(public), "key": key})


def seal(log: Log, public: bytes, place: Path, signer: Signer, now: int) -> None:
    """Seal the first recovery key, and keep the agent from the file where it was made.

    Raises:
        RequestError: `second_person`: one is sealed already, or the key is not an operator's.
        UnavailableError: it cannot be made durable.
    """
    guard(log, place)
    perform(log, Request(log.origin, (sealing(public),)), signer, now)


def guard(log: Log, place: Path) -> None:
    """No call reaches this file of a recovery key, for as long as it lies there.

    Raises:
        UnavailableError: it cannot be made durable.
    """
    log.submit(lambda tx: tx.put_state(RECOVERY_FILE, str(place)), durable=True).result()


class _Rehearsed(Exception):
    """Everything went as it would; carried out of the savepoint, so that nothing of it stays."""


def rehearse(log: Log, signer: Signer, fresh: Signer, now: int) -> int:
    """Go the whole way of a lost operator's key with the recovery key, undo it, and record that it went.

    Every check and every write is the real one, inside a savepoint that is dropped: the
    keys that count are the same before and after.

    Args:
        signer: the unlocked recovery key.
        fresh: a new key that is thrown away.

    Returns:
        Index of the leaf that says so, signed by the recovery key.

    Raises:
        RequestError: `no_recovery`: none is sealed; `other_recovery`: it is another.
        UnavailableError: it cannot be made durable.
    """
    key = digest(signer.public)

    def job(tx: Transaction) -> int:
        sealed = tx.state(people.RECOVERY) or ""
        if not sealed:
            raise RequestError("no_recovery", "no recovery key is sealed", help="run: assent recover seal FILE")
        if sealed != key:
            text = "this is not the recovery key that is sealed"
            raise RequestError("other_recovery", text, help=f"the sealed one is `{sealed}`")
        try:
            with tx.savepoint():
                old = people.operators(tx)
                user = cast(PrincipalId, people.known(tx)[old[0]].user)
                _do(tx, log.node, enrolment(fresh.public, user, "operator"), signer, now)
                for one in old:
                    _do(tx, log.node, removal(tx, one, "lost"), signer, now)
                signed.append(tx, log.node, now, "mode", {"mode": "enforce", "until": ""}, fresh)
                raise _Rehearsed
        except _Rehearsed:
            pass
        subject = {"change": "rehearsed", "fingerprint": key}
        tx.put_state(people.REHEARSED, leaves.rfc3339(now))
        return signed.append(tx, log.node, now, "recovery", subject, signer).index

    return log.submit(job, durable=True).result()


def signed_by(reader: Reader, fingerprint: str) -> list[tuple[int, str, str]]:
    """What a key has signed: index, time and kind of every leaf; for whoever finds out what a thief did."""
    found = []
    for index, data in reader.leaves():
        if f'"key":"{fingerprint}"'.encode() in data:
            leaf = json.loads(data)
            if leaf.get("key") == fingerprint:
                found.append((index, str(leaf["time"]), str(leaf.get("event", leaf["kind"]))))
    return found
