"""What time stamps prove of a log that was verified (RFC 3161)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from assent_verify.bundle import Export, checkpoint_size, tail_line
from assent_verify.note import Note
from assent_verify.report import MAX_PROBLEMS, Problem, Report
from assent_verify.verify import UNCHECKED
from cryptography import x509

from assent.errors import ProofError
from assent.ports import Reader
from assent.record.stamps import proved


@dataclass(frozen=True, slots=True)
class Stamps:
    """Answers of an authority by size, and the notes of those sizes."""

    tokens: Sequence[tuple[int, bytes]]
    notes: dict[int, bytes]


def of_reader(reader: Reader) -> Stamps:
    """Those of a home."""
    tokens = reader.timestamps()
    wanted = {size for size, _ in tokens}
    return Stamps(tokens, {size: note for size, note in reader.checkpoints() if size in wanted})


def of_export(open: Callable[[], BinaryIO]) -> Stamps:
    """Those of an export; none of a file of another kind.

    Raises:
        OSError: what reading it raises.
    """
    tokens: list[tuple[int, bytes]] = []
    notes: dict[int, bytes] = {}
    try:
        export = Export(open)
    except ProofError:
        return Stamps((), {})
    for line in export.tail():
        if not line.startswith((b'{"checkpoint":', b'{"timestamp":')):
            break
        try:
            kind, value = tail_line(line)
        except ProofError:
            continue  # verifying the file says so
        if kind == "checkpoint":
            notes[checkpoint_size(value)] = value.encode()
        else:
            tokens.append((value["size"], value["token"]))
    return Stamps(tokens, notes)


def stamped(report: Report, stamps: Stamps, roots: Sequence[x509.Certificate]) -> Report:
    """The report with what the time stamps prove; none at all, or one that does not hold, is a no.

    Raises:
        ConfigError: `timestamp_not_installed`.
    """
    problems: list[Problem] = []
    held = ""
    for size, token in stamps.tokens:
        try:
            if size not in stamps.notes:
                raise ProofError("bad_timestamp", f"there is no checkpoint of {size} leaves")
            time = proved(token, Note.parse(stamps.notes[size]).text.encode(), roots)
            held = f"checkpoint of {size} leaves existed at {time:%Y-%m-%dT%H:%M:%SZ}, by its time stamp"
        except ProofError as error:
            problems.append(Problem(size - 1, error.code, f"time stamp of {size} leaves: {error.message}", "witnessed"))
    if not stamps.tokens:
        problems.append(Problem(None, "not_timestamped", "there is no time stamp", "witnessed"))
    notes = [one for one in report.notes if not one.startswith(UNCHECKED)]
    return replace(
        report,
        witnessed=False if problems else report.witnessed,
        problems=[*report.problems, *problems][:MAX_PROBLEMS],
        notes=[*notes, held] if held else notes,
    )
