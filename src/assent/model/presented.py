"""Presented: a permit as its executor reads it, before it runs anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assent.model.action import Action, Referent
from assent.model.ids import ActionDigest, AttemptId, Digest, LeafIndex, PermitId, PrincipalId, SessionId


@dataclass(frozen=True, slots=True)
class Presented:
    """What a signed permit says (docs/permits.md).

    Args:
        issuer: origin of the log that holds the receipt.
        subject: whose authority it is: the root of the chain.
        actors: who acts for the subject, the present actor first; empty if the subject acts itself.
        audience: the one executor that may take it.
        issued, expires: seconds since the epoch.
        principal: who acts; the first of the actors, or the subject.
        chain: ids of the delegations, root first.
        action: digest of the exact action.
        obligations: digest of the obligations that the gateway carries out.
        receipt, leaf: index and leaf hash of the durable allow receipt.
        epoch: revocation epoch at the commit.
    """

    issuer: str
    subject: PrincipalId
    actors: tuple[PrincipalId, ...]
    audience: str
    id: PermitId
    issued: int
    expires: int
    attempt: AttemptId
    session: SessionId
    chain: tuple[str, ...]
    principal: PrincipalId
    server: str
    method: str
    tool: str
    definition: Digest | None
    referents: tuple[Referent, ...]
    action: ActionDigest
    obligations: Digest
    receipt: LeafIndex
    leaf: str
    epoch: int

    def fits(self, params: Mapping[str, object]) -> bool:
        """Is it for exactly these params, which the executor is about to run?

        Raises:
            ProofError: they are not JSON, so no action has them.
        """
        action = Action(
            principal=self.principal,
            chain=self.chain,
            session=self.session,
            server=self.server,
            method=self.method,
            tool=self.tool,
            definition=self.definition,
            params=params,
            referents=self.referents,
        )
        return action.digest == self.action
