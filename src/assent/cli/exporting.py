"""The log as an export file (format `assent-export/1`)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from assent_verify.bundle import Header, write

from assent.cli.ledger import receipt_of
from assent.errors import ProofError, UnavailableError
from assent.model.ids import LeafIndex
from assent.ports import Reader


def export_lines(reader: Reader, *, disclose: bool) -> Iterator[bytes]:
    """The lines of an export of this snapshot, each with its newline.

    Args:
        disclose: with salts and clear values that are not erased.

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
    yield from write(header, leaves, notes, _disclosed(reader, size) if disclose else ())


def _disclosed(reader: Reader, size: int) -> Iterator[tuple[int, bytes, dict[str, object]]]:
    for index in range(size):
        kept = reader.sidecar(LeafIndex(index))
        if kept is not None:
            yield index, kept.salt, json.loads(kept.values)
