"""What leaves with a call: every call sends its arguments to its server (DESIGN §4.5)."""

from __future__ import annotations

from assent.catalog.analysis import INTEGRITY_LABELS, Analysis
from assent.decide.facts import Facts
from assent.model.profile import EFFECTS, REVERSIBILITY, Server


def reaches_out(server: Server, analysis: Analysis) -> bool:
    """Does what a call carries leave: to an external server, or through a local one that reaches the network?"""
    if server.zone == "local":
        return any(not _loopback(host) for host in analysis.targets.get("hosts", ()))
    return server.zone == "external"


def _loopback(host: str) -> bool:
    """RFC 6761 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3."""
    return host in ("localhost", "::1", "[::1]") or host.endswith(".localhost") or host.startswith("127.")


def sends(facts: Facts) -> bool:
    """Does this call carry out something that could be missed?"""
    if not reaches_out(facts.server, facts.analysis):
        return False
    known = facts.analysis.facts
    carried = known.get("secret_in_arguments", False) or known.get("session_text_in_arguments", False)
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
