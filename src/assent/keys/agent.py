"""The key of an agent, service or model: it proves who opens a session, unattended, and never that a person agreed."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key

from assent.errors import ConfigError, UnavailableError
from assent.keys import operator
from assent.keys.file import KeySigner

_LONGEST = 16 * 1024  # bytes of a public key file


def load(path: Path) -> KeySigner:
    """The private key in a file: PKCS #8 PEM or OpenSSH, Ed25519, readable by its owner alone.

    Raises:
        ConfigError: `key_locked`, `key_exposed`, or it holds no Ed25519 key.
        UnavailableError: it is not there or cannot be read.
    """

    def ask() -> str:
        text = f"`{path}` is locked with a passphrase, and nobody is there to type it"
        raise ConfigError("key_locked", text, help="an agent starts by itself: give it a key of its own")

    return operator.unlock(path, ask)


def public(path: Path) -> bytes:
    """The raw public key in a file: a line of OpenSSH, or PEM.

    Raises:
        ConfigError: `key_unreadable`: it holds no Ed25519 public key.
        UnavailableError: it is not there or cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST)
    except OSError as error:
        raise UnavailableError("key_unreadable", f"`{path}` cannot be read: {error.strerror}") from error
    try:
        key = load_ssh_public_key(data) if data.startswith(b"ssh-") else load_pem_public_key(data)
    except (UnsupportedAlgorithm, ValueError) as error:
        help = "give the .pub file of ssh-keygen, or a PEM public key"
        raise ConfigError("key_unreadable", f"`{path}` is not a public key", help=help) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError("key_unreadable", f"`{path}` is not an Ed25519 key", help="run: ssh-keygen -t ed25519")
    return key.public_bytes_raw()
