"""Credential: a secret of an upstream that Assent holds, and no agent ever sees (DESIGN §6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Credential:
    """One upstream secret, sealed.

    Args:
        name: `[a-z0-9-]{1,40}`, unique.
        server: the only server it is used at.
        how: where it is put: `env:VARIABLE`, `file:VARIABLE`, `header:NAME`, or `exchange:URL`.
        principals: who may use it, Cedar uid texts, sorted; none named means everyone who may call the server.
        sealed: the encrypted secret.
        created, rotated, last_used: milliseconds since the epoch; 0 if never.
        uses: how often it was used.
    """

    name: str
    server: str
    how: str
    principals: tuple[str, ...]
    sealed: bytes
    created: int
    rotated: int = 0
    last_used: int = 0
    uses: int = 0
    status: Literal["live", "removed"] = "live"


@dataclass(frozen=True, slots=True)
class Secret:
    """What is sealed of a credential.

    Args:
        text: the secret itself.
        scope, audience: what a token that is exchanged for it is asked to be good for; empty if not exchanged.
    """

    text: str = field(repr=False)
    scope: str = ""
    audience: str = ""
