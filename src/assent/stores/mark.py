"""A mark outside the home: the highest signed size and root of a log that this machine has seen.

A home put back whole from an older copy brings its own older head with it; the mark
stays behind and tells. It lags by up to ten seconds, and never goes back by itself.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from assent.errors import UnavailableError

#: Seconds between two writes of a mark, each of which is flushed to the disk.
EVERY = 10.0
_LOGGER = logging.getLogger(__name__)


def folder(environ: Mapping[str, str]) -> Path:
    """Where this user's programs keep state (XDG Base Directory Specification), and Assent its marks."""
    given = Path(environ.get("XDG_STATE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".local" / "state") / "assent" / "marks"


class Mark:
    """The mark of one log.

    Args:
        folder: where marks are kept; made when one is written.
        origin: name of the log.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        self._path = folder / f"{quote(origin, safe='')}.json"
        self._written = -EVERY
        self._said = False
        self._latest: tuple[int, bytes] | None = None  # signed, and not written yet

    def read(self) -> tuple[int, bytes] | None:
        """Size and root; None if this machine has not seen the log.

        Raises:
            UnavailableError: `mark_unreadable`.
        """
        try:
            found = json.loads(self._path.read_text(encoding="ascii"))
            return int(found["size"]), bytes.fromhex(found["root"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            help = "if you know the home to be the newest copy, move the file away; it is made anew"
            raise UnavailableError("mark_unreadable", f"`{self._path}` cannot be read: {error}", help=help) from error

    def advance(self, size: int, root: bytes) -> None:
        """Move the mark up, at most every ten seconds; a failure is said once and stops nothing."""
        self._latest = size, root
        if time.monotonic() - self._written >= EVERY:
            self.settle()

    def settle(self) -> None:
        """Move the mark up to what was signed last."""
        if self._latest is None:
            return
        (size, root), self._latest = self._latest, None
        self._written = time.monotonic()
        try:
            with self._locked():
                known = self.read()
                if known is None or known[0] < size:
                    self._write(size, root)
        except (OSError, UnavailableError) as error:
            if not self._said:
                _LOGGER.warning("an older copy of this home would not be noticed on this machine: %s", error)
            self._said = True

    def put(self, size: int, root: bytes) -> None:
        """Set the mark, back as well: a person has accepted the loss.

        Raises:
            UnavailableError: it cannot be written.
        """
        try:
            with self._locked():
                self._write(size, root)
        except OSError as error:
            text = f"`{self._path}` cannot be written: {error.strerror}"
            help = "make its folder writable, and run it again"
            raise UnavailableError("mark_unwritable", text, help=help) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time, or a slower one would put an older mark over a newer."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, size: int, root: bytes) -> None:
        fresh = self._path.with_suffix(".new")
        handle = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        try:
            os.write(handle, json.dumps({"root": root.hex(), "size": size}).encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(fresh, self._path)
