"""Git's reflog files (`.git/logs/HEAD`, `.git/logs/refs/…`): what moved a ref, and to which commit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assent.evidence.telemetry import BadRecordError, Event

LINE = re.compile(
    r"(?P<old>[0-9a-f]{40,64}) (?P<new>[0-9a-f]{40,64}) (?P<who>.{0,512}) "
    r"(?P<time>[0-9]{1,12}) [+-][0-9]{4}\t(?P<what>.*)"
)
_MOVED = re.compile(r"moving (?:from \S+ )?to (?P<to>\S+)")


def parse(record: Any, where: str) -> Iterator[Event]:
    """One movement of a ref: the commit it went to, and the words of the message."""
    match = LINE.fullmatch(record)
    if match is None:
        raise BadRecordError("no line of a reflog")
    if match["old"] == match["new"]:
        return  # nothing moved
    verb, _, rest = match["what"].partition(": ")
    moved = _MOVED.fullmatch(rest)
    marks = (moved["to"],) if moved else (rest or verb,)
    yield Event(
        source="git",
        where=where,
        time=int(match["time"]) * 1000,
        says=f"{match['what']} ({match['new'][:12]})",
        ids=frozenset({match["new"]}),
        marks=marks,
        fields={"who": match["who"], "verb": verb.partition(" ")[0], "commit": match["new"]},
    )
