"""A configuration as a tree of values that know where in the text they stand, and edits of that text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from assent.errors import ConfigError

#: Deepest nesting that is read.
DEEPEST = 100
#: Most values of one file: each costs some 250 bytes of memory.
MOST_VALUES = 500_000
#: Scalars are all that is no text: numbers, truth values, dates.
Kind = Literal["object", "array", "text", "scalar"]


@dataclass(slots=True)
class Node:
    """One value.

    Args:
        kind: what it is.
        start: where its first character stands.
        end: where it is over.
        value: what a text says; of a scalar, how it is written.
        members: of an object, in order.
        items: of an array.
    """

    kind: Kind
    start: int
    end: int = 0
    value: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)

    def get(self, *keys: str) -> Node | None:
        """What stands below these keys; None if nothing does."""
        node: Node | None = self
        for key in keys:
            member = node.members.get(key) if node else None
            node = member.node if member else None
        return node

    def shape(self) -> object:
        """What it says, wherever it stands, to compare."""
        if self.kind == "object":
            return {name: member.node.shape() for name, member in self.members.items()}
        return [item.shape() for item in self.items] if self.kind == "array" else (self.kind, self.value)


@dataclass(slots=True)
class Member:
    """A key and its value.

    Args:
        start: where the key begins, dots and all (`a.b.command`).
        name: where its last part begins.
        node: the value.
        inline: in TOML, it stands in an inline table; in JSON every one does.
    """

    start: int
    name: int
    node: Node
    inline: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """A text that was read.

    Args:
        format: how it is written.
        text: as it stands in the file, a byte order mark included.
        root: what it says.
        comments: where each comment begins and ends.
    """

    format: Literal["json", "toml"]
    text: str
    root: Node
    comments: tuple[tuple[int, int], ...] = ()

    def line(self, offset: int) -> int:
        """1-based line of a place in the text."""
        return self.text.count("\n", 0, offset) + 1


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of text, and what takes its place."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after all edits, which do not overlap."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def texts(node: Node, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every text and scalar below a node, with the keys that lead to it."""
    for name, member in node.members.items():
        yield from texts(member.node, (*keys, name))
    for item in node.items:
        yield from texts(item, keys)
    if node.kind in ("text", "scalar"):
        yield keys, node


def malformed(name: str, text: str, offset: int, what: str) -> ConfigError:
    """The error of a text that cannot be read: file, line, column. What stands there may be a secret and is not shown.

    Args:
        name: the file.
        text: all of it.
        offset: where the fault is.
        what: `expected A`, or what is wrong.
    """
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    help = f"nothing was written; correct line {line} of the file, or move it away, and run this again"
    return ConfigError("client_syntax", f"`{name}`, line {line}, column {column}: {what}", help=help)
