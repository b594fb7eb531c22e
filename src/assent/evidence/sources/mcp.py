"""Logs of MCP servers and clients: lines that hold a JSON-RPC message, whatever stands around it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from assent.evidence.telemetry import BadRecordError, Event, milliseconds

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]{8,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?")


def parse(record: Any, where: str) -> Iterator[Event]:
    """Tool calls; other messages and lines say nothing."""
    at = record.find("{")
    if at < 0 or "tools/call" not in record:
        return
    message = _message(record[at:])
    outer = message
    if isinstance(message.get("message"), dict):  # a logger that wraps what it logs
        message = message["message"]
    params = message.get("params")
    if message.get("method") != "tools/call" or not isinstance(params, dict):
        return
    arguments = params.get("arguments")
    meta = params["_meta"] if isinstance(params.get("_meta"), dict) else {}
    parent = str(meta.get("traceparent", "")).split("-")
    yield Event(
        source="mcp",
        where=where,
        time=_time(record[:at], outer),
        says=f"tools/call {params.get('name', '')}",
        ids=frozenset(parent[1:2]),
        tool=str(params.get("name", "")),
        arguments=arguments if isinstance(arguments, dict) else {},
    )


def _message(text: str) -> dict[str, Any]:
    try:
        found, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise BadRecordError(f"the message in it is not JSON: {error}") from error
    return found if isinstance(found, dict) else {}


def _time(before: str, message: dict[str, Any]) -> int:
    match = _TIME.search(before)
    text = match[0].replace(",", ".") if match else message.get("timestamp") or message.get("time")
    if not isinstance(text, str):
        raise BadRecordError("no time stands before the message or in it")
    return milliseconds(text)
