"""Witnesses for tests: keys that cosign, of both kinds."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from assent_verify.cosignature import ED25519, ML_DSA_44, WitnessKey
from assent_verify.note import Note
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey


class Private(Protocol):
    def sign(self, data: bytes) -> bytes: ...


class TestWitness:
    """A witness that signs whatever it is given, at the time it is told."""

    __test__ = False

    def __init__(self, name: str, type: int = ED25519) -> None:
        seed = sha256(name.encode()).digest()
        self.private: Private
        if type == ML_DSA_44:
            quantum = MLDSA44PrivateKey.from_seed_bytes(seed)
            self.private, public = quantum, quantum.public_key().public_bytes_raw()
        else:
            classic = Ed25519PrivateKey.from_private_bytes(seed)
            self.private, public = classic, classic.public_key().public_bytes_raw()
        self.key = WitnessKey(name, public, type)

    def cosign(self, note: bytes, time: int) -> bytes:
        parsed = Note.parse(note)
        line = self.key.cosign(parsed.text, time, self.private.sign)
        return bytes(Note(parsed.text, (*parsed.signatures, line)))


def cosigned(note: bytes, witnesses: Sequence[TestWitness], time: int) -> bytes:
    """The note with a cosignature of each."""
    for witness in witnesses:
        note = witness.cosign(note, time)
    return note
