"""Public keys of people as they are handed around: OpenSSH lines, PEM, or the base64 of 32 bytes."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key

from assent.errors import RequestError

_LONGEST = 16 * 1024


def text_of(public: bytes) -> str:
    """Standard base64 of the 32 bytes."""
    return base64.b64encode(public).decode()


def read_public(given: str) -> bytes:
    """The 32 bytes of an Ed25519 public key.

    Args:
        given: the key itself, or the path of a file that holds it.

    Raises:
        RequestError: `bad_public_key`.
    """
    data = given.encode()
    try:
        path = Path(given)
        if path.is_file():
            with path.open("rb") as file:
                data = file.read(_LONGEST + 1)
        return _parse(data[: _LONGEST + 1].strip())
    except (OSError, ValueError, UnsupportedAlgorithm, binascii.Error) as error:
        text = f"`{given[:80]}` is not an Ed25519 public key, nor a file that holds one"
        help = "give the line that `assent keys new` printed, a .pub file of ssh-keygen -t ed25519, or PEM"
        raise RequestError("bad_public_key", text, help=help) from error


def _parse(data: bytes) -> bytes:
    if data.startswith(b"ssh-"):
        found: object = load_ssh_public_key(data)
    elif data.startswith(b"-----BEGIN"):
        found = load_pem_public_key(data)
    else:
        found = Ed25519PublicKey.from_public_bytes(base64.b64decode(data, validate=True))
    if not isinstance(found, Ed25519PublicKey):
        raise ValueError("another kind of key")
    public = found.public_bytes_raw()
    if data == base64.b64encode(public) or data.startswith((b"ssh-", b"-----BEGIN")):
        return public
    raise ValueError("another spelling")
