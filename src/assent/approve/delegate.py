"""Yes for these targets, this session: a delegation, signed beside the answer, in the same transaction.

It lifts nothing by itself: a later call that lies within what was shown is decided
afresh with it, and the transaction that mints its permit takes one off the count.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from typing import cast

from assent_verify.canonical import digest
from assent_verify.receipt import commit

from assent.errors import RequestError
from assent.model.approval import Approval, Assurance
from assent.model.decision import PolicyRef
from assent.model.delegation import Delegation
from assent.model.ids import DelegationId, PolicyId, new_id
from assent.ports import Signer, Transaction
from assent.record import leaves

MOST_CALLS, LONGEST_S = 100, 86_400


@dataclass(frozen=True, slots=True)
class Terms:
    """How far a yes for this session goes: so many calls, for so many seconds."""

    count: int = 20
    seconds: int = 1_800


def grantable(approval: Approval) -> str:
    """Why a yes to this question cannot cover more calls, in one line; empty if it can."""
    card = json.loads(approval.card)
    if not approval.asked or not all(asked.grantable for asked in approval.asked):
        firm = ", ".join(asked.policy for asked in approval.asked if not asked.grantable)
        return f"`{firm}` is not @grantable: it is answered call by call"
    if any(asked.quorum > 1 for asked in approval.asked):
        return "more than one person has to answer"
    if not card.get("named"):
        return "the call names no targets"
    if card["facts"].get("secret_in_arguments") or card["facts"].get("not_pinned", True):
        return "it holds a secret, or refers to something that is not pinned"
    return ""


def issue(tx: Transaction, node: str, approval: Approval, terms: Terms, signer: Signer) -> Delegation:
    """Grant it, inside the transaction of the answer.

    Raises:
        RequestError: `not_grantable`, or `bad_terms`.
    """
    if not 1 <= terms.count <= MOST_CALLS or not 1 <= terms.seconds <= LONGEST_S:
        text = f"expected 1 to {MOST_CALLS} calls within at most a day"
        raise RequestError("bad_terms", text, help="give --count and --expires within that")
    if why := grantable(approval):
        raise RequestError(
            "not_grantable", f"it cannot be granted for the session: {why}", help="approve this one call"
        )
    given = approval.answers[-1]
    made = Delegation(
        id=DelegationId(new_id("dlg", secrets.token_bytes(16))),
        session=approval.session,
        principal=approval.principal,
        server=approval.server,
        tool=approval.tool,
        by=given.by,
        assurance=given.assurance,
        approval=approval.id,
        card=approval.card,
        lifts=tuple(PolicyRef(PolicyId(asked.policy), asked.digest) for asked in approval.asked),
        count=terms.count,
        used=0,
        created=given.at,
        expires=given.at + terms.seconds * 1000,
        salt=approval.salt,
    )
    sign_leaf(tx, node, given.at, ("delegation", _subject(made, approval)), signer)
    tx.put_delegation(made)
    return made


def _subject(made: Delegation, approval: Approval) -> dict[str, object]:
    """What the operator signs: everything by which a later call is held, what was shown by commitment."""
    return {
        "approval": made.approval,
        "by": made.by,
        "count": made.count,
        "delegation": made.id,
        "expires": leaves.rfc3339(made.expires),
        "facts": commit(made.salt, "facts", approval.facts),
        "lifts": [{"digest": one.digest, "id": one.id} for one in made.lifts],
        "principal": made.principal,
        "server": made.server,
        "session": made.session,
    }


def sign_leaf(tx: Transaction, node: str, now: int, said: tuple[str, dict[str, object]], signer: Signer) -> None:
    """A system leaf, signed by a person: event and subject."""
    event, subject = said
    signature = base64.b64encode(signer.sign(leaves.system_statement(event, subject, now))).decode()
    signed = leaves.Signature(digest(signer.public), cast(Assurance, signer.assurance), signature)
    leaves.append(tx, leaves.system(node, now, event, subject, signed), None)
