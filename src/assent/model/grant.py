"""Grant: one link of a delegation chain, as the store keeps what was signed (DESIGN §2, §4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from assent.model.ids import DelegationId, Digest, PrincipalId, SessionId

#: Links of one chain at most.
MOST_LINKS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What one link restricts; whatever is not named is not restricted by this link.

    Args:
        actions: ids of actions and action groups, sorted; each effect of a call must be in one of them.
        servers: server names, sorted.
        targets: kind of target → patterns, sorted; all of that kind in a call must fit one.
        condition: one Cedar expression as its author wrote it; empty for none.
        tree: the same as the engine's canonical JSON; what is evaluated.
        calls: how many calls it lets pass, in all that stands on it; None for any number.
        depth: how many further links may follow.
    """

    actions: tuple[str, ...] | None = None
    servers: tuple[str, ...] | None = None
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    condition: str = ""
    tree: str = ""
    calls: int | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """One link: what its issuer lets its subject do on the issuer's behalf.

    Args:
        parent: the link it stands on; empty for the root, which a `User` gives.
        key: RFC 7638 thumbprint of the subject's key, which signs the next link; empty if none may be signed.
        session: the only session it holds in; empty if it holds in any.
        task: digest of the only task statement it holds for; empty for any.
        not_before, expires: milliseconds since the epoch.
        digest: of the token.
        token: the signed delegation, compact JWS.
    """

    id: DelegationId
    parent: str
    issuer: PrincipalId
    subject: PrincipalId
    limits: Limits
    not_before: int
    expires: int
    digest: Digest
    token: str = ""
    key: str = ""
    session: SessionId = SessionId("")  # noqa: RUF009 - a NewType is its value
    task: str = ""
    created: int = 0
    status: Literal["live", "revoked"] = "live"
