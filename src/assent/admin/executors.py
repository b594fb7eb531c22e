"""Executors whose word counts: a person enrols the key of a server, which then signs outcomes and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from assent_verify.canonical import digest

from assent.admin import signed
from assent.errors import RequestError
from assent.identity import outcomes
from assent.model.outcome import Outcome
from assent.model.permit import Permit
from assent.ports import Reader, Signer, Transaction
from assent.record import leaves

#: Milliseconds that an executor's clock may be ahead when it signs.
_AHEAD = 5_000


def _state(server: str) -> str:
    return f"executor:{server}"


def enrol(tx: Transaction, node: str, now: int, enrolled: tuple[str, bytes, str], signer: Signer) -> leaves.Appended:
    """Take the word of this key for outcomes of this server from now on.

    Args:
        enrolled: the server's name, the raw public key, and the `User` who answers for it.

    Raises:
        RequestError: `already_enrolled`, or the signer may not say so.
    """
    server, public, user = enrolled
    fingerprint = digest(public)
    if public in keys(tx, server) or tx.state(f"key:{fingerprint}"):
        raise RequestError(
            "already_enrolled", "this key is enrolled already", help="give every executor a key of its own"
        )
    subject = {"fingerprint": fingerprint, "key": base64.b64encode(public).decode(), "server": server, "user": user}
    leaf = signed.append(tx, node, now, "enrol", subject, signer)
    known = [*keys(tx, server), public]
    tx.put_state(_state(server), json.dumps([base64.b64encode(one).decode() for one in known]))
    return leaf


def keys(reader: Reader, server: str) -> tuple[bytes, ...]:
    """The raw public keys that speak for the executor of a server."""
    return tuple(base64.b64decode(one) for one in json.loads(reader.state(_state(server)) or "[]"))


def vouched(reader: Reader, permit: Permit, said: object, answer: Mapping[str, object], now: int) -> Outcome | None:
    """The outcome that an enrolled key has signed for this permit and this answer; None for anything else."""
    known = keys(reader, permit.audience)
    return outcomes.vouched(said, (permit.attempt, permit.leaf), answer, known, (now + _AHEAD) // 1000)
