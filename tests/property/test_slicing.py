"""DESIGN §4, last paragraph: slicing policies and entities changes nothing.

The same question goes to Cedar twice: as the bundle slices it, and with every
policy, every entity and the whole context. `is`, `is in`, `in [..]`, nested
groups, literals and `has` all occur.
"""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assent.decide import flow
from assent.decide.context import of_link, values
from assent.policy import cedar
from assent.policy.arguments import Found, encode, examine
from assent.policy.bundle import Bundle, Source, load
from assent.policy.cedar import Verdict
from assent.policy.kinds import context
from assent.policy.schema import cedar_schema
from assent.policy.slices import Case, Slice
from tests.oracle.decision_oracle import everything
from tests.oracle.decision_worlds import World, calls, entities, policy


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Bundle, World]:
    drawn = tuple(draw(policy(at)) for at in range(draw(st.integers(1, 12))))
    world = World(drawn, draw(entities()), draw(calls()))
    return load([Source("random.cedar", "\n".join(one.text for one in drawn))], entities=world.entities_text), world


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(), st.booleans())
def test_slicing_changes_nothing(drawn: tuple[Bundle, World], analysed: bool) -> None:
    """Same verdict, same determining policies, from a slice as from everything."""
    bundle, world = drawn
    facts = world.facts
    if analysed and not any("action ==" in one.action for one in world.policies):
        facts = replace(facts, profile=replace(facts.profile, analysers=("path",)))
    for link in facts.chain:
        for effect in flow.effects(facts):
            case = Case(link.principal, facts.server, facts.profile, effect, flow.reversibility(facts))
            shape = bundle.shape(facts.server, "tools/call", "write_file", facts.profile, facts.definition)
            cut = bundle.slice(case, shape)  # type: ignore[arg-type]
            assert isinstance(cut, Slice), cut
            assert cut.missing == ()
            found = Found()
            examine(shape.arguments, facts.action.arguments, found)  # type: ignore[union-attr]
            shared = of_link(values(facts, flow.effects(facts), found), link)
            for layer in (cut.base, cut.both):
                parts = cut.context(shared, json.dumps)
                sliced = cut.ask(
                    layer, "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in parts.items()) + "}"
                )
                rules = [one for one in bundle.rules() if not one.group or layer is cut.both]
                full = unsliced(bundle, world, case, shape, shared, "\n".join(one.text for one in rules))
                assert sliced.decision == full.decision
                assert {layer.rules[at].id for at in sliced.reasons} == {rules[at].id for at in full.reasons}
                assert len(sliced.errors) == len(full.errors)


def unsliced(bundle: Bundle, world: World, case: Case, shape: object, shared: object, text: str) -> Verdict:
    """Everything there is, typed by the whole context."""
    name, groups = case.action(shape)  # type: ignore[arg-type]
    kind = context(shape.arguments)  # type: ignore[attr-defined]
    others = ("tool:fs/other", "tool:fs/write_file", "tool:web/x", "effect:read", "effect:write", "effect:send")
    named = (*others, "effect:delete", "rev:irreversible", "rev:compensable", "domain:code", "server:fs")
    schema = cedar.schema(cedar_schema({name: groups}, [one for one in named if one != name], kind))
    link = next(one for one in world.facts.chain if one.principal == case.principal)
    store = [one for one in everything(world, link, []) if one["uid"]["type"] != "Action"]
    request = ((case.principal.kind, case.principal.name), ("Action", name), ("Server", "fs"))
    return cedar.authorize(
        request,
        json.dumps(encode(kind, shared)),  # type: ignore[arg-type]
        cedar.policy_set(text),
        cedar.entities(json.dumps(store), schema),
        schema,
    )
