"""One file of telemetry, read to its end, and from there on as it grows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from assent.errors import ConfigError, UnavailableError
from assent.evidence.sources import SOURCES, Source, kind_of
from assent.evidence.telemetry import MAX_RECORD, BadRecordError, Event

_HEAD = 64 * 1024


class Feed:
    """Reads a file of telemetry.

    Args:
        path: the file.
        source: how it is read; None to go by its first line.
        only: fields that an event must have with this value; others are nobody's business.

    Attributes:
        read: how many events it told of.
        skipped: how many had not the fields that were asked for.
        bad: what could not be read, by place; the first hundred.

    Raises:
        ConfigError: its kind cannot be told.
        UnavailableError: it cannot be read.
    """

    def __init__(self, path: Path, source: Source | None = None, only: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._only = dict(only or {})
        self._inode, self._at, self._line, self._first = 0, 0, 0, 1
        self.read = 0
        self.skipped = 0
        self.bad: list[str] = []
        self.refused = 0
        self._source = source or self._guess()

    def _guess(self) -> Source:
        with self._open() as file:
            head = file.read(_HEAD).decode("utf-8", "replace")
        kind = kind_of(next((line for line in head.splitlines() if line.strip()), "") + head)
        if not kind:
            text = f"what kind of telemetry `{self.path}` holds cannot be told"
            kinds = ", ".join(SOURCES)
            raise ConfigError("unknown_telemetry", text, help=f"say so: KIND:FILE, with one of {kinds}, or a mapping")
        return SOURCES[kind]

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            text = f"`{self.path}` cannot be read: {error.strerror}"
            raise UnavailableError("telemetry_unreadable", text, help="look at the path and its permissions") from error

    def take(self, *, whole: bool = True) -> Iterator[Event]:
        """The events that have come since the last time.

        Args:
            whole: the file is as it will be; without it, a last line that is still being written waits.
        """
        for number, record in self._source.records(self._lines(whole)):
            where = f"{self.path.name}:{self._first + number - 1}"
            if isinstance(record, BadRecordError):
                self._refuse(where, record)
                continue
            try:
                for event in self._source.parse(record, where):
                    if any(event.fields.get(name, "") != value for name, value in self._only.items()):
                        self.skipped += 1
                    else:
                        self.read += 1
                        yield replace(event, source=f"{event.source} {self.path}")  # two files are two witnesses
            except BadRecordError as error:
                self._refuse(where, error)

    def _refuse(self, where: str, error: BadRecordError) -> None:
        self.refused += 1
        if len(self.bad) < 100:
            self.bad.append(f"{where}: {error.message}")

    def _lines(self, whole: bool) -> Iterator[str]:
        """Lines not read before; a file that was rotated or cut begins anew."""
        with self._open() as file:
            found = os.fstat(file.fileno())
            if found.st_ino != self._inode or found.st_size < self._at:
                self._inode, self._at, self._line = found.st_ino, 0, 0
            self._first = self._line + 1
            file.seek(self._at)
            while line := file.readline(MAX_RECORD + 1):
                if not line.endswith(b"\n") and not whole:
                    return
                self._at += len(line)
                self._line += 1
                yield line.decode("utf-8", "replace")
