"""Printing: text that others wrote made visible, colour only where it is wanted, JSON, columns."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click

from assent.approve.card import visible

__all__ = ["VERDICT_COLOUR", "colour", "columns", "print_json", "quoted", "verdict_word", "visible", "when"]

_LAST = 253_402_300_799_999  # the end of the year 9999
VERDICT_COLOUR = {"allow": "green", "deny": "red", "escalate": "yellow", "defer": "magenta"}


def colour() -> bool | None:
    """False if the person wants none (no-color.org: any value that is not empty); None to go by the terminal."""
    return False if os.environ.get("NO_COLOR") else None


def quoted(value: object) -> str:
    """A JSON value in one line as others wrote it, whole and visible."""
    return visible(json.dumps(value, ensure_ascii=False, sort_keys=True))


def when(milliseconds: int) -> str:
    """RFC 3339 UTC with `Z` and milliseconds; what no calendar has, as the end of it that is nearest."""
    milliseconds = min(max(milliseconds, 0), _LAST)
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
