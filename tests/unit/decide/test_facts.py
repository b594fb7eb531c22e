"""DESIGN §3, §7: recorded facts give the decision back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from assent_verify.canonical import canonicalize

from assent.decide.facts import Facts, shown
from assent.decide.pdp import decide
from assent.model.action import Referent
from assent.model.decision import Decision
from assent.model.ids import Digest
from assent.model.profile import Undo
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


def test_the_recorded_bytes_are_the_canonical_form_of_the_facts() -> None:
    """What a leaf commits to is written in pieces, and equals the canonical JSON of all facts."""
    for facts in (call(), rich(), replace(rich(), may_have_happened=True, trouble=("clock_jump",))):
        assert facts.canonical() == canonicalize(facts.as_json())
