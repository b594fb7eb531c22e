"""The leaf format, version 1: strict reading, commitments, and opening them.

`docs/receipts.md` is the published description. `read` accepts exactly the bytes
that canonicalize to themselves and fit one of the shapes below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple

from assent_verify.canonical import MAX_LEAF, canonicalize, canonicalize_leaf, parse
from assent_verify.errors import ProofError
from assent_verify.shape import Exactly, Flag, Many, Number, Shape, Text, members

SALT_SIZE = 16
#: With more top-level arguments than this, one commitment covers them all.
MAX_ARGUMENTS = 64
APPROVAL_PREFIX = b"assent-approval-v1\n"
SYSTEM_PREFIX = b"assent-system-v1\n"

_ID = "[a-z2-7]{25}[aeimquy4]"  # 128 bits in base32: the last character carries three
_DIGEST = "sha256:[0-9a-f]{64}"
_TIME = r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"
_PRINCIPAL = r'(?:User|Agent|Service|Model)::"[ !#-\[\]-~]{1,200}"'


def _id(prefix: str, *, blank: bool = False) -> Text:
    return Text(f"{prefix}_{_ID}", f"an id `{prefix}_…`", blank)


def _one_of(*words: str) -> Text:
    return Text("|".join(words), "one of " + ", ".join(words))


_digest = Text(_DIGEST, "a digest `sha256:…`")
_digest_or_none = Text(_DIGEST, "a digest `sha256:…` or empty", True)
_time = Text(_TIME, "a time `2026-01-31T08:30:00.123Z`")
_principal = Text(_PRINCIPAL, "a principal")
_user = Text(r'User::"[ !#-\[\]-~]{1,200}"', "a user")
_word = Text(r"[!#-\[\]-~]{1,200}", "a word of printable ASCII")
_code = Text("[a-z][a-z0-9_]{0,63}", "a code")
_server = Text("[a-z0-9-]{1,40}", "a server name")
_signature = Text("[A-Za-z0-9+/]{85}[AQgw]==", "the base64 of a signature")
_assurance = _one_of("same-user", "passphrase", "keyring", "passkey")
_verdict = _one_of("allow", "deny", "escalate", "defer")

#: A tool's name where it stands in the clear; `?` stands for one that is committed to.
TOOL = Text(r"[ !#-\[\]-~]{1,256}", "a tool name of printable ASCII")

_COMMON: dict[str, Shape] = {"v": Exactly(1), "time": _time, "node": _id("node")}
_CHAINED: dict[str, Shape] = {
    **_COMMON,
    "session": members(
        names={"id": "session", "seq": "seq", "prev": "prev"}, id=_id("ses"), seq=Number(), prev=_digest_or_none
    ),
}

SESSION_OPEN = members(
    names={"time": "time", "event": "event", "labels": "labels"},
    **_CHAINED,
    kind=_one_of("session"),
    event=_one_of("open"),
    principal=_principal,
    owner=_user,
    labels=Many(_word, 256),
    inherits=_id("ses", blank=True),
    task=_digest_or_none,
)
SESSION_CLOSE = members(
    names={"time": "time", "event": "event"},
    **_CHAINED,
    kind=_one_of("session"),
    event=_one_of("close"),
    reason=_one_of("ended", "abandoned", "killed"),
)
DECISION = members(
    frozenset({"delegation", "mode"}),
    names={
        **{name: name for name in ("time", "attempt", "verdict", "decided", "permit", "audience", "expires")},
        **{name: name for name in ("approvals", "delegation", "effects", "mode", "policies", "principal")},
    },
    **_CHAINED,
    kind=_one_of("decision"),
    mode=_one_of("observe"),
    delegation=_id("dlg"),
    attempt=_id("att"),
    principal=_principal,
    owner=_user,
    chain=Many(_word),
    action=members(
        frozenset({"tool_commitment"}),
        names={"server": "server", "tool": "tool", "tool_commitment": "tool_commitment"},
        server=_server,
        method=Text("[A-Za-z0-9/_.-]{1,64}", "a method"),
        tool=TOOL,
        tool_commitment=_digest,
        definition=_digest_or_none,
        digest=_digest,
        arguments=Many(_digest),
        referents=_digest_or_none,
    ),
    effects=Many(_code),
    reversibility=_one_of("reversible", "compensable", "irreversible"),
    inferred=Flag(),
    facts=_digest,
    versions=members(
        names={"bundle": "bundle"},
        bundle=_digest_or_none,
        catalog=_digest_or_none,
        schema=_digest_or_none,
        session=Number(),
        epoch=Number(),
        engine=Text(r"[ !#-\[\]-~]{1,100}", "an engine with its version", True),
    ),
    decided=_verdict,
    verdict=_verdict,
    policies=Many(members(id=_word, digest=_digest), 256),
    errors=Number(),
    reasons=Many(_code, 256),
    obligations=Many(
        members(
            kind=_one_of("notify", "credential", "limit", "redact"),
            on=Text("arguments|output", "arguments, output or empty", True),
            policy=_word,
        )
    ),
    approvals=Many(_id("apr")),
    permit=_id("prm", blank=True),
    audience=Text("[a-z0-9-]{1,40}", "a server name or empty", True),
    expires=Text(_TIME, "a time or empty", True),
)
OUTCOME = members(
    names={name: name for name in ("time", "attempt", "decision", "status", "labels")},
    **_CHAINED,
    kind=_one_of("outcome"),
    attempt=_id("att"),
    decision=_digest,
    status=_one_of("succeeded", "failed", "unknown"),
    attested=_one_of("gateway", "executor", "server"),
    response=_digest_or_none,
    labels=Many(_word, 256),
    detail=Text("[a-z][a-z0-9_]{0,63}", "a code or empty", True),
)
STATEMENT = members(
    names={"approval": "s_approval", "attempt": "s_attempt", "verdict": "s_verdict", "by": "s_by", "asked": "asked"}
    | {"action": "action", "facts": "facts", "time": "s_time"},
    approval=_id("apr"),
    attempt=_id("att"),
    action=_digest,
    asked=Many(members(policy=_word, digest=_digest, group=_word, quorum=Number(2))),
    facts=_digest,
    verdict=_one_of("approve", "deny"),
    by=_user,
    time=_time,
    reason=_digest_or_none,
)
APPROVAL = members(
    names={n: n for n in ("time", "approval", "attempt", "by", "verdict", "key", "signature", "statement")},
    **_CHAINED,
    kind=_one_of("approval"),
    approval=_id("apr"),
    attempt=_id("att"),
    by=_user,
    verdict=_one_of("approve", "deny"),
    assurance=_assurance,
    key=_digest,
    statement=STATEMENT,
    signature=_signature,
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

    def schema(self) -> dict[str, object]:
        """Any object."""
        return {"type": "object"}


SYSTEM = members(
    frozenset({"key", "assurance", "signature"}),
    names={},
    **_COMMON,
    kind=_one_of("system"),
    event=_one_of(
        *(
            "genesis",
            "activation",
            "enrol",
            "pin",
            "accept",
            "checkpoint",
            "clock",
            "delegation",
            "gap",
            "mode",
            "node",
            "revocation",
        )
    ),
    subject=_Json(),
    key=_digest,
    assurance=_assurance,
    signature=_signature,
)
#: Subjects whose members the verifier relies on; those of other events are free.
SUBJECTS = {
    "genesis": members(
        origin=Text(r"[!#-*,-\[\]-~]{1,200}", "an origin"),
        log_key=Text(r"[!#-\[\]-~]{1,300}", "a log key"),
        operator=_user,
    ),
    "enrol": members(
        user=_user, key=Text("[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", "the base64 of a public key"), fingerprint=_digest
    ),
    "activation": members(bundle=_digest, catalog=_digest, previous=_digest_or_none),
    "delegation": members(
        delegation=_id("dlg"),
        session=_id("ses"),
        principal=_principal,
        server=_server,
        by=_user,
        approval=_id("apr"),
        facts=_digest,
        lifts=Many(members(id=_word, digest=_digest)),
        count=Number(3),
        expires=_time,
    ),
    "mode": members(mode=_one_of("enforce", "observe"), until=Text(_TIME, "a time or empty", True)),
}


class Decision(NamedTuple):
    """What the verifier follows of a decision leaf: the text of its members."""

    time: bytes
    session: bytes
    seq: bytes
    prev: bytes
    attempt: bytes
    verdict: bytes
    decided: bytes
    permit: bytes
    audience: bytes
    server: bytes
    expires: bytes
    bundle: bytes
    approvals: bytes
    effects: bytes
    tool: bytes
    policies: bytes
    tool_commitment: bytes | None
    mode: bytes | None
    delegation: bytes | None
    principal: bytes


class Outcome(NamedTuple):
    """What the verifier follows of an outcome leaf."""

    time: bytes
    session: bytes
    seq: bytes
    prev: bytes
    attempt: bytes
    decision: bytes
    status: bytes
    labels: bytes


class SessionEvent(NamedTuple):
    """What the verifier follows of a session leaf; `labels` is empty text on close."""

    time: bytes
    session: bytes
    seq: bytes
    prev: bytes
    event: bytes
    labels: bytes = b""


class Approval(NamedTuple):
    """What the verifier follows of an approval leaf; `s_…` are members of its statement."""

    time: bytes
    session: bytes
    seq: bytes
    prev: bytes
    approval: bytes
    attempt: bytes
    by: bytes
    verdict: bytes
    key: bytes
    signature: bytes
    statement: bytes
    s_approval: bytes
    s_attempt: bytes
    s_by: bytes
    s_verdict: bytes
    s_time: bytes
    asked: bytes
    action: bytes
    facts: bytes


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
    b"at": (OUTCOME, Outcome),
    b"ap": (APPROVAL, Approval),
    b"open": (SESSION_OPEN, SessionEvent),
    b"clos": (SESSION_CLOSE, SessionEvent),
}
_SETS = frozenset({"approvals", "effects", "labels"})  # arrays in sorted order, each element once
_READERS: Mapping[bytes, tuple[re.Pattern[bytes], Any, tuple[str, ...], tuple[str, ...]]] = {
    start: (
        re.compile(shape.pattern().encode()),
        into,
        names := tuple(name for name in into._fields if shape is not SESSION_CLOSE or name != "labels"),
        tuple(name for name in names if name in _SETS),
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
    reader = _READERS.get(data[10:14] if start == b"ev" else start)
    if reader is not None:
        pattern, make, names, sets = reader
        match = pattern.fullmatch(data)
        if match is not None and len(data) <= MAX_LEAF:
            leaf: Leaf = make(*match.group(*names))
            for name in sets:
                if b"," in match[name]:
                    _refuse_unsorted(match[name])
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
    return {"decision": DECISION, "outcome": OUTCOME, "approval": APPROVAL, "system": SYSTEM}.get(
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


def system_statement(event: str, subject: Mapping[str, object], time: str) -> bytes:
    """The bytes that an operator signs for a system leaf."""
    return SYSTEM_PREFIX + canonicalize({"event": event, "subject": subject, "time": time})


def open_values(leaf: Mapping[str, Any], salt: bytes, values: Mapping[str, object]) -> None:
    """Do these values open the leaf's commitments?

    Args:
        leaf: the parsed leaf, as `read` accepted it.
        salt: 16 bytes.
        values: name → clear value; `arguments` and `withheld` as `docs/receipts.md` says.

    Raises:
        ProofError: `not_opened`, naming the value.
    """
    if len(salt) != SALT_SIZE:
        raise ProofError("not_opened", f"salt has {len(salt)} bytes, expected {SALT_SIZE}")
    commitments = _commitments(leaf)
    for name, value in values.items():
        if name == "arguments" and leaf["kind"] == "decision":
            _open_arguments(leaf["action"]["arguments"], salt, values)
        elif name == "tool" and leaf["kind"] == "decision" and value == leaf["action"]["tool"]:
            continue  # in the clear
        elif name != "withheld" and commit(salt, name, value) != commitments.get(name):
            raise ProofError("not_opened", f"the disclosed `{ascii(name)[1:-1]}` is not what the leaf commits to")


def _commitments(leaf: Mapping[str, Any]) -> dict[str, str]:
    match leaf["kind"]:
        case "decision":
            action = leaf["action"]
            tool = action.get("tool_commitment", "")
            named = {"action": action["digest"], "referents": action["referents"], "tool": tool}
            return {**named, "facts": leaf["facts"]}
        case "approval":
            return {name: leaf["statement"][name] for name in ("action", "facts", "reason")}
        case "outcome":
            return {"response": leaf["response"]}
        case "session":
            return {"task": leaf.get("task", "")}
    return {}


def _open_arguments(commitments: list[str], salt: bytes, values: Mapping[str, object]) -> None:
    arguments, withheld = values["arguments"], values.get("withheld", [])
    if not isinstance(arguments, dict) or not isinstance(withheld, list):
        raise ProofError("not_opened", "`arguments` is not an object or `withheld` not an array")
    names = sorted({*arguments, *map(str, withheld)})
    if len(names) > MAX_ARGUMENTS and not withheld:
        if commitments != [commit(salt, "arguments", arguments)]:
            raise ProofError("not_opened", "the disclosed arguments are not what the leaf commits to")
        return
    if len(names) != len(commitments) and not (len(names) > MAX_ARGUMENTS and len(commitments) == 1):
        raise ProofError("not_opened", f"{len(names)} arguments are named, the leaf commits to {len(commitments)}")
    for name, commitment in zip(names, commitments, strict=False):
        if name in arguments and commit(salt, f"argument:{name}", [name, arguments[name]]) != commitment:
            raise ProofError("not_opened", f"the disclosed argument `{ascii(name)[1:-1]}` is not what was decided on")
