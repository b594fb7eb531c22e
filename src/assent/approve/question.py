"""Opening a question: one attempt, one exact action, the rules that asked."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from assent_verify.canonical import canonicalize, digest
from assent_verify.receipt import commit

from assent.approve.expire import expire
from assent.model.action import Action
from assent.model.approval import Approval, Asked
from assent.model.ids import ApprovalId, AttemptId, Digest, new_id
from assent.model.session import Session
from assent.ports import Transaction

#: Most questions one session may have open: more would tire people into saying yes.
MOST_OPEN = 20
#: Milliseconds that a call may be held for its answer, and some.
HELD_MS = 60_000


@dataclass(frozen=True, slots=True)
class Question:
    """What people are asked.

    Args:
        card: everything they are shown (`decide.facts.shown`), JSON.
        refusal: digest of server, tool and targets, for which a no holds.
        expires_s: seconds until silence becomes `defer`.
        now: milliseconds since the epoch.
    """

    attempt: AttemptId
    session: Session
    action: Action
    asked: tuple[Asked, ...]
    card: Mapping[str, object]
    refusal: Digest
    expires_s: int
    now: int


def ask(tx: Transaction, question: Question) -> Approval | None:
    """Open the question in this transaction; None if the session has too many open.

    A variation of a question that is still open (same server, tool and targets)
    takes its place: what was asked before is cancelled, so people see one.
    """
    expire(tx, question.now - HELD_MS)  # a call held for a younger one is to hear that it expired
    waiting = [a for a in tx.approvals(status="pending") if a.expires > question.now]
    mine = [old for old in waiting if old.session == question.session.id]
    same = [old for old in mine if old.refusal == question.refusal]
    if len(mine) - len(same) >= MOST_OPEN:
        return None
    for old in same:
        tx.put_approval(replace(old, status="cancelled"))
    approval = build(question)
    tx.put_approval(approval)
    return approval


def build(question: Question) -> Approval:
    """The approval row of a question, with fresh id and commitment."""
    card = canonicalize(dict(question.card))
    salt = secrets.token_bytes(16)
    return Approval(
        id=ApprovalId(new_id("apr", secrets.token_bytes(16))),
        attempt=question.attempt,
        session=question.session.id,
        principal=question.session.principal,
        owner=question.session.owner,
        server=question.action.server,
        tool=question.action.tool,
        action=question.action.digest,
        commitment=commit(salt, "action", question.action.digest),
        asked=question.asked,
        facts=Digest(digest(card)),
        card=card.decode(),
        refusal=question.refusal,
        created=question.now,
        expires=question.now + question.expires_s * 1000,
        status="pending",
        salt=salt,
    )
