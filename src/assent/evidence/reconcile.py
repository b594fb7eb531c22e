"""Reconciliation: receipts and independent telemetry held against each other (DESIGN §7).

Receipts cannot say that nothing went round them. What executed can: every event of a
source is joined to the attempt that allowed it, by the strongest thing both have in
common, and whatever stays over on either side is a finding with its confidence.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from assent.evidence.attempts import Attempt, Told
from assent.evidence.telemetry import Event, names, part_of, squeezed

Kind = Literal["EXECUTED_NO_RECEIPT", "DENIED_BUT_EXECUTED", "ARGS_MISMATCH", "ALLOW_NO_OUTCOME", "OUTCOME_NO_ALLOW"]
#: How sure a join is, by what it stands on.
BY_ID, BY_ARGUMENTS, BY_TEXT, BY_PART, BY_MARKS, BY_TOOL, BY_TIME = 1.0, 0.98, 0.95, 0.9, 0.85, 0.5, 0.3
#: A refused call can be executed by other means long after it was refused, in ms.
GRUDGE = 3_600_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit.

    Args:
        kind: what is wrong.
        confidence: 0 to 1: how sure it is, given what is still disclosed.
        time: milliseconds since the epoch.
        says: one line for a person.
        receipt: index of the leaf it is about, if any.
        event: file and line of the event it is about, if any.
    """

    kind: Kind
    confidence: float
    time: int
    says: str
    receipt: int | None = None
    event: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """An attempt that an event may be of, and how sure that is."""

    attempt: Attempt
    sure: float


class Timeline:
    """Attempts in the order of time; iterating gives them all.

    Args:
        tolerance: how far the clocks of log and source may differ, in ms.
    """

    def __init__(self, attempts: Iterable[Attempt], tolerance: int) -> None:
        self._attempts = sorted(attempts, key=lambda one: one.time)
        self._times = [one.time for one in self._attempts]
        self._longest = max((_ends(one) - one.time for one in self._attempts), default=0)
        self._tolerance = tolerance

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self._attempts)

    def near(self, time: int) -> Iterator[Attempt]:
        """Those that something executed at this time can be of."""
        start = bisect_left(self._times, time - self._longest - self._tolerance)
        stop = bisect_right(self._times, time + self._tolerance)
        return (one for one in self._attempts[start:stop] if time <= _ends(one) + self._tolerance)


def _ends(one: Attempt) -> int:
    return one.ends if one.allowed else one.time + GRUDGE


