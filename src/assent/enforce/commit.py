"""Step 6: one transaction that compares versions, appends the receipt, mints the permit.

The decision names the versions it used; if one has moved, nothing is written and
the caller decides again. What is written here is what may happen; nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from assent.approve.question import Question, ask
from assent.decide.facts import Link
from assent.enforce import consume
from assent.enforce.rules import Text
from assent.errors import ConflictError
from assent.inform.seen import Looked
from assent.model.action import Action
from assent.model.approval import Approval
from assent.model.decision import Decision, GoOn, Reason, Verdict
from assent.model.delegation import Delegation
from assent.model.grant import Grant
from assent.model.ids import AttemptId, DelegationId, Digest, LeafIndex, PermitId
from assent.model.permit import Consumer, Permit
from assent.model.session import Session
from assent.ports import Attempt, Prior, Spent, Transaction
from assent.record import epoch, leaves

#: A permit bounds the start of an effect; the gateway starts at once.
PERMIT_MS = 30_000
#: What the commit itself may find, in the transaction that decides it.
TOO_MANY = Reason("too_many_questions", "", "too many questions of this session wait for an answer")
USED_UP = Reason("delegation_used_up", "", "a delegation it stands on has no more calls left")
GO_ON: GoOn = "later"
#: Measure of the budget that a delegation's number of calls is.
CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A decision that wants to become a receipt.

    Args:
        action: the exact action decided.
        decision: the pure verdict.
        session: the snapshot it was decided in.
        attempt: the attempt it belongs to.
        draft: the decision leaf without its final verdict.
        versions: state keys and the values the decision used; all are compared.
        seen: ids of the earlier attempts of the same effect that the facts knew of.
        refusal: digest of server, tool and targets.
        refused: what the facts said about a person's no.
        approvals: approvals presented to the decision; each must be unchanged.
        delegation: the one that the decision stands on; it must be unchanged, its count included.
        priors: bytes kept before a write that can be undone.
        deadline_ms: until when an outcome is due, from now.
        question: what to ask people, if the verdict is `escalate`.
        permit: id of the permit if it is an allow.
        texts: what it was decided by, archived with the receipt.
        looked: the store was read for this decision, kept results included.
        text: what looking for text of the session in the call has found.
        bounded: the links of the chain that bound how many calls may pass.
        consumer: who consumes the permit.
        chain: who acts, the root first, each with what was delegated to it.
        counts: some policy goes by how many calls went before, so none may come between.
    """

    action: Action
    decision: Decision
    session: Session
    attempt: AttemptId
    draft: leaves.Draft
    versions: Mapping[str, str]
    seen: frozenset[str]
    refusal: Digest
    refused: bool
    approvals: tuple[Approval, ...] = ()
    delegation: Delegation | None = None
    priors: tuple[Prior, ...] = ()
    deadline_ms: int = 300_000
    question: Callable[[], Question] | None = None
    permit: PermitId | None = None
    texts: tuple[Text, ...] = ()
    looked: bool = True
    counts: bool = False
    text: Looked | None = None
    bounded: tuple[Grant, ...] = ()
    consumer: Consumer = ""
    chain: tuple[Link, ...] = ()

    @property
    def read_only(self) -> bool:
        """Every effect is a read: a repeat harms nobody."""
        return self.decision.effects == ("read",)


@dataclass(frozen=True, slots=True)
class Committed:
    """What the transaction left behind."""

    verdict: Verdict
    receipt: LeafIndex
    leaf_hash: str
    permit: Permit | None
    approval: Approval | None
    session: Session | None
    stricter: Reason | None = None


def compare(tx: Transaction, proposal: Proposal) -> None:
    """Has anything the decision used moved? Reads only.

    Raises:
        ConflictError: yes; decide again.
    """
    session = tx.session(proposal.session.id)
    if session is None or session.version != proposal.session.version or session.status != "open":
        raise ConflictError("moved", "the session has changed")
    if proposal.counts and session.seq != proposal.session.seq:
        raise ConflictError("moved", "another call of the session came between")
    for key, value in proposal.versions.items():
        if (tx.state(key) or "") != value:
            raise ConflictError("moved", f"`{key}` has changed")
    if tx.refused(proposal.session.id, proposal.refusal) != proposal.refused:
        raise ConflictError("moved", "a person has answered")
    for approval in proposal.approvals:
        if tx.approval(approval.id) != approval:
            raise ConflictError("moved", "an approval has changed")
    if proposal.delegation is not None and tx.delegation(proposal.delegation.id) != proposal.delegation:
        raise ConflictError("moved", "a delegation has been used, revoked or ended")
    if proposal.text is not None and proposal.text.moved(tx):
        raise ConflictError("moved", "a server has given text that the call may carry")
    if not proposal.looked and tx.state(f"kept:{proposal.session.id}"):
        raise ConflictError("moved", "a result is kept for this session")
    if not proposal.read_only:
        like = frozenset(attempt.id for attempt in tx.attempts_like(proposal.action.sameness))
        if like - {proposal.attempt} != proposal.seen:
            raise ConflictError("moved", "the same call was made meanwhile")


