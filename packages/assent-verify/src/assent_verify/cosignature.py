"""Cosignatures of witnesses on checkpoints (c2sp.org/tlog-cosignature): Ed25519 (0x04) and ML-DSA-44 (0x06).

A cosignature says: at this time, the largest tree that I have seen of this log, each
an extension of the one before, has this size and root. An Ed25519 one covers the
whole text of the checkpoint, an ML-DSA-44 one its first three lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from assent_verify import mldsa
from assent_verify.errors import ProofError
from assent_verify.note import Note, Signature, ed25519_verifies, is_name, key_id, read_vkey, spelled

ED25519, ML_DSA_44 = 0x04, mldsa.TYPE
_PUBLIC = {ED25519: 32, ML_DSA_44: mldsa.PUBLIC_SIZE}
_RAW = {ED25519: 64, ML_DSA_44: mldsa.SIGNATURE_SIZE}
_LATEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """A witness: its name, its public key and which kind of cosignature it gives; `str()` of it is its vkey.

    Args:
        name: no spaces, no `+`, not empty.
        public: raw bytes, 32 of Ed25519 or 1,312 of ML-DSA-44.
        type: signature type, 0x04 or 0x06.
    """

    name: str
    public: bytes
    type: int = ED25519
    id: bytes = field(init=False)

    def __post_init__(self) -> None:
        if not is_name(self.name) or len(self.name.encode()) > 255:
            raise ProofError("bad_key", f"`{self.name[:80]}` is not a key name")
        if len(self.public) != _PUBLIC.get(self.type):
            text = "expected the key of a witness: Ed25519 (type 4) or ML-DSA-44 (type 6)"
            raise ProofError("bad_key", f"{text}, got type {self.type} with {len(self.public)} bytes")
        object.__setattr__(self, "id", key_id(self.name, self.public, self.type))

    def __str__(self) -> str:
        return spelled(self.name, self.public, self.type)

    @classmethod
    def parse(cls, vkey: str) -> WitnessKey:
        """The witness of a vkey `NAME+ID+BASE64` (c2sp.org/signed-note).

        Raises:
            ProofError: `bad_key` or `bad_base64`.
        """
        return read_vkey(vkey, cls, "witness's key")

    def message(self, text: str, time: int) -> bytes:
        """What is signed for a checkpoint's text.

        Raises:
            ProofError: `bad_cosignature`: it is no checkpoint, or the time is out of range.
        """
        if not 0 < time <= _LATEST:
            raise ProofError("bad_cosignature", f"a cosignature cannot be of the time {time}")
        if self.type == ED25519:
            return f"cosignature/v1\ntime {time}\n{text}".encode()
        try:
            return mldsa.message(self.name, text.encode(), time.to_bytes(8, "big"))
        except ValueError as error:
            raise ProofError("bad_cosignature", "an ML-DSA-44 key cosigns checkpoints, and this is none") from error

    def cosign(self, text: str, time: int, signer: Callable[[bytes], bytes]) -> Signature:
        """The cosignature line under a checkpoint.

        Args:
            time: seconds since the epoch.
            signer: raw signature of the private key over a message.

        Raises:
            ProofError: as `message`.
        """
        return Signature(self.name, self.id, time.to_bytes(8, "big") + signer(self.message(text, time)))

    def time(self, text: str, raw: bytes) -> int:
        """When the witness cosigned this text, in seconds since the epoch.

        Args:
            raw: eight bytes of time, then the signature.

        Raises:
            ProofError: `bad_cosignature` if it did not; `algorithm_missing` where `cryptography`
                has no ML-DSA-44, so that nothing is proved.
        """
        time = int.from_bytes(raw[:8], "big")
        if len(raw) == 8 + _RAW[self.type] and 0 < time <= _LATEST:
            if self.type == ML_DSA_44:
                holds = mldsa.verifies(self.name, self.public, text.encode(), raw)
            else:
                holds = ed25519_verifies(self.public, self.message(text, time), raw[8:])
            if holds:
                return time
        raise ProofError("bad_cosignature", f"the cosignature of `{self.name}` does not hold")


@dataclass(frozen=True, slots=True)
class Cosignature:
    """Who has cosigned a checkpoint, and when (seconds since the epoch)."""

    key: WitnessKey
    time: int


def cosignatures(note: Note, keys: Iterable[WitnessKey]) -> tuple[Cosignature, ...]:
    """The cosignatures of these witnesses, oldest first; lines of other keys are passed over.

    Raises:
        ProofError: `bad_cosignature` if a line of a known key does not hold or stands
            twice; `algorithm_missing`.
    """
    known = {(key.name, key.id): key for key in keys}
    found: dict[WitnessKey, int] = {}
    for line in note.signatures:
        key = known.get((line.name, line.id))
        if key is None:
            continue
        if key in found:
            raise ProofError("bad_cosignature", f"`{key.name}` has cosigned twice")
        found[key] = key.time(note.text, line.raw)
    return tuple(Cosignature(key, time) for key, time in sorted(found.items(), key=lambda pair: pair[1]))
