"""OpenTelemetry spans in OTLP JSON (opentelemetry.io/docs/specs/otlp), semantic conventions 1.38."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from assent.evidence.telemetry import BadRecordError, Event

#: An agent's or a client's span tells of a call that a server's span tells of again.
_TOOL, _OPERATION, _ARGUMENTS = "gen_ai.tool.name", "gen_ai.operation.name", "gen_ai.tool.call.arguments"
_STATEMENT = ("db.query.text", "db.statement")
_URL = ("url.full", "http.url")


def parse(record: Any, where: str) -> Iterator[Event]:
    """The tool calls, statements and requests among the spans of one export."""
    if not isinstance(record, dict) or "resourceSpans" not in record:
        raise BadRecordError("no `resourceSpans` in it")
    for resource in _list(record, "resourceSpans"):
        about = _attributes(_object(resource, "resource"))
        for scope in [*_list(resource, "scopeSpans"), *_list(resource, "instrumentationLibrarySpans")]:
            for span in _list(scope, "spans"):
                event = _event(span, about, where)
                if event is not None:
                    yield event


def _event(span: Mapping[str, Any], about: Mapping[str, str], where: str) -> Event | None:
    found = _attributes(span)
    tool = found.get(_TOOL, "") if found.get(_OPERATION, "execute_tool") == "execute_tool" else ""
    text = next((found[name] for name in _STATEMENT if found.get(name)), "")
    url = next((found[name] for name in _URL if found.get(name)), "")
    if not (tool or text or url):
        return None  # a span of something else: a model's answer, a step of a framework
    if not tool and not text:
        text = url
    verb = found.get("http.request.method", "") if url == text else ""
    ids = {value for name, value in found.items() if name.startswith("assent.")} | {_id(span.get("traceId", ""))}
    return Event(
        # a call is told by who makes it and by who serves it, each once
        source=f"otlp {about.get('service.name', '')} {span.get('kind', '')}",
        where=where,
        time=_time(span),
        says=f"span `{span.get('name', '')}`" + (f" runs {text}" if text else f" calls {tool}"),
        ids=frozenset(ids - {""}),
        tool=tool,
        arguments=_arguments(found.get(_ARGUMENTS)) if tool else None,
        text="" if tool else text,
        effect={"GET": "read", "HEAD": "read", "DELETE": "delete"}.get(verb.upper(), ""),
        fields={**about, **found},
    )


def _arguments(text: str | None) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _time(span: Mapping[str, Any]) -> int:
    try:
        return int(span["startTimeUnixNano"]) // 1_000_000
    except (KeyError, TypeError, ValueError) as error:
        raise BadRecordError("a span has no `startTimeUnixNano`") from error


def _id(text: object) -> str:
    """A trace id as W3C writes it; some exporters leave protobuf's base64."""
    if not isinstance(text, str) or len(text) == 32:
        return str(text).lower()
    try:
        return base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        return ""


def _attributes(holder: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for one in _list(holder, "attributes"):
        value = _object(one, "value")
        kind, inner = next(iter(value.items()), ("", ""))
        found[str(one.get("key"))] = inner if isinstance(inner, str) else json.dumps(inner) if kind else ""
    return found


def _list(holder: object, name: str) -> list[dict[str, Any]]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _object(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}
