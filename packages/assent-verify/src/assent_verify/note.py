"""Signed notes (c2sp.org/signed-note): Ed25519 keys (type 0x01), and ML-DSA-44 on checkpoints (type 0x06)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from assent_verify import mldsa
from assent_verify.errors import ProofError

ED25519 = 1  # c2sp.org/signed-note: signature type of a plain Ed25519 key
MAX_NOTE = 64 * 1024
_MAX_SIGNATURES = 100
_DASH = "\u2014 "
Key = TypeVar("Key")
_HINT = re.compile(r"[0-9a-f]{8}")


def decode_base64(text: str, what: str) -> bytes:
    """Standard base64 with padding, in its one spelling (RFC 4648 §3.5).

    Raises:
        ProofError: `bad_base64`, naming `what`.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ProofError("bad_base64", f"{what} is not base64") from error
    if encode_base64(data) != text:
        raise ProofError("bad_base64", f"{what} is not the canonical base64 of its bytes")
    return data


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


#: Signature type → name of the algorithm, and bytes of its public key.
ALGORITHMS = {ED25519: ("Ed25519", 32), mldsa.TYPE: ("ML-DSA-44", mldsa.PUBLIC_SIZE)}


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named public key; `str()` of it is its vkey.

    Args:
        name: no spaces, no `+`, not empty.
        public: raw bytes, 32 of Ed25519 or 1,312 of ML-DSA-44.
        type: signature type (c2sp.org/signed-note), one of `ALGORITHMS`.
    """

    name: str
    public: bytes
    type: int = ED25519
    id: bytes = field(init=False)

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise ProofError("bad_key", f"`{self.name[:80]}` is not a key name")
        if self.type not in ALGORITHMS:
            raise ProofError("bad_key", f"signature type {self.type} is not known")
        if len(self.public) != ALGORITHMS[self.type][1]:
            raise ProofError("bad_key", f"public key has {len(self.public)} bytes, expected {ALGORITHMS[self.type][1]}")
        object.__setattr__(self, "id", key_id(self.name, self.public, self.type))

    def __str__(self) -> str:
        return spelled(self.name, self.public, self.type)

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """The key of a vkey `NAME+ID+BASE64`.

        Raises:
            ProofError: `bad_key` or `bad_base64`.
        """
        return read_vkey(vkey, cls, "log key")

    @property
    def algorithm(self) -> str:
        """Name of its algorithm."""
        return ALGORITHMS[self.type][0]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of type and public key, to be read aloud: sixteen groups of four hex digits."""
        hex = sha256(bytes([self.type]) + self.public).hexdigest()
        return " ".join(hex[at : at + 4] for at in range(0, 64, 4))

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Is this the key's signature over the text of a note?

        Raises:
            ProofError: `algorithm_missing` where `cryptography` cannot tell.
        """
        if self.type == mldsa.TYPE:
            return mldsa.verifies(self.name, self.public, message, signature)
        return ed25519_verifies(self.public, message, signature)

    def sign(self, text: str, signer: Callable[[bytes], bytes]) -> Signature:
        """The signature line of this key under the text of a note.

        Args:
            signer: raw signature of the private key over a message.

        Raises:
            ProofError: `bad_note`: an ML-DSA-44 key signs checkpoints only.
        """
        if self.type == ED25519:
            return Signature(self.name, self.id, signer(text.encode()))
        try:
            return Signature(self.name, self.id, mldsa.signature(self.name, text.encode(), signer))
        except ValueError as error:
            raise ProofError("bad_note", "an ML-DSA-44 key signs checkpoints, and this is none") from error


def key_id(name: str, public: bytes, type: int = ED25519) -> bytes:
    """Four bytes that tell keys of one name apart (c2sp.org/signed-note)."""
    return sha256(name.encode() + b"\n" + bytes([type]) + public).digest()[:4]


def spelled(name: str, public: bytes, type: int) -> str:
    """The vkey of a key, `NAME+ID+BASE64`."""
    return f"{name}+{key_id(name, public, type).hex()}+{encode_base64(bytes([type]) + public)}"


def read_vkey(vkey: str, make: Callable[[str, bytes, int], Key], what: str) -> Key:
    """The key of a vkey, in its one spelling.

    Args:
        make: of name, public key and signature type; `str()` of what it makes is the vkey again.
        what: names the key in errors.

    Raises:
        ProofError: `bad_key` or `bad_base64`; what `make` raises.
    """
    name, _, rest = vkey.partition("+")
    hint, _, encoded = rest.partition("+")
    if not _HINT.fullmatch(hint) or not encoded:
        raise ProofError("bad_key", f"a {what} is written `NAME+8 hex digits+BASE64`")
    data = decode_base64(encoded, what)
    key = make(name, data[1:], data[0] if data else 0)
    if str(key) != vkey:
        expected = str(key).split("+")[1]
        raise ProofError("bad_key", f"key id is `{hint}`, expected `{expected}` for this name and key")
    return key


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Does a raw Ed25519 signature (RFC 8032) hold?"""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note; whose it is, is a claim until it is verified."""

    name: str
    id: bytes
    raw: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {encode_base64(self.id + self.raw)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending in a newline, with its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def __bytes__(self) -> bytes:
        return "".join([self.text, "\n", *(f"{signature}\n" for signature in self.signatures)]).encode()

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Take a note apart without verifying anything.

        Raises:
            ProofError: `bad_note` or `bad_base64`.
        """
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ProofError("bad_note", "note is not UTF-8") from error
        body, gap, tail = text.rpartition("\n\n")
        lines = tail.removesuffix("\n").split("\n")
        if len(data) > MAX_NOTE or not gap or not tail.endswith("\n") or len(lines) > _MAX_SIGNATURES:
            raise ProofError("bad_note", "expected text, an empty line and signature lines, each ended by a newline")
        if any(ord(char) < 32 and char != "\n" for char in text):
            raise ProofError("bad_note", "note holds a control character")
        note = cls(body + "\n", tuple(map(_signature, lines)))
        if bytes(note) != data:
            raise ProofError("bad_note", "note is not in its one accepted spelling")
        return note

    def verify(self, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """Those of `keys` that signed this note; lines of other keys are passed over.

        Raises:
            ProofError: `bad_signature` if a line of a known key does not hold,
                `unsigned` if none of the keys signed.
        """
        known = {(key.name, key.id): key for key in keys}
        found: list[VerifierKey] = []
        message = self.text.encode()
        for signature in self.signatures:
            key = known.get((signature.name, signature.id))
            if key is None:
                continue
            if key in found or not key.verifies(message, signature.raw):
                raise ProofError("bad_signature", f"the signature of `{key.name}` does not hold")
            found.append(key)
        if not found:
            names = ", ".join(f"`{name}`" for name, _ in known)
            raise ProofError("unsigned", f"no signature of {names or 'a known key'} is on the note")
        return tuple(found)


def sign(text: str, key: VerifierKey, signer: Callable[[bytes], bytes]) -> bytes:
    """The note over `text` with one signature.

    Args:
        text: must end in a newline.
        key: name and public key of the signer.
        signer: raw signature of the private key over a message.

    Raises:
        ProofError: `bad_note` if the text cannot be the text of a note.
    """
    return sign_all(text, [(key, signer)])


def sign_all(text: str, signers: Iterable[tuple[VerifierKey, Callable[[bytes], bytes]]]) -> bytes:
    """The note over `text` with a signature of each.

    Raises:
        ProofError: as `sign`.
    """
    note = bytes(Note(text, tuple(key.sign(text, signer) for key, signer in signers)))
    Note.parse(note)
    return note


def is_name(name: str) -> bool:
    """Can this be the name of a key?"""
    return bool(name) and name.isprintable() and "+" not in name and not any(map(str.isspace, name))


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not is_name(name):
        raise ProofError("bad_note", "expected a signature line `— NAME BASE64`")
    raw = decode_base64(encoded, "signature")
    if len(raw) < 5:
        raise ProofError("bad_note", "a signature line is too short")
    return Signature(name, raw[:4], raw[4:])
