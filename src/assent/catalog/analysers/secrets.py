"""Secrets in what a call says: our own shapes, in the text and in what it holds encoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from assent.catalog.detectors.encoded import decoded
from assent.catalog.detectors.shapes import LOOKED_AT, SHAPES

__all__ = ["LOOKED_AT", "carries_secret", "holds_secret", "strings"]


def holds_secret(text: str) -> bool:
    """Does the text hold something that has the shape of a credential?"""
    return next(SHAPES.find(text), None) is not None


def carries_secret(text: str, holds: Callable[[str], bool] = holds_secret) -> bool:
    """The same for a text that is sent: also where the secret is encoded once."""
    return holds(text) or holds(decoded(text))


def strings(value: object, depth: int = 64) -> Iterator[str]:
    """Every string of a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and depth:
        for key, inner in value.items():
            yield key
            yield from strings(inner, depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value:
            yield from strings(inner, depth - 1)
