"""Sources: what other systems wrote down on their own, read strictly and believed in nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assent.evidence.sources import access, cloudtrail, git, kubernetes, mcp, otlp, postgres
from assent.evidence.sources.records import documents, lines, rows
from assent.evidence.telemetry import Event

#: The lines of a file → its records, each with its number.
Records = Callable[[Iterator[str]], Iterator[tuple[int, Any]]]
#: One record, and where it stands → what it says was executed.
Parse = Callable[[Any, str], Iterator[Event]]


@dataclass(frozen=True, slots=True)
class Source:
    """How one kind of telemetry is read."""

    records: Records
    parse: Parse


SOURCES: Mapping[str, Source] = {
    "otlp": Source(documents, otlp.parse),
    "cloudtrail": Source(documents, cloudtrail.parse),
    "kubernetes": Source(documents, kubernetes.parse),
    "postgres": Source(rows, postgres.parse),
    "access": Source(lines, access.parse),
    "mcp": Source(lines, mcp.parse),
    "git": Source(lines, git.parse),
}


def kind_of(head: str) -> str:
    """Which kind a file is, by its first line; empty if it cannot be told."""
    if git.LINE.match(head):
        return "git"
    for mark, kind in _MARKS:
        if mark in head:
            return kind
    return "postgres" if head.count('","') + head.count(",,") > 5 else "access" if " HTTP/" in head else ""


_MARKS = (
    ('"resourceSpans"', "otlp"),
    ('"eventSource"', "cloudtrail"),
    ('"Records"', "cloudtrail"),
    ("audit.k8s.io/", "kubernetes"),
    ('"jsonrpc"', "mcp"),
)
