"""Just-in-time elevation: a person's yes to one more action group for one session is a delegation of theirs.

It is signed beside the answer and in its transaction: a first link, from the person to the
agent, for this session alone. What the person may not do by policy, it does not give: a call
that stands on it is decided for both (DESIGN §4.3).
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace

from assent.approve.delegate import sign_leaf
from assent.errors import RequestError
from assent.identity import grant as grants
from assent.identity import jwk
from assent.model.approval import Approval
from assent.model.grant import Grant, Limits
from assent.model.ids import DelegationId, Digest, new_id
from assent.policy.limits import check
from assent.ports import Signer, Transaction
from assent.record import leaves

#: Minutes that one may last, and characters of what an agent gives for a reason.
LONGEST, MOST_REASON = 480, 500


@dataclass(frozen=True, slots=True)
class Wish:
    """What an agent asks for: one action group, for so many minutes of this session, and why."""

    group: str
    minutes: int
    reason: str


def wish(arguments: object) -> Wish:
    """What is asked for, strictly.

    Raises:
        RequestError: `bad_elevation`: no action group, no such time, or more than that.
    """
    told = arguments if isinstance(arguments, dict) else {}
    group, minutes, reason = told.get("group"), told.get("minutes", 30), told.get("reason")
    text = "expected `group`, as effect:write, `reason` in a sentence, and perhaps `minutes`"
    if not told.keys() <= {"group", "minutes", "reason"} or not isinstance(group, str) or not isinstance(reason, str):
        raise RequestError("bad_elevation", text)
    if type(minutes) is not int or not 1 <= minutes <= LONGEST or not 1 <= len(reason) <= MOST_REASON:
        raise RequestError("bad_elevation", f"{text}: 1 to {LONGEST} minutes, at most {MOST_REASON} characters")
    try:
        check(Limits(actions=(group,)))
    except RequestError as error:
        raise RequestError("bad_elevation", error.message, help=error.help) from error
    return Wish(group, minutes, reason)


def issue(tx: Transaction, node: str, approval: Approval, signer: Signer) -> Grant:
    """Give it, inside the transaction of the last answer that was needed.

    Raises:
        RequestError: `bad_elevation`: what was asked is no elevation; `session_ended`.
    """
    session, given = tx.session(approval.session), approval.answers[-1]
    now = given.at // 1000 * 1000
    asked = wish(json.loads(approval.card)["arguments"])
    if session is None or session.over(given.at):
        raise RequestError("session_ended", "the session that asked is over")
    ends = min([now + asked.minutes * 60_000, *([session.expires // 1000 * 1000] if session.expires else [])])
    made = Grant(
        id=DelegationId(new_id("dlg", secrets.token_bytes(16))),
        parent="",
        issuer=given.by,
        subject=approval.principal,
        limits=Limits(actions=(asked.group,)),
        not_before=now,
        expires=ends,
        digest=Digest(""),
        session=session.id,
        created=now,
    )
    token = grants.sign(made, None, signer)
    made = replace(made, token=token, digest=grants.digest_of(token))
    tx.put(made)
    tx.put_state(f"signer:{jwk.thumbprint(signer.public)}", jwk.jwk(signer.public))
    leaves.append(tx, leaves.system(node, given.at, "grant", _grant(made)), None)
    sign_leaf(tx, node, given.at, ("elevation", _elevation(made, approval, asked)), signer)
    return made


def _grant(made: Grant) -> dict[str, object]:
    named = {"delegation": made.id, "digest": made.digest, "issuer": made.issuer, "parent": "", "subject": made.subject}
    return {**named, "expires": leaves.rfc3339(made.expires)}


def _elevation(made: Grant, approval: Approval, asked: Wish) -> dict[str, object]:
    """What the person signs beside the token."""
    return {
        "approval": approval.id,
        "by": made.issuer,
        "delegation": made.id,
        "expires": leaves.rfc3339(made.expires),
        "group": asked.group,
        "session": made.session,
    }
