"""Text that was encoded once: base64, hex, percent. Linear in the text; what cannot be decoded is of no interest."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote_plus

#: Characters of a text that are searched for runs; a longer one is not looked at by any detector either.
SEARCHED = 1_000_000
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:0x)?((?:[0-9a-fA-F]{2}){8,}+)(?![0-9A-Za-z])")
#: Line breaks as MIME (RFC 2045 §6.8) and programs put them.
_BASE64 = re.compile(
    r"[A-Za-z0-9+/_-]{16,}+(?:\r?\n[A-Za-z0-9+/_-]{16,}+){0,20000}+(?:\r?\n[A-Za-z0-9+/_-]{1,15})?={0,2}"
)
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_URL_SAFE = str.maketrans("-_", "+/")


def decoded(text: str) -> str:
    """All readable text that a text holds in one of these encodings, line by line; decoded once, not again."""
    if len(text) < 16 or len(text) > SEARCHED:
        return ""
    found = [plain] if "%" in text and (plain := unquote_plus(text)) != text else []
    for pattern, decode in ((_HEX, _of_hex), (_BASE64, _of_base64)):
        for one in pattern.finditer(text):
            data = decode(one[one.lastindex or 0])
            if not _NO_TEXT.search(data):  # an image is no text
                found.append(data.decode("utf-8", "replace"))
    return "\n".join(found)


def _of_hex(run: str) -> bytes:
    return bytes.fromhex(run[: len(run) // 2 * 2])


def _of_base64(run: str) -> bytes:
    """RFC 4648 §4 and §5; what is left over at the end is dropped."""
    packed = "".join(run.split()).rstrip("=").translate(_URL_SAFE)
    packed = packed[:-1] if len(packed) % 4 == 1 else packed
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except ValueError:
        return b""
