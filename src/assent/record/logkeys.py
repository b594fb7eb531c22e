"""Which of the log's keys must sign which checkpoint, as `rotation` leaves have said (docs/keys.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from assent.errors import UnavailableError
from assent.model.ids import LeafIndex
from assent.ports import Reader

#: State key of the spans of keys; absent while the log has only the key of its genesis.
STATE = "log_keys"


@dataclass(frozen=True, slots=True)
class Span:
    """Keys in force for checkpoints from one size on, until the next span.

    Args:
        start: the smallest size: the index of the rotation leaf and one.
        keys: vkeys; all of them sign.
        leaving: vkeys that a planned rotation removed and that sign the first checkpoint of the span.
    """

    start: int
    keys: tuple[str, ...]
    leaving: tuple[str, ...] = ()


def spans(reader: Reader) -> list[Span]:
    """The spans so far, oldest first; empty if the log has not begun.

    Raises:
        UnavailableError: the first leaf does not say whose log it is.
    """
    text = reader.state(STATE)
    if text:
        return [Span(span["start"], tuple(span["keys"]), tuple(span["leaving"])) for span in json.loads(text)]
    first = reader.leaf(LeafIndex(0))
    if first is None:
        return []
    try:
        return [Span(0, (str(json.loads(first)["subject"]["log_key"]),))]
    except (ValueError, KeyError, TypeError) as error:
        message = "the first leaf does not say whose log it is"
        help = "run: assent verify; restore the home from a backup"
        raise UnavailableError("store_corrupt", message, help=help) from error


def text_of(found: Sequence[Span]) -> str:
    """The spans as the state keeps them."""
    return json.dumps([asdict(span) for span in found])


def signers_of(found: Sequence[Span], size: int) -> tuple[int, tuple[str, ...]]:
    """Number of the span that a checkpoint's size falls in, and the keys that must sign it."""
    at = max(number for number, span in enumerate(found) if span.start <= size)
    return at, tuple(dict.fromkeys(found[at].keys + found[at].leaving))


def needed(found: Sequence[Span]) -> tuple[str, ...]:
    """The keys without which no further checkpoint can be signed."""
    return signers_of(found, found[-1].start)[1] if found else ()
