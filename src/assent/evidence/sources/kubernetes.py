"""Kubernetes audit events (audit.k8s.io/v1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assent.evidence.telemetry import BadRecordError, Event, milliseconds

_EFFECTS = {"get": "read", "list": "read", "watch": "read", "delete": "delete", "deletecollection": "delete"}
#: The server writes one event for each stage; this one says what came of the request.
_STAGE = ("ResponseComplete", "Panic")


def parse(record: Any, where: str) -> Iterator[Event]:
    """One finished request: verb, and the names of what it was about."""
    if not isinstance(record, dict) or "verb" not in record or "stage" not in record:
        raise BadRecordError("no audit event: `verb` or `stage` is not in it")
    if record["stage"] not in _STAGE:
        return
    about = record["objectRef"] if isinstance(record.get("objectRef"), dict) else {}
    user = record["user"] if isinstance(record.get("user"), dict) else {}
    status = record["responseStatus"] if isinstance(record.get("responseStatus"), dict) else {}
    verb, name = str(record["verb"]), str(about.get("name", ""))
    what = "/".join(str(about[key]) for key in ("namespace", "resource", "name") if about.get(key))
    yield Event(
        source="kubernetes",
        where=where,
        time=milliseconds(str(record.get("requestReceivedTimestamp", ""))),
        says=f"{verb} {what or record.get('requestURI', '')} by {user.get('username', 'somebody')}",
        ids=frozenset(filter(None, [str(record.get("auditID", ""))])),
        marks=(name,) if name else tuple(filter(None, [str(about.get("namespace", ""))])),
        effect=_EFFECTS.get(verb, "write"),
        fields={
            "user": str(user.get("username", "")),
            "verb": verb,
            "resource": str(about.get("resource", "")),
            "namespace": str(about.get("namespace", "")),
            "code": str(status.get("code", "")),
        },
    )
