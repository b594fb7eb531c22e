"""The mapping language: how any other log says what was executed, told in a TOML file.

format = "json"                  # or "csv" with a heading, or "lines" with a pattern
pattern = '(?P<at>\\S+) (?P<verb>\\S+) (?P<object>\\S+)'
time = "at"                      # a member: `a.b` goes into objects
time_format = "%d/%m/%Y %H:%M"   # without one, RFC 3339; a number is seconds since the epoch
text = "statement"               # the whole text that ran
tool = "tool"
arguments = "input"              # an object, or JSON in a string
marks = ["object", "account"]    # names to be found among the arguments
ids = ["request_id"]
effect = "verb"
effects = { GET = "read", PURGE = "delete" }
only = { level = "audit" }       # other records say nothing
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from assent.errors import ConfigError
from assent.evidence.sources.records import documents, lines
from assent.evidence.telemetry import BadRecordError, Event, milliseconds

_FORMATS = ("json", "csv", "lines")


@dataclass(frozen=True, slots=True)
class Terms:
    """One mapping, as its file says."""

    format: str
    time: str
    pattern: str = ""
    time_format: str = ""
    text: str = ""
    tool: str = ""
    arguments: str = ""
    effect: str = ""
    marks: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    effects: dict[str, str] = field(default_factory=dict)
    only: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, text: str) -> Terms:
        """Read a mapping file.

        Raises:
            ConfigError: it is no TOML, or says something that no mapping says.
        """
        try:
            given = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _wrong(f"it is not TOML: {error}") from error
        known = {one.name: one for one in fields(cls)}
        if unknown := given.keys() - known.keys():
            raise _wrong(f"`{min(unknown)}` is no word of a mapping; the words are {', '.join(known)}")
        for name, value in given.items():
            if not isinstance(value, _KINDS.get(name, str)):
                raise _wrong(f"`{name}` is a {type(value).__name__}")
        terms = cls(**({"format": "", "time": ""} | given))
        if terms.format not in _FORMATS or not terms.time or (terms.format == "lines") is not bool(terms.pattern):
            raise _wrong("`format` is json, csv or lines, `time` says where the time is, and lines need a `pattern`")
        if not (terms.text or terms.tool or terms.marks or terms.ids):
            raise _wrong("nothing says what was executed: give `text`, `tool`, `marks` or `ids`")
        try:
            re.compile(terms.pattern)
        except re.error as error:
            raise _wrong(f"`pattern` is no regular expression: {error}") from error
        return terms

    def records(self, text: Iterator[str]) -> Iterator[tuple[int, Any]]:
        """The records of a file."""
        if self.format == "json":
            yield from documents(text)
        elif self.format == "csv":
            reader = csv.DictReader(text, restkey="")
            for row in reader:
                yield reader.line_num, row
        else:
            pattern = re.compile(self.pattern)
            for number, line in lines(text):
                match = pattern.search(line)
                yield number, match.groupdict() if match else BadRecordError("`pattern` does not fit it")

    def parse(self, record: Any, where: str) -> Iterator[Event]:
        """What one record says was executed."""
        if not isinstance(record, Mapping):
            raise BadRecordError("no object")
        if any(_text(record, name) != value for name, value in self.only.items()):
            return
        verb = _text(record, self.effect)
        text, tool = _text(record, self.text), _text(record, self.tool)
        marks = tuple(filter(None, (_text(record, name) for name in self.marks)))
        yield Event(
            source="mapped",
            where=where,
            time=self._time(record),
            says=" ".join(filter(None, (verb, tool, text, *marks))),
            ids=frozenset(filter(None, (_text(record, name) for name in self.ids))),
            tool=tool,
            arguments=_object(_member(record, self.arguments)) if self.arguments else None,
            text=text,
            marks=marks,
            effect=self.effects.get(verb, verb if not self.effects else ""),
            fields={name: _text(record, name) for name in record},
        )

    def _time(self, record: Mapping[str, Any]) -> int:
        found = _member(record, self.time)
        if isinstance(found, (int, float)) and not isinstance(found, bool):
            return round(found * 1000)
        return milliseconds(str(found), *filter(None, [self.time_format]))


_KINDS: Mapping[str, type] = {"marks": list, "ids": list, "effects": dict, "only": dict}


def _member(record: Mapping[str, Any], path: str) -> object:
    found: object = record
    for name in path.split(".") if path else ():
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if path else None


def _text(record: Mapping[str, Any], path: str) -> str:
    found = _member(record, path)
    return "" if found is None else found if isinstance(found, str) else json.dumps(found)


def _object(found: object) -> Mapping[str, Any] | None:
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, Mapping) else None


def _wrong(message: str) -> ConfigError:
    return ConfigError("bad_mapping", message, help="see the words of a mapping in docs/reconcile.md")
