"""Lines of a file as records: JSON documents, CSV rows, or the lines themselves."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from assent.evidence.telemetry import MAX_RECORD, BadRecordError

_MAX_DOCUMENT = 64 * MAX_RECORD
#: Where a document keeps its list of records.
_LISTS = ("Records", "items")


def lines(text: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Each line that is not empty, with its number."""
    for number, line in enumerate(text, 1):
        if line.strip():
            yield number, line.rstrip("\r\n")[:MAX_RECORD]


def rows(text: Iterator[str]) -> Iterator[tuple[int, list[str] | BadRecordError]]:
    """Rows of CSV (RFC 4180); a field may hold line breaks."""
    csv.field_size_limit(MAX_RECORD)  # or a long statement is a way not to be seen
    reader = csv.reader(text, strict=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield reader.line_num, BadRecordError(f"not CSV: {error}")
            continue
        if row is None:
            return
        if row:
            yield reader.line_num, row


def documents(text: Iterator[str]) -> Iterator[tuple[int, Any]]:
    """JSON, one document a line or one in the whole file; lists of records one by one.

    What is no JSON stands in its place as the error that says so.
    """
    first = next((line for line in text if line.strip()), "")
    head = _json(first)
    if isinstance(head, BadRecordError):  # not one a line: the whole file is one, or this line is broken
        begun = [first, *_some(text)]
        whole = _json("".join(begun))
        if not isinstance(whole, BadRecordError):
            head, begun = whole, begun[:1]
        text = chain(begun[1:], text)
    yield from _unfolded(1, head)
    for number, line in enumerate(text, 2):
        if line.strip():
            yield from _unfolded(number, _json(line))


def _unfolded(number: int, document: object) -> Iterator[tuple[int, Any]]:
    found: object = document
    if isinstance(document, dict):
        found = next((document[name] for name in _LISTS if isinstance(document.get(name), list)), document)
    for one in found if isinstance(found, list) else [found]:
        yield number, one


def _some(text: Iterator[str]) -> Iterator[str]:
    """As many lines as one document may have."""
    size = 0
    for line in text:
        yield line
        size += len(line)
        if size > _MAX_DOCUMENT:
            return


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return BadRecordError(f"not JSON: {error}")
