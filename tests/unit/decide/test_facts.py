"""DESIGN §3, §7: recorded facts give the decision back."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from assent_verify.canonical import canonicalize, digest, parse
from assent_verify.receipt import PARTS

from assent.decide.facts import Facts, shown
from assent.decide.pdp import decide
from assent.decide.recorded import MEMBERS, flat, joined, parts, source_of
from assent.model.action import Referent
from assent.model.decision import Decision
from assent.model.ids import Digest
from assent.model.profile import Undo
from assent.policy.kinds import context, record
from tests.unit.decide.calls import PERMIT, bundle, call, definition
from tests.unit.decide.test_people import ASK, approved


def rich() -> Facts:
    rules = bundle(PERMIT, ASK)
    facts = call(
        {"path": "/é", "price": 1.5, "tags": ["a"], "note": None},
        labels=("secret", "untrusted"),
        analysis={"targets": {"paths": ("/é",)}, "notes": ("a note",)},
        profile={"undo": Undo("restore", {"path": "path"}), "targets": {"path": "path"}, "cost": "a cent"},
    )
    pinned = (Referent("file", "/x", Digest("sha256:00")), Referent("file", "/y", None))
    return approved(rules, replace(facts, action=replace(facts.action, referents=pinned)))


def test_facts_survive_json_exactly() -> None:
    """Replay needs the same facts, not similar ones."""
    facts = rich()
    text = json.dumps(facts.as_json())
    again = Facts.from_json(json.loads(text), facts.definition)
    assert again == facts
    assert json.dumps(again.as_json()) == text
    rules = bundle(PERMIT, ASK)
    assert decide(rules, again) == decide(rules, facts)


def test_facts_of_another_definition_are_refused() -> None:
    """The definition is archived by digest and must be the one that was pinned."""
    facts = call()
    for other in (None, definition({"type": "object"})):
        with pytest.raises(ValueError, match="definition"):
            Facts.from_json(facts.as_json(), other)


@pytest.mark.parametrize("change", [{"time": "1"}, {"extra": 1}, {"chain": {}}, {"server": None}])
def test_what_is_not_facts_is_refused(change: dict[str, object]) -> None:
    """A record that was changed does not become other facts."""
    facts = call()
    with pytest.raises(ValueError, match="expected"):
        Facts.from_json({**facts.as_json(), **change}, facts.definition)
    with pytest.raises(ValueError, match="object"):
        Facts.from_json([], facts.definition)


def test_the_card_is_stable_while_nothing_that_matters_changes() -> None:
    """Time and counters are not on it; arguments, labels, effects and referents are."""
    facts, decision = rich(), Decision("escalate", (), effects=("write",), reversibility="reversible")
    card = shown(facts, decision)
    later = replace(facts, time=facts.time + 1, session=replace(facts.session, calls=99), approvals=())
    assert shown(later, decision) == card
    assert shown(facts, replace(decision, effects=("delete",))) != card
    assert shown(replace(facts, session=replace(facts.session, labels=frozenset())), decision) != card
    assert shown(replace(facts, may_have_happened=True), decision) != card
    json.dumps(card)


@pytest.mark.parametrize("changes", [{}, {"may_have_happened": True, "trouble": ("clock_jump",)}])
def test_the_recorded_bytes_are_the_canonical_form_of_the_facts_in_parts(changes: dict[str, Any]) -> None:
    """What a leaf commits to is written in pieces; its parts are canonical and hold all facts, each once."""
    for facts in (call(), rich()):
        facts = replace(facts, **changes)
        written = parts(facts)
        assert joined(written) == canonicalize(parse(joined(written)))
        recorded = parse(joined(written))
        assert isinstance(recorded, dict)
        assert flat(recorded) == parse(canonicalize(facts.as_json()))
        assert flat(facts.as_json()) == facts.as_json()
    assert list(MEMBERS) == list(PARTS)
    members = [name for names in MEMBERS.values() for name in names]
    assert sorted(members) == sorted(field.name for field in fields(Facts))


def test_what_the_policies_were_handed_is_named_with_source_digest_and_age() -> None:
    """Only what policies of the slice read, each with the digest of exactly what Cedar was given."""
    rules = bundle(
        PERMIT,
        '@id("a") forbid (principal, action, resource) when { context.session.labels.contains("secret") };',
        '@id("b") forbid (principal, action, resource)'
        ' when { context.args has path && context.args.path == "/etc" && context.time.hour == 3 };',
    )
    facts = call({"path": "/é"}, labels=("untrusted",))
    used = {one.name: one.digest for one in decide(rules, facts).used}
    assert used.keys() == {"args", "facts", "session", "time"}  # what guards Assent reads facts
    assert used["session"] == digest(canonicalize({"labels": ["untrusted"]}))
    assert used["args"] == digest(canonicalize({"path": "/é"}))
    recorded = json.loads(parts(facts, decide(rules, facts).used, {"session": 40})["context"])["used"]
    assert [(one["name"], one["source"], one["age"]) for one in recorded] == [
        ("args", "arguments", 0),
        ("facts", "observation", 0),
        ("session", "session", 40),
        ("time", "clock", 0),
    ]


def test_every_value_of_the_context_has_a_source() -> None:
    """Those that policies can read, and what is derived of them."""
    for name in context(record()).members:
        assert source_of(name), name
        assert source_of(f"{name}_count") == source_of(name)
    assert source_of("nobody knows") == ""


@pytest.mark.parametrize(
    "more",
    [
        {"people": {"approvals": [], "versions": {}}},
        {"people": {"approvals": [], "used": []}},
        {"people": []},
        {"more": {"time": 1}},
        {"action": {}},
    ],
)
def test_a_member_out_of_its_part_is_no_fact(more: dict[str, object]) -> None:
    """Each member has one place: a part cannot say again what another one says."""
    facts = call()
    recorded = parse(joined(parts(facts)))
    assert isinstance(recorded, dict)
    profile = facts.profile if isinstance(flat(recorded)["profile"], str) else None
    assert Facts.from_json(flat(recorded), facts.definition, profile) == facts
    with pytest.raises(ValueError, match=r"expected|facts"):
        Facts.from_json(flat({**recorded, **more}), facts.definition, profile)
