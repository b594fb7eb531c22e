"""What independent telemetry says was executed, in one form for every source.

Telemetry is a stranger's text: it is compared, never believed. An event carries what
a receipt can be found by: ids, a tool with its arguments, the text that ran, or at
least the names that it touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from assent.errors import RequestError

#: One line or record of telemetry; longer ones are refused by place, never cut.
MAX_RECORD = 4 * 1024 * 1024
_SPACE = re.compile(r"\s+")
#: What ends a statement within a script or a program; the end of a string is written `\0`.
_BEFORE, _AFTER = frozenset(["", *"\0;'\"`([{\\"]), frozenset(["", *"\0;'\"`)]}\\"])


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a source says was executed.

    Args:
        source: kind of the source, `otlp`, `postgres`, …
        where: file and line or record, for a person.
        time: when it began, milliseconds since the epoch.
        says: one line for a person.
        ids: attempt, permit, trace or external ids that stand in it.
        tool: tool name, if the source knows tools.
        arguments: its arguments, if the source records them.
        text: the whole text that ran (a statement, a command, a URL), if there is one.
        marks: names that it touched; each is looked for in the arguments of a receipt.
        effect: `read`, `write`, `delete`, … if the source tells.
        fields: what `--only` and a mapping can ask for: user, service, address, …
    """

    source: str
    where: str
    time: int
    says: str
    ids: frozenset[str] = frozenset()
    tool: str = ""
    arguments: Mapping[str, Any] | None = None
    text: str = ""
    marks: tuple[str, ...] = ()
    effect: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """What it says was executed, in one text; empty if it only names a time."""
        said = [self.tool, self.arguments, squeezed(self.text), self.marks, self.effect]
        return json.dumps(said, sort_keys=True) if self.arguments is not None or self.text or self.marks else ""


class BadRecordError(RequestError):
    """A record of telemetry that cannot be read; it is counted and named, and the rest is read on."""

    def __init__(self, message: str) -> None:
        super().__init__("bad_telemetry", message, help="give the kind, as in --telemetry postgres:FILE")


def squeezed(text: str) -> str:
    """A text as it is compared: white space as one blank, no closing semicolon, no case.

    Where something may be a comment to the end of its line, lines stay lines: what follows it runs or not.
    """
    commented = "--" in text or "#" in text
    plain = _SPACE.sub(lambda run: "\n" if commented and not {"\n", "\r"}.isdisjoint(run[0]) else " ", text)
    return plain.strip().rstrip(";").rstrip().casefold()


def names(text: str, words: str) -> bool:
    """Does a squeezed text stand in others as a whole, not as part of a longer name?"""
    at = words.find(text) if text else -1
    while at >= 0:
        end = at + len(text)
        if not (_in_word(words[at - 1 : at]) and _in_word(text[0])) and not (
            _in_word(words[end : end + 1]) and _in_word(text[-1])
        ):
            return True
        at = words.find(text, at + 1)
    return False


def part_of(text: str, words: str) -> bool:
    """Does a squeezed statement stand whole in others? One that goes on, with a condition say, is another one."""
    lines = any(mark in text for mark in ("\n", "--", "#"))  # where a line ends means something
    plain = words if lines else words.replace("\n", " ")
    at = plain.find(text) if text else -1
    while at >= 0:
        end = at + len(text)
        before, after = plain[max(0, at - 2) : at][::-1], plain[end : end + 2]
        if " " not in text:  # a URL, a path: blanks end it
            before, after = before[:1], after[:1]
        if before.strip()[:1] in _BEFORE and after.strip()[:1] in _AFTER:
            return True
        at = plain.find(text, at + 1)
    return False


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def milliseconds(text: str, *forms: str) -> int:
    """A time as milliseconds since the epoch; a time without a zone is UTC.

    Args:
        text: RFC 3339, or in one of `forms` as `strptime` reads them.

    Raises:
        BadRecordError: it is no time.
    """
    for form in forms:
        try:
            return _ms(datetime.strptime(text, form))
        except ValueError:
            continue
    try:
        return _ms(datetime.fromisoformat(text))
    except ValueError as error:
        raise BadRecordError(f"`{text[:40]}` is not a time") from error


def _ms(found: datetime) -> int:
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
