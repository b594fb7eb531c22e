"""What was done to configurations, kept in the home until it is undone: each file as it was, and what was wrapped."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from assent.edges.clients.files import sync
from assent.errors import UnavailableError

FOLDER = "clients"


@dataclass(frozen=True, slots=True)
class Record:
    """One file, once.

    Args:
        client: whose it is.
        file: as it is called.
        after: SHA-256 of what was written.
        program: what was put before the servers.
        bare: name given to each wrapped server → it had no `args`.
        identities: name given to each → what its command starts (`edges.mcp.command.Program`).
        number: the order of records.
    """

    client: str
    file: str
    after: str
    program: str
    bare: Mapping[str, bool]
    identities: Mapping[str, str]
    number: int = 0


def records(home: Path) -> list[Record]:
    """All records of a home, the oldest first.

    Raises:
        UnavailableError: `client_record`: one cannot be read.
    """
    found = []
    for path in sorted((home / FOLDER).glob("*.json")):
        try:
            said: dict[str, Any] = json.loads(path.read_bytes())
            found.append(Record(**{**said, "number": int(path.stem)}))
        except (OSError, ValueError, TypeError) as error:
            text = f"`{path}` is not the record it should be"
            raise UnavailableError(
                "client_record", text, help="look at the file beside it, and move both away"
            ) from error
    return found


def keep(home: Path, record: Record, before: bytes) -> Record:
    """Make a record, durably, before anything is written elsewhere; it, with its number.

    Args:
        before: the file as it is.

    Raises:
        OSError: the home cannot be written.
    """
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    number = max((int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal()), default=0)
    while True:
        number += 1
        try:
            _write(folder / f"{number:06}.before", before)
            break
        except FileExistsError:  # another run took the number
            continue
    said = {name: value for name, value in asdict(record).items() if name != "number"}
    _write(folder / f"{number:06}.json", json.dumps(said, indent=2).encode())
    sync(folder)
    return replace(record, number=number)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def before(home: Path, record: Record) -> bytes:
    """The file as it was.

    Raises:
        OSError: it is not there.
    """
    return (home / FOLDER / f"{record.number:06}.before").read_bytes()


def drop(home: Path, record: Record) -> None:
    """Forget a record that has been undone."""
    for suffix in ("json", "before"):
        (home / FOLDER / f"{record.number:06}.{suffix}").unlink(missing_ok=True)


def digest(content: bytes) -> str:
    """As records name bytes."""
    return sha256(content).hexdigest()
