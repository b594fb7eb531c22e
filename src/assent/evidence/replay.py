"""Replay: a recorded decision made again from its receipt (DESIGN §7, invariant 10).

Nothing is taken on trust that can be held against something: values against the
leaf's commitments, archived texts against their digests, the facts against the
leaf. What cannot be judged is said, and is never a pass.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from assent_verify.canonical import canonicalize, digest, parse
from assent_verify.errors import ProofError
from assent_verify.opening import open_values
from assent_verify.receipt import commit, milliseconds, read

from assent.decide.chain import counted
from assent.decide.exact import decode, encode
from assent.decide.facts import Facts
from assent.decide.pdp import decide
from assent.decide.recorded import flat
from assent.decide.tighten import BARRED, CAPABLE, UNSUPPORTED, asked_again, tighten
from assent.errors import PolicyError
from assent.evidence.recorded import Absent, Recorded
from assent.model.decision import Decision
from assent.model.ids import Digest
from assent.model.profile import ToolDefinition, ToolProfile
from assent.policy.bundle import Bundle, from_archive
from assent.policy.kinds import DECIDED_FACTS, FACTS
from assent.policy.lru import Lru

Cause = Literal["engine", "policy", "context", "tampering"]
#: Why a decision differs → in words.
CAUSES: Mapping[Cause, str] = {
    "engine": "another version of the policy engine gives another verdict",
    "policy": "the policies that it was decided by are missing, or are not those",
    "context": "the facts, or what they name, are not what the receipt commits to",
    "tampering": "policies, facts and engine are those of the receipt, and the verdict is not",
}
#: The codes that a report of `assent verify --replay` has for them.
CODES: Mapping[str, str] = {
    "engine": "replay_engine",
    "policy": "replay_policy",
    "context": "replay_context",
    "tampering": "replay_tampering",
}
Archive = Callable[[Digest], bytes | None]
#: Codes that a commit, and nothing before it, puts first.
TOO_MANY, TOO_LARGE, USED_UP = "too_many_questions", "receipt_too_large", "delegation_used_up"
#: Facts of an analysis that every decision asks for, and those that it reads itself, whatever policies say.
KNOWN_FACTS = frozenset(FACTS) - frozenset(DECIDED_FACTS)
READ = frozenset({"analysed", "not_pinned", "secret_in_arguments", "session_text_in_arguments"})
#: A receipt is written at most so long after its facts were gathered, in ms; a policy reads their time.
MOST_BEFORE = 600_000
_BUNDLES, _PROFILES, _DEFINITIONS = 8, 1_024, 1_024
#: What facts that no guard has gathered may end in; facts of a strange log are anybody's.
_ODD = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


class Unlike(Exception):
    """The receipt does not hold; carried out of the numbered steps, never out of `judge`."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class NotThere(Exception):
    """What is needed is not disclosed any more, or never was."""

    def __init__(self, why: Absent) -> None:
        super().__init__(why)
        self.why = why


