"""Chains for tests: people and agents with keys of their own, and links signed by them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.identity import jwk
from assent.identity.grant import Trust, digest_of, sign
from assent.keys.file import KeySigner
from assent.model.grant import Grant, Limits
from assent.model.ids import DelegationId, Digest, PrincipalId, new_id

NOW = 1_795_000_000_000
HOUR = 3_600_000


def key() -> KeySigner:
    """A fresh Ed25519 key."""
    return KeySigner(Ed25519PrivateKey.generate(), "same-user")


@dataclass
class Cast:
    """Who may sign: `ana`, an enrolled person; agents `a1`, `a2`, …; the home's authority; and a stranger."""

    keys: dict[str, KeySigner] = field(default_factory=dict)

    def __getitem__(self, who: str) -> KeySigner:
        return self.keys.setdefault(who, key())

    def id(self, who: str) -> PrincipalId:
        """`User::"ana"`, `Agent::"a1"`."""
        return PrincipalId(f'{"User" if who[0] != "a" or who == "ana" else "Agent"}::"{who}"')

    def thumb(self, who: str) -> str:
        """Thumbprint of their key."""
        return jwk.thumbprint(self[who].public)

    @property
    def trust(self) -> Trust:
        """What a home with this person and authority would trust."""
        people = {self.thumb("ana"): self.id("ana")}
        authority = frozenset({self.thumb("authority")})
        return Trust(people, authority, {self.thumb(who): one.public for who, one in list(self.keys.items())})

    def link(self, issuer: str, subject: str, parent: Grant | None = None, *, by: str = "", **more: Any) -> Grant:
        """A signed link; `by` signs it, else its issuer."""
        more.setdefault("limits", Limits(depth=max(0, parent.limits.depth - 1) if parent else 8))
        made = Grant(
            id=DelegationId(new_id("dlg", secrets.token_bytes(16))),
            parent=parent.id if parent else "",
            issuer=self.id(issuer),
            subject=self.id(subject),
            limits=more.pop("limits"),
            not_before=NOW - HOUR,
            expires=NOW + HOUR,
            digest=Digest(""),
            key=self.thumb(subject),
            created=NOW - HOUR,
        )
        made = replace(made, **more)
        token = sign(made, parent, self[by or issuer])
        return replace(made, token=token, digest=digest_of(token))

    def chain(self, length: int) -> list[Grant]:
        """ana → a1 → a2 → …"""
        links = [self.link("ana", "a1")]
        for at in range(1, length):
            links.append(self.link(f"a{at}", f"a{at + 1}", links[-1]))
        return links
