"""Shapes of leaves: one description that matches canonical bytes and explains what is wrong.

A canonical object has its members in one order and one spelling, so a shape is a
regular language: `pattern()` turns it into a regular expression over the stored
bytes, which checks and takes apart a leaf in one pass of C code. `explain()` says
in words why a parsed value does not fit. Strings of a shape are printable ASCII without backslash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

_REPEAT = re.compile(r"(?<=\])(\{[0-9,]+\})")


class Shape(Protocol):
    """What a value of a leaf looks like."""

    def pattern(self) -> str:
        """Regular expression of the canonical JSON text."""

    def explain(self, value: object, path: str) -> str:
        """Why `value` does not fit, naming its path; empty if it does."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string that matches a regular expression.

    Args:
        regex: over the string itself; quotes only as literals.
        what: words for a person.
        blank: the empty string is allowed too and means `none`.
    """

    regex: str
    what: str
    blank: bool = False

    def pattern(self) -> str:
        """A quote inside the string is escaped in the text; no repeat ever has to give back, so none tries."""
        inner = _REPEAT.sub(r"\1+", self.regex.replace('"', r'\\"'))
        return f'"(?:{inner})?"' if self.blank else f'"(?:{inner})"'

    def explain(self, value: object, path: str) -> str:
        """The string against the expression."""
        if isinstance(value, str) and (re.fullmatch(self.regex, value) or (self.blank and not value)):
            return ""
        return f"`{path}` is not {self.what}"


@dataclass(frozen=True, slots=True)
class Number:
    """An integer from 0 to `10 ** digits - 1`."""

    digits: int = 15

    def pattern(self) -> str:
        """No leading zeros, no sign."""
        return f"(?:0|[1-9][0-9]{{0,{self.digits - 1}}})"

    def explain(self, value: object, path: str) -> str:
        """`true` is no number here."""
        fits = type(value) is int and 0 <= value < 10**self.digits
        return "" if fits else f"`{path}` is not an integer of at most {self.digits} digits"


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    def pattern(self) -> str:
        """Two words."""
        return "(?:true|false)"

    def explain(self, value: object, path: str) -> str:
        """Only a boolean fits."""
        return "" if isinstance(value, bool) else f"`{path}` is not true or false"


@dataclass(frozen=True, slots=True)
class Exactly:
    """One number."""

    value: int

    def pattern(self) -> str:
        """Its digits."""
        return str(self.value)

    def explain(self, value: object, path: str) -> str:
        """Equal, and no boolean."""
        return "" if type(value) is int and value == self.value else f"`{path}` is not {self.value}"


@dataclass(frozen=True, slots=True)
class Many:
    """An array of at most `most` elements of one shape."""

    of: Shape
    most: int = 64

    def pattern(self) -> str:
        """Elements joined by commas."""
        one = self.of.pattern()
        return rf"\[(?:{one}(?:,{one}){{0,{self.most - 1}}})?\]"

    def explain(self, value: object, path: str) -> str:
        """The first element that does not fit."""
        if not isinstance(value, list) or len(value) > self.most:
            return f"`{path}` is not an array of at most {self.most} elements"
        return next(filter(None, (self.of.explain(v, f"{path}[{i}]") for i, v in enumerate(value))), "")


@dataclass(frozen=True, slots=True)
class Members:
    """An object with exactly these members; those in `optional` may be left out.

    Args:
        shapes: name → shape.
        names: member → name of the group that captures its text (a string without its quotes).
        optional: the first member in order must not be among them.
    """

    shapes: Mapping[str, Shape]
    names: Mapping[str, str]
    optional: frozenset[str] = frozenset()

    def pattern(self) -> str:
        """Members in the order of RFC 8785."""
        parts: list[str] = []
        for position, (name, shape) in enumerate(sorted(self.shapes.items())):
            text = shape.pattern()
            if name in self.names:
                quote = '"' if isinstance(shape, Text) else ""
                text = f"{quote}(?P<{self.names[name]}>{text.removeprefix(quote).removesuffix(quote)}){quote}"
            member = f'{"," if position else ""}"{name}":{text}'
            parts.append(f"(?:{member})?" if name in self.optional else member)
        return r"\{" + "".join(parts) + r"\}"

    def explain(self, value: object, path: str) -> str:
        """A missing or unknown member, else the first that does not fit."""
        if not isinstance(value, dict):
            return f"`{path or 'leaf'}` is not an object"
        for name in sorted({*self.shapes} - {*value} - self.optional):
            return f"member `{path}{'.' if path else ''}{name}` is missing"
        for name in sorted({*value} - {*self.shapes}):
            return f"member {ascii(f'{path}.{name}'.lstrip('.'))[:80]} is unknown"
        found = (self.shapes[name].explain(value[name], f"{path}.{name}".lstrip(".")) for name in sorted(value))
        return next(filter(None, found), "")


def members(
    optional: frozenset[str] = frozenset(), /, *, names: Mapping[str, str] | None = None, **shapes: Shape
) -> Members:
    """An object shape, its members as keyword arguments."""
    return Members(shapes, names or {}, optional)
