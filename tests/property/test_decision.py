"""The decision is total, deterministic and monotone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assent.decide.facts import Facts
from assent.decide.pdp import decide
from assent.model.decision import STRICTNESS
from assent.policy.bundle import Bundle, Source, load
from tests.oracle.decision_worlds import EVERYTHING, Drawn, answered, calls, entities, policy
from tests.unit.decide.calls import PERMIT, bundle, call

QUIET = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = st.sampled_from(("path", "count", "price", "tags", "deep", "note", "__entity", "type", "id", "é", "a-b", ""))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
READS = (
    '@id("r") forbid (principal, action == Action::"tool:fs/write_file", resource) when { context.args.path like "*x*" '
    "|| (context.args has count && context.args.count > 3) || (context.args has deep && context.args.deep has path "
    '&& context.args.deep.path == "y") || (context.args has tags && context.args.tags.contains("z")) };'
)


@st.composite
def loaded(draw: st.DrawFn) -> tuple[tuple[Drawn, ...], str, Facts]:
    drawn = (EVERYTHING, *(draw(policy(at, ghosts=True)) for at in range(draw(st.integers(0, 5)))))
    facts = draw(calls())
    made = of(drawn, "")
    if made is not None and draw(st.booleans()):
        facts = draw(answered(facts, drawn, lambda name: made.rule(name).digest))  # type: ignore[union-attr]
    return drawn, json.dumps(draw(entities())), facts


def of(drawn: tuple[Drawn, ...], known: str) -> Bundle | None:
    text = "\n".join(one.text for one in drawn)
    groups = '[{"uid":{"type":"Group","id":"g%d"},"attrs":{},"parents":[]}]'
    known = known or "[" + ",".join((groups % at)[1:-1] for at in range(4)) + "]"
    return load([Source("random.cedar", text)], entities=known)


@QUIET
@given(st.dictionaries(NAMES, JSON, max_size=4), st.booleans())
def test_any_arguments_get_a_verdict(arguments: dict[str, Any], inferred: bool) -> None:
    """Total: no JSON an agent can send makes the decision raise, and none is an evaluation error."""
    rules = bundle(PERMIT, READS)
    decision = decide(rules, call(arguments, profile={"inferred": inferred}))
    assert decision.verdict in ("allow", "deny")
    assert decision.reasons[0].code in ("permitted", "policy_forbids", "invalid_arguments", "cedar_escape")


SCHEMAS = st.recursive(
    st.sampled_from(
        ({"type": "string"}, {"type": "integer"}, {"type": ["number", "null"]}, {"enum": ["a", 1]}, True, {})
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(NAMES, inner, max_size=3)}),
    ),
    max_leaves=8,
)


@QUIET
@given(st.dictionaries(NAMES, SCHEMAS, max_size=4), st.dictionaries(NAMES, JSON, max_size=4))
def test_any_tool_schema_gets_a_verdict(properties: dict[str, Any], arguments: dict[str, Any]) -> None:
    """Total: what a server declares and what an agent sends fit each other or are refused."""
    facts = call(arguments, schema={"type": "object", "properties": properties})
    scope = '(principal, action == Action::"tool:fs/write_file", resource)'
    whole = f'@id("w") forbid {scope} when {{ [context.args].isEmpty() }};'
    for rules in (bundle(PERMIT), bundle(PERMIT, READS), bundle(PERMIT, whole)):
        codes = ("permitted", "policy_forbids", "invalid_arguments", "cedar_escape", "tool_unavailable")
        assert decide(rules, facts).reasons[0].code in codes


@QUIET
@given(loaded())
def test_the_order_of_policies_and_the_caches_do_not_show(drawn: tuple[tuple[Drawn, ...], str, Facts]) -> None:
    """Deterministic: same policies in any order, cold or warm, same verdict."""
    policies, known, facts = drawn
    one, other = of(policies, known), of(policies[::-1], known)
    assert one is not None and other is not None
    first = decide(one, facts)
    assert first == decide(one, facts) == decide(other, facts)
    assert Facts.from_json(facts.as_json(), facts.definition) == facts


@QUIET
@given(loaded(), st.data())
def test_one_more_forbid_never_loosens(drawn: tuple[tuple[Drawn, ...], str, Facts], data: st.DataObject) -> None:
    """Monotone: a forbid more, or an answer less, never makes an allow of what was none."""
    policies, known, facts = drawn
    before = decide(of(policies, known), facts)  # type: ignore[arg-type]
    more = replace(data.draw(policy(99)), effect="forbid", id="more")
    after = decide(of((*policies, more), known), facts)  # type: ignore[arg-type]
    assert (before.verdict == "allow") >= (after.verdict == "allow")
    if before.verdict == "deny":
        assert after.verdict == "deny"
    unanswered = decide(of(policies, known), replace(facts, approvals=()))  # type: ignore[arg-type]
    assert (before.verdict == "allow") >= (unanswered.verdict == "allow")
    assert STRICTNESS[decide(of(policies, known), replace(facts, trouble=("clock_jump",))).verdict] >= 2  # type: ignore[arg-type]
