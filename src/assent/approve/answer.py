"""A person's signed answer to one attempt: verified, made durable, and only then counted.

The answer lifts nothing by itself. It is an input to a fresh decision, which the
waiting call, or the same call made again, asks for.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from assent_verify.canonical import canonicalize, digest
from assent_verify.receipt import commit

from assent.approve.delegate import Terms, issue
from assent.approve.elevate import issue as issue_elevation
from assent.approve.people import Members, must_be_asked, reached
from assent.catalog.analysis import INTEGRITY_LABELS
from assent.catalog.methods import ELEVATE
from assent.decide.facts import ARGUMENT
from assent.errors import RequestError
from assent.model.approval import Answer, Approval, ApprovalStatus, Assurance
from assent.model.ids import ApprovalId, PrincipalId
from assent.ports import Signer, Transaction
from assent.record import leaves
from assent.record.log import Log

PREFIX = b"assent-approval-v1\n"
#: Milliseconds that a clock may run behind the highest time recorded.
CLOCK_TOLERANCE = 30_000


@dataclass(frozen=True, slots=True)
class Said:
    """What one person says.

    Args:
        by: who says it, a `User`.
        verdict: yes or no.
        reason: for the record, committed to and kept in the sidecar.
        terms: with a yes: let more calls within what was shown pass, this session.
        now: milliseconds since the epoch.
    """

    approval: ApprovalId
    by: PrincipalId
    verdict: Literal["approve", "deny"]
    now: int
    reason: str = ""
    terms: Terms | None = None


def answer(log: Log, said: Said, signer: Signer, members: Members, *, keep_days: int = 30) -> Approval:
    """Give an answer; the approval as it stands afterwards.

    Args:
        signer: the person's unlocked key, which must be enrolled for `said.by`.
        members: people of a group.

    Raises:
        RequestError: `unknown_approval`, `already_answered`, `expired`, `session_ended`,
            `not_your_question`, `assurance_too_weak`, `not_enrolled`, `clock_jump`, `facts_changed`;
            with terms `not_grantable`, `nothing_named`, `bad_terms`.
        UnavailableError: it cannot be made durable, so it was not given.
    """

    def job(tx: Transaction) -> Approval:
        approval = _open(tx, said)
        if tx.state(f"key:{digest(signer.public)}") != said.by:
            raise RequestError("not_enrolled", f"this key is not enrolled for `{said.by}`", help="run: assent init")
        assurance = cast(Assurance, signer.assurance)
        must_be_asked(approval, said.by, assurance, members)
        return _record(tx, approval, said, signer, (log.node, members, keep_days))

    return log.submit(job, durable=True).result()


def _open(tx: Transaction, said: Said) -> Approval:
    """The approval, if it can still be answered by this person."""
    approval = tx.approval(said.approval)
    if approval is None:
        help = "see: assent approvals"
        raise RequestError("unknown_approval", f"there is no approval `{said.approval[:64]}`", help=help)
    if not approval.card:
        raise RequestError("card_erased", "what was asked has been erased, so nobody can answer it any more")
    if leaves.rfc3339(said.now + CLOCK_TOLERANCE) < leaves.highest(tx.state(leaves.CLOCK)):
        raise RequestError("clock_jump", "the clock is behind what was recorded", help="run: assent clock confirm")
    session = tx.session(approval.session)
    if session is None or session.status != "open":
        raise RequestError("session_ended", "the session that asked has ended: nothing would come of an answer")
    if approval.status == "expired" or (approval.status == "pending" and approval.expires <= said.now):
        raise RequestError("expired", "the question has expired; the agent has to ask again")
    seen = sorted(session.labels - INTEGRITY_LABELS)
    if said.verdict == "approve" and seen != json.loads(approval.card)["labels"]:
        raise RequestError(
            "facts_changed",
            f"since this was asked the session has seen: {', '.join(seen) or 'nothing any more'}",
            help="the agent has to make the call again; the new question shows it",
        )
    if any(given.by == said.by for given in approval.answers):
        raise RequestError("already_answered", f"`{said.by}` has answered this question")
    overtakes = approval.status == "approved" and said.verdict == "deny"
    if approval.status != "pending" and not overtakes:  # somebody else's no beats a yes not yet used
        raise RequestError("already_answered", f"the question is closed: {approval.status}")
    return approval


def statement(approval: Approval, said: Said) -> dict[str, object]:
    """What the person signs: the attempt, the exact action and facts, the rules shown."""
    asked = [{"digest": a.digest, "group": a.group, "policy": a.policy, "quorum": a.quorum} for a in approval.asked]
    return {
        "action": approval.commitment,
        "approval": approval.id,
        "asked": asked,
        "attempt": approval.attempt,
        "by": said.by,
        "facts": commit(approval.salt, "facts", approval.facts),
        "reason": commit(approval.salt, "reason", said.reason) if said.reason else "",
        "time": leaves.rfc3339(said.now),
        "verdict": said.verdict,
    }


def _record(
    tx: Transaction, approval: Approval, said: Said, signer: Signer, place: tuple[str, Members, int]
) -> Approval:
    node, members, keep_days = place
    signed = statement(approval, said)
    data = canonicalize(signed)
    signature = base64.b64encode(signer.sign(PREFIX + data)).decode()
    key, assurance = digest(signer.public), cast(Assurance, signer.assurance)
    given = Answer(said.by, said.verdict, assurance, key, signature, data.decode(), said.now)
    named: Mapping[str, object] = {
        "approval": approval.id,
        "attempt": approval.attempt,
        "by": said.by,
        "verdict": said.verdict,
    }
    draft = leaves.approval(node, said.now, signed, named, leaves.Signature(key, assurance, signature))
    clear: dict[str, object] = {"action": approval.action, "facts": approval.facts}
    clear |= {"reason": said.reason} if said.reason else {}
    draft = replace(draft, salt=approval.salt, values=canonicalize(clear))
    leaves.append(tx, draft, approval.session, keep_days=keep_days)
    answered = replace(approval, answers=(*approval.answers, given))
    status: ApprovalStatus = "pending"
    if said.verdict == "deny":
        status = "denied"
        _refuse(tx, approval)
    elif reached(answered, members):
        status = "approved"
    answered = replace(answered, status=status)
    tx.put_approval(answered)
    if approval.tool == ELEVATE and status == "approved":
        issue_elevation(tx, node, answered, signer)
    if said.terms is not None and said.verdict == "approve":
        issue(tx, node, answered, said.terms, signer)
    return answered


def _refuse(tx: Transaction, approval: Approval) -> None:
    """A person's no holds for the session, for the same tool and targets; decisions under way see it move.

    It also ends what was granted of that tool for some of what the call names.
    """
    tx.put_refusal(approval.session, approval.refusal)
    for given in tx.delegations(approval.session):
        if (
            given.status == "live"
            and (given.server, given.tool) == (approval.server, approval.tool)
            and _shared(json.loads(given.card)["named"], json.loads(approval.card)["named"])
        ):
            tx.put_delegation(replace(given, status="ended"))
    session = tx.session(approval.session)
    if session is not None:
        tx.put_session(replace(session, version=session.version + 1))


def _shared(some: Mapping[str, object], others: Mapping[str, object]) -> bool:
    """Do two calls name something in common? Where arguments are names, what an analyser makes of them says less."""
    kinds = [kind for kind in some if kind in others]
    kinds = [kind for kind in kinds if kind.startswith(ARGUMENT)] or kinds
    for kind in kinds:
        one, other = some[kind], others[kind]
        if one == other or (isinstance(one, list) and isinstance(other, list) and any(name in other for name in one)):
            return True
    return False
