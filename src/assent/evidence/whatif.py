"""What if: recorded decisions under other policies, each judged by itself.

The facts stay as they were recorded. What a call would have led to, had it been
decided otherwise, is not told; and what was not recorded is never guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from assent.decide.tighten import BARRED, CAPABLE, tighten
from assent.evidence.recorded import Absent, Recorded
from assent.evidence.replay import TOO_LARGE, Cause, NotRecorded, NotThere, Opened, Replayer, Unlike, again, completed
from assent.model.decision import Decision
from assent.policy.bundle import Bundle

_SHOWN = 200  # characters of an example's arguments


@dataclass(frozen=True, slots=True)
class Change:
    """One decision that would have been another.

    Args:
        index: where its leaf stands.
        time: when it was made.
        before: what the policies of then said.
        after: what the other policies say.
        policies: ids of those that say so; a code in parentheses where no policy does.
        arguments: JSON text, cut where it is long.
    """

    index: int
    time: str
    before: str
    after: str
    principal: str
    tool: str
    policies: tuple[str, ...]
    arguments: str


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A decision that cannot be judged by other policies, and why."""

    index: int
    why: Absent | Cause | Literal["not recorded"]
    message: str = ""


class WhatIf:
    """Judges recorded decisions by other policies.

    Args:
        replayer: opens what was recorded.
        bundle: the other policies.
    """

    def __init__(self, replayer: Replayer, bundle: Bundle) -> None:
        self._replayer = replayer
        self._bundle = bundle

    def judge(self, one: Recorded) -> Change | NotJudged | None:
        """What would change; None if nothing would. Raises nothing, whatever a log or file holds."""
        try:
            opened = self._replayer.open(one)
            decided = again(self._bundle, completed(self._bundle, opened.facts))
        except NotThere as gone:
            return NotJudged(one.index, gone.why)
        except NotRecorded as unknown:
            return NotJudged(one.index, "not recorded", str(unknown))
        except Unlike as unlike:
            return NotJudged(one.index, unlike.cause, str(unlike))
        return _change(one.index, opened, decided)


def _change(index: int, opened: Opened, decided: Decision) -> Change | None:
    leaf, facts = opened.leaf, opened.facts
    first = str(leaf["reasons"][0]) if leaf["reasons"] else ""
    if first == TOO_LARGE:
        return None  # whatever policies say
    decided = tighten(decided, first if first in BARRED else "", CAPABLE)
    before, after = str(leaf["decided"]), decided.observed or decided.verdict
    if before == after:
        return None
    arguments = json.dumps(dict(facts.action.arguments), ensure_ascii=False, sort_keys=True)
    return Change(
        index=index,
        time=str(leaf["time"]),
        before=before,
        after=after,
        principal=str(leaf["principal"]),
        tool=f"{facts.action.server}/{facts.action.tool}",
        policies=_because(decided),
        arguments=arguments if len(arguments) <= _SHOWN else arguments[: _SHOWN - 1] + "…",
    )


def _because(decided: Decision) -> tuple[str, ...]:
    if decided.verdict == "allow" and not decided.observed:
        return tuple(one.id for one in decided.policies)
    return tuple(dict.fromkeys(reason.policy or f"({reason.code})" for reason in decided.reasons))
