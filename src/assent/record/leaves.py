"""Leaves: what a receipt says, in the format that `assent_verify.receipt` checks.

Nothing from agent, tool or person stands in a leaf in the clear (DESIGN §7): the
clear values go to the sidecar with the salt that opens the leaf's commitments.
A draft is built outside the transaction; `append` adds the session's chain.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from assent_verify.canonical import canonicalize, canonicalize_leaf, digest
from assent_verify.merkle import Frontier, leaf_hash
from assent_verify.receipt import MAX_ARGUMENTS, commit, commit_parts, may_be_named

from assent.decide.recorded import joined
from assent.errors import ConflictError
from assent.model.action import Action
from assent.model.decision import Decision, Verdict
from assent.model.ids import LeafIndex, SessionId
from assent.model.outcome import Outcome
from assent.model.session import Session
from assent.ports import Sidecar, Transaction

_DAY_MS = 86_400_000
#: State key of what is known of the clock (`inform.clock.reading`).
CLOCK = "clock"
_SYSTEMS = "systems"  # state key
_CHAINED = b'"session":{"id":"ses_'  # in every leaf that is not a system leaf
#: Bytes of a leaf's salt.
SALT = 16


@lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def rfc3339(ms: int) -> str:
    """Milliseconds since the epoch as RFC 3339 UTC with `Z` and three decimals."""
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


@lru_cache(maxsize=16)
def highest(clock: str | None) -> str:
    """The highest time recorded, as a leaf writes it; time is max(clock, highest recorded) (DESIGN §5)."""
    return rfc3339(int(json.loads(clock)["high"])) if clock else ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A leaf without its session chain, and what opens its commitments.

    Args:
        body: the members of the leaf; `append` adds `session`.
        salt: 16 random bytes, or empty if the leaf commits to nothing.
        values: clear values for the sidecar, canonical JSON.
    """

    body: Mapping[str, object]
    salt: bytes = b""
    values: bytes = b"{}"


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a leaf came to stand."""

    index: LeafIndex
    hash: str
    session: Session | None


def append(tx: Transaction, draft: Draft, session: SessionId | None, *, keep_days: int = 30) -> Appended:
    """Chain a draft to its session, append it, and keep its clear values aside.

    Raises:
        ConflictError: the session is not in the store.
        ProofError: `leaf_too_large` — the caller denies with `receipt_too_large`.
    """
    body = dict(draft.body)
    if "signature" not in body:  # what was signed keeps the time that was signed
        body["time"] = max(str(body["time"]), highest(tx.state(CLOCK)))
    row: Session | None = None
    if session is not None:
        row = tx.session(session)
        if row is None:
            raise ConflictError("unknown_session", f"session `{session}` is not on this home")
        body["session"] = {"id": row.id, "seq": row.seq, "prev": row.head}
    data = canonicalize_leaf(body)
    index = tx.append(data)
    hash = leaf_hash(data)
    head = "sha256:" + hash.hex()
    if row is None:
        keep_systems(tx, index, hash)
    else:
        row = replace(row, seq=row.seq + 1, head=head, used=_ms(str(body["time"])) if row.idle else row.used)
        tx.put_session(row)
    if draft.salt:
        # the body's own time, so that a clock that jumped cannot shorten what was promised
        expires = _ms(str(body["time"])) + keep_days * _DAY_MS
        tx.put_sidecar(Sidecar(index, draft.salt, draft.values.decode(), expires, session or SessionId("")))
    return Appended(index, head, row)


def keep_systems(tx: Transaction, size: int, *more: bytes) -> Frontier:
    """The tree over the system leaves among the first `size` leaves, and `more`, which is kept.

    Checkpoints commit to it, so that no system leaf can be left out of a bundle unnoticed.
    """
    kept = tx.state(_SYSTEMS)
    tree = Frontier.from_bytes(bytes.fromhex(kept)) if kept else Frontier()
    if kept is None:  # the first, or a home from before checkpoints committed to them
        more = (*(leaf_hash(leaf) for _, leaf in tx.leaves(0, size) if _CHAINED not in leaf), *more)
    for hash in more:
        tree.append(hash)
    if more or kept is None:
        tx.put_state(_SYSTEMS, tree.to_bytes().hex())
    return tree


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class DecisionParts:
    """What a decision leaf says beside action and decision.

    Args:
        owner: who answers for the principal.
        facts: the facts of the decision, part → canonical JSON in order; committed to, kept in the sidecar.
        versions: what was compared at commit.
        inferred: the tool had no reviewed profile.
        known_tool: the tool name is the operator's knowledge (a pinned tool), not the agent's word.
        withheld: argument names whose values are secret and never stored.
        nameless: such a name is itself a secret, so no argument is stored.
        salt: 16 random bytes that were drawn for it; drawn here if empty.
        observing: policy was observed and not enforced.
        trace: trace id and parent id that came with the call, or empty; the agent's word.
    """

    owner: str
    facts: Mapping[str, bytes]
    versions: Mapping[str, object]
    inferred: bool
    known_tool: bool
    withheld: frozenset[str] = frozenset()
    nameless: bool = False
    salt: bytes = b""
    observing: bool = False
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """The permit members of an allow leaf."""

    permit: str = ""
    audience: str = ""
    expires: int = 0


def decision(node: str, now: int, attempt: str, action: Action, decided: Decision, parts: DecisionParts) -> Draft:
    """The decision leaf of one attempt, as decided; `sealed` adds the final verdict."""
    salt = parts.salt or secrets.token_bytes(SALT)
    arguments = action.arguments
    committed = [commit(salt, "argument:" + name, [name, arguments[name]]) for name in sorted(arguments)]
    referents = [referent.as_json() for referent in action.referents]
    in_clear = parts.known_tool and may_be_named(action.tool)
    named: dict[str, object] = {
        "arguments": committed if len(committed) <= 64 else [commit(salt, "arguments", dict(arguments))],
        "definition": action.definition or "",
        "digest": commit(salt, "action", action.digest),
        "method": action.method,
        "referents": commit(salt, "referents", referents) if referents else "",
        "server": action.server,
        "tool": action.tool if in_clear else "?",
    }
    if not in_clear:
        named["tool_commitment"] = commit(salt, "tool", action.tool)
    body = {
        "action": named,
        "approvals": list(decided.lifted),
        "attempt": attempt,
        "chain": list(action.chain),
        "decided": decided.observed or decided.verdict,
        **({"delegation": decided.delegation} if decided.delegation else {}),
        "effects": list(decided.effects),
        "errors": decided.errors,
        "facts": commit_parts(salt, parts.facts),
        "inferred": parts.inferred,
        "kind": "decision",
        **({"mode": "observe"} if parts.observing else {}),
        "node": node,
        "obligations": [{"kind": o.kind, "on": o.on, "policy": o.policy} for o in decided.obligations],
        "owner": parts.owner,
        "policies": [{"digest": p.digest, "id": p.id} for p in decided.policies],
        "principal": action.principal,
        "reasons": [reason.code for reason in decided.reasons],
        "resource": commit(salt, "resource", resource(action)),
        "reversibility": decided.reversibility,
        "time": rfc3339(now),
        **({"trace": commit(salt, "trace", parts.trace)} if parts.trace else {}),
        "v": 2,
        "versions": dict(parts.versions),
    }
    return Draft(body, salt, _clear(action, parts))


def resource(action: Action) -> str:
    """The Cedar resource of an action: its server (DESIGN §4)."""
    return f'Server::"{action.server}"'


def _clear(action: Action, parts: DecisionParts) -> bytes:
    """Clear values of a decision: everything, or without what is secret. Canonical JSON."""
    arguments = action.arguments
    values: dict[str, object] = {"action": action.digest}
    rest: dict[str, object] = {"resource": resource(action), "tool": action.tool}
    if parts.trace:
        rest["trace"] = parts.trace
    if parts.nameless:  # the others open by their place among all names, so they go with it
        return canonicalize(values | rest | {"withheld": []})
    if parts.withheld:
        # facts hold the arguments, so they are withheld whole: such a receipt is not replayable
        alone = len(arguments) <= MAX_ARGUMENTS  # else one commitment covers all, which some of them do not open
        values["arguments"] = {k: v for k, v in arguments.items() if alone and k not in parts.withheld}
        return canonicalize(values | rest | {"withheld": sorted(parts.withheld & arguments.keys())})
    values["arguments"] = dict(arguments)
    if action.referents:
        rest["referents"] = [referent.as_json() for referent in action.referents]
    # the facts are canonical already and the largest part; their name stands between the others
    return canonicalize(values)[:-1] + b',"facts":' + joined(parts.facts) + b"," + canonicalize(rest)[1:]


def sealed(draft: Draft, verdict: Verdict, codes: Sequence[str], grant: Grant | None = None) -> Draft:
    """The decision leaf with its final verdict, the commit's own reasons, and the permit."""
    granted = grant or Grant()
    body = dict(draft.body)
    body["verdict"] = verdict
    if codes:
        known = list(body["reasons"]) if isinstance(body["reasons"], list) else []
        body["reasons"] = [*codes, *(code for code in known if code not in codes)]
    body["permit"] = granted.permit
    body["audience"] = granted.audience
    body["expires"] = rfc3339(granted.expires) if granted.expires else ""
    return Draft(body, draft.salt, draft.values)


