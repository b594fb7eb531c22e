"""Keys in files: private to their owner, created once, never overwritten.

The log key lies in the clear, for it signs checkpoints unattended; it proves
which log speaks, never that a person agreed.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assent_verify.note import VerifierKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from assent.errors import ConfigError, UnavailableError

_LONGEST = 16 * 1024  # bytes; an Ed25519 key in any of the formats has under 1 KiB


@dataclass(frozen=True, slots=True)
class KeySigner:
    """`ports.Signer` with a key in memory."""

    key: Ed25519PrivateKey
    assurance: str

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)

    def find(self, vkey: str) -> KeySigner | None:
        """Itself, if it is asked for."""
        return self if VerifierKey.parse(vkey).public == self.public else None

    def __repr__(self) -> str:
        return f"KeySigner(assurance={self.assurance!r})"  # never the key


def create(path: Path) -> KeySigner:
    """A new log key.

    Raises:
        ConfigError: the file is there already.
        UnavailableError: it cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return KeySigner(key, "same-user")


def load(path: Path) -> KeySigner:
    """The log key of a home.

    Raises:
        ConfigError: others can read it, or it is not an unencrypted Ed25519 key.
        UnavailableError: it is not there or cannot be read.
    """
    try:
        key = load_pem_private_key(read_private(path), None)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            "key_unreadable", f"`{path}` is not an unencrypted PKCS #8 private key", help="restore it from a backup"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("key_unreadable", f"`{path}` is not an Ed25519 key", help="restore it from a backup")
    return KeySigner(key, "same-user")


def load_or_make(path: Path) -> KeySigner:
    """The key in this file, made at first use: of a home that issues, or of an executor.

    Raises:
        ConfigError, UnavailableError: as `load`, or it cannot be made.
    """
    if not path.exists():
        with suppress(ConfigError):  # another process made it just now
            create(path)
    return load(path)


def write_private(path: Path, data: bytes) -> None:
    """Create a file for its owner alone, durable, never over another.

    Raises:
        ConfigError: `key_exists`.
        UnavailableError: it cannot be written, or not be made durable.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise UnavailableError("key_unwritable", f"`{path}` cannot be made: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)  # never over another, and never seen half written by a process that starts beside this one
    except FileExistsError as error:
        raise ConfigError("key_exists", f"`{path}` is there already", help="keep it, or choose another file") from error
    except OSError as error:
        raise UnavailableError("key_unwritable", f"`{path}` cannot be written: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)
    _flush(path.parent)


def _flush(directory: Path) -> None:
    try:
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise UnavailableError("key_unwritable", f"`{directory}` cannot be flushed: {error.strerror}") from error


def read_private(path: Path) -> bytes:
    """The bytes of a key file that only its owner can read.

    Raises:
        ConfigError: `key_exposed`, or too long for a key.
        UnavailableError: `key_missing` or `key_unreadable`.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())  # of what was opened, not of what the name says later
            data = file.read(_LONGEST + 1)
    except FileNotFoundError as error:
        help = "name the file with --key, or make a key with: assent init"
        raise UnavailableError("key_missing", f"there is no key `{path}`", help=help) from error
    except OSError as error:
        raise UnavailableError("key_unreadable", f"`{path}` cannot be read: {error.strerror}") from error
    if stat.S_IMODE(found.st_mode) & 0o077 and os.name == "posix":
        raise ConfigError(
            "key_exposed",
            f"`{path}` can be reached by other users",
            help=f"run: chmod 600 {path}; better, make a new key",
        )
    if len(data) > _LONGEST:
        raise ConfigError("key_unreadable", f"`{path}` is too long for a key")
    return data
