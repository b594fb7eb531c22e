"""PostgreSQL's CSV log (postgresql.org/docs, "Using CSV-Format Log Output"), with or without pgaudit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from assent.evidence.telemetry import MAX_RECORD, BadRecordError, Event, milliseconds

_TIME, _USER, _DATABASE, _PID, _ADDRESS, _MESSAGE, _APPLICATION = 0, 1, 2, 3, 4, 13, 22
_AUDIT = "AUDIT: "
_EFFECTS = {"READ": "read"}
#: What a session says of itself rather than of data.
_QUIET = ("begin", "commit", "rollback", "set ", "show ", "discard ", "start transaction", "deallocate ")


def parse(record: Any, where: str) -> Iterator[Event]:
    """One statement, from an audit record or from `log_statement`; other messages say nothing.

    With pgaudit in use, name it by `--only audit=yes`: the log then tells each statement twice.
    """
    if not isinstance(record, list) or len(record) <= _MESSAGE:
        raise BadRecordError(f"{len(record)} columns, a PostgreSQL log has at least {_MESSAGE + 1}")
    message, effect, audit = str(record[_MESSAGE]), "", "no"
    if message.startswith(_AUDIT):
        audit, text, effect = "yes", *_audited(message.removeprefix(_AUDIT))
    else:
        text = _stated(message)
    alone = ";" not in text.strip().rstrip(";")  # or it opens a string of statements
    if not text or (alone and text.lstrip().casefold().startswith(_QUIET)):
        return
    user, database = str(record[_USER]), str(record[_DATABASE])
    yield Event(
        source="postgres",
        where=where,
        time=milliseconds(str(record[_TIME]), "%Y-%m-%d %H:%M:%S.%f %Z", "%Y-%m-%d %H:%M:%S %Z"),
        says=f"{user} on {database} runs {text}",
        text=text,
        effect=effect,
        fields={
            "user": user,
            "database": database,
            "address": str(record[_ADDRESS]),
            "audit": audit,
            "application": str(record[_APPLICATION]) if len(record) > _APPLICATION else "",
        },
    )


def _audited(message: str) -> tuple[str, str]:
    """Statement and effect of an audit record: type, ids, class, command, object type, name, statement, parameters."""
    csv.field_size_limit(MAX_RECORD)
    try:
        [fields] = csv.reader(io.StringIO(message, newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        raise BadRecordError(f"an audit record is not one row of CSV: {error}") from error
    if len(fields) < 8:
        raise BadRecordError("an audit record has too few fields")
    return fields[7], _EFFECTS.get(fields[3], "")


def _stated(message: str) -> str:
    head, _, text = message.partition(": ")
    if head == "duration":  # log_min_duration_statement
        return _stated(text.partition("  ")[2])
    return text if head == "statement" or head.startswith("execute ") else ""
