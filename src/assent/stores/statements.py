"""SQL from its files: named statements and numbered migrations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

_SQL = Path(__file__).with_name("sql")
_NAME = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)


def queries(backend: str) -> Mapping[str, str]:
    """The statements of `sql/BACKEND/queries.sql`, by name."""
    parts = _NAME.split(_text(backend, "queries.sql"))
    return {name: text.split(";", 1)[0].strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def migrations(backend: str) -> Sequence[str]:
    """All migrations in order; number 1 comes first and none is missing.

    Raises:
        ValueError: the numbers have a hole or repeat.
    """
    folder = _SQL / backend / "migrations"
    names = sorted(path.name for path in folder.glob("*.sql"))
    if [int(name.split("_", 1)[0]) for name in names] != list(range(1, len(names) + 1)):
        raise ValueError(f"migrations are not numbered 1, 2, …: {names}")
    return [(folder / name).read_text(encoding="utf-8") for name in names]


def schema(backend: str) -> str:
    """The schema that all migrations together make."""
    return _text(backend, "schema.sql")


def _text(backend: str, name: str) -> str:
    return (_SQL / backend / name).read_text(encoding="utf-8")