def outcome(
    node: str, now: int, attempt: str, decision_hash: str, result: Outcome, *, gap: str = "", salt: bytes = b""
) -> Draft:
    """The outcome leaf of one attempt; `gap` is the hash of the leaf it supersedes.

    `salt` as in `DecisionParts`; it is the executor's own if the executor signed.
    """
    values: dict[str, object] = {"response": digest(result.response)} if result.response else {}
    values |= {"external": result.external} if result.external else {}
    salt = (salt or secrets.token_bytes(SALT)) if values else b""
    made = {name: commit(salt, name, value) for name, value in values.items()}
    signed = result.signed
    body: dict[str, object] = {
        "attempt": attempt,
        "attested": result.attested,
        "decision": decision_hash,
        "detail": result.detail,
        "kind": "outcome",
        "labels": sorted(result.labels),
        "node": node,
        "response": "",
        "status": result.status,
        **({"supersedes": gap} if gap else {}),
        "time": rfc3339(now),
        "v": 1,
        **({"executor": {"key": signed.key, "signature": signed.signature, "time": signed.time}} if signed else {}),
        **made,
    }
    return Draft(body, salt, canonicalize(values))


def session_open(node: str, now: int, session: Session, *, inherits: str = "", task: str = "") -> Draft:
    """The first leaf of a session; `task` is a person's statement and only committed to."""
    salt = secrets.token_bytes(16) if task else b""
    body = {
        "event": "open",
        **({"expires": rfc3339(session.expires)} if session.expires else {}),
        "inherits": inherits,
        **({"key": digest(session.key.encode())} if session.key else {}),
        "kind": "session",
        "labels": sorted(session.labels),
        "node": node,
        "owner": session.owner,
        "principal": session.principal,
        "task": commit(salt, "task", task) if task else "",
        "time": rfc3339(now),
        **({"under": list(session.chain)} if session.chain else {}),
        "v": 1,
    }
    return Draft(body, salt, canonicalize({"task": task}) if task else b"{}")


