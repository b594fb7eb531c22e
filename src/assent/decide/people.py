"""Who may answer, and what their answers lift (DESIGN §4.7, §4.8)."""

from __future__ import annotations

from collections.abc import Sequence

from assent_verify.canonical import canonicalize, digest

from assent.decide.facts import Facts, shown
from assent.model.approval import ASSURANCE, Answer, Approval
from assent.model.decision import Decision, Escalation
from assent.model.ids import PrincipalId
from assent.policy.bundle import Bundle

#: The group of the one person who answers for the actor.
OWNER = "owner"


def eligible(bundle: Bundle, facts: Facts, asks: Escalation) -> frozenset[PrincipalId]:
    """Who may answer: the group, less those who ask for themselves unless the rule says `@self`."""
    people = frozenset({facts.owner}) if asks.group == OWNER else bundle.members(asks.group) or frozenset()
    if asks.self_:
        return people
    chain = {link.principal.id for link in facts.chain}
    owners = {link.principal.owner for link in facts.chain}
    return people - chain - owners


def united(asks: Sequence[Escalation]) -> dict[str, tuple[int, int]]:
    """Per group the largest quorum and the shortest expiry in seconds."""
    groups: dict[str, tuple[int, int]] = {}
    for one in asks:
        quorum, expires = groups.get(one.group, (0, one.expires))
        groups[one.group] = (max(quorum, one.quorum), min(expires, one.expires))
    return groups


def about_this(facts: Facts, provisional: Decision) -> list[Approval]:
    """The approvals that name exactly this attempt, action, session and card."""
    if not facts.approvals:
        return []
    card = digest(canonicalize(shown(facts, provisional)))
    return [
        one
        for one in facts.approvals
        if one.attempt == facts.attempt
        and one.action == facts.action.digest
        and one.session == facts.action.session
        and one.facts == card
    ]


def refused(approvals: Sequence[Approval]) -> bool:
    """Did anybody say no?"""
    return any(one.status == "denied" or any(answer.verdict == "deny" for answer in one.answers) for one in approvals)


def lifts(
    approval: Approval, asks: Escalation, quorum: int, expires: int, facts: Facts, people: frozenset[str]
) -> bool:
    """Does this approval lift this escalation?"""
    asked = any(one.policy == asks.policy and one.digest == asks.digest for one in approval.asked)
    if not asked or approval.status != "approved" or stale(approval, expires, facts.time):
        return False
    yes = {answer.by for answer in approval.answers if _counts(answer, asks, approval, people)}
    return len(yes) >= quorum


def stale(approval: Approval, expires: int, now: int) -> bool:
    """Has it expired, by its own word or by the rule's?"""
    return approval.status == "expired" or now >= min(approval.expires, approval.created + expires * 1000)


def _counts(answer: Answer, asks: Escalation, approval: Approval, people: frozenset[str]) -> bool:
    strong = not asks.assurance or ASSURANCE.index(answer.assurance) >= ASSURANCE.index(asks.assurance)
    return answer.verdict == "approve" and answer.by in people and strong and answer.at >= approval.created