class Reconciler:
    """Joins events to attempts.

    Args:
        told: what the receipts say.
        tolerance: how far the clocks of log and source may differ, in ms.
        servers: only attempts on these servers; all if empty.

    Attributes:
        joined: how many events were joined, by what the join stands on.
    """

    def __init__(self, told: Told, tolerance: int = 2_000, servers: frozenset[str] = frozenset()) -> None:
        self._told = told
        self._tolerance = tolerance
        known = [one for one in told.attempts.values() if not servers or one.server in servers]
        self._allowed = Timeline((one for one in known if one.allowed), tolerance)
        self._refused = Timeline((one for one in known if not one.allowed), tolerance)
        self._by_id: dict[str, list[Attempt]] = {}
        for one in known:
            for id in one.ids:
                self._by_id.setdefault(id, []).append(one)
        self.joined: Counter[float] = Counter()

    def events(self, events: Iterable[Event]) -> Iterator[Finding]:
        """Findings about what was executed, in the order of the events."""
        for event in events:
            found = self._event(event)
            if found is not None:
                yield found

    def log(self, now: int) -> Iterator[Finding]:
        """Findings that the receipts alone show, in log order.

        Args:
            now: until when outcomes can have been written, milliseconds since the epoch.
        """
        for one in self._allowed:
            if one.outcome is None and one.ends + self._tolerance < now:
                word = "a gap says so" if one.gap else "and nothing says so"
                text = f"{one.server}/{one.tool} was allowed and has no outcome, {word}"
                yield Finding("ALLOW_NO_OUTCOME", BY_ID, one.time, text, one.index)
        for index, attempt, time in self._told.stray:
            text = f"an outcome stands for `{attempt}`, which no receipt allowed"
            yield Finding("OUTCOME_NO_ALLOW", BY_ID, time, text, index)

    def _event(self, event: Event) -> Finding | None:
        """None if the event is what an attempt was allowed to do."""
        joins = sorted(self._joins(event), key=lambda join: join.sure, reverse=True)
        again = 0.0
        for join in joins:
            one = join.attempt
            if not one.allowed:
                continue
            if join.sure == BY_ID and one.arguments is not None and event.content and not _likeness(event, one):
                text = f"{event.says}: not what receipt {one.index} allowed"
                return Finding("ARGS_MISMATCH", BY_ID, event.time, text, one.index, event.where)
            if not self._first(event, one, join.sure):
                again = max(again, join.sure)  # seen in this source before: once allowed is once executed
                continue
            self.joined[join.sure] += 1
            return None
        return self._unmatched(event, [join for join in joins if not join.attempt.allowed], again)

    def _first(self, event: Event, one: Attempt, sure: float) -> bool:
        """Is this the first that a source says of an attempt, or another part of what it was allowed?"""
        parts = sure in (BY_ID, BY_PART, BY_MARKS)  # one script runs many statements, one call writes many spans
        mark = (event.source, event.content if parts else "")
        if mark in one.seen:
            return False
        one.seen.add(mark)
        return True

    def _unmatched(self, event: Event, refused: list[Join], again: float) -> Finding:
        best = max(refused, key=lambda join: join.sure, default=None)
        if best is not None and best.sure >= BY_MARKS and not again:
            text = f"{event.says}: receipt {best.attempt.index} says {best.attempt.verdict}"
            return Finding("DENIED_BUT_EXECUTED", best.sure, event.time, text, best.attempt.index, event.where)
        if again:
            text = f"{event.says}: once more than a receipt allowed"
            # a script may well do the same thing twice; one call with erased values explains one event, not many
            sure = 0.4 if again in (BY_PART, BY_MARKS) else max(again, BY_TOOL)
            return Finding("EXECUTED_NO_RECEIPT", sure, event.time, text, None, event.where)
        near = self._same_tool(event)
        if near is not None:
            text = f"{event.says}: the receipt next to it allowed other arguments"
            return Finding("ARGS_MISMATCH", 0.7, event.time, text, near.index, event.where)
        blind = any(one.arguments is None for one in self._allowed.near(event.time))
        text = f"{event.says}: no receipt allowed it" + (", but values of receipts near it are erased" if blind else "")
        return Finding("EXECUTED_NO_RECEIPT", 0.5 if blind else BY_TEXT, event.time, text, None, event.where)

    def _joins(self, event: Event) -> Iterator[Join]:
        named = {one.id: one for name in event.ids for one in self._by_id.get(name, ())}
        near = {one.id: one for one in chain(self._allowed.near(event.time), self._refused.near(event.time))}
        for one in named.values():
            own = event.ids & {one.id} or any(id.startswith("prm_") for id in event.ids & one.ids)
            if not own and one.id not in near:
                continue  # a trace is the agent's word and can be used for ever
            # an id says nothing about content: with erased values nothing else vouches for it
            yield Join(one, BY_ID if one.arguments is not None or not event.content else BY_TOOL)
        for one in near.values():
            if one.id not in named and (sure := _likeness(event, one)):
                yield Join(one, sure)

    def _same_tool(self, event: Event) -> Attempt | None:
        """An allowed attempt with the same tool and other arguments, which nothing else was seen of."""
        if not event.tool or event.arguments is None:
            return None
        near = (one for one in self._allowed.near(event.time) if one.tool == event.tool)
        return next((one for one in near if not one.seen and one.arguments is not None), None)


def _likeness(event: Event, one: Attempt) -> float:
    """How sure it is that this event is of this attempt, by what they say; 0 if they do not fit."""
    if event.tool and event.tool != one.tool:
        return 0.0
    if one.arguments is None:  # erased: what is left is the tool, or the effect and the time
        return BY_TOOL if event.tool else BY_TIME if event.effect in one.effects else 0.0
    if event.arguments is not None and event.tool:
        return BY_ARGUMENTS if dict(event.arguments) == dict(one.arguments) else 0.0
    if event.text:
        text = squeezed(event.text)
        return BY_TEXT if text in one.texts else BY_PART if part_of(text, one.words) else 0.0
    if event.marks:
        fits = not event.effect or event.effect in one.effects
        return BY_MARKS if fits and all(names(squeezed(mark), one.words) for mark in event.marks) else 0.0
    return BY_TOOL if event.tool else 0.0
