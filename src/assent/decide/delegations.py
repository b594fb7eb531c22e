"""What a delegation lets pass: calls within what was shown when it was granted (DESIGN §4.7)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assent_verify.canonical import canonicalize

from assent.decide.facts import Facts, shown
from assent.decide.people import eligible, united
from assent.model.approval import ASSURANCE
from assent.model.decision import Decision, Escalation
from assent.model.delegation import Delegation
from assent.model.profile import REVERSIBILITY
from assent.policy.bundle import Bundle

#: Members of a card that a later call must have exactly as shown: who, which tool, what was found about the call.
_SAME = ("chain", "definition", "facts", "inferred", "method", "owner", "principal", "server", "tool", "zone")


def covering(bundle: Bundle, facts: Facts, asks: Sequence[Escalation], provisional: Decision) -> str:
    """The id of a delegation that lifts every one of these escalations for this call; empty if none does."""
    if not facts.delegations:
        return ""
    card = json.loads(canonicalize(shown(facts, provisional)))
    return next((one.id for one in facts.delegations if _lifts(bundle, facts, asks, one) and within(card, one)), "")


def _lifts(bundle: Bundle, facts: Facts, asks: Sequence[Escalation], given: Delegation) -> bool:
    """Is it this session's and alive, and may whoever gave it answer each of these rules, alone?"""
    if given.session != facts.action.session or given.principal != facts.actor.id or not given.live(facts.time):
        return False
    alone = all(quorum == 1 for quorum, _ in united(asks).values())
    return alone and all(_lifted(bundle, facts, one, given) for one in asks)


def _lifted(bundle: Bundle, facts: Facts, asks: Escalation, given: Delegation) -> bool:
    strong = not asks.assurance or ASSURANCE.index(given.assurance) >= ASSURANCE.index(asks.assurance)
    named = any(one.id == asks.policy and one.digest == asks.digest for one in given.lifts)
    return asks.grantable and named and strong and given.by in eligible(bundle, facts, asks)


def within(card: Mapping[str, Any], given: Delegation) -> bool:
    """Does the call that this card shows lie within the one that was shown for the delegation?"""
    granted: dict[str, Any] = json.loads(given.card)
    if any(card[name] != granted[name] for name in _SAME):
        return False
    if not granted["named"] or card["facts"].get("not_pinned", True):
        return False
    if any(one["digest"] is None or one not in granted["referents"] for one in card["referents"]):
        return False
    worse = REVERSIBILITY.index(card["reversibility"]) > REVERSIBILITY.index(granted["reversibility"])
    if worse or not _among(card["effects"], granted["effects"]) or not _among(card["labels"], granted["labels"]):
        return False
    if card["named"].keys() != granted["named"].keys():  # names nothing of a kind: who knows what it then reaches
        return False
    if not all(_named(values, granted["named"][kind]) for kind, values in card["named"].items()):
        return False
    return _executes_the_same(card, granted)


def _named(values: object, granted: object) -> bool:
    """Are these among those that were shown? What was withheld was not shown, and a structure is no list of names."""
    return _among(values, granted) or (type(values) in (str, int) and values == granted)


def _among(some: object, granted: object) -> bool:
    return isinstance(some, list) and isinstance(granted, list) and all(one in granted for one in some)


def _executes_the_same(card: Mapping[str, Any], granted: Mapping[str, Any]) -> bool:
    """What is run is what was shown, to the letter: a program's name says little of what it does."""
    if "execute" not in card["effects"]:
        return True
    arguments: Iterable[object] = card["arguments"].values()
    return card["arguments"] == granted["arguments"] and not any(isinstance(one, dict) for one in arguments)
