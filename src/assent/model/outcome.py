"""Outcome: what became of an attempt, and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["succeeded", "failed", "unknown"]
Attestor = Literal["gateway", "executor", "server"]


@dataclass(frozen=True, slots=True)
class ExecutorSignature:
    """An executor's word for an outcome: the digest of its key, its signature, when it signed (RFC 3339).

    Args:
        salt: of the leaf, drawn by the executor: what it signs are commitments.
    """

    key: str
    signature: str
    time: str
    salt: bytes = b""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt.

    Args:
        status: `unknown` whenever it cannot be said.
        attested: whose word it is.
        response: the exact bytes that came back; empty if none did.
        labels: labels the output brings into the session.
        reached: False only if the call provably never reached the server.
        detail: stable code for a person, for example `server_died`.
        external: id that the executor gave what it did (transaction, commit, ETag), empty if none is known.
        signed: the executor's signature; there exactly if `attested` is `executor`.
    """

    status: Status
    attested: Attestor
    response: bytes = b""
    labels: frozenset[str] = frozenset()
    reached: bool = True
    detail: str = ""
    external: str = ""
    signed: ExecutorSignature | None = None
