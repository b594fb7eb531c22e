"""An export as evidence to work on: its leaves, and the clear values that were disclosed with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from assent_verify.bundle import Export
from assent_verify.canonical import parse
from assent_verify.note import decode_base64
from assent_verify.opening import open_values

from assent.errors import ConfigError, ProofError


class Exported:
    """An export file, read in log order.

    Args:
        path: the file.

    Raises:
        ConfigError: it is no export.
        ProofError: a value does not open its leaf, or a line cannot be read.
        OSError: what opening or reading raises.
    """

    def __init__(self, path: Path) -> None:
        def opened() -> BinaryIO:
            return path.open("rb")

        try:
            self._export = Export(opened)
        except ProofError as error:
            raise ConfigError("not_a_log", f"`{path}` is no home, log database or export: {error.message}") from error
        for _ in self._export.leaves():  # they are found again by where they start
            pass
        self._disclosed = dict(self._read())

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return self._export.size

    def leaves(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Index and stored bytes, from one on."""
        with self._export.open() as file:
            for index in range(start, self._export.size):
                yield index, self._export.leaf(file, index)

    def values(self, index: int, leaf: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The disclosed values of a leaf, which are what it commits to; None if there are none."""
        found = self._disclosed.get(index)
        if found is None:
            return None
        open_values(leaf, *found)
        return found[1]

    def _read(self) -> Iterator[tuple[int, tuple[bytes, Mapping[str, Any]]]]:
        for line in self._export.tail():
            value = parse(line, max_bytes=len(line))
            match value:
                case {"disclosed": {"index": int(index), "salt": str(salt), "values": dict(values)}}:
                    yield index, (decode_base64(salt, "salt"), values)
