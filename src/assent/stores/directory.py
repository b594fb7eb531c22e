"""A directory that a log is published to, for a web server to hand out as it is."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assent.errors import UnavailableError

_READABLE, _SEARCHABLE = 0o644, 0o755  # what is published is for everybody


class Directory:
    """`ports.Place` in a directory.

    Args:
        root: made if missing.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._named: set[Path] = set()  # directories with names that may not be on the disk yet

    def get(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable(error) from error

    def put(self, name: str, data: bytes) -> None:
        there = self.get(name)
        if there is None:
            self._write(name, data)
        elif there != data:
            raise differs(name)

    def replace(self, name: str, data: bytes) -> None:
        try:
            self._settle()
            self._write(name, data)
            self._settle()
        except OSError as error:
            raise self._unavailable(error) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        try:
            self._root.mkdir(_SEARCHABLE, parents=True, exist_ok=True)
            held = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise self._unavailable(error) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            text = f"another process publishes to `{self._root}`"
            raise UnavailableError("place_busy", text, help="wait for it, or end it") from error
        finally:
            os.close(held)

    def _write(self, name: str, data: bytes) -> None:
        """Whole under its name, or not there; `replace` sees to it that the names before it are on the disk."""
        path = self._root / name
        part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")  # nobody can have laid a link there
        try:
            self._make(path.parent)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READABLE), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
            self._named.add(path.parent)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise self._unavailable(error) from error

    def _make(self, directory: Path) -> None:
        if not directory.is_dir():
            self._make(directory.parent)
            directory.mkdir(_SEARCHABLE, exist_ok=True)
            self._named.add(directory.parent)

    def _settle(self) -> None:
        for directory in sorted(self._named):
            _sync(directory)
        self._named.clear()

    def _unavailable(self, error: OSError) -> UnavailableError:
        text = f"`{error.filename or self._root}`: {error.strerror}"
        return UnavailableError("place_unavailable", text, help="choose a directory that this user can write")


def _sync(directory: Path) -> None:
    held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def differs(name: str) -> UnavailableError:
    """What never changes is there already, and is something else."""
    return UnavailableError(
        "place_differs",
        f"`{name}` is there already, with other bytes",
        help="nothing was overwritten; publish this log to an empty place, and keep this one: it may be evidence",
    )
