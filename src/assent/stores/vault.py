"""The vault: clear values at rest, sealed under a key per session; whoever deletes the key shreds the values.

AES-256-GCM (NIST SP 800-38D). Each key is a file of its own in `HOME/values`, never in
the database: a copy of the database alone opens nothing, and a key that is gone takes
the values in every older copy with it.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from assent.errors import UnavailableError

FOLDER = "values"
#: What stood in the clear before there were keys; sealed at the next start.
PLAIN = b"plain-----------"
_KEY, _NONCE, _ID, _TAG = 32, 12, 16, 16  # bytes
_NAME = re.compile(r"[0-9a-f]{16}")
_MOST = 1_024  # ciphers remembered
_BOUND = b"assent-value-v1\n"
#: Seconds after which a key that no row names was left by a process that died before its commit.
_ORPHAN = 3_600


class Vault:
    """Keys in files, and what they seal.

    Args:
        folder: `HOME/values`; made with the first key.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ciphers: dict[str, AESGCM] = {}

    def __repr__(self) -> str:
        return "Vault()"  # never a key

    def make(self) -> str:
        """A new key, durable before anything is sealed under it; its id.

        Raises:
            UnavailableError: `value_key_unwritable`.
        """
        id, key = secrets.token_hex(_ID // 2), secrets.token_bytes(_KEY)
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, exist_ok=True)
                _flush(self._folder.parent)
            handle = os.open(self._folder / id, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(file.fileno())
            _flush(self._folder)
        except OSError as error:
            raise UnavailableError(
                "value_key_unwritable",
                f"no key for clear values can be made in `{self._folder}`: {error.strerror}",
                help="free space on its disk and make the directory writable for its owner",
            ) from error
        self._keep(id, key)
        return id

    def seal(self, id: str, data: bytes, bound: str) -> bytes:
        """Seal a value under a key, bound to its place: elsewhere it does not open.

        Raises:
            UnavailableError: `value_key_missing`: nothing can be sealed under a key that is gone.
        """
        cipher = self._ciphers.get(id) or self._load(id)
        if cipher is None:
            raise UnavailableError(
                "value_key_missing",
                f"the key `{self._folder / id}` is missing or damaged, so nothing can be written under it",
                help="put the key file back from its own backup, or end the session: a new one has a new key",
            )
        nonce = secrets.token_bytes(_NONCE)  # random: far below 2^32 values a key (SP 800-38D §8.3)
        return id.encode() + nonce + cipher.encrypt(nonce, data, _bound(id, bound))

    def open(self, sealed: bytes, bound: str) -> bytes | None:
        """The value; None if its key is gone, it was changed, or it belongs elsewhere: it is erased."""
        id = sealed[:_ID].decode("ascii", "replace")
        if len(sealed) < _ID + _NONCE + _TAG or not _NAME.fullmatch(id):
            return None
        if not (self._folder / id).exists():  # shredded, by this process or another
            self._ciphers.pop(id, None)
            return None
        cipher = self._ciphers.get(id) or self._load(id)
        if cipher is None:
            return None
        try:
            return cipher.decrypt(sealed[_ID : _ID + _NONCE], sealed[_ID + _NONCE :], _bound(id, bound))
        except InvalidTag:
            return None

    def destroy(self, id: str) -> None:
        """Overwrite a key and take it away, durable; nothing if it is gone.

        Raises:
            UnavailableError: `value_key_unwritable`; what it sealed is not shredded yet.
        """
        self._ciphers.pop(id, None)
        path = self._folder / id
        try:
            handle = os.open(path, os.O_WRONLY)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _undestroyed(path, error) from error
        try:
            with os.fdopen(handle, "wb") as file:  # no O_TRUNC: the bytes are written over where they lie
                file.write(bytes(_KEY))
                file.flush()
                os.fsync(file.fileno())
            path.unlink(missing_ok=True)
            _flush(self._folder)
        except OSError as error:
            raise _undestroyed(path, error) from error

    def orphans(self, known: Collection[str], now: float) -> list[str]:
        """Keys that no row names and that are too old to be of a commit under way."""
        try:
            found = [(entry.name, entry.stat().st_mtime) for entry in os.scandir(self._folder)]
        except OSError:
            return []
        return [name for name, at in found if _NAME.fullmatch(name) and name not in known and at < now - _ORPHAN]

    def _load(self, id: str) -> AESGCM | None:
        try:
            with (self._folder / id).open("rb") as file:
                key = file.read(_KEY + 1)
        except OSError:
            return None
        return self._keep(id, key) if len(key) == _KEY else None

    def _keep(self, id: str, key: bytes) -> AESGCM:
        if len(self._ciphers) >= _MOST:
            self._ciphers.clear()
        self._ciphers[id] = cipher = AESGCM(key)
        return cipher


def _bound(id: str, bound: str) -> bytes:
    return _BOUND + id.encode() + b"\n" + bound.encode()


def _undestroyed(path: Path, error: OSError) -> UnavailableError:
    text = f"the key `{path}` cannot be destroyed: {error.strerror}"
    return UnavailableError("value_key_unwritable", text, help="make it writable for its owner, and start again")


def _flush(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