class NotRecorded(Exception):
    """A policy reads what this decision's facts do not have; never guessed."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What replaying one decision has shown.

    Args:
        index: where its leaf stands.
        answer: whether the receipt says what was decided.
        why: the cause of a difference, or why it cannot be replayed.
        message: one line, recorded and found.
        stricter: code of what made the recorded verdict stricter than the policies', else empty.
    """

    index: int
    answer: Literal["agrees", "differs", "not replayable"]
    why: Cause | Absent | Literal[""] = ""
    message: str = ""
    stricter: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A decision leaf and what it was decided on, both authentic."""

    leaf: Mapping[str, Any]
    facts: Facts


class Replayer:
    """Replays decisions; parses each bundle, profile and definition once.

    Args:
        archived: gives what has a digest; it is held against it here.
        engine: name and version of the engine in this process.
    """

    def __init__(self, archived: Archive, engine: str) -> None:
        self._archived = archived
        self._engine = engine
        self._bundles: Lru[str, Bundle] = Lru(_BUNDLES)
        self._profiles: Lru[str, ToolProfile] = Lru(_PROFILES)
        self._definitions: Lru[str, ToolDefinition] = Lru(_DEFINITIONS)

    def judge(self, one: Recorded) -> Judged:
        """Decide again, and compare. Raises nothing, whatever a log or file holds."""
        try:
            opened = self.open(one)  # (1) to (4)
            bundle = self.bundle(opened)  # (5)
            stricter, difference = compare(opened, again(bundle, opened.facts))  # (6) (7)
            if difference and (facts := completed(bundle, opened.facts)) is not opened.facts:
                stricter, difference = compare(opened, again(bundle, facts))
        except NotThere as gone:
            return Judged(one.index, "not replayable", gone.why)
        except NotRecorded as unknown:
            return Judged(one.index, "differs", "context", str(unknown))
        except Unlike as unlike:
            return Judged(one.index, "differs", unlike.cause, str(unlike))
        if not difference:
            return Judged(one.index, "agrees", stricter=stricter)
        recorded = str(opened.leaf["versions"]["engine"])
        if recorded != self._engine:
            words = f"decided by `{recorded}`, replayed by `{self._engine}`: {difference}"
            return Judged(one.index, "differs", "engine", words)
        return Judged(one.index, "differs", "tampering", difference)

    def open(self, one: Recorded) -> Opened:
        """The leaf and its facts.

        Raises:
            NotThere: the values are erased, withheld or not disclosed.
            Unlike: something is not what the leaf commits to.
        """
        leaf = _leaf(one)  # (1)
        values = _values(one, leaf)  # (2)
        facts = self._facts(values["facts"])  # (3)
        _same(leaf, one.salt, values, facts)  # (4)
        return Opened(leaf, facts)

    def bundle(self, opened: Opened) -> Bundle:
        """The bundle that it was decided by.

        Raises:
            Unlike: it is not archived, or is not the one.
        """
        named = opened.facts.versions.bundle
        return self._bundles.get(named, lambda: self._load(named))

    def _load(self, named: str) -> Bundle:
        content = self._text("bundle", named, "policy")
        try:
            bundle = from_archive(content)
        except (PolicyError, *_ODD) as error:
            raise Unlike("policy", f"bundle `{named}` cannot be read: {error}") from error
        if bundle.digest != named:
            raise Unlike("policy", f"bundle `{named}` is not in its one accepted spelling")
        return bundle

    def _text(self, kind: str, named: str, cause: Cause) -> bytes:
        content = self._archived(Digest(named))
        if content is None:
            raise Unlike(cause, f"{kind} `{named}` is not archived")
        if digest(content) != named:
            raise Unlike(cause, f"what is archived as {kind} `{named}` has the digest `{digest(content)}`")
        return content

    def _facts(self, value: object) -> Facts:
        if not isinstance(value, dict):
            raise Unlike("context", "the facts are not an object")
        value = flat(value)
        profile, definition = value.get("profile"), value.get("definition")
        known = profile if isinstance(profile, str) else ""
        try:
            found = self._profiles.get(known, lambda: self._profile(known)) if known else None
            pinned = self._definition(definition) if isinstance(definition, str) else None
            return Facts.from_json(value, pinned, found, known=known)
        except _ODD as error:
            raise Unlike("context", f"the facts are not of a form that this version reads: {error}") from error

    def _profile(self, named: str) -> ToolProfile:
        return decode(ToolProfile, json.loads(self._text("profile", named, "context")))

    def _definition(self, named: str) -> ToolDefinition:
        def build() -> ToolDefinition:
            value = json.loads(self._text("definition", named, "context"))
            return ToolDefinition(str(value["name"]), value, Digest(named))

        return self._definitions.get(named, build)


def again(bundle: Bundle, facts: Facts) -> Decision:
    """Decide on recorded facts, as the guard did.

    Raises:
        Unlike: facts that no guard gathers.
    """
    try:
        decided = decide(bundle, facts)
    except _ODD as error:
        raise Unlike("context", f"nothing can be decided on these facts: {error}") from error
    if decided.verdict == "escalate" and any(one.status == "approved" for one in facts.approvals):
        return asked_again(decided)
    return decided


def completed(bundle: Bundle, facts: Facts) -> Facts:
    """Facts with those that the version which recorded them did not know yet, if nothing reads them.

    Raises:
        NotRecorded: the policies, or every decision, read one of them.
    """
    missing = KNOWN_FACTS - facts.analysis.facts.keys()
    if not missing:
        return facts
    read = sorted(name for name in missing if name in READ or any(name in rule.text for rule in bundle.rules()))
    if read:
        raise NotRecorded(f"a rule reads `{read[0]}`, which was not recorded")
    known = {**facts.analysis.facts, **dict.fromkeys(missing, False)}
    return replace(facts, analysis=replace(facts.analysis, facts=known))


def _leaf(one: Recorded) -> Mapping[str, Any]:
    try:
        read(one.data)
    except ProofError as error:
        raise Unlike("tampering", f"it is no receipt any more: {error.message}") from error
    leaf: Mapping[str, Any] = json.loads(one.data)
    return leaf


def _values(one: Recorded, leaf: Mapping[str, Any]) -> Mapping[str, Any]:
    if one.absent:
        raise NotThere(one.absent)
    try:
        values = parse(one.values) if isinstance(one.values, bytes) else one.values
        if not isinstance(values, dict):
            raise Unlike("context", "the clear values are not an object")
        open_values(leaf, one.salt, values)
    except ProofError as error:
        raise Unlike("context", error.message) from error
    if "facts" not in values:
        raise NotThere("withheld" if "withheld" in values else "not disclosed")
    return values


def _same(leaf: Mapping[str, Any], salt: bytes, values: Mapping[str, Any], facts: Facts) -> None:
    """Are the facts those of this very leaf?

    Raises:
        Unlike: the leaf says otherwise somewhere.
    """
    action, versions = leaf["action"], facts.versions
    named = action["tool"]
    said = (
        ("attempt", leaf["attempt"], facts.attempt),
        ("principal", leaf["principal"], facts.action.principal),
        ("owner", leaf["owner"], facts.owner if facts.chain else leaf["owner"]),
        ("chain", leaf["chain"], list(facts.action.chain)),
        ("session", leaf["session"]["id"], facts.action.session),
        ("server", action["server"], facts.action.server),
        ("method", action["method"], facts.action.method),
        ("tool", named, named if named == "?" else facts.action.tool),
        ("definition", action["definition"], facts.action.definition or ""),
        ("digest", action["digest"], commit(salt, "action", facts.action.digest)),
        ("arguments", values.get("arguments", facts.action.arguments), facts.action.arguments),
        ("inferred", leaf["inferred"], facts.profile.inferred),
        ("mode", leaf.get("mode", ""), "observe" if facts.observing else ""),
        *((name, leaf["versions"][name], getattr(versions, name)) for name in leaf["versions"]),
    )
    for name, recorded, found in said:
        if recorded != found:
            raise Unlike("tampering", f"`{name}` of the receipt is not that of its facts")
    if not 0 <= milliseconds(leaf["time"].encode()) - facts.time <= MOST_BEFORE:
        raise Unlike("tampering", "it was decided on a time after that of the receipt, or long before")


def compare(opened: Opened, decided: Decision) -> tuple[str, str]:
    """Hold a receipt against the decision on its facts.

    Returns:
        The code of what made the recorded verdict stricter, or empty; and the first
        difference in words, empty if there is none.
    """
    leaf = opened.leaf
    first = str(leaf["reasons"][0]) if leaf["reasons"] else ""
    if first == TOO_LARGE and leaf["verdict"] == leaf["decided"] == "deny":
        return first, ""  # nothing of the decision fitted, and nothing came of it
    stricter = ""
    if leaf["verdict"] in ("deny", "defer") and decided.reasons[0].code != first:
        if first in BARRED:
            decided, stricter = tighten(decided, first, CAPABLE), first
        elif first == UNSUPPORTED:
            decided, stricter = tighten(decided, "", ()), first
    expected = _said(decided)
    for by, code, verdict in (("escalate", TOO_MANY, "defer"), ("allow", USED_UP, "deny")):
        if decided.verdict != by or first != code or (code == USED_UP and not counted(opened.facts.chain)):
            continue
        codes = expected["reasons"]
        expected |= {"verdict": verdict, "reasons": [first, *(one for one in codes if one != first)]}
        stricter = first
    for name, found in expected.items():
        if (recorded := leaf.get(name, "")) != found:
            return "", f"`{name}` is recorded as {_told(recorded)}, and replay gives {_told(found)}"
    return stricter, ""


def _said(decided: Decision) -> dict[str, Any]:
    """What the leaf of a decision says of it, most telling first."""
    return {
        "decided": decided.observed or decided.verdict,
        "verdict": decided.verdict,
        "reasons": [reason.code for reason in decided.reasons],
        "policies": [{"digest": one.digest, "id": one.id} for one in decided.policies],
        "obligations": [{"kind": one.kind, "on": one.on, "policy": one.policy} for one in decided.obligations],
        "approvals": list(decided.lifted),
        "delegation": decided.delegation,
        "effects": list(decided.effects),
        "reversibility": decided.reversibility,
        "errors": decided.errors,
    }


def _told(value: object) -> str:
    text = value if isinstance(value, str) else canonicalize(encode(value)).decode()
    return f"`{text[:200]}`"
