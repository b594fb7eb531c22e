"""Principal: who acts, the person who owns it, and the ways to prove who it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from assent.model.ids import PrincipalId

PrincipalKind = Literal["User", "Agent", "Service", "Model"]
KINDS: tuple[PrincipalKind, ...] = ("User", "Agent", "Service", "Model")
Status = Literal["active", "disabled"]
#: Autonomy: 0 acts only when told each time, 4 plans and acts for itself for days.
AUTONOMY = range(5)


@dataclass(frozen=True, slots=True)
class Principal:
    """One principal.

    Args:
        kind: which of the four principal types.
        name: unique within its kind, ASCII, for example `local/claude`.
        owner: the `User` who answers for it; None only for a `User`.
        groups: `Group` names it belongs to, sorted.
        status: only an `active` principal may act.
        autonomy: how far it acts on its own, 0 to 4.
        model: the model it runs, as its maker names it; empty if it is not known or runs none.
        model_version: of that model.
    """

    kind: PrincipalKind
    name: str
    owner: PrincipalId | None
    groups: tuple[str, ...] = ()
    status: Status = "active"
    autonomy: int = field(default=0, metadata={"added": True})
    model: str = field(default="", metadata={"added": True})
    model_version: str = field(default="", metadata={"added": True})

    @property
    def id(self) -> PrincipalId:
        """The Cedar uid text, `Agent::"local/claude"`."""
        return PrincipalId(f'{self.kind}::"{self.name}"')


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A principal as the store holds it.

    Args:
        id: `principal.id`.
        owner: `principal.owner`, empty for a `User`.
        created: milliseconds since the epoch.
        last_used: when a session was last opened for it; 0 if never.
    """

    id: PrincipalId
    owner: str
    principal: Principal
    created: int
    last_used: int = 0


@dataclass(frozen=True, slots=True)
class Authenticator:
    """One way in which a principal proves who it is.

    Args:
        id: `key:` and the RFC 7638 SHA-256 thumbprint (base64url) of an Ed25519 public JWK,
            `x509:` and the hex SHA-256 of a certificate's SubjectPublicKeyInfo,
            `spiffe:` and a SPIFFE id, or `token:ISSUER SUBJECT`.
        public: the public JWK as canonical JSON; empty if there is none.
        created, last_used: milliseconds since the epoch; 0 if never used.
    """

    id: str
    principal: PrincipalId
    public: str = ""
    status: Status = "active"
    created: int = 0
    last_used: int = 0
