"""What became of an effect, on the word of its executor (docs/receipts.md, "Outcome leaves").

An executor signs commitments under a salt that it draws, so that the receipt can hold
its word without its values. The home takes the word only under a key that a person has
enrolled for that server, and only for the answer that it has itself received.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf

from assent_verify.canonical import canonicalize, digest
from assent_verify.note import ed25519_verifies
from assent_verify.receipt import OUTCOME_PREFIX, commit

from assent.model.outcome import ExecutorSignature, Outcome, Status
from assent.ports import Signer

_TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z\Z")
_MEMBERS = frozenset({"external", "key", "response", "salt", "signature", "status", "time"})
_LONGEST = 256  # characters of an external id
_SALT = 16


@dataclass(frozen=True, slots=True)
class Done:
    """What an executor says.

    Args:
        attempt, leaf: of the permit.
        status: `succeeded` or `failed`.
        response: digest of the canonical result without its `_meta`; empty if there is none.
        external: the executor's own id of the effect, or empty.
        time: RFC 3339 in UTC with milliseconds.
    """

    attempt: str
    leaf: str
    status: Status
    response: str
    external: str
    time: str

    def statement(self, salt: bytes) -> bytes:
        """The bytes that are signed."""
        made = {name: commit(salt, name, value) for name, value in self.values().items()}
        said = {"attempt": self.attempt, "decision": self.leaf, "external": "", "response": ""}
        return OUTCOME_PREFIX + canonicalize({**said, "status": self.status, "time": self.time, **made})

    def values(self) -> dict[str, str]:
        """What is committed to, by name."""
        return {name: value for name, value in (("external", self.external), ("response", self.response)) if value}


def response_of(result: Mapping[str, object]) -> bytes:
    """The bytes that an executor vouches for: the canonical result without `_meta`, which both ends add to."""
    return canonicalize({name: value for name, value in result.items() if name != "_meta"})


def signed(done: Done, signer: Signer, salt: bytes) -> dict[str, object]:
    """What the executor sends along, as `_meta["assent/outcome"]` of its result.

    Args:
        salt: 16 random bytes, used for nothing else.
    """
    return {
        "external": done.external,
        "key": digest(signer.public),
        "response": done.response,
        "salt": base64.b64encode(salt).decode(),
        "signature": base64.b64encode(signer.sign(done.statement(salt))).decode(),
        "status": done.status,
        "time": done.time,
    }


def vouched(
    said: object, about: tuple[str, str], result: Mapping[str, object], keys: Collection[bytes], latest: int
) -> Outcome | None:
    """The outcome that an executor has signed for this attempt and this result; None for anything else.

    Args:
        said: what came as `_meta["assent/outcome"]`; hostile.
        about: attempt and leaf hash of the permit.
        result: the answer as it was received.
        keys: raw public keys enrolled for the server.
        latest: seconds since the epoch after which it cannot have been signed.
    """
    if not isinstance(said, dict) or said.keys() != _MEMBERS or not all(isinstance(one, str) for one in said.values()):
        return None
    public = next((one for one in keys if digest(one) == said["key"]), None)
    salt, signature = _decoded(said["salt"]), _decoded(said["signature"])
    response = response_of(result)
    fits = said["response"] in ("", digest(response)) and len(said["external"]) <= _LONGEST and len(salt) == _SALT
    if public is None or not fits or said["status"] not in ("succeeded", "failed"):
        return None
    if _seconds(said["time"]) > latest:
        return None
    status: Status = "succeeded" if said["status"] == "succeeded" else "failed"
    done = Done(*about, status, said["response"], said["external"], said["time"])
    if not ed25519_verifies(public, done.statement(salt), signature):
        return None
    word = ExecutorSignature(said["key"], said["signature"], said["time"], salt)
    return Outcome(status, "executor", response if said["response"] else b"", external=said["external"], signed=word)


def _seconds(text: str) -> float:
    """Since the epoch; never reached if it is no time of the calendar."""
    try:
        return datetime.fromisoformat(text).timestamp() if _TIME.match(text) else inf
    except ValueError:
        return inf


def _decoded(text: str) -> bytes:
    """Standard base64 in its one spelling; nothing for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return data if base64.b64encode(data).decode() == text else b""
