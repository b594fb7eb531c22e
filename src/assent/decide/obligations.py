"""Obligations of all determining permits, united with the strictest value first (DESIGN §4.6)."""

from __future__ import annotations

from collections.abc import Iterable

from assent.model.decision import Obligation
from assent.model.profile import ToolProfile
from assent.policy.rule import Rule


class ConflictingObligations(ValueError):
    """Two permits ask for what cannot both be done, or for what the tool does not bear."""


def unite(permits: Iterable[Rule], profile: ToolProfile) -> tuple[Obligation, ...]:
    """Every obligation once; of two limits on the same thing the smaller.

    Raises:
        ConflictingObligations: two credentials, or a change to an argument the
            profile does not call narrowable.
    """
    kept: dict[tuple[str, str, str], Obligation] = {}
    for rule in sorted((one for one in permits if one.extra), key=lambda one: one.id):
        for one in rule.obligations():
            key = (one.kind, one.on, _about(one))
            kept[key] = min(kept.get(key, one), one, key=_amount)
    found = tuple(kept[key] for key in sorted(kept))
    if sum(one.kind == "credential" for one in found) > 1:
        raise ConflictingObligations("two permits name different credentials for it")
    if any(one.on == "arguments" and _about(one) not in profile.narrowable for one in found):
        raise ConflictingObligations("a permit would change an argument that may not be changed")
    return found


def _about(one: Obligation) -> str:
    return one.value.rpartition("=")[0] if one.kind == "limit" else one.value


def _amount(one: Obligation) -> int:
    return int(one.value.rpartition("=")[2]) if one.kind == "limit" else 0
