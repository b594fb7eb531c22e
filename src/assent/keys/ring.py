"""The log's keys in files of the home: `log.key`, and `log-ID.key` for each that a rotation added."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assent_verify import mldsa
from assent_verify.canonical import digest
from assent_verify.errors import ProofError
from assent_verify.note import ED25519, VerifierKey
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from assent.errors import ConfigError
from assent.keys.file import KeySigner, read_private, write_private
from assent.ports import Signer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

FIRST, OTHERS = "log.key", "log-*.key"


@dataclass(frozen=True, slots=True)
class QuantumSigner:
    """`ports.Signer` with an ML-DSA-44 key in memory (FIPS 204)."""

    key: MLDSA44PrivateKey
    assurance: str = "same-user"

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)

    def __repr__(self) -> str:
        return f"QuantumSigner(assurance={self.assurance!r})"  # never the key


class Ring:
    """`ports.LogSigner` over the key files of a home; looks again when asked for a key it has not seen.

    Args:
        home: absolute path.
    """

    assurance = "same-user"

    def __init__(self, home: Path) -> None:
        self._home = home
        self._known: dict[bytes, Signer] = {}

    @property
    def public(self) -> bytes:
        """Of the first key.

        Raises:
            ConfigError, UnavailableError: what reading the file raises.
        """
        return self._first().public

    def sign(self, message: bytes) -> bytes:
        """With the first key.

        Raises:
            ConfigError, UnavailableError: what reading the file raises.
        """
        return self._first().sign(message)

    def find(self, vkey: str) -> Signer | None:
        """The private half of a key of the log; None if no file holds it.

        Raises:
            ConfigError: others can read a key file, or it holds no such key.
            UnavailableError: one cannot be read.
        """
        public = VerifierKey.parse(vkey).public
        if public not in self._known:
            self._known = {signer.public: signer for signer in map(_load, self.files())}
        return self._known.get(public)

    def files(self) -> list[Path]:
        """The key files that are there."""
        first = self._home / FIRST
        return [*([first] if first.exists() else []), *sorted(self._home.glob(OTHERS))]

    def file_of(self, vkey: str) -> Path | None:
        """The file that holds the private half of a key."""
        public = VerifierKey.parse(vkey).public
        return next((path for path in self.files() if _load(path).public == public), None)

    def create(self, origin: str, type: int) -> VerifierKey:
        """A new key for the log of that name, in a file of its own; nothing uses it yet.

        Raises:
            ConfigError: `algorithm_missing`.
            UnavailableError: the file cannot be written.
        """
        key = Ed25519PrivateKey.generate() if type == ED25519 else _quantum()
        named = VerifierKey(origin, key.public_key().public_bytes_raw(), type)
        path = self._home / f"log-{digest(named.public)[7:23]}.key"
        write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return named

    def _first(self) -> Signer:
        return _load(self._home / FIRST)


def _quantum() -> MLDSA44PrivateKey:
    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        return MLDSA44PrivateKey.generate()
    except (ImportError, UnsupportedAlgorithm) as error:
        lacks: ProofError = mldsa.missing()
        raise ConfigError(lacks.code, lacks.message, help=lacks.help) from error


def _load(path: Path) -> Signer:
    try:
        key = load_pem_private_key(read_private(path), None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        text = f"`{path}` is not an unencrypted PKCS #8 private key that this `cryptography` can read"
        raise ConfigError("key_unreadable", text, help="restore it from a backup") from error
    if isinstance(key, Ed25519PrivateKey):
        return KeySigner(key, "same-user")
    if type(key).__name__ == "MLDSA44PrivateKey":  # by name: an older `cryptography` has no such class
        return QuantumSigner(key)  # type: ignore[arg-type]
    text = f"`{path}` is neither an Ed25519 nor an ML-DSA-44 key"
    raise ConfigError("key_unreadable", text, help="restore it from a backup")
