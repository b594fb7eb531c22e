"""Printing: text that others wrote made visible, colour only where it is wanted, JSON, columns."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click

#: Code points that show as nothing but are not in a control or format category
#: (Unicode Default_Ignorable_Code_Point, and the blank Braille pattern).
_BLANK = frozenset(
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10))
)
_HIDDEN = frozenset(("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Zs"))
VERDICT_COLOUR = {"allow": "green", "deny": "red", "escalate": "yellow", "defer": "magenta"}


def visible(text: str) -> str:
    r"""The text with every invisible, control and bidirectional character as `\u{…}`.

    What a tool or model wrote cannot move the cursor, hide or reorder anything.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if " " <= character <= "~":
        return character
    point = ord(character)
    if point in _BLANK or 0xE0000 <= point < 0xE1000 or unicodedata.category(character) in _HIDDEN:
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, f"\\u{{{point:x}}}")
    return character


def quoted(value: object) -> str:
    """A JSON value in one line as others wrote it, whole and visible."""
    return visible(json.dumps(value, ensure_ascii=False, sort_keys=True))


def when(milliseconds: int) -> str:
    """RFC 3339 UTC with `Z` and milliseconds."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def print_json(value: object) -> None:
    """One JSON document to standard output; ASCII, so that nothing in it can act on a terminal."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))


def verdict_word(verdict: str) -> str:
    """A verdict in its colour."""
    return click.style(verdict, fg=VERDICT_COLOUR.get(verdict), bold=True)


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as aligned columns; the last column is as long as it is."""
    table = [list(row) for row in rows]
    if not table:
        return []
    widths = [max(len(click.unstyle(row[at])) for row in table) for at in range(len(table[0]) - 1)]
    return ["  ".join(_padded(row, widths)).rstrip() for row in table]


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    cells = [cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(row, widths, strict=False)]
    return [*cells, row[-1]]
