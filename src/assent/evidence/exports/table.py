"""Receipts as rows of a table (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assent.evidence.exports.form import leaf_digest, named

COLUMNS = (
    *("index", "time", "kind", "event", "session", "attempt", "principal", "owner", "server", "tool", "effects"),
    *("reversibility", "decided", "verdict", "status", "detail", "reasons", "policies", "approvals", "by"),
    *("bundle", "permit", "node", "leaf_hash"),
)
#: A cell that starts so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(leaves: Iterable[tuple[int, bytes, Mapping[str, Any]]]) -> Iterator[str]:
    """The lines of the table, its heading first, each ended by CR LF (RFC 4180 §2).

    Args:
        leaves: index, stored bytes and parsed leaf, in log order.
    """
    yield _line(COLUMNS)
    for index, data, leaf in leaves:
        yield _line(_cells(index, data, leaf))


def _cells(index: int, data: bytes, leaf: Mapping[str, Any]) -> list[str]:
    action, session = leaf.get("action", {}), leaf.get("session", {})
    cells: dict[str, object] = {
        **{name: leaf.get(name, "") for name in COLUMNS},
        "index": index,
        "session": session.get("id", ""),
        "server": action.get("server", ""),
        "tool": action.get("tool", ""),
        "policies": " ".join(named(leaf, "policies", "id")),
        "bundle": leaf.get("versions", {}).get("bundle", ""),
        "leaf_hash": leaf_digest(data),
    }
    return [_cell(cells[name]) for name in COLUMNS]


def _cell(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
