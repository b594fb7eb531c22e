"""What lies within a delegation: the card that was shown, and each single thing that must not differ from it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from assent_verify.canonical import canonicalize

from assent.decide.delegations import within
from assent.decide.facts import shown
from assent.model.decision import Decision
from assent.model.delegation import Delegation
from assent.model.ids import ApprovalId, DelegationId
from tests.unit.decide.calls import NOON, OWNER, call

SHOWN = {"named": {"paths": ["/srv/a", "/srv/b"], "hosts": ["one.example"]}, "labels": ["private"]}
PINNED = {"kind": "file", "name": "/srv/run.sh", "digest": "sha256:" + "0" * 64}


def card(**changes: object) -> dict[str, Any]:
    """The card of a call that deletes two files, with what a test changes of it."""
    facts = call(effects=("delete", "execute"), reversibility="compensable")
    asked = Decision("escalate", (), effects=("delete", "execute"), reversibility="compensable")
    made: dict[str, Any] = json.loads(canonicalize(shown(facts, asked)))
    return {**made, **SHOWN, "referents": [PINNED], **changes}


def granted(**changes: object) -> Delegation:
    """A delegation for that card."""
    facts = call()
    return Delegation(
        id=DelegationId("dlg_1"),
        session=facts.action.session,
        principal=facts.actor.id,
        server="fs",
        tool="write_file",
        by=OWNER,
        assurance="passphrase",
        approval=ApprovalId("apr_1"),
        card=canonicalize(card(**changes)).decode(),
        lifts=(),
        count=2,
        used=0,
        created=NOON,
        expires=NOON + 1,
    )


def test_the_same_call_and_a_smaller_one_lie_within() -> None:
    """Fewer targets of each kind, fewer effects, milder to undo, nothing seen, other notes: within what was shown."""
    assert within(card(), granted())
    smaller = {"named": {"paths": ["/srv/a"], "hosts": []}, "effects": ["execute"], "labels": [], "referents": []}
    assert within(card(**smaller, reversibility="reversible", notes=["other"], action="sha256:other"), granted())


OUTSIDE: dict[str, dict[str, object]] = {
    "another target": {"named": {"paths": ["/srv/a", "/srv/c"], "hosts": []}},
    "a kind that was not shown": {"named": {**SHOWN["named"], "tables": ["t"]}},  # type: ignore[dict-item]
    "a kind that is missing": {"named": {"paths": ["/srv/a"]}},
    "a target that was withheld": {"named": {"paths": {"withheld": "x"}, "hosts": []}},
    "another effect": {"effects": ["delete", "execute", "send"]},
    "worse to undo": {"reversibility": "irreversible"},
    "another tool": {"tool": "other"},
    "another server": {"server": "other"},
    "another method": {"method": "resources/read"},
    "anything but a text": {"fixed": "sha256:other"},
    "another table": {"named": {**SHOWN["named"], "tables": ["t"]}},  # type: ignore[dict-item]
    "a changed definition": {"definition": "sha256:other"},
    "another principal": {"principal": 'Agent::"local/other"'},
    "another chain": {"chain": ['User::"local/ana"']},
    "another zone": {"zone": "external"},
    "no reviewed profile": {"inferred": True},
    "something seen since": {"labels": ["private", "secret"]},
    "a referent that was not shown": {"referents": [{**PINNED, "name": "/srv/other.sh"}]},
    "a referent that has changed": {"referents": [{**PINNED, "digest": "sha256:" + "1" * 64}]},
    "a referent that is not pinned": {"referents": [{**PINNED, "digest": None}]},
    "another thing run": {"arguments": {"path": "/srv/b"}},
    "a fact that is new": {"facts": {**card()["facts"], "secret_path": True}},
    "something not pinned": {"facts": {**card()["facts"], "not_pinned": True}},
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_each_single_difference_is_outside(what: str) -> None:
    """Whatever a person has not been shown is asked about."""
    assert not within(card(**OUTSIDE[what]), granted())


def test_what_shows_nothing_grants_nothing() -> None:
    """No target, nothing pinned, a withheld argument that is run: within is nothing, not even the same call."""
    assert not within(card(named={}), granted(named={}))
    unpinned = {"referents": [{**PINNED, "digest": None}]}
    assert not within(card(**unpinned), granted(**unpinned))
    withheld = {"arguments": {"path": {"withheld": "it holds a secret"}}}
    assert not within(card(**withheld), granted(**withheld))


def test_a_delegation_lives_by_status_count_and_time() -> None:
    """Each of the three ends it."""
    given = granted()
    assert given.live(NOON)
    assert not any(
        one.live(at)
        for one, at in ((replace(given, used=2), NOON), (replace(given, status="revoked"), NOON), (given, NOON + 1))
    )
