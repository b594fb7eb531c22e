"""Access logs of HTTP servers: nginx and Apache (combined), Envoy (default), or JSON lines of either."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from assent.evidence.telemetry import BadRecordError, Event, milliseconds

_COMBINED = re.compile(
    r"(?P<address>\S{1,64}) \S{1,64} (?P<user>\S{1,128}) \[(?P<time>[^\]]{1,40})\] "
    r'"(?P<method>[A-Z]{3,10}) (?P<path>\S{1,8192}) [^"]{1,16}" (?P<status>[0-9]{3})'
)
_ENVOY = re.compile(
    r'\[(?P<time>[^\]]{1,40})\] "(?P<method>[A-Z]{3,10}) (?P<path>\S{1,8192}) [^"]{1,16}" (?P<status>[0-9]{3})'
    r'(?: \S{1,64}){5}(?: "[^"]{0,1024}"){2} "(?P<id>[^"]{0,128})" "(?P<host>[^"]{0,256})"'
)
#: Names that JSON logs give to the same things.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "time": ("time_iso8601", "start_time", "time", "timestamp"),
    "method": ("request_method", "method"),
    "path": ("request_uri", "path", "uri"),
    "status": ("status", "response_code"),
    "host": ("host", "authority", "http_host"),
    "address": ("remote_addr", "downstream_remote_address"),
    "user": ("remote_user", "user"),
    "id": ("request_id", "x_request_id"),
}
_EFFECTS = {"GET": "read", "HEAD": "read", "OPTIONS": "read", "DELETE": "delete"}


def parse(record: Any, where: str) -> Iterator[Event]:
    """One request: its path, with the query, is to be found in a receipt's arguments."""
    found = _json(record) if record.startswith("{") else _plain(record)
    path = found["path"]
    plain = unquote(path.partition("?")[0]).strip("/")
    yield Event(
        source="access",
        where=where,
        time=milliseconds(found["time"], "%d/%b/%Y:%H:%M:%S %z"),
        says=f"{found['method']} {found.get('host', '')}{path} answered {found['status']}",
        ids=frozenset(filter(None, [found.get("id", "").strip("-")])),
        marks=tuple(part for part in plain.split("/") if part) or ("/",),
        effect=_EFFECTS.get(found["method"], ""),
        fields=found,
    )


def _plain(line: str) -> dict[str, str]:
    match = _COMBINED.match(line) or _ENVOY.match(line)
    if match is None:
        raise BadRecordError("no access log that is known: combined, Envoy's default or JSON")
    return {name: text or "" for name, text in match.groupdict().items()}


def _json(line: str) -> dict[str, str]:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRecordError(f"not JSON: {error}") from error
    found = {
        name: str(next((given[word] for word in words if given.get(word) is not None), ""))
        for name, words in _NAMES.items()
    }
    if not all(found[name] for name in ("time", "method", "path")):
        raise BadRecordError("no time, method and path under names that are known")
    return found
