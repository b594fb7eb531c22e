"""The real decision and the obvious one agree on random worlds."""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from assent.decide.pdp import decide
from assent.policy.bundle import Bundle, Source, load
from tests.oracle.decision_oracle import decide_slowly
from tests.oracle.decision_worlds import EVERYTHING, World, answered, calls, entities, granted, policy

EXAMPLES = 10_000 if os.environ.get("ASSENT_SOAK") else 150


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Bundle, World]:
    """A bundle and a call, with answers in half of them."""
    drawn = tuple(draw(policy(at, ghosts=True)) for at in range(draw(st.integers(1, 7))))
    if draw(st.integers(0, 3)):
        drawn = (*drawn, EVERYTHING)
    known = draw(entities())
    facts = draw(calls())
    world = World(drawn, known, facts)
    bundle = load([Source("random.cedar", "\n".join(one.text for one in drawn))], entities=world.entities_text)
    if draw(st.booleans()):
        facts = draw(answered(facts, drawn, lambda name: bundle.rule(name).digest))  # type: ignore[union-attr]
    if draw(st.booleans()):
        facts = draw(granted(facts, drawn, lambda name: bundle.rule(name).digest))  # type: ignore[union-attr]
    return bundle, World(drawn, known, facts)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_the_decision_is_what_the_design_says(drawn: tuple[Bundle, World]) -> None:
    """DESIGN §4: same verdict, and the same approvals still needed."""
    bundle, world = drawn
    decision = decide(bundle, world.facts)
    event(f"{bool(decision.delegation)} {decision.verdict} {decision.reasons[0].code}")
    needed = frozenset(str(one.policy) for one in decision.escalations)
    assert (decision.verdict, needed) == decide_slowly(world)


def test_the_worlds_are_varied() -> None:
    """An oracle that only ever saw denials would prove little."""
    seen: Counter[str] = Counter()

    @settings(max_examples=200, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def look(drawn: tuple[Bundle, World]) -> None:
        seen[decide(drawn[0], drawn[1].facts).verdict] += 1

    look()
    assert all(seen[verdict] > 1 for verdict in ("allow", "deny", "escalate", "defer")), seen
