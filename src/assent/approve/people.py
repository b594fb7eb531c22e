"""Who may answer a question (DESIGN §4.7), checked again when the answer is given."""

from __future__ import annotations

from collections.abc import Callable

from assent.errors import RequestError
from assent.model.approval import ASSURANCE, Approval, Asked, Assurance
from assent.model.ids import PrincipalId

#: The people of a group by name; None if there is no such group.
Members = Callable[[str], frozenset[PrincipalId] | None]
OWNER = "owner"


def people_of(asked: Asked, approval: Approval, members: Members) -> frozenset[PrincipalId]:
    """Who may answer one rule: its group, less those in the chain unless it says `@self`."""
    group = frozenset({approval.owner}) if asked.group == OWNER else members(asked.group) or frozenset()
    if asked.self_:
        return group
    return group - {approval.owner, approval.principal}


def must_be_asked(approval: Approval, by: PrincipalId, assurance: Assurance, members: Members) -> None:
    """Is this person asked by at least one of the rules, and proven well enough for those?

    Raises:
        RequestError: `not_your_question` or `assurance_too_weak`.
    """
    mine = [asked for asked in approval.asked if by in people_of(asked, approval, members)]
    if not mine:
        groups = ", ".join(sorted({asked.group for asked in approval.asked}))
        raise RequestError(
            "not_your_question",
            f"`{by}` may not answer this: it is asked of `{groups}`",
            help="who is in the chain, requests, or owns the agent may answer only where the rule says @self",
        )
    weak = [asked for asked in mine if asked.assurance and _rank(assurance) < _rank(asked.assurance)]
    if len(weak) == len(mine):
        raise RequestError(
            "assurance_too_weak",
            f"the rule wants an answer with `{weak[0].assurance}`, this key proves `{assurance}`",
            help="answer with a stronger key",
        )


def _rank(assurance: str) -> int:
    return [str(each) for each in ASSURANCE].index(assurance)


def reached(approval: Approval, members: Members) -> bool:
    """Have enough different people said yes for every rule that asked?"""
    yes = {answer.by: answer.assurance for answer in approval.answers if answer.verdict == "approve"}
    for asked in approval.asked:
        people = people_of(asked, approval, members)
        strong = {by for by, proved in yes.items() if not asked.assurance or _rank(proved) >= _rank(asked.assurance)}
        quorum = max(each.quorum for each in approval.asked if each.group == asked.group)
        if len(people & strong) < quorum:
            return False
    return True
