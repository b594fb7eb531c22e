"""Packed: texts as they lie on the disk, a third to a sixth of their length.

Digests are taken out of a text and stored as they are, since no compression makes them
smaller; the rest is deflated (RFC 1951) after what such texts have in common, which stands
in `words-1.txt`. A packed text starts with the number of its words, so that others can
follow; the first can never change, or what was packed with it is lost. What is hashed is
always the text itself (docs/receipts.md).
"""

from __future__ import annotations

import re
import zlib
from functools import cache
from pathlib import Path
from typing import Any

_WORDS = Path(__file__).with_name("words-1.txt")
_PLAIN, _MARK, _TAKEN = b"\x00", b"\x01", b"\xff"  # the last stands in no UTF-8 (RFC 3629 §3)
_DIGEST = re.compile(rb"sha256:([0-9a-f]{64})")
_PLACE = re.compile(rb"\xff(.)", re.DOTALL)
#: Digests that one text gives up at most: each has a byte for its number.
_MOST = 255
_PLACES = tuple(b"\xff%c" % number for number in range(_MOST))
#: zlib's window (8 KiB), memory and effort: with more a text gets little smaller, and takes longer.
_WINDOW, _MEMORY, _EFFORT = -13, 5, 2
#: Bytes of the longest text: a message and what is said of it.
_LONGEST = 1 << 27


@cache
def _words() -> bytes:
    return b"\n".join(_apart(line)[0] for line in _WORDS.read_bytes().splitlines())


@cache
def _primed() -> Any:
    """A compressor that has seen the words; copied for each text."""
    return zlib.compressobj(_EFFORT, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, _words())


def pack(text: bytes) -> bytes:
    """A text as it is stored: shorter if it is one of ours, never longer by more than some bytes."""
    if not text.startswith(b"{") or _TAKEN in text:  # none of ours
        return _PLAIN + text if text.startswith((_PLAIN, _MARK)) else text
    rest, digests = _apart(text)
    packer = _primed().copy()
    deflated = packer.compress(rest) + packer.flush()
    return b"".join((_MARK, len(digests).to_bytes(1, "big"), bytes.fromhex(b"".join(digests).decode()), deflated))


def _apart(text: bytes) -> tuple[bytes, list[bytes]]:
    """A text with numbers in the place of its digests, and these by their numbers."""
    parts, digests = _DIGEST.split(text), dict[bytes, int]()
    for place in range(1, len(parts), 2):
        number = digests.setdefault(parts[place], len(digests))
        parts[place] = _PLACES[number] if number < _MOST else b"sha256:" + parts[place]
    return b"".join(parts), list(digests)[:_MOST]


def unpack(stored: bytes) -> bytes:
    """The text that was stored.

    What was damaged comes back as it lies there: it is not what its hash says, and so is found.
    """
    if not stored.startswith(_MARK) or len(stored) < 2:
        return stored[1:] if stored.startswith(_PLAIN) else stored
    end = 2 + 32 * stored[1]
    try:
        unpacker = zlib.decompressobj(_WINDOW, zdict=_words())
        rest = unpacker.decompress(stored[end:], _LONGEST)
        if not unpacker.eof or unpacker.unused_data:
            return stored
        hexes = stored[2:end].hex().encode()
        return _PLACE.sub(lambda found: _at(hexes, found[1][0]), rest)
    except (zlib.error, IndexError):
        return stored


def _at(hexes: bytes, number: int) -> bytes:
    found = hexes[64 * number : 64 * number + 64]
    if len(found) < 64:
        raise IndexError(number)
    return b"sha256:" + found