def session_close(node: str, now: int, reason: str) -> Draft:
    """The last leaf of a session: `ended`, `abandoned` or `killed`."""
    return Draft({"event": "close", "kind": "session", "node": node, "reason": reason, "time": rfc3339(now), "v": 1})


@dataclass(frozen=True, slots=True)
class Signature:
    """An operator's or reviewer's signature as a leaf carries it."""

    key: str
    assurance: str
    signature: str


def system(node: str, now: int, event: str, subject: Mapping[str, object], signed: Signature | None = None) -> Draft:
    """A system leaf; `subject` holds operator-level facts only, ASCII."""
    body: dict[str, object] = {
        "event": event,
        "kind": "system",
        "node": node,
        "subject": dict(subject),
        "time": rfc3339(now),
        "v": 1,
    }
    if signed is not None:
        body |= {"assurance": signed.assurance, "key": signed.key, "signature": signed.signature}
    return Draft(body)


def system_statement(event: str, subject: Mapping[str, object], now: int) -> bytes:
    """The bytes that an operator signs for a system leaf."""
    return b"assent-system-v1\n" + canonicalize({"event": event, "subject": dict(subject), "time": rfc3339(now)})


def approval(
    node: str, now: int, statement: Mapping[str, object], answer: Mapping[str, object], signed: Signature
) -> Draft:
    """The leaf of one person's answer; `answer` has approval, attempt, by and verdict."""
    body = {
        **{name: answer[name] for name in ("approval", "attempt", "by", "verdict")},
        "assurance": signed.assurance,
        "key": signed.key,
        "kind": "approval",
        "node": node,
        "signature": signed.signature,
        "statement": dict(statement),
        "time": rfc3339(now),
        "v": 1,
    }
    return Draft(body)
