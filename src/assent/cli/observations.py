"""What the receipts of observed decisions say together, rule by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from assent.approve.repeated import ENOUGH
from assent.cli.ledger import Receipt, receipt_of, tool_of, values_of
from assent.cli.mode import observing_until
from assent.cli.output import when
from assent.cli.story import bundle_of, policies_of
from assent.decide.exact import decode
from assent.decide.facts import Facts, shown
from assent.decide.flow import effects, reversibility
from assent.decide.recorded import flat
from assent.model.decision import Decision
from assent.model.ids import Digest
from assent.model.profile import ToolDefinition, ToolProfile
from assent.policy.bundle import Bundle
from assent.policy.propose import proposal
from assent.ports import Reader

_UNPERMITTED = "(no policy permits it)"
_STOPPING = ("deny", "defer")


@dataclass(slots=True)
class Spoken:
    """What one rule would have done.

    Args:
        questions: how many it would have come to, variations counted once.
        tools: `server/tool` with how often, most first.
    """

    id: str
    reason: str
    asked: int = 0
    stopped: int = 0
    keys: set[str] = field(default_factory=set)
    counted: Counter[str] = field(default_factory=Counter)

    _offers: dict[str, tuple[int, str]] = field(default_factory=dict)

    def propose(self, key: str, bundle: Bundle | None, facts: Facts | None) -> None:
        """Count one more call of a kind, and keep the rule that would let its kind pass."""
        about = key.partition(" ")[2]
        count, text = self._offers.get(about, (0, ""))
        rule = bundle.rule(self.id) if bundle else None
        if not count and rule is not None and facts is not None:
            asked = Decision("escalate", (), effects=effects(facts), reversibility=reversibility(facts))
            text = proposal(rule, shown(facts, asked))
        self._offers[about] = (count + 1, text)

    @property
    def proposals(self) -> tuple[str, ...]:
        """The rule as it could be written for what was most frequent, if that came up often enough."""
        often = sorted((one for one in self._offers.values() if one[0] >= ENOUGH and one[1]), reverse=True)
        return tuple(text for _, text in often[:1])

    @property
    def questions(self) -> int:
        """Distinct questions."""
        return len(self.keys)

    @property
    def tools(self) -> list[tuple[str, int]]:
        """Most first."""
        return sorted(self.counted.items(), key=lambda one: (-one[1], one[0]))


@dataclass(slots=True)
class Observations:
    """What was observed since observing began last.

    Args:
        since: when it began (ms), 0 if it never did.
        until: when it ends (ms), 0 if policy is enforced now.
        calls: decisions made while observing.
        asked, stopped: those that policy would have asked about, and stopped.
    """

    since: int = 0
    until: int = 0
    calls: int = 0
    asked: int = 0
    stopped: int = 0
    keys: set[str] = field(default_factory=set)
    spoken: dict[str, Spoken] = field(default_factory=dict)

    @property
    def questions(self) -> int:
        """Distinct questions over all rules."""
        return len(self.keys)

    @property
    def rules(self) -> list[Spoken]:
        """The rules that would have spoken, most often first."""
        return sorted(self.spoken.values(), key=lambda one: (-one.asked - one.stopped, one.id))

    def as_json(self) -> dict[str, object]:
        """The object of `assent observed --json`."""
        return {
            "mode": "observe" if self.until else "enforce",
            "since": when(self.since) if self.since else None,
            "until": when(self.until) if self.until else None,
            "calls": self.calls,
            "would_ask": self.asked,
            "would_stop": self.stopped,
            "questions": self.questions,
            "rules": [
                {
                    "rule": one.id,
                    "reason": one.reason,
                    "would_ask": one.asked,
                    "would_stop": one.stopped,
                    "questions": one.questions,
                    "tools": [{"tool": name, "calls": count} for name, count in one.tools],
                    "proposals": list(one.proposals),
                }
                for one in self.rules
            ],
        }


def observations(reader: Reader) -> Observations:
    """Read the log once; what is erased is counted, though variations of it cannot be told apart any more.

    Raises:
        ProofError: a leaf is no receipt (any more), or its clear values were changed.
    """
    found, observing = Observations(), False
    bundles: dict[str, Bundle | None] = {}
    for index, data in reader.leaves():
        if b'"event":"mode"' in data:
            leaf = receipt_of(index, data)
            if leaf.kind != "system":
                continue
            begins = '"observe"' in leaf.text("subject")
            if begins and not observing:
                found = Observations(since=int(datetime.fromisoformat(leaf.text("time")).timestamp() * 1000))
            observing = begins
        elif b'"mode":"observe"' in data:
            receipt = receipt_of(index, data)
            digest = receipt.text("versions", "bundle")
            if digest not in bundles:
                bundles[digest] = bundle_of(reader, digest)
            _count(found, reader, receipt, bundles[digest])
    found.until = observing_until(reader)
    return found


def _count(found: Observations, reader: Reader, receipt: Receipt, bundle: Bundle | None) -> None:
    found.calls += 1
    decided = receipt.text("decided")
    if receipt.text("verdict") != "allow" or decided == "allow":
        return
    stopped = decided in _STOPPING
    found.stopped += stopped
    found.asked += not stopped
    tool = f"{receipt.text('action', 'server')}/{tool_of(reader, receipt)}"
    facts = facts_of(reader, values_of(reader, receipt) or {})  # None if erased, or never kept
    key = f"{receipt.session} {facts.refusal if facts else receipt.hash}"
    if not stopped:
        found.keys.add(key)
    for id, reason in _who(receipt, bundle):
        spoken = found.spoken.setdefault(id, Spoken(id, reason))
        spoken.stopped += stopped
        spoken.asked += not stopped
        spoken.counted[tool] += 1
        spoken.keys.add(key)
        spoken.propose(key, bundle, facts)


def _who(receipt: Receipt, bundle: Bundle | None) -> list[tuple[str, str]]:
    """The rules that would have asked or stopped, with their reasons."""
    found = []
    for id, _ in policies_of(receipt):
        rule = bundle.rule(id) if bundle else None
        if rule is None or rule.effect == "forbid":
            found.append((id, rule.says("reason", "a policy says so") if rule else "its text is not in the archive"))
    return found or [(_UNPERMITTED, "nothing permits it, and what nothing permits is denied")]


def facts_of(reader: Reader, values: Mapping[str, object]) -> Facts | None:
    """The facts of a decision, from its clear values and the archive; None if they cannot be had."""
    import json

    kept = values.get("facts")
    if not isinstance(kept, dict):
        return None
    kept = flat(kept)
    texts = [reader.archived(Digest(str(kept.get(name) or ""))) for name in ("definition", "profile")]
    definition = json.loads(texts[0]) if texts[0] else None
    try:
        profile = decode(ToolProfile, json.loads(texts[1])) if texts[1] else None
        named = Digest(str(kept["definition"])) if definition else None
        pinned = ToolDefinition(str(definition["name"]), definition, named) if definition and named else None
        return Facts.from_json(kept, pinned, profile)
    except (ValueError, KeyError, TypeError):
        return None  # written by another version: counted, not taken apart
