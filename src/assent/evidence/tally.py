"""Tallies: what replaying many decisions has shown, in constant memory; tallies of parts add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from assent.evidence.recorded import Evidence, Wanted
from assent.evidence.replay import Judged, Replayer
from assent.evidence.whatif import Change, NotJudged, WhatIf

#: Differences that are told one by one; the rest are counted.
MOST_TOLD = 100
#: Examples of one kind of change.
EXAMPLES = 3
_MOST_KEYS = 1_000
_OTHERS = "(others)"


@dataclass(slots=True)
class Tally:
    """What replaying has shown.

    Args:
        decisions: how many were looked at.
        agree: how many gave what is recorded.
        stricter: of these, code → how many a commit or an edge had made stricter.
        differ: cause → how many do not agree.
        unreplayable: why not → how many could not be replayed.
        told: the first differences, by index.
    """

    decisions: int = 0
    agree: int = 0
    stricter: Counter[str] = field(default_factory=Counter)
    differ: Counter[str] = field(default_factory=Counter)
    unreplayable: Counter[str] = field(default_factory=Counter)
    told: list[Judged] = field(default_factory=list)

    @property
    def replayed(self) -> bool | None:
        """Yes if all that could be replayed agree, no if any differs, None if there was nothing to replay."""
        if self.differ:
            return False
        return True if self.agree else None

    def take(self, judged: Judged) -> None:
        """Count one."""
        self.decisions += 1
        if judged.answer == "agrees":
            self.agree += 1
            if judged.stricter:
                self.stricter[judged.stricter] += 1
        elif judged.answer == "not replayable":
            self.unreplayable[judged.why] += 1
        else:
            self.differ[judged.why] += 1
            if len(self.told) < MOST_TOLD:
                self.told.append(judged)

    def add(self, other: Tally) -> None:
        """Add what another part has shown."""
        self.decisions += other.decisions
        self.agree += other.agree
        self.stricter += other.stricter
        self.differ += other.differ
        self.unreplayable += other.unreplayable
        self.told = sorted([*self.told, *other.told], key=lambda one: one.index)[:MOST_TOLD]

    def as_json(self) -> dict[str, object]:
        """The object of `assent replay --json`."""
        return {
            "replayed": self.replayed,
            "decisions": self.decisions,
            "agree": self.agree,
            "made_stricter": dict(sorted(self.stricter.items())),
            "differ": dict(sorted(self.differ.items())),
            "not_replayable": {_word(why): many for why, many in sorted(self.unreplayable.items())},
            "differences": [{"leaf": one.index, "cause": one.why, "message": one.message} for one in self.told],
        }


@dataclass(slots=True)
class Kind:
    """The changes from one verdict to another."""

    many: int = 0
    policies: Counter[str] = field(default_factory=Counter)
    tools: Counter[str] = field(default_factory=Counter)
    principals: Counter[str] = field(default_factory=Counter)
    examples: list[Change] = field(default_factory=list)

    def take(self, change: Change) -> None:
        """Count one."""
        self.many += 1
        for counted, keys in (
            (self.policies, change.policies),
            (self.tools, (change.tool,)),
            (self.principals, (change.principal,)),
        ):
            for key in keys:
                counted[key if key in counted or len(counted) < _MOST_KEYS else _OTHERS] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(change)

    def add(self, other: Kind) -> None:
        """Add what another part has shown."""
        self.many += other.many
        self.policies += other.policies
        self.tools += other.tools
        self.principals += other.principals
        self.examples = sorted([*self.examples, *other.examples], key=lambda one: one.index)[:EXAMPLES]

    def as_json(self) -> dict[str, object]:
        """How many, by what, and some of them."""
        return {
            "changes": self.many,
            "policies": _most(self.policies),
            "tools": _most(self.tools),
            "principals": _most(self.principals),
            "examples": [{**asdict(one), "policies": list(one.policies)} for one in self.examples],
        }


@dataclass(slots=True)
class Changes:
    """What other policies would have decided.

    Args:
        decisions: how many were looked at.
        same: how many would have been decided alike.
        unjudged: why not → how many could not be judged.
        kinds: from and to → the changes.
    """

    decisions: int = 0
    same: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)
    kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)
    told: list[NotJudged] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many would have been decided otherwise."""
        return sum(kind.many for kind in self.kinds.values())

    def take(self, found: Change | NotJudged | None) -> None:
        """Count one."""
        self.decisions += 1
        if found is None:
            self.same += 1
        elif isinstance(found, NotJudged):
            self.unjudged[found.why] += 1
            if found.message and len(self.told) < MOST_TOLD:
                self.told.append(found)
        else:
            self.kinds.setdefault((found.before, found.after), Kind()).take(found)

    def add(self, other: Changes) -> None:
        """Add what another part has shown."""
        self.decisions += other.decisions
        self.same += other.same
        self.unjudged += other.unjudged
        for key, kind in other.kinds.items():
            self.kinds.setdefault(key, Kind()).add(kind)
        self.told = sorted([*self.told, *other.told], key=lambda one: one.index)[:MOST_TOLD]

    def as_json(self) -> dict[str, object]:
        """The object of `assent replay --policy … --json`."""
        kinds = sorted(self.kinds.items(), key=lambda one: (-one[1].many, one[0]))
        return {
            "decisions": self.decisions,
            "same": self.same,
            "changed": self.changed,
            "not_judged": {_word(why): many for why, many in sorted(self.unjudged.items())},
            "changes": [{"from": before, "to": after, **kind.as_json()} for (before, after), kind in kinds],
            "unjudged": [{"leaf": one.index, "why": _word(one.why), "message": one.message} for one in self.told],
        }


def replayed(evidence: Evidence, wanted: Wanted, replayer: Replayer) -> Tally:
    """Replay what is wanted."""
    tally = Tally()
    for one in evidence.decisions(wanted):
        tally.take(replayer.judge(one))
    return tally


def changes(evidence: Evidence, wanted: Wanted, whatif: WhatIf) -> Changes:
    """Judge what is wanted by other policies."""
    found = Changes()
    for one in evidence.decisions(wanted):
        found.take(whatif.judge(one))
    return found


def _most(counted: Counter[str]) -> list[dict[str, object]]:
    ordered: Iterable[tuple[str, int]] = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    return [{"name": name, "changes": many} for name, many in ordered]


def _word(why: str) -> str:
    return why.replace(" ", "_")
