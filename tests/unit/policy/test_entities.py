"""DESIGN §4: entities are the closure of what is reachable; what is not there is a missing source."""

from __future__ import annotations

from dataclasses import replace

from assent.model.ids import PrincipalId
from assent.policy.cedar import Reads
from assent.policy.entities import EntityStore
from assent.policy.kinds import FACTS, TARGETS
from tests.unit.decide.calls import AGENT, FS, PERMIT, bundle, call, verdict

STORE = """[
  {"uid": {"type": "Group", "id": "disabled"}, "attrs": {}, "parents": []},
  {"uid": {"type": "Group", "id": "old"}, "attrs": {}, "parents": [{"type": "Group", "id": "disabled"}]},
  {"uid": {"type": "Agent", "id": "local/claude"},
   "attrs": {"owner": {"__entity": {"type": "User", "id": "local/ana"}}},
   "parents": [{"type": "Group", "id": "old"}]},
  {"uid": {"type": "User", "id": "local/ana"}, "attrs": {}, "parents": [{"type": "Group", "id": "old"}]},
  {"uid": {"type": "Agent", "id": "local/zed"},
   "attrs": {"owner": {"__entity": {"type": "User", "id": "local/ana"}}}, "parents": []},
  {"uid": {"type": "User", "id": "local/zoe"}, "attrs": {}, "parents": []}
]"""


def test_nested_groups_are_followed() -> None:
    """A forbid in an outer group applies to members of inner ones, by scope and by condition."""
    for rule in (
        '@id("d") forbid (principal in Group::"disabled", action, resource);',
        '@id("d") forbid (principal is Agent in Group::"disabled", action, resource);',
        '@id("d") forbid (principal, action, resource) when { principal in Group::"disabled" };',
        '@id("d") forbid (principal is Agent, action, resource) when { principal.owner in Group::"disabled" };',
    ):
        assert verdict(bundle(PERMIT, rule, entities=STORE), call()) == "deny policy_forbids"


def test_groups_of_the_principal_and_of_the_bundle_unite() -> None:
    """A principal is in the groups its record names and in those entities.json names."""
    rule = '@id("d") forbid (principal in Group::"disabled", action, resource);'
    other = replace(AGENT, name="local/other")
    assert verdict(bundle(PERMIT, rule, entities=STORE), call(principal=other)) == "allow permitted"
    member = replace(other, groups=("old",))
    assert verdict(bundle(PERMIT, rule, entities=STORE), call(principal=member)) == "deny policy_forbids"


def test_a_literal_nobody_knows_is_a_missing_source() -> None:
    """Left out, `User::"x" in Group::"disabled"` would be false without an error."""
    rule = '@id("d") forbid (principal, action, resource) when { User::"local/eve" in Group::"disabled" };'
    assert verdict(bundle(PERMIT, rule, entities=STORE), call()) == "deny missing_source"
    known = rule.replace("eve", "zoe")
    assert verdict(bundle(PERMIT, known, entities=STORE), call()) == "allow permitted"
    assert bundle(PERMIT, rule, entities=STORE).notes()


def test_the_closure_follows_parents_and_attributes() -> None:
    """From the request, along owner and groups."""
    text, missing = EntityStore(STORE).closure(AGENT, FS, [("User", "local/zoe")])
    assert missing == []
    for name in ("disabled", "old", "local/claude", "local/ana", "local/zoe", "fs"):
        assert f'"{name}"' in text


def test_an_attribute_of_a_literal_is_followed() -> None:
    """Somebody who is named only as the owner of somebody named is part of the closure."""
    rule = '@id("d") forbid (principal, action, resource) when { Agent::"local/zed".owner in Group::"disabled" };'
    other = replace(AGENT, name="local/other", owner=PrincipalId('User::"local/zoe"'))
    assert verdict(bundle(PERMIT, rule, entities=STORE), call(principal=other)) == "deny policy_forbids"


def test_members_are_people_of_nested_groups() -> None:
    """Only Users can answer; an unknown group has no members, which differs from an empty one."""
    store = EntityStore(STORE)
    assert store.members("disabled") == {'User::"local/ana"'}
    assert store.members("nowhere") is None


def test_the_facts_are_those_of_the_catalog() -> None:
    """Two rooms that may not import each other name the same things."""
    from assent.catalog import analysis

    assert set(FACTS) == set(analysis.FACTS) | set(analysis.STORE_FACTS)
    assert set(TARGETS) == set(analysis.TARGETS)


def test_context_as_a_whole_reads_everything() -> None:
    """Without a name to go by, nothing may be left out."""
    assert Reads(whole=frozenset({"context"})).reads("anything")
