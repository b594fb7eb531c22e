"""AWS CloudTrail records (docs.aws.amazon.com, CloudTrail record contents, version 1.08 and later)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assent.evidence.telemetry import BadRecordError, Event, milliseconds

_READS = ("Get", "List", "Describe", "Head", "Lookup", "BatchGet", "Scan", "Query")
_DELETES = ("Delete", "Remove", "Terminate", "Purge")


def parse(record: Any, where: str) -> Iterator[Event]:
    """One API call: what it was called with are the names to be found in a receipt's arguments."""
    if not isinstance(record, dict) or "eventName" not in record or "eventTime" not in record:
        raise BadRecordError("no `eventName` and `eventTime` in it")
    name, service = str(record["eventName"]), str(record.get("eventSource", "")).removesuffix(".amazonaws.com")
    identity = record.get("userIdentity")
    who = identity if isinstance(identity, dict) else {}
    yield Event(
        source="cloudtrail",
        where=where,
        time=milliseconds(str(record["eventTime"])),
        says=f"{service} {name} by {who.get('arn') or who.get('userName') or 'somebody'}",
        ids=frozenset(str(record[key]) for key in ("requestID", "eventID") if record.get(key)),
        marks=tuple(_values(record.get("requestParameters"))),
        effect="read" if record.get("readOnly") is True or name.startswith(_READS) else _changed(name),
        fields={
            "service": service,
            "name": name,
            "user": str(who.get("arn", "")),
            "access_key": str(who.get("accessKeyId", "")),
            "address": str(record.get("sourceIPAddress", "")),
            "error": str(record.get("errorCode", "")),
        },
    )


def _changed(name: str) -> str:
    return "delete" if name.startswith(_DELETES) else ""


def _values(parameters: object) -> Iterator[str]:
    """Names among the parameters: short strings, not flags and numbers."""
    if isinstance(parameters, Mapping):
        for inner in parameters.values():
            yield from _values(inner)
    elif isinstance(parameters, list):
        for inner in parameters:
            yield from _values(inner)
    elif isinstance(parameters, str) and 2 < len(parameters) <= 512:
        yield parameters
