"""Turn: processes that want to write wait in a row, not in a crowd.

SQLite's own waiting is a race: who has just committed and wants again wins it
nearly always. Whoever wants to write first takes this lock, waits for SQLite's
write lock while holding it, and lets go of it once inside; so a process that
comes back finds the one that waits before it.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assent.errors import UnavailableError

if sys.platform != "win32":
    import fcntl

#: Seconds: the first pause, and the longest, between two tries.
_FIRST, _LONGEST = 0.0001, 0.0005


class Turn:
    """A lock file of the home, held by whoever is next to write.

    Raises:
        UnavailableError: the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise UnavailableError(
                "home_readonly",
                f"`{path}` cannot be made: {error.strerror}",
                help="free space, or make the home writable",
            ) from error

    @contextmanager
    def next(self, deadline: float) -> Iterator[None]:
        """Be the next to write while the block runs.

        Args:
            deadline: `time.monotonic()` until which to wait.

        Raises:
            UnavailableError: `store_busy`, the deadline passed.
        """
        keep_trying(self._take, deadline)
        try:
            yield
        finally:
            self._leave()

    def close(self) -> None:
        """Give the lock file back."""
        os.close(self._handle)

    def _take(self) -> bool:
        if sys.platform == "win32":
            return True  # no flock: SQLite's own race decides
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _leave(self) -> None:
        if sys.platform != "win32":
            fcntl.flock(self._handle, fcntl.LOCK_UN)


def keep_trying(take: Callable[[], bool], deadline: float) -> None:
    """Try until it works, pausing a random while that grows.

    Raises:
        UnavailableError: `store_busy`, the deadline passed.
    """
    pause = _FIRST
    while not take():
        if time.monotonic() > deadline:
            raise UnavailableError(
                "store_busy",
                "another process has kept the home locked for too long",
                help="look for a stopped or hanging process that uses the home",
            )
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - not a secret
        pause = min(pause * 1.5, _LONGEST)
