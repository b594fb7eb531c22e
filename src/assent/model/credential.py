"""Credential: a secret of an upstream that Assent holds, and no agent ever sees (DESIGN §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Credential:
    """One upstream secret, sealed.

    Args:
        name: `[a-z0-9-]{1,40}`, unique.
        server: the only server it is used at.
        how: where it is put: `env:VARIABLE`, or `header:NAME`.
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
