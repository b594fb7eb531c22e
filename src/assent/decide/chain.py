"""The chain of delegation: every link must admit the call, whatever policy says (DESIGN §4.3).

Authority is an intersection: a link only restricts, so what one link refuses no other lifts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assent.catalog.analysers.secrets import strings
from assent.decide.facts import Facts, Link
from assent.decide.flow import recipients
from assent.model.grant import MOST_LINKS, Grant, Limits
from assent.policy.limits import NAMED, admits, fits

#: A call is in these actions and groups, for each of its effects.
Groups = Sequence[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Outside:
    """Why a chain does not admit a call.

    Args:
        code: `chain_broken`, `delegation_revoked`, `delegation_expired`, `delegation_early`,
            `delegation_elsewhere` or `outside_delegation`.
        delegation: the link that refuses.
        message: for the agent: in which respect, never what else it holds.
    """

    code: str
    delegation: str
    message: str


def outside(facts: Facts, groups: Groups) -> Outside | None:
    """The first link that does not admit this call; None if all do, or nobody delegated.

    What a link's condition says is not looked at here: it needs the engine.

    Args:
        groups: per effect of the call, the ids of its action and of every group it is in.
    """
    if broken := _broken(facts.chain):
        return Outside("chain_broken", broken, "the chain of delegation does not hold together")
    for link in facts.chain:
        if link.grant is not None and (found := _refusal(link.grant, facts, groups)):
            return Outside(found[0], link.grant.id, found[1])
    return None


def _broken(chain: Sequence[Link]) -> str:
    """The delegation at which a chain does not hold together; empty if it does."""
    given = [link.grant for link in chain]
    if given == [None]:
        return ""  # nobody delegated: the actor alone
    grants = [one for one in given[1:] if one is not None]
    last = grants[-1].id if grants else "none"
    whole = len(grants) == len(given) - 1 and given[0] is None and 1 <= len(grants) <= MOST_LINKS
    principals = [link.principal.id for link in chain]
    if not whole or len(set(principals)) < len(principals) or chain[0].principal.kind != "User":
        return last
    if grants[0].parent or [link.depth for link in chain] != list(range(len(chain))):
        return grants[0].id
    for (above, below), grant in zip(pairwise(chain), grants, strict=True):
        if (grant.issuer, grant.subject) != (above.principal.id, below.principal.id):
            return grant.id
    for parent, child in pairwise(grants):
        if child.parent != parent.id:
            return child.id
    for at, grant in enumerate(grants):
        if grant.limits.depth < len(grants) - 1 - at:
            return grant.id
    return ""


def _refusal(grant: Grant, facts: Facts, groups: Groups) -> tuple[str, str] | None:
    """Code and words of what one link refuses."""
    if grant.status != "live":
        return "delegation_revoked", "a delegation it stands on has been taken back"
    if facts.time >= grant.expires:
        return "delegation_expired", "a delegation it stands on has expired"
    if facts.time < grant.not_before:
        return "delegation_early", "a delegation it stands on does not hold yet"
    if grant.session not in ("", facts.action.session) or grant.task not in ("", facts.session.task):
        return "delegation_elsewhere", "a delegation it stands on is for another session or task"
    dimension = exceeds(grant.limits, facts, groups)
    return ("outside_delegation", f"what was delegated does not cover its {dimension}") if dimension else None


def exceeds(limits: Limits, facts: Facts, groups: Groups) -> str:
    """In which respect a call lies outside these limits: `action`, `server` or `target`; empty if it lies within."""
    if not all(admits(limits.actions, group) for group in groups):
        return "action"
    if limits.servers is not None and facts.server.name not in limits.servers:
        return "server"
    if limits.targets and not _within(limits, facts):
        return "target"
    return ""


def _within(limits: Limits, facts: Facts) -> bool:
    """Is every target of the kinds that are named one of those named? What cannot be told is not."""
    if not facts.analysis.facts["analysed"] or facts.analysis.facts["not_pinned"]:
        return False
    for kind, patterns in limits.targets.items():
        values = _targets(facts, kind)
        if not values or not all(any(fits(kind, pattern, one) for pattern in patterns) for one in values):
            return False
    return True


def _targets(facts: Facts, kind: str) -> Sequence[str]:
    """The targets of one kind: as an analyser tells them, or what stands in arguments that are such names."""
    if kind not in NAMED:
        return tuple(facts.analysis.targets.get(kind, ())) if kind != "recipient_domains" else sorted(recipients(facts))
    given = facts.action.arguments
    named = (given[name] for name, of in facts.profile.targets.items() if of == NAMED[kind] and name in given)
    return [text for value in named for text in _names(value)]


def _names(value: object) -> Iterator[str]:
    """Every text in an argument; empty, which fits no pattern, for what names something in another way."""
    if isinstance(value, list):
        for one in value:
            yield from _names(one)
    elif isinstance(value, dict):
        yield from strings(value)
        yield ""  # whatever else stands in it
    elif value is not None:
        yield value if isinstance(value, str) else ""


def counted(chain: Iterable[Link]) -> tuple[Grant, ...]:
    """The links that bound how many calls may pass: each loses one with every call that does."""
    return tuple(link.grant for link in chain if link.grant is not None and link.grant.limits.calls is not None)
