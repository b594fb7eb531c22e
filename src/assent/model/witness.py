"""What a witness remembers of a log."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """The latest checkpoint cosigned of a log, and when (seconds since the epoch); size 0 if there is none yet."""

    size: int
    root: bytes
    time: int
