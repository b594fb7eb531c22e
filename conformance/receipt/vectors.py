"""Test vectors: leaves that a reader accepts and refuses, values that open commitments, texts of checkpoints.

Each expectation is stated here, beside what was changed; no reader is asked for it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from assent_verify import receipt
from assent_verify.canonical import canonicalize, digest
from assent_verify.checkpoint import Checkpoint, heads_line
from assent_verify.events import FREE
from assent_verify.note import encode_base64

from conformance.receipt.sample import AGENT, ORIGIN, START, USER, SampleLog, identifier, private_key, time

SALT = bytes(range(16))
Leaf = dict[str, Any]
ONE, ATTEMPT = identifier("ses", "one"), identifier("att", "attempt")
#: Leaves of which every member is left out once.
_WHOLE = frozenset(
    {"approval deny", "decision allow", "decision of version 1", "outcome of an executor", "session close"}
)
_WHOLE |= {"session open", "system genesis"}
_OPTIONAL = frozenset(
    {"delegation", "executor", "external", "mode", "second", "server", "supersedes", "tool_commitment", "trace"}
)
_VKEY = SampleLog().key
_SECOND = {
    **{"assurance": "passphrase", "key": digest(b"second"), "time": time(START)},
    "signature": base64.b64encode(SampleLog().operator.sign(b"second")).decode(),
}
_RANGES = [{"first": 3, "last": 5}, {"first": 9, "last": 9}]
#: A subject of each event that `every` does not reach on its way.
SUBJECTS: Mapping[str, Mapping[str, object]] = {
    "breakglass": {
        **{"bundle": digest(b"bundle"), "reason": "locked_out", "second": _SECOND, "state": "on"},
        **{"until": time(START + 3_600_000)},
    },
    "recovery": {"change": "rehearsed", "fingerprint": digest(SampleLog().public)},
    "removal": {"fingerprint": digest(b"key"), "reason": "stolen", "second": _SECOND, "user": USER},
    "accept": {"server": "files", "tool": "write_file"},
    "checkpoint": {},
    "clock": {"high": START, "now": START},
    "delegation": {
        **{"approval": identifier("apr", "yes"), "by": USER, "count": 3, "delegation": identifier("dlg", "one")},
        **{"expires": time(START + 60_000), "facts": digest(b"facts"), "principal": AGENT, "server": "files"},
        **{"lifts": [{"digest": digest(b"deletes"), "id": "starter/deletes"}], "session": ONE},
    },
    "credential": {"change": "added", "credential": "upstream", "server": "files"},
    "elevation": {
        **{"approval": identifier("apr", "yes"), "by": USER, "delegation": identifier("dlg", "one"), "session": ONE},
        **{"expires": time(START + 60_000), "group": "effect:write"},
    },
    "grant": {
        **{"delegation": identifier("dlg", "two"), "digest": digest(b"token"), "expires": time(START + 60_000)},
        **{"issuer": USER, "parent": "", "subject": AGENT},
    },
    "kill": {"reason": "incident", "state": "on"},
    "principal": {"change": "added", "key": "", "owner": USER, "principal": AGENT},
    "hold": {"hold": "case-7", "ranges": [], "reason": "litigation", "state": "on", "subject": digest(b"subject")},
    "mode": {"mode": "observe", "until": time(START + 86_400_000)},
    "node": {"event": "join", "node": identifier("node", "two")},
    "pin": {"server": "files", "tool": "write_file"},
    "redaction": {"ranges": _RANGES, "reason": "erasure_request", "subject": "", "what": ["values"]},
    "revocation": {"delegation": identifier("dlg", "one"), "session": ONE},
    "rollback": {"lost_root": digest(b"lost"), "lost_size": 40, "root": digest(b"root"), "size": 30},
    "rotation": {
        **{"added": [str(_VKEY)], "origin": ORIGIN, "reason": "planned", "removed": [str(_VKEY)]},
        **{"root": digest(b"root"), "size": 30},
    },
    "seal": {"archive": digest(b"archive"), "first": 0, "root": digest(b"root"), "size": 256},
    "witness": {"policy": digest(b"policy"), "previous": ""},
}


def every() -> dict[str, bytes]:
    """An accepted leaf of every kind, event and form, by name."""
    log, executor = SampleLog(), private_key("executor")
    log.begin()
    found = {"system genesis": 0, "system enrol": 1, "system activation": 2}
    found["system enrol of an executor"] = log.enrol(executor, USER, log.operator, "files")
    found["session open"] = log.open(ONE, ["secret", "untrusted"], identifier("ses", "before"), "tidy up")
    found["decision allow"] = log.decide(ONE, ATTEMPT)
    found["outcome"] = log.settle(ONE, ATTEMPT)
    found["decision deny"] = log.decide(ONE, identifier("att", "deny"), "deny")
    found["decision escalate"] = log.decide(ONE, identifier("att", "ask"), "escalate")
    found["decision defer"] = log.decide(ONE, identifier("att", "defer"), "defer", decided="escalate")
    found["approval approve"] = log.answer(ONE, identifier("apr", "yes"), identifier("att", "ask"))
    found["approval deny"] = log.answer(ONE, identifier("apr", "no"), identifier("att", "ask"), "deny")
    trace = receipt.commit(SALT, "trace", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331")
    found["decision with a trace"] = log.decide(ONE, identifier("att", "traced"), trace=trace)
    found["outcome of an executor"] = log.attest(ONE, identifier("att", "traced"), executor)
    observed = {"decided": "deny", "mode": "observe", "delegation": identifier("dlg", "one")}
    found["decision observed, granted"] = log.decide(ONE, identifier("att", "observed"), **observed)
    found["system gap"] = len(log.leaves)
    gap = log.gap(identifier("att", "observed"))
    found["outcome after a gap"] = log.settle(ONE, identifier("att", "observed"), supersedes=gap)
    found["decision on a tool that is not named"] = log.decide(
        ONE, identifier("att", "unnamed"), "deny", action=_unnamed(log)
    )
    found["outcome unknown"] = log.settle(ONE, identifier("att", "?"), "unknown", response="")
    for event, subject in SUBJECTS.items():
        found[f"system {event}"] = log.system(event, subject, log.operator)
    found["session close"] = log.close(ONE)
    first = json.loads(log.leaves[found["decision allow"]])
    del first["resource"]
    found["decision of version 1"] = log.add({**first, "v": 1})
    return {name: log.leaves[index] for name, index in sorted(found.items())}


def _unnamed(log: SampleLog) -> Leaf:
    decision = next(leaf for leaf in log.leaves if b'"kind":"decision"' in leaf)
    return {**json.loads(decision)["action"], "tool": "?", "tool_commitment": receipt.commit(SALT, "tool", "lösche")}


def accepted() -> list[dict[str, str]]:
    """Every kind of leaf, and values at the edges of what is allowed."""
    leaves = every()
    found = [{"why": name, "leaf": leaf.decode()} for name, leaf in leaves.items()]
    for name, path, value, why in _EDGES:
        changed = json.loads(leaves[name])
        _put(changed, path, value)
        found.append({"why": f"{name}: {why}", "leaf": canonicalize(changed).decode()})
    return found


def refused() -> list[dict[str, object]]:
    """Leaves that differ from an accepted one in one thing, with the code each gets.

    `parsed` says whether the parsed JSON still fits the JSON Schema: what is wrong lies in
    the bytes then, or in the order of a set, or in what ASCII and sizes forbid.
    """
    leaves = every()
    found: list[dict[str, object]] = []
    for name, leaf in leaves.items():
        for why, value in _misshapen(json.loads(leaf), whole=name in _WHOLE):
            found.append(_case(f"{name}: {why}", "leaf_schema", False, canonicalize(value)))
    for name, path, value, why in _WRONG:
        changed = json.loads(leaves[name])
        _put(changed, path, value)
        found.append(_case(f"{name}: {why}", "leaf_schema", False, canonicalize(changed)))
    return found + list(_of_bytes(leaves))


def _case(why: str, code: str, parsed: bool, leaf: bytes) -> dict[str, object]:
    return {"why": why, "code": code, "parsed": parsed, "leaf": leaf.decode("utf-8", "surrogateescape")}


def _misshapen(leaf: Leaf, *, whole: bool) -> Iterator[tuple[str, Leaf]]:
    """One member missing, one unknown, one of another type; not `whole`: in the subject of a system leaf alone."""
    if whole:
        for name in sorted(leaf):
            if name not in _OPTIONAL:
                yield f"without `{name}`", {k: v for k, v in leaf.items() if k != name}
            yield f"`{name}` is null", {**leaf, name: None}
        yield "unknown member", {**leaf, "zz": 1}
    places = ("action", "executor", "session", "statement", "versions") if whole else ()
    if leaf["kind"] == "system" and leaf["event"] not in FREE:
        places = (*places, "subject")
    for place in places:
        inner = leaf.get(place)
        if isinstance(inner, dict):
            yield f"unknown member in `{place}`", {**leaf, place: {**inner, "zz": 1}}
            for name in sorted(inner):
                if name not in _OPTIONAL:
                    yield f"`{place}` without `{name}`", {**leaf, place: {k: v for k, v in inner.items() if k != name}}


def _put(leaf: Leaf, path: str, value: object) -> None:
    *way, last = path.split(".")
    for step in way:
        leaf = leaf[step]
    leaf[last] = value


#: Values that are just allowed: leaf, path, value, why.
_EDGES: tuple[tuple[str, str, object, str], ...] = (
    ("decision allow", "errors", 10**15 - 1, "the largest number"),
    ("decision allow", "principal", 'Model::"' + "m" * 200 + '"', "the longest principal"),
    ("decision allow", "chain", ["one"] * 64, "64 delegations"),
    ("decision allow", "action.tool", "x" * 256, "the longest tool name"),
    ("decision allow", "action.method", "resources/read", "another method"),
    ("decision allow", "action.arguments", [], "no arguments"),
    ("decision allow", "action.arguments", [digest(b"")] * 64, "64 arguments"),
    ("decision allow", "obligations", [{"kind": "redact", "on": "output", "policy": "one"}], "an obligation"),
    ("decision deny", "versions.bundle", "", "no bundle in force"),
    ("outcome", "labels", [], "no labels"),
    ("outcome", "response", "", "no response"),
    ("outcome", "time", "2024-02-29T23:59:59.999Z", "a leap day"),
    ("session open", "inherits", "", "inherits from none"),
    ("session open", "labels", [], "no labels"),
    ("session close", "session.seq", 0, "the smallest number"),
    ("session close", "reason", "killed", "another reason"),
    ("approval approve", "statement.reason", "", "no reason"),
    ("approval approve", "assurance", "same-user", "the weakest assurance"),
    ("system redaction", "subject.ranges", [{"first": 0, "last": 10**15 - 1}], "the largest range"),
    ("system pin", "subject", {}, "a free subject"),
)
#: Values in another spelling, or beyond what is allowed: leaf, path, value, why.
_WRONG: tuple[tuple[str, str, object, str], ...] = (
    ("decision allow", "attempt", "att_" + "a" * 25 + "b", "id whose last character has bits that no id has"),
    ("decision allow", "attempt", "att_" + "A" * 26, "id in upper case"),
    ("decision allow", "attempt", "ses_" + "a" * 26, "id of another kind"),
    ("decision allow", "attempt", "att_" + "a" * 25, "id that is too short"),
    ("decision allow", "facts", "sha256:" + "A" * 64, "digest in upper case"),
    ("decision allow", "facts", "sha256:" + "a" * 63, "digest that is too short"),
    ("decision allow", "facts", "sha512:" + "a" * 64, "digest of another function"),
    ("decision allow", "facts", "", "empty digest where one must be"),
    ("decision allow", "resource", "", "empty resource"),
    ("decision with a trace", "trace", "0af7651916cd43dd8448eb211c80319c", "trace in the clear"),
    ("decision allow", "time", "2026-11-24T08:30:00Z", "time without milliseconds"),
    ("decision allow", "time", "2026-11-24T08:30:00.123+00:00", "time with an offset"),
    ("decision allow", "time", "2026-11-24 08:30:00.123Z", "time without T"),
    ("decision allow", "time", "2026-11-24T08:30:00.1234Z", "time with four decimals"),
    ("decision allow", "time", "2026-21-24T08:30:00.123Z", "month 21"),
    ("decision allow", "verdict", "ALLOW", "verdict in upper case"),
    ("decision allow", "verdict", "", "no verdict"),
    ("decision allow", "decided", "maybe", "a verdict that nobody knows"),
    ("decision allow", "principal", 'Agent::"a\\b"', "backslash in a name"),
    ("decision allow", "principal", 'Agent::"a"b"', "quote in a name"),
    ("decision allow", "principal", "Agent::a", "name without quotes"),
    ("decision allow", "principal", 'Agent::""', "empty name"),
    ("decision allow", "principal", 'Group::"a"', "another type of entity"),
    ("decision allow", "principal", 'Agent::"' + "a" * 201 + '"', "name that is too long"),
    ("decision allow", "principal", 'Agent::"é"', "name that is not ASCII"),
    ("decision allow", "owner", AGENT, "owner who is no user"),
    ("decision allow", "errors", -1, "negative number"),
    ("decision allow", "errors", 10**15, "number that is too large"),
    ("decision allow", "errors", True, "boolean for a number"),
    ("decision allow", "errors", "0", "string for a number"),
    ("decision allow", "inferred", 1, "number for a boolean"),
    ("decision allow", "v", 3, "a version that is not there yet"),
    ("decision allow", "v", True, "boolean for the version"),
    ("decision allow", "v", 1, "version 1 with members of version 2"),
    ("decision of version 1", "v", 2, "version 2 without its members"),
    ("outcome", "v", 2, "an outcome of version 2"),
    ("decision allow", "kind", "outcome", "another kind"),
    ("decision allow", "kind", "verdict", "a kind that nobody knows"),
    ("decision allow", "mode", "enforce", "a mode that is not written"),
    ("decision allow", "delegation", "", "empty delegation"),
    ("decision allow", "chain", ["one"] * 65, "65 delegations"),
    ("decision allow", "chain", ["o ne"], "word with a space"),
    ("decision allow", "reasons", ["a"] * 257, "257 reasons"),
    ("decision allow", "reasons", ["Permitted"], "code in upper case"),
    ("decision allow", "reasons", ["1st"], "code that starts with a digit"),
    ("decision allow", "reasons", ["a" * 65], "code that is too long"),
    ("decision allow", "reasons", "permitted", "string for an array"),
    ("decision allow", "policies", [{"id": "one"}], "policy without digest"),
    ("decision allow", "policies", [{"id": "", "digest": digest(b"")}], "policy without a name"),
    ("decision allow", "obligations", [{"kind": "hide", "on": "", "policy": "one"}], "an obligation that nobody knows"),
    (
        "decision allow",
        "obligations",
        [{"kind": "limit", "on": "input", "policy": "one"}],
        "obligation on something else",
    ),
    ("decision allow", "reversibility", "maybe", "a reversibility that nobody knows"),
    ("decision allow", "permit", "prm_1", "no permit id"),
    ("decision allow", "audience", "Files", "server in upper case"),
    ("decision allow", "expires", "never", "no time"),
    ("decision allow", "action.tool", "a\nb", "control character in a tool name"),
    ("decision allow", "action.tool", "", "empty tool name"),
    ("decision allow", "action.tool", "x" * 257, "tool name that is too long"),
    ("decision allow", "action.server", "files.example", "server name with a dot"),
    ("decision allow", "action.method", "tools call", "method with a space"),
    ("decision allow", "action.arguments", [digest(b"")] * 65, "65 arguments"),
    ("decision allow", "action.arguments", {"path": digest(b"")}, "arguments by name"),
    ("decision allow", "action.digest", "", "no action digest"),
    ("decision allow", "versions.engine", "e" * 101, "engine that is too long"),
    ("decision allow", "session.seq", -1, "negative position"),
    ("decision allow", "session.prev", "none", "no leaf hash"),
    ("decision allow", "session", ONE, "a session by its id alone"),
    ("outcome", "status", "done", "a status that nobody knows"),
    ("outcome", "attested", "agent", "an attestor that nobody believes"),
    ("outcome", "decision", "", "no decision"),
    ("outcome", "detail", "Died", "detail that is no code"),
    ("outcome", "external", "tx-1", "external id in the clear"),
    ("outcome", "supersedes", "", "empty gap"),
    ("outcome", "labels", ["a b"], "label with a space"),
    ("outcome of an executor", "executor.signature", "AAAA", "signature that is too short"),
    ("outcome of an executor", "executor.signature", "A" * 85 + "B==", "signature with bits that none has"),
    ("outcome of an executor", "executor.time", "", "no time"),
    ("session open", "event", "begin", "an event that nobody knows"),
    ("session open", "task", "tidy up", "task in the clear"),
    ("session open", "owner", "ana", "owner who is no entity"),
    ("session open", "reason", "ended", "member of a close"),
    ("session close", "reason", "done", "a reason that nobody knows"),
    ("session close", "labels", [], "member of an open"),
    ("approval approve", "verdict", "allow", "a verdict of policy"),
    ("approval approve", "assurance", "sworn", "an assurance that nobody knows"),
    ("approval approve", "by", AGENT, "an agent who answers"),
    ("approval approve", "statement.asked", [{"policy": "one"}], "rule without digest"),
    ("approval approve", "statement.reason", "as agreed", "reason in the clear"),
    ("approval approve", "signature", "", "no signature"),
    ("system genesis", "subject.origin", "an origin", "origin with a space"),
    ("system genesis", "subject.operator", "ana", "operator who is no user"),
    ("system enrol", "subject.key", "AAAA", "key that is too short"),
    ("system enrol", "subject.server", "Files", "server in upper case"),
    ("system activation", "subject.bundle", "", "no bundle"),
    ("system mode", "subject.mode", "off", "a mode that nobody knows"),
    ("system mode", "subject.until", "2026", "no time"),
    ("system delegation", "subject.count", 1000, "count that is too large"),
    ("system gap", "subject.attempt", "", "no attempt"),
    ("system gap", "subject.deadline", "", "no deadline"),
    ("system seal", "subject.size", "256", "string for a number"),
    ("system redaction", "subject.ranges", [[0, 1]], "range that is no object"),
    ("system redaction", "subject.subject", "ana", "a person in the clear"),
    ("system redaction", "subject.reason", "by request", "reason that is no code"),
    ("system hold", "subject.state", "paused", "a state that nobody knows"),
    ("system node", "subject.event", "sleep", "a node event that nobody knows"),
    ("system rotation", "subject.reason", "bored", "a reason that nobody knows"),
    ("system witness", "subject.policy", "quorum", "policy that is no digest"),
    ("system pin", "event", "unpin", "an event that nobody knows"),
    ("system pin", "subject", [], "subject that is no object"),
)


def _of_bytes(leaves: Mapping[str, bytes]) -> Iterator[dict[str, object]]:
    """The same values in other bytes, and bytes that are no leaf."""
    for name in ("decision allow", "outcome", "session open", "approval approve", "system enrol"):
        leaf = leaves[name]
        value = json.loads(leaf)
        yield _case(f"{name}: white space", "not_canonical", True, leaf.replace(b'"v":', b'"v": ', 1))
        yield _case(f"{name}: line feed at the end", "not_canonical", True, leaf + b"\n")
        backwards = json.dumps(dict(reversed(value.items())), separators=(",", ":")).encode()
        yield _case(f"{name}: members out of order", "not_canonical", True, backwards)
        letter = value["kind"][:1]
        escaped = leaf.replace(f'"kind":"{letter}'.encode(), f'"kind":"\\u{ord(letter):04x}'.encode(), 1)
        yield _case(f"{name}: escape where none is needed", "not_canonical", True, escaped)
        number = leaf.replace(b'"v":%d' % value["v"], b'"v":%d.0' % value["v"])
        yield _case(f"{name}: fraction that is none", "not_canonical", True, number)
        yield _case(f"{name}: member twice", "duplicate_key", True, leaf.replace(b'"v":', b'"v":1,"v":', 1))
        yield _case(f"{name}: cut short", "not_json", False, leaf[:-1])
        yield _case(f"{name}: in an array", "leaf_schema", False, b"[" + leaf + b"]")
        yield _case(f"{name}: byte order mark", "not_json", False, "\ufeff".encode() + leaf)
    decision, outcome = leaves["decision allow"].decode(), leaves["outcome"].decode()
    for why, code, parsed, text in (
        (
            "set out of order",
            "leaf_schema",
            True,
            decision.replace('"effects":["write"]', '"effects":["write","read"]'),
        ),
        (
            "set with an element twice",
            "leaf_schema",
            True,
            outcome.replace('["untrusted"]', '["untrusted","untrusted"]'),
        ),
        ("fraction", "leaf_profile", False, decision.replace('"errors":0', '"errors":0.5')),
        ("number with an exponent", "not_canonical", True, decision.replace('"errors":0', '"errors":0e1')),
        ("half a surrogate pair", "lone_surrogate", False, decision.replace('"kind":"', '"kind":"\\ud800')),
        ("number that overflows", "number_range", False, decision.replace('"errors":0', '"errors":1e999')),
        ("member name that is not ASCII", "leaf_profile", False, decision.replace('"errors":0', '"é":0,"errors":0')),
        ("too many bytes", "too_large", False, "[" + decision + " " * 16_384 + "]"),
        ("subject that is not ASCII", "leaf_schema", True, _signed_pin(leaves, {"name": "é"})),
        ("empty", "not_json", False, ""),
        ("empty object", "leaf_schema", False, "{}"),
        ("null", "leaf_schema", False, "null"),
        ("no JSON", "not_json", False, "leaf"),
    ):
        yield _case(why, code, parsed, text.encode())
    pin = json.loads(leaves["system pin"])
    for name in ("key", "assurance", "signature"):
        half = {member: value for member, value in pin.items() if member != name}
        yield _case(f"signed without `{name}`", "leaf_schema", False, canonicalize(half))


def _signed_pin(leaves: Mapping[str, bytes], subject: object) -> str:
    return canonicalize({**json.loads(leaves["system pin"]), "subject": subject}).decode()


def commitments() -> list[dict[str, object]]:
    """Values under one salt, with every step on the way to the commitment."""
    values: list[tuple[str, object]] = [("response", "sha256:00"), ("argument:path", ["path", "é\u2028😀"])]
    values += [("facts", {"b": 0.1, "a": [1e21, -0.0, None]}), ("task", "tidy up"), ("external", "tx-1")]
    values += [("resource", 'Server::"files"'), ("facts:versions", {"versions": {"epoch": 0}})]
    return [
        {
            **{"name": name, "value": value, "salt": encode_base64(SALT)},
            "derived_salt": receipt.derived_salt(SALT, name).hex(),
            "canonical": canonicalize(value).decode(),
            "commitment": receipt.commit(SALT, name, value),
        }
        for name, value in values
    ]


def openings() -> list[dict[str, object]]:
    """Values that open a leaf or do not: with the leaf's salt, or each alone with a derived salt."""
    log = SampleLog()
    log.begin()
    log.open(ONE)
    index, salt, values = log.decide(ONE, ATTEMPT), *log.disclosed[-1][1:]
    leaf, arguments, facts = log.leaves[index].decode(), values["arguments"], values["facts"]
    assert isinstance(arguments, dict) and isinstance(facts, dict)
    parts = {name: receipt.commit(salt, f"facts:{name}", facts[name]) for name in receipt.PARTS}
    path = {"argument:path": ["path", arguments["path"]]}
    part: dict[str, object] = {"facts": parts, "facts:context": facts["context"]}
    whole: tuple[tuple[str, bool, Mapping[str, object]], ...] = (
        ("all values", True, values),
        ("one argument", True, {"arguments": {"path": arguments["path"]}, "withheld": ["content"]}),
        ("one argument, the other not named", False, {"arguments": {"path": arguments["path"]}}),
        ("another argument", False, {"arguments": {**arguments, "path": "/etc"}}),
        ("a part left out", False, {"facts": {n: v for n, v in facts.items() if n != "people"}}),
        ("a part more", False, {"facts": {**facts, "more": {}}}),
        ("another part", False, {"facts": {**facts, "people": {"approvals": []}}}),
        ("facts in one", False, {"facts": {"arguments": arguments}}),
        ("the name of the tool, which is in the clear", True, {"tool": "write_file"}),
        ("another resource", False, {"resource": 'Server::"other"'}),
        ("what the leaf does not commit to", False, {"trace": "0" * 32}),
    )
    alone: tuple[tuple[str, bool, Mapping[str, object]], ...] = (
        ("one argument alone", True, path),
        ("one argument alone, of another value", False, {"argument:path": ["path", "/etc"]}),
        ("one argument alone, under another name", False, {"argument:content": ["path", arguments["path"]]}),
        ("one part alone, with the commitments of the others", True, part),
        ("one part alone, without them", False, {"facts:context": facts["context"]}),
        ("one part alone, changed", False, {**part, "facts:context": {}}),
        ("the commitments of the parts, changed", False, {**part, "facts": {**parts, "people": digest(b"")}}),
        ("the resource alone", True, {"resource": 'Server::"files"'}),
    )
    shown: list[dict[str, object]] = [
        {"why": why, "opens": opens, "leaf": leaf, "salt": encode_base64(salt), "values": dict(named)}
        for why, opens, named in whole
    ]
    for why, opens, named in alone:
        each = {n: {"salt": encode_base64(receipt.derived_salt(salt, n)), "value": v} for n, v in named.items()}
        shown.append({"why": why, "opens": opens, "leaf": leaf, "alone": each})
    return shown


def checkpoints(log: SampleLog) -> list[dict[str, object]]:
    """The text of a checkpoint, the heads that it commits to, and the signed note."""
    found: list[dict[str, object]] = []
    for heads in ([], [(ONE, 3, digest(b"three"))], [(ONE, 3, digest(b"three")), ("system", 7, digest(b"root"))]):
        text = str(Checkpoint(ORIGIN, 32, log.frontier.root(), (heads_line(heads),)))
        found.append({"heads": [list(head) for head in heads], "line": heads_line(heads), "text": text})
    found += [{"size": size, "key": str(log.key), "note": note.decode()} for size, note in log.checkpoints]
    return found
