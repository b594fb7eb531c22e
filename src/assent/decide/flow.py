"""What leaves with a call: every call sends its arguments to its server (DESIGN §4.5)."""

from __future__ import annotations

from assent.catalog.analysis import INTEGRITY_LABELS
from assent.decide.facts import Facts
from assent.model.profile import EFFECTS, REVERSIBILITY


def sends(facts: Facts) -> bool:
    """Does this call carry something to an external server that could be missed?"""
    if facts.server.zone != "external":
        return False
    carried = facts.analysis.facts.get("secret_in_arguments", False)
    return carried or bool(facts.session.labels - INTEGRITY_LABELS)


def effects(facts: Facts) -> tuple[str, ...]:
    """The effects the call is decided for, sorted; never empty.

    What the profile says stays, unless an analyser it trusts for that has read
    the whole call and found otherwise (DESIGN §4, "Actions and groups").
    """
    removable = facts.profile.authoritative if facts.analysis.facts.get("analysed") else frozenset()
    found = facts.analysis.effects | (facts.profile.effects - removable)
    if sends(facts):
        found |= {"send"}
    known = {effect if effect in EFFECTS else "unknown" for effect in found}
    return tuple(sorted(known or {"unknown"}))


def reversibility(facts: Facts) -> str:
    """The worst that holds: what was sent to somebody else cannot be taken back."""
    if sends(facts):
        return REVERSIBILITY[-1]
    return facts.analysis.reversibility


def recipients(facts: Facts) -> tuple[str, ...]:
    """Normalised recipients, the server among them if the call sends to it."""
    named = facts.analysis.targets.get("recipient_domains", ())
    return (*named, facts.server.name) if sends(facts) else named
