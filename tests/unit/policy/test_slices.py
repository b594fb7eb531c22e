"""policy/slices: what slices of different principals share, and when an answer to one is an answer to all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assent.model.principal import Principal
from assent.policy.bundle import Bundle
from assent.policy.slices import Case, Slice
from tests.unit.decide.calls import AGENT, FS, OWNER, bundle, call, verdict

PEER = Principal("Agent", "local/peer", OWNER)
GROUPS = '[{"uid": {"type": "Group", "id": "ops"}, "attrs": {}, "parents": []}]'
PERMIT = '@id("all") permit (principal, action, resource);'


def slices(rules: Bundle) -> tuple[Slice, Slice]:
    """Of the same call by two agents."""
    facts = call()
    shape = rules.shape(FS, "tools/call", "write_file", facts.profile, facts.definition)
    cases = (Case(who, FS, facts.profile, "write", "reversible") for who in (AGENT, PEER))
    one, other = (rules.slice(case, shape) for case in cases)  # type: ignore[arg-type]
    assert isinstance(one, Slice) and isinstance(other, Slice)
    return one, other


def test_what_is_parsed_is_shared() -> None:
    """One parsed set for everybody to whom the same rules apply: a fleet costs no more than one agent."""
    one, other = slices(bundle(PERMIT))
    assert one.both is other.both and one.base is other.base and one.kind is other.kind
    assert one.request != other.request


@pytest.mark.parametrize(
    ("rule", "shared"),
    [
        ("forbid (principal, action, resource) when { context.facts.secret_path };", True),
        ('forbid (principal, action in Action::"effect:pay", resource);', True),
        ("forbid (principal, action, resource) when { context.depth > 3 };", True),
        ("forbid (principal is Agent, action, resource) when { context.facts.secret_path };", False),
        ('forbid (principal, action, resource) when { principal in Group::"ops" };', False),
        ('forbid (principal, action, resource) when { User::"local/ana" in Group::"ops" };', False),
    ],
)
def test_an_answer_is_shared_only_if_no_rule_looks_at_who_acts(rule: str, shared: bool) -> None:
    """In a scope, in a condition, or by naming anybody, whom the facts may know more of."""
    known = GROUPS[:-1] + ', {"uid": {"type": "User", "id": "local/ana"}, "attrs": {}, "parents": []}]'
    one, other = slices(bundle(PERMIT, f'@id("no") {rule}', entities=known))
    assert (one.answers is other.answers) is shared


def test_who_differs_gets_an_answer_of_their_own() -> None:
    """The verdict on one agent is never taken for another one's."""
    rules = bundle(PERMIT, '@id("no") forbid (principal == Agent::"local/peer", action, resource);')
    assert verdict(rules, call()) == "allow permitted"
    assert verdict(rules, call(principal=PEER)) == "deny policy_forbids"
    grouped = bundle(PERMIT, '@id("no") forbid (principal in Group::"ops", action, resource);', entities=GROUPS)
    assert verdict(grouped, call()) == "allow permitted"
    assert verdict(grouped, call(principal=replace(PEER, groups=("ops",)))) == "deny policy_forbids"
