"""The leaf format: strict reading, commitments, and opening them.

`docs/receipts.md` is the published description. `read` accepts exactly the bytes
that canonicalize to themselves and fit one of the shapes below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple

from assent_verify.canonical import MAX_LEAF, canonicalize, canonicalize_leaf, parse
from assent_verify.errors import ProofError
from assent_verify.events import EVENTS, SUBJECTS
from assent_verify.shape import Exactly, Number, Shape, Text
from assent_verify.spelling import described

SALT_SIZE = 16
#: With more top-level arguments than this, one commitment covers them all.
MAX_ARGUMENTS = 64
APPROVAL_PREFIX = b"assent-approval-v1\n"
SYSTEM_PREFIX = b"assent-system-v1\n"
OUTCOME_PREFIX = b"assent-outcome-v1\n"
#: Parts of a decision's facts, each committed to alone.
PARTS = ("action", "chain", "context", "observations", "people", "profile", "versions")

#: A tool's name where it stands in the clear; `?` stands for one that is committed to.
TOOL = Text(r"[ !#-\[\]-~]{1,256}", "a tool name of printable ASCII")

_OWN: dict[str, Shape] = {
    "one": Exactly(1),
    "two": Exactly(2),
    "tool": TOOL,
    "method": Text("[A-Za-z0-9/_.-]{1,64}", "a method"),
    "engine": Text(r"[ !#-\[\]-~]{1,100}", "an engine with its version", True),
    "where": Text("arguments|output", "arguments, output or empty", True),
    "quorum": Number(2),
    "policy": described("id=word digest=digest"),
    "signed": described("key=digest signature=signature time=time"),
}
_OWN |= {
    "chained": described("id=ses_id seq=number prev=digest_or_none", {"id": "session", "seq": "seq", "prev": "prev"}),
    "action": described(
        """server=server method=method tool=tool tool_commitment?=digest definition=digest_or_none digest=digest
        arguments=[digest] referents=digest_or_none""",
        "server tool tool_commitment",
        _OWN,
    ),
    "versions": described(
        """bundle=digest_or_none catalog=digest_or_none schema=digest_or_none session=number epoch=number
        engine=engine""",
        "bundle",
        _OWN,
    ),
    "obligation": described("kind=notify|credential|limit|redact on=where policy=word", own=_OWN),
    "asked": described("policy=word digest=digest group=word quorum=quorum", own=_OWN),
}
_COMMON = "time=time node=node_id "
_CHAINED = f"{_COMMON} session=chained "

# `key` is of the id of what it was opened with, `under` the delegations it acts under, root first
SESSION_OPEN = described(
    f"""{_CHAINED} v=one kind='session' event='open' principal=principal owner=user labels=[word]256
    inherits=ses_id_or_none task=digest_or_none expires?=time key?=digest under?=[dlg_id]16""",
    "time event labels",
    _OWN,
)
SESSION_CLOSE = described(
    f"{_CHAINED} v=one kind='session' event='close' reason=ended|abandoned|killed|expired|idle|revoked",
    "time event",
    _OWN,
)
_DECISION = f"""{_CHAINED} kind='decision' mode?='observe' delegation?=dlg_id attempt=att_id principal=principal
    owner=user chain=[word] action=action effects=[code] reversibility=reversible|compensable|irreversible inferred=flag
    facts=digest versions=versions decided=verdict verdict=verdict policies=[policy]256 errors=number reasons=[code]256
    obligations=[obligation] approvals=[apr_id] permit=prm_id_or_none audience=server_or_none expires=time_or_none """
_FOLLOWED = """time attempt verdict decided permit audience expires approvals delegation effects mode policies
    principal"""
#: A decision as it was written before its facts had parts; readable for ever.
DECISION_1 = described(_DECISION + "v=one", _FOLLOWED, _OWN)
DECISION = described(_DECISION + "v=two resource=digest trace?=digest", _FOLLOWED, _OWN)
OUTCOME = described(
    f"""{_CHAINED} v=one kind='outcome' attempt=att_id decision=digest status=succeeded|failed|unknown
    attested=gateway|executor|server response=digest_or_none labels=[word]256 detail=code_or_none external?=digest
    executor?=signed supersedes?=digest""",
    "time attempt decision status labels attested response executor external supersedes",
    _OWN,
)
_OWN["statement"] = described(
    """approval=apr_id attempt=att_id action=digest asked=[asked] facts=digest verdict=approve|deny by=user time=time
    reason=digest_or_none""",
    {name: name for name in ("action", "asked", "facts")}
    | {name: f"s_{name}" for name in ("approval", "attempt", "by", "time", "verdict")},
    _OWN,
)
APPROVAL = described(
    f"""{_CHAINED} v=one kind='approval' approval=apr_id attempt=att_id by=user verdict=approve|deny
    assurance=assurance key=digest statement=statement signature=signature""",
    "time approval attempt by verdict key signature statement",
    _OWN,
)


class _Json:
    """The subject of a system leaf: any object, checked by event; never part of a pattern."""

    def pattern(self) -> str:
        """No canonical text of free JSON is regular, so it has none.

        Raises:
            TypeError: always; a shape that holds free JSON is read, not matched.
        """
        raise TypeError("free JSON has no pattern")

    def explain(self, value: object, path: str) -> str:
        """An object of the restricted profile."""
        return "" if isinstance(value, dict) else f"`{path}` is not an object"


SYSTEM = described(
    f"""{_COMMON} v=one kind='system' event={"|".join(EVENTS)} subject=json key?=digest assurance?=assurance
    signature?=signature""",
    own={**_OWN, "json": _Json()},
)


class Decision(NamedTuple):
    """What the verifier follows of a decision leaf: the text of its members."""

    server: bytes
    tool: bytes
    tool_commitment: bytes | None
    approvals: bytes
    attempt: bytes
    audience: bytes
    decided: bytes
    delegation: bytes | None
    effects: bytes
    expires: bytes
    mode: bytes | None
    permit: bytes
    policies: bytes
    principal: bytes
    session: bytes
    prev: bytes
    seq: bytes
    time: bytes
    verdict: bytes
    bundle: bytes


class Outcome(NamedTuple):
    """What the verifier follows of an outcome leaf."""

    attempt: bytes
    attested: bytes
    decision: bytes
    executor: bytes | None
    external: bytes | None
    labels: bytes
    response: bytes
    session: bytes
    prev: bytes
    seq: bytes
    status: bytes
    supersedes: bytes | None
    time: bytes


class SessionEvent(NamedTuple):
    """What the verifier follows of a session leaf; `labels` is empty text on close."""

    session: bytes
    prev: bytes
    seq: bytes
    time: bytes
    event: bytes
    labels: bytes = b""


class Approval(NamedTuple):
    """What the verifier follows of an approval leaf; `s_…` are members of its statement."""

    approval: bytes
    attempt: bytes
    by: bytes
    key: bytes
    session: bytes
    prev: bytes
    seq: bytes
    signature: bytes
    statement: bytes
    action: bytes
    s_approval: bytes
    asked: bytes
    s_attempt: bytes
    s_by: bytes
    facts: bytes
    s_time: bytes
    s_verdict: bytes
    time: bytes
    verdict: bytes


class System(NamedTuple):
    """A system leaf; `key` and `signature` are empty if it is not signed."""

    time: bytes
    event: str
    subject: dict[str, object]
    key: str
    signature: str


Leaf = Decision | Outcome | SessionEvent | Approval | System

#: How a canonical leaf starts tells which shape can fit.
_SHAPES: Mapping[bytes, tuple[Shape, Any]] = {
    b"ac": (DECISION, Decision),
    b"ac1": (DECISION_1, Decision),
    b"at": (OUTCOME, Outcome),
    b"ap": (APPROVAL, Approval),
    b"open": (SESSION_OPEN, SessionEvent),
    b"clos": (SESSION_CLOSE, SessionEvent),
}


def _session_event(found: tuple[bytes, ...]) -> SessionEvent:
    return SessionEvent(*found[-4:], *found[:-4])


_RESOURCE = b'"resource":'  # of version 2, mostly in the second half; no text holds it: its quotes are escaped
_SETS = frozenset({"approvals", "effects", "labels"})  # arrays in sorted order, each element once
#: How a leaf starts → its pattern, what is made of all its groups at once, and which members of that are sets.
#: The members of a class stand in the order of the pattern, so that none is looked up by its name.
_READERS: Mapping[bytes, tuple[re.Pattern[bytes], Callable[[Any], Any], tuple[int, ...]]] = {
    start: (
        pattern := re.compile(shape.pattern().encode()),
        _session_event if into is SessionEvent else partial(tuple.__new__, into),
        tuple(at for at, name in enumerate(into._fields) if name in _SETS and name in pattern.groupindex),
    )
    for start, (shape, into) in _SHAPES.items()
}


def read(data: bytes) -> Leaf:
    """Read the exact stored bytes of a leaf.

    Raises:
        ProofError: what `parse` raises, `not_canonical`, or `leaf_schema` with the
            member that does not fit.
    """
    start = data[2:4]
    if start == b"ev":
        start = data[10:14]
    elif start == b"ac" and data.find(_RESOURCE, len(data) >> 1) < 0 and _RESOURCE not in data:
        start = b"ac1"
    reader = _READERS.get(start)
    if reader is not None:
        pattern, build, sets = reader
        match = pattern.fullmatch(data)
        if match is not None and len(data) <= MAX_LEAF:
            leaf: Leaf = build(match.groups())
            for at in sets:
                if b"," in leaf[at]:  # type: ignore[operator]
                    _refuse_unsorted(leaf[at])  # type: ignore[arg-type]
            return leaf
    return _read_slowly(data)


def _refuse_unsorted(text: bytes) -> None:
    words = text[2:-2].split(b'","')
    if any(one >= next for one, next in pairwise(words)):
        raise ProofError("leaf_schema", f"`{text.decode()[:80]}` is not sorted, each element once")


def _read_slowly(data: bytes) -> System:
    """System leaves, and the words for what is wrong with any other."""
    value = parse(data, max_bytes=MAX_LEAF)
    if canonicalize_leaf(value) != data:
        raise ProofError("not_canonical", "leaf is not stored in its canonical form")
    why = explain(value)
    if why or not isinstance(value, dict) or value["kind"] != "system":
        raise ProofError("leaf_schema", why or "leaf does not fit its shape")
    return System(
        value["time"].encode(), value["event"], value["subject"], value.get("key", ""), value.get("signature", "")
    )


def shape_of(value: object) -> Shape | None:
    """The shape that a parsed leaf claims by `kind` and `event`."""
    if not isinstance(value, dict):
        return None
    if value.get("kind") == "session":
        return SESSION_CLOSE if value.get("event") == "close" else SESSION_OPEN
    decision = DECISION_1 if value.get("v") == 1 else DECISION
    return {"decision": decision, "outcome": OUTCOME, "approval": APPROVAL, "system": SYSTEM}.get(
        str(value.get("kind"))
    )


def may_be_named(tool: str) -> bool:
    """Can a leaf carry this tool name in the clear? Otherwise it is committed to."""
    return tool != "?" and not TOOL.explain(tool, "")


def explain(value: object) -> str:
    """Why a parsed leaf does not fit the format; empty if nothing is found."""
    shape = shape_of(value)
    if shape is None or not isinstance(value, dict):
        return "leaf has no known `kind`"
    if why := shape.explain(value, ""):
        return why
    if value["kind"] != "system":
        return ""
    signed = [name for name in ("key", "assurance", "signature") if name in value]
    if len(signed) not in (0, 3):
        return "`key`, `assurance` and `signature` stand together or not at all"
    if not canonicalize(value).isascii():
        return "`subject` is not ASCII"
    subject = SUBJECTS.get(value["event"])
    return subject.explain(value["subject"], "subject") if subject else ""


@lru_cache(maxsize=64)
def _second(text: bytes) -> int:
    try:
        return int(datetime.fromisoformat(text.decode() + "+00:00").timestamp())
    except ValueError as error:
        raise ProofError("leaf_schema", f"`{text.decode()}` is not a date and time") from error


def milliseconds(time: bytes) -> int:
    """A time as milliseconds since the epoch.

    Raises:
        ProofError: `leaf_schema` if the calendar has no such time.
    """
    return _second(time[:19]) * 1000 + int(time[20:23])


def derived_salt(salt: bytes, name: str) -> bytes:
    """The salt of one commitment of a leaf, so that one value can be disclosed alone."""
    return sha256(salt + name.encode()).digest()


def commit_derived(derived: bytes, value: object) -> str:
    """The commitment to a value under its derived salt."""
    return "sha256:" + sha256(derived + canonicalize(value)).hexdigest()


def commit(salt: bytes, name: str, value: object) -> str:
    """`sha256:` + hex of SHA-256(SHA-256(salt ‖ name) ‖ canonical value)."""
    return commit_canonical(salt, name, canonicalize(value))


def commit_canonical(salt: bytes, name: str, data: bytes) -> str:
    """The same for a value that is canonical bytes already."""
    return "sha256:" + sha256(derived_salt(salt, name) + data).hexdigest()


def commit_parts(salt: bytes, parts: Mapping[str, bytes]) -> str:
    """The commitment to facts in parts: over the commitment to each.

    Args:
        salt: of the leaf.
        parts: name → canonical bytes, in the order of `PARTS`.
    """
    inner = [f'"{name}":"{commit_canonical(salt, "facts:" + name, data)}"' for name, data in parts.items()]
    return commit_canonical(salt, "facts", ("{" + ",".join(inner) + "}").encode())


def system_statement(event: str, subject: Mapping[str, object], time: str) -> bytes:
    """The bytes that an operator signs for a system leaf."""
    return SYSTEM_PREFIX + canonicalize({"event": event, "subject": subject, "time": time})


def outcome_statement(leaf: Outcome, time: str) -> bytes:
    """The bytes that an executor signs for an outcome, at its own time."""
    said = {"attempt": leaf.attempt, "decision": leaf.decision, "external": leaf.external or b""}
    said |= {"response": leaf.response, "status": leaf.status, "time": time.encode()}
    return OUTCOME_PREFIX + canonicalize({name: value.decode() for name, value in said.items()})
