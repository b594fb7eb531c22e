"""Detectors: what finds secrets in text. Our own shapes go first and always; others may be added by configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Found:
    """One secret in a text.

    Args:
        kind: what it seems to be, a word or two (`github-token`).
        start: where it begins, in characters.
        end: where it ends.
    """

    kind: str
    start: int
    end: int


class Detector(Protocol):
    """Finds secrets. Pure: the same text has the same secrets, and nothing of it is kept or sent anywhere."""

    @property
    def name(self) -> str:
        """As `[detectors] use` names it."""

    @property
    def version(self) -> str:
        """Of its rules."""

    def find(self, text: str) -> Iterator[Found]:
        """Every secret in the text, in any order; at least one of a kind is enough."""


def any_in(detectors: Sequence[Detector], text: str) -> bool:
    """Does one of them find something?"""
    return any(next(iter(detector.find(text)), None) is not None for detector in detectors)
