"""Random bytes for ids and salts, drawn from the system in larger pieces.

Every system call gives up and retakes the interpreter's lock, which costs more than
the call while other threads work (docs/decisions/001).
"""

from __future__ import annotations

import os

_PIECE = 4096


class Chance:
    """Random bytes of the system's generator; each is handed out once, in one process."""

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0
        self._pid = os.getpid()

    def draw(self, count: int) -> bytes:
        """`count` random bytes, at most 4096, never the same again."""
        if self._at + count > len(self._pool) or os.getpid() != self._pid:  # a fork must not share a pool
            self._pool, self._at, self._pid = os.urandom(_PIECE), 0, os.getpid()
        drawn = self._pool[self._at : self._at + count]
        self._at += count
        return drawn
