"""The operator's key: with it a person answers, accepts and activates (DESIGN §3).

It is not stored in the clear where the agent's user can read it; a key file given
by `--key` that is not encrypted is accepted and says so: assurance `same-user`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assent_verify.canonical import digest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

from assent.errors import ConfigError, RequestError
from assent.keys.file import KeySigner, read_private, write_private
from assent.keys.locked import lock

_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"


def create(path: Path, passphrase: str) -> KeySigner:
    """A new operator key, locked with a passphrase.

    Raises:
        RequestError: the passphrase is empty.
        ConfigError: the file is there already.
        UnavailableError: it cannot be written.
    """
    if not passphrase:
        raise RequestError("passphrase_empty", "the operator's key needs a passphrase", help="give one")
    key = Ed25519PrivateKey.generate()
    write_private(path, lock(key, passphrase.encode()))
    return KeySigner(key, "passphrase")


def unlock(path: Path, ask_passphrase: Callable[[], str]) -> KeySigner:
    """The operator's key, ready to sign.

    Args:
        path: PKCS #8 PEM or OpenSSH private key file, Ed25519.
        ask_passphrase: called once, and only if the key is encrypted.

    Raises:
        RequestError: `wrong_passphrase`.
        ConfigError: others can read the file, or it holds no Ed25519 key.
        UnavailableError: it is not there or cannot be read.
    """
    data = read_private(path)
    try:
        return KeySigner(_parse(path, data, None), "same-user")
    except TypeError:  # what `cryptography` raises for: encrypted, and no passphrase given
        pass
    try:
        return KeySigner(_parse(path, data, ask_passphrase().encode()), "passphrase")
    except ValueError as error:
        raise RequestError(
            "wrong_passphrase", f"the passphrase does not open `{path}`", help="try again; nothing was signed"
        ) from error


def _parse(path: Path, data: bytes, passphrase: bytes | None) -> Ed25519PrivateKey:
    load = load_ssh_private_key if data.lstrip().startswith(_OPENSSH) else load_pem_private_key
    try:
        key = load(data, passphrase)
    except UnsupportedAlgorithm as error:
        raise ConfigError(
            "key_unreadable",
            f"`{path}` is encrypted in a way that needs another library: {error}",
            help="for an encrypted OpenSSH key install `bcrypt`, or use a key made by `assent init`",
        ) from error
    except ValueError as error:
        if passphrase is not None:
            raise
        raise ConfigError(
            "key_unreadable", f"`{path}` is not a private key", help="give a PKCS #8 PEM or OpenSSH private key file"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("key_unreadable", f"`{path}` is not an Ed25519 key", help="run: ssh-keygen -t ed25519")
    return key


def fingerprint(public: bytes) -> str:
    """`sha256:` and the hex of SHA-256 over the 32 raw bytes of a public key."""
    return digest(public)
