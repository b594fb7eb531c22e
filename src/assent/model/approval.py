"""Approval: a person's signed answer to one attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assent.model.ids import ActionDigest, ApprovalId, AttemptId, Digest, PrincipalId, SessionId

Assurance = Literal["same-user", "passphrase", "keyring", "passkey"]
ASSURANCE: tuple[Assurance, ...] = ("same-user", "passphrase", "keyring", "passkey")  # weakest first
ApprovalStatus = Literal["pending", "approved", "denied", "expired", "cancelled", "executed"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's answer, as verified when it was given.

    Args:
        by: the `User` who answered.
        verdict: what they said.
        assurance: how well they proved who they are.
        key: fingerprint of the signing key, `sha256:…`.
        signature: standard base64, Ed25519 over the canonical statement.
        statement: the exact canonical bytes that were signed, ASCII.
        at: milliseconds since the epoch.
    """

    by: PrincipalId
    verdict: Literal["approve", "deny"]
    assurance: Assurance
    key: str
    signature: str
    statement: str
    at: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One rule that asked, as it was shown: policy id and text digest, group, quorum, what it admits."""

    policy: str
    digest: Digest
    group: str
    quorum: int
    self_: bool
    assurance: str = ""
    grantable: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """A question to people about one attempt, and their answers (DESIGN §4.7).

    Args:
        attempt: the attempt it names; it lifts nothing for another.
        action: digest of the exact action shown.
        asked: the escalations shown; only these can be lifted.
        facts: digest of the facts shown (`decide.facts.shown`).
        card: what is shown, canonical JSON text; never in a leaf.
        commitment: SHA-256(salt ‖ action digest), which leaves and statements carry.
        salt: 16 random bytes that open the commitments of question and answers; never in a leaf.
        refusal: digest of server, tool and targets: a *no* holds for it all session.
    """

    id: ApprovalId
    attempt: AttemptId
    session: SessionId
    principal: PrincipalId
    owner: PrincipalId
    server: str
    tool: str
    action: ActionDigest
    commitment: str
    asked: tuple[Asked, ...]
    facts: Digest
    card: str
    refusal: Digest
    created: int
    expires: int
    status: ApprovalStatus
    answers: tuple[Answer, ...] = ()
    salt: bytes = b""
