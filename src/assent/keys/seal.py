"""Sealing: text that is handed to somebody and comes back, and that only this home can read or write.

AES-256-GCM (NIST SP 800-38D) under a key of its own, which lies in the home beside the
log key, so that what one process sealed another one opens after it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from assent.errors import ConfigError
from assent.keys.file import read_private, write_private

_KEY, _NONCE, _TAG = 32, 12, 16  # bytes
#: Stands before every sealed text and is authenticated with it: another format cannot be taken for this one.
PREFIX = "assent1."


class Seal:
    """Seals and opens under one key.

    Args:
        key: 32 random bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return "Seal()"  # never the key

    def close(self, text: bytes, bound: bytes) -> str:
        """A token that holds `text`, opens only beside the same `bound` bytes, and is never the same twice."""
        nonce = secrets.token_bytes(_NONCE)  # random: far below 2^32 tokens a key (SP 800-38D §8.3)
        return PREFIX + _encode(nonce + self._cipher.encrypt(nonce, text, PREFIX.encode() + bound))

    def open(self, token: str, bound: bytes) -> tuple[bytes, str] | None:
        """The text of a token and what names this one token; None for any other string."""
        raw = _decode(token.removeprefix(PREFIX)) if token.startswith(PREFIX) else b""
        if len(raw) < _NONCE + _TAG:
            return None
        nonce, sealed = raw[:_NONCE], raw[_NONCE:]
        try:
            return self._cipher.decrypt(nonce, sealed, PREFIX.encode() + bound), nonce.hex()
        except InvalidTag:
            return None


def load_or_make(path: Path) -> Seal:
    """The seal of a home; its key is made at first use.

    Raises:
        ConfigError: `key_exposed` or `key_unreadable`.
        UnavailableError: it can neither be read nor made.
    """
    if not path.exists():
        with suppress(ConfigError):  # another process made it just now
            write_private(path, secrets.token_bytes(_KEY))
    key = read_private(path)
    if len(key) != _KEY:
        text = f"`{path}` is not a key of {_KEY} bytes"
        raise ConfigError("key_unreadable", text, help="remove it; what was sealed with it is then refused")
    return Seal(key)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Strictly: what does not encode back to the same text is nothing."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if _encode(raw) == text else b""