def commit(tx: Transaction, proposal: Proposal, node: str, now: int, keep_days: int) -> Committed:
    """Compare, then write everything the verdict needs, or nothing.

    Raises:
        ConflictError: a version moved.
        ProofError: the leaf does not fit its format.
    """
    compare(tx, proposal)
    verdict = proposal.decision.verdict
    stricter: Reason | None = None
    approval = _ask(tx, proposal) if verdict == "escalate" else None
    if verdict == "escalate" and approval is None:
        verdict, stricter = "defer", TOO_MANY
    if verdict == "allow" and not _reserve(tx, proposal.bounded):
        verdict, stricter = "deny", USED_UP
    permit = _mint(tx, proposal, now) if verdict == "allow" else None
    grant = leaves.Grant(permit.id, permit.audience, permit.expires) if permit else None
    draft = leaves.sealed(proposal.draft, verdict, (stricter.code,) if stricter else (), grant)
    appended = leaves.append(tx, draft, proposal.session.id, keep_days=keep_days)
    for text in proposal.texts:
        tx.put_archive(text.digest, text.kind, text.content)
    _put_attempt(tx, proposal, (verdict, appended), permit, node, now)
    for shown in proposal.approvals:
        if permit is not None and shown.id in proposal.decision.lifted:
            # consumed by the very transaction that mints the permit (DESIGN §4.7)
            tx.put_approval(replace(shown, status="executed"))
        elif shown.status in ("pending", "approved") and shown.expires <= now:
            tx.put_approval(replace(shown, status="expired"))
        elif shown.status == "approved" and approval is not None and approval.id != shown.id:
            tx.put_approval(replace(shown, status="cancelled"))  # it no longer fits: another question took its place
    if permit is not None and proposal.delegation is not None:
        _use(tx, proposal, proposal.delegation)
    if permit is None:
        return Committed(verdict, appended.index, appended.hash, None, approval, appended.session, stricter)
    for prior in proposal.priors:
        tx.put_prior(replace(prior, attempt=proposal.attempt, receipt=appended.index, session=proposal.session.id))
    permit = replace(permit, receipt=appended.index, leaf=appended.hash)
    if permit.consumer:
        consume.give(tx, permit, now)
    return Committed(verdict, appended.index, appended.hash, permit, None, appended.session)


def _reserve(tx: Transaction, bounded: Sequence[Grant]) -> bool:
    """Take one call off every link that bounds them, or off none: no budget is ever overspent (invariant 5)."""
    used = [(one, tx.find(Spent, one.id, CALLS) or Spent(one.id, CALLS, 0)) for one in bounded]
    if any(spent.used >= (one.limits.calls or 0) for one, spent in used):
        return False
    for _, spent in used:
        tx.put(replace(spent, used=spent.used + 1))
    return True


def refund(tx: Transaction, chain: Sequence[DelegationId]) -> None:
    """Give back the call that an attempt had reserved, which provably never reached its server."""
    for id in chain:
        spent = tx.find(Spent, id, CALLS)
        if spent is not None and spent.used:
            tx.put(replace(spent, used=spent.used - 1))


def _mint(tx: Transaction, proposal: Proposal, now: int) -> Permit:
    """A permit: minted consumed if this process itself consumes it, so that no one else ever can."""
    ends = [link.grant.expires for link in proposal.chain if link.grant]
    return Permit(
        id=proposal.permit or PermitId(""),
        attempt=proposal.attempt,
        action=proposal.action,
        audience=proposal.action.server,
        receipt=LeafIndex(-1),
        # no permit outlives what it stands on: an executor with a store of its own asks nobody
        expires=min(time for time in (now + PERMIT_MS, proposal.session.expires, *ends) if time),
        epoch=epoch.current(tx),
        obligations=proposal.decision.obligations,
        issued=now,
        principals=tuple(link.principal.id for link in proposal.chain) if proposal.consumer else (),
        consumer=proposal.consumer,
    )


def _use(tx: Transaction, proposal: Proposal, given: Delegation) -> None:
    """Take one call off the count, in the transaction that mints the permit; nobody need answer any more."""
    tx.put_delegation(replace(given, used=given.used + 1))
    asked = tx.approval_for(proposal.session.id, proposal.action.digest)
    if asked is not None and asked.status == "pending":
        tx.put_approval(replace(asked, status="cancelled"))


def _ask(tx: Transaction, proposal: Proposal) -> Approval | None:
    """The question already open for this action, or a new one."""
    pending = tx.approval_for(proposal.session.id, proposal.action.digest)
    if pending is not None and pending.status == "pending" and pending.attempt == proposal.attempt:
        asked = {(a.policy, a.digest) for a in pending.asked}
        if asked == {(e.policy, e.digest) for e in proposal.decision.escalations}:
            return pending
    return ask(tx, proposal.question()) if proposal.question else None


def _put_attempt(
    tx: Transaction,
    proposal: Proposal,
    done: tuple[Verdict, leaves.Appended],
    permit: Permit | None,
    node: str,
    now: int,
) -> None:
    verdict, appended = done
    if verdict not in ("allow", "escalate"):
        return  # nothing can come of it: the receipt alone remembers it
    tx.put_attempt(
        Attempt(
            id=proposal.attempt,
            session=proposal.session.id,
            action=proposal.action.digest,
            # only what is no read can repeat an effect
            sameness=Digest("") if proposal.read_only else proposal.action.sameness,
            server=proposal.action.server,
            tool=proposal.action.tool,
            node=node,
            state="executing" if permit else "waiting",
            permit=permit.id if permit else None,
            decision=appended.index,
            deadline=now + proposal.deadline_ms if permit else 0,
            read=proposal.read_only,
        )
    )


def record_refusal(tx: Transaction, proposal: Proposal, node: str, now: int, keep_days: int) -> Committed:
    """Append the receipt of a decision that lets nothing happen; compares nothing, asks nobody.

    Whatever was decided, what is recorded and returned here is never an allow.
    """
    verdict: Verdict = "deny" if proposal.decision.verdict == "deny" else "defer"
    draft = leaves.sealed(proposal.draft, verdict, ())
    body = {**draft.body, "approvals": []}
    appended = leaves.append(tx, replace(draft, body=body), proposal.session.id, keep_days=keep_days)
    return Committed(verdict, appended.index, appended.hash, None, None, appended.session)
