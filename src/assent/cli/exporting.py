"""The log as an export file (`assent-export/1`), or sessions of it as an evidence bundle (`assent-evidence/1`)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assent_verify.bundle import Header, timestamp_line, write

from assent.cli.ledger import find, receipt_of, receipts, whole_attempt
from assent.errors import ProofError, RequestError, UnavailableError
from assent.evidence.bundle import Wanted, anchor, archived_lines, bundle_lines
from assent.evidence.disclosure import Disclosure
from assent.model.ids import LeafIndex
from assent.ports import Reader


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the log somebody asked for.

    Args:
        sessions: whole sessions.
        attempts, receipts: their sessions up to the last leaf of the attempt.
        since, until: sessions with a leaf in this time, RFC 3339 as in leaves; empty for no bound.
    """

    sessions: tuple[str, ...] = ()
    attempts: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()
    since: str = ""
    until: str = ""


def evidence_lines(reader: Reader, choice: Choice, disclosure: Disclosure, *, policies: bool) -> Iterator[bytes]:
    """The lines of an evidence bundle, each with its newline.

    Raises:
        RequestError: an id is unknown, or nothing was chosen.
        UnavailableError: what was chosen is not covered by a signed checkpoint yet.
        ProofError: a leaf is no receipt, or the log is not what its checkpoint says.
    """
    stops = _stops(reader, choice, anchor(reader))
    if not stops:
        raise RequestError("unknown_id", "no session has a leaf in that time", help="see: assent sessions")
    return bundle_lines(reader, Wanted(stops, disclosure.line, policies))


def _stops(reader: Reader, choice: Choice, size: int) -> dict[str, int]:
    """Session → where it stops being shown."""
    stops: dict[str, int] = {}
    for id in choice.attempts + choice.receipts:
        found = find(reader, id)
        found = whole_attempt(reader, found[0]) if len(found) == 1 else found
        session, last = found[-1].session, found[-1].index
        if session is None:
            raise RequestError("unknown_id", "a system leaf belongs to no session", help="name a call's receipt")
        if last >= size:
            text = f"leaf {last} is not covered by a signed checkpoint yet"
            raise UnavailableError("not_signed_yet", text, help="try again in a second")
        stops[session] = max(stops.get(session, 0), last + 1)
    if choice.since or choice.until:
        for receipt in receipts(reader, 0, size):
            if receipt.session and choice.since <= receipt.text("time") <= (choice.until or "9999"):
                stops[receipt.session] = size
    return stops | dict.fromkeys(choice.sessions, size)


def write_private(path: Path, lines: Iterable[bytes]) -> None:
    """Write a file that only its owner can read, whole or not at all.

    Raises:
        UnavailableError: `export_unwritable`.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            for line in lines:
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        text = f"`{path}` cannot be written: {error.strerror}"
        raise UnavailableError("export_unwritable", text, help="choose another place") from error
    finally:
        with suppress(OSError):
            beside.unlink()


def export_lines(reader: Reader, disclosure: Disclosure, *, policies: bool = False) -> Iterator[bytes]:
    """The lines of an export of this snapshot, each with its newline.

    Args:
        disclosure: which clear values that are not erased go along.
        policies: with what the disclosed decisions were made by, so that they can be replayed.

    Raises:
        UnavailableError: the log has not begun.
        ProofError: its first leaf does not say whose log it is.
    """
    size = reader.size()
    genesis = reader.leaf(LeafIndex(0))
    if genesis is None:
        raise UnavailableError("empty_log", "the log has no leaf", help="run: assent init")
    subject = receipt_of(0, genesis).leaf.get("subject")
    if not isinstance(subject, dict) or not {"origin", "log_key"} <= subject.keys():
        raise ProofError("leaf_schema", "leaf 0 does not say whose log it is", help="run: assent verify")
    header = Header(subject["origin"], subject["log_key"], size)
    leaves = (data for _, data in reader.leaves(0, size))
    notes = (note for at, note in reader.checkpoints() if at <= size)
    stamps = [timestamp_line(at, token) for at, token in reader.timestamps() if at <= size]
    named: set[str] = set()
    yield from write(header, leaves, notes)
    yield from stamps
    yield from _disclosed(reader, size, disclosure, named)
    if policies:
        yield from archived_lines(reader, named)


def _disclosed(reader: Reader, size: int, disclosure: Disclosure, named: set[str]) -> Iterator[bytes]:
    """The lines that disclose; what they name by digest is added to `named`."""
    for index in range(size) if disclosure != Disclosure() else ():
        kept = reader.sidecar(LeafIndex(index))
        given = disclosure.line(index, kept) if kept is not None else None
        if given is not None:
            named.update(given[1])
            yield given[0]
