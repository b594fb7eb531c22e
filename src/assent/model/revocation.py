"""Revocation: what was taken back, and from which epoch on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RevokedKind = Literal["principal", "session", "delegation", "permit", "tool", "server", "key"]


@dataclass(frozen=True, slots=True)
class Revocation:
    """One thing that was taken back.

    Args:
        id: of the thing; a tool is `SERVER/TOOL`.
        at: milliseconds since the epoch.
        epoch: the revocation epoch that began with it.
    """

    kind: RevokedKind
    id: str
    at: int
    epoch: int
