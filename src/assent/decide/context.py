"""The Cedar context of one call, the same for every link of its chain but for role and depth."""

from __future__ import annotations

from collections.abc import Mapping

from assent.decide.facts import Facts, Link
from assent.decide.flow import recipients
from assent.policy.arguments import Found
from assent.policy.kinds import TARGETS

_HOUR = 3_600_000  # milliseconds
_DAY = 24 * _HOUR
_THURSDAY = 3  # 1970-01-01, counted from Monday as 0


def values(facts: Facts, effects: tuple[str, ...], found: Found) -> dict[str, object]:
    """Everything a policy may read, less what differs between links."""
    targets = facts.analysis.targets
    return {
        "method": facts.action.method,
        "inferred": facts.profile.inferred,
        "effects": effects,
        "zone": facts.server.zone,
        "args": facts.action.arguments,
        "nulls": sorted(found.nulls),
        "undeclared": sorted(found.undeclared),
        "facts": all_facts(facts),
        "targets": {**{kind: targets.get(kind, ()) for kind in TARGETS}, "recipient_domains": recipients(facts)},
        "session": {"labels": sorted(facts.session.labels), "calls": facts.session.calls},
        "time": clock(facts.time),
    }


def all_facts(facts: Facts) -> Mapping[str, bool]:
    """The facts of the analysis and those the decision's own inputs give."""
    return {
        **facts.analysis.facts,
        "may_have_happened": facts.may_have_happened,
        "refused_by_person": facts.refused_by_person,
    }


def of_link(shared: Mapping[str, object], link: Link) -> Mapping[str, object]:
    """The context for one link of the chain (DESIGN §4.3)."""
    return {**shared, "role": link.role, "depth": link.depth}


def clock(time: int) -> dict[str, int]:
    """UTC: milliseconds since the epoch, hour 0–23, weekday 1 (Monday) – 7."""
    return {"epoch": time, "hour": time % _DAY // _HOUR, "weekday": (time // _DAY + _THURSDAY) % 7 + 1}
