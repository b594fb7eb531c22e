"""What a delegation lets pass: calls within what was shown when it was granted (DESIGN §4.7)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assent_verify.canonical import canonicalize

from assent.decide.facts import ARGUMENT, Facts, shown
from assent.decide.people import eligible, united
from assent.model.approval import ASSURANCE
from assent.model.decision import Decision, Escalation
from assent.model.delegation import Delegation
from assent.model.profile import REVERSIBILITY
from assent.policy.bundle import Bundle
from assent.policy.schema import TOOL_CALL

#: Members of a card that a later call must have exactly as shown: who, which tool, what was found about the call.
_SAME = ("chain", "definition", "facts", "fixed", "inferred", "method", "owner", "principal", "server", "tool", "zone")


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
    if any(card[name] != granted.get(name) for name in _SAME):
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
    if card["named"].get("tables") != granted["named"].get("tables"):  # told by more names than one each
        return False
    if not all(_named(card, granted, kind) for kind in card["named"]):
        return False
    return _to_the_letter(card, granted) if _letter(card) else True


def _named(card: Mapping[str, Any], granted: Mapping[str, Any], kind: str) -> bool:
    """Are these among those shown, as they were spelled? What was withheld was not shown; a structure is no list."""
    if not kind.startswith(ARGUMENT):
        return _among(card["named"][kind], granted["named"][kind])
    name = kind.removeprefix(ARGUMENT)
    value, other = card["arguments"].get(name), granted["arguments"].get(name)
    return value is not None and not isinstance(other, dict) and (value == other or _among(value, other))


def _among(some: object, granted: object) -> bool:
    return isinstance(some, list) and isinstance(granted, list) and all(one in granted for one in some)


def _letter(card: Mapping[str, Any]) -> bool:
    """Is more than texts beside the targets held to? A program's name says little, and `?` stands for anything."""
    return "execute" in card["effects"] or not card["facts"].get("analysed") or card["method"] != TOOL_CALL


def _to_the_letter(card: Mapping[str, Any], granted: Mapping[str, Any]) -> bool:
    arguments: Iterable[object] = card["arguments"].values()
    return card["arguments"] == granted["arguments"] and not any(isinstance(one, dict) for one in arguments)
