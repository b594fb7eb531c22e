"""TOML 1.0 with the place of every value. The standard library judges the text; this finds where things stand in it."""

from __future__ import annotations

import re
import tomllib

from assent.edges.clients.tree import DEEPEST, Document, Member, Node, malformed
from assent.errors import ConfigError

_SPACE = re.compile(r"[ \t\r\n]++")
_COMMENT = re.compile(r"#[^\r\n]*+")
_TEXT = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*+"{3,5}|'
    r"'''(?:[^']|'(?!''))*+'{3,5}|"
    r'"(?:[^"\\\n]|\\.)*+"|' + r"'[^'\n]*+'"
)
#: A date may be parted from its time by a blank (TOML 1.0, offset date-time).
_SCALAR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9][0-9:.+Z-]*+|[^\s,\]}#]++")
_BARE = re.compile(r"[A-Za-z0-9_-]++")
#: A dotted key of more parts than any client has: the standard library takes quadratic time for it.
_MANY_PARTS = re.compile(
    r"""(?:(?:[A-Za-z0-9_-]{1,64}+|"(?:[^"\\\n]|\\.){0,64}+"|'[^'\n]{0,64}+')[ \t]*+\.[ \t]*+){100}"""
)
_PLACE = re.compile(r"line (\d+), column (\d+)")


def read(text: str, name: str) -> Document:
    """The tree of a text.

    Args:
        text: all of the file; a byte order mark may begin it.
        name: of the file, for errors.

    Raises:
        ConfigError: `client_syntax`: it is not TOML; says where.
    """
    mark = len(text) - len(text.removeprefix("\ufeff"))
    if found := _MANY_PARTS.search(text):
        raise _too_deep(name, text, found.start())
    try:
        tomllib.loads(text[mark:])
    except tomllib.TOMLDecodeError as error:
        told = str(error).partition(" (at ")[0]
        raise malformed(name, text, _offset(text, str(error)), f"not TOML: {told[:1].lower()}{told[1:]}") from None
    except (RecursionError, ValueError):
        raise _too_deep(name, text, mark) from None
    reader = _Reader(text, mark)
    try:
        return Document("toml", text, reader.document(), tuple(reader.comments))
    except RecursionError:
        raise _too_deep(name, text, mark) from None
    except (AttributeError, IndexError, KeyError) as error:  # valid, but not as the places were looked for
        raise ConfigError(
            "client_syntax", f"`{name}` is TOML in a form that cannot be edited", help="wrap its servers by hand"
        ) from error


def _too_deep(name: str, text: str, offset: int) -> ConfigError:
    return malformed(name, text, offset, "nested too deep, or a value that is none")


def _offset(text: str, message: str) -> int:
    """The place that the standard library names in words."""
    found = _PLACE.search(message)
    if found is None:
        return len(text)
    before = sum(len(line) + 1 for line in text.split("\n")[: int(found[1]) - 1])
    return min(len(text), before + int(found[2]) - 1)


class _Reader:
    """One pass over one valid text."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self._at = at
        self._depth = 0
        self.comments: list[tuple[int, int]] = []

    def document(self) -> Node:
        """The root table."""
        root = Node("object", self._at, len(self._text))
        table = root
        while self._space():
            start = self._at
            if self._text.startswith("[[", start):
                self._at += 2
                keys = self._keys("]]")
                parent = self._descend(root, [key for key, _ in keys[:-1]])
                new = Member(start, keys[-1][1], Node("array", start, self._at))
                table = Node("object", start, self._at)
                self._depth = 2 * len(keys)  # every part may be the last of an array
                parent.members.setdefault(keys[-1][0], new).node.items.append(table)
            elif self._text[start] == "[":
                self._at += 1
                keys = self._keys("]")
                table = self._descend(root, [key for key, _ in keys])
                self._depth = 2 * len(keys)
            else:
                self._pair(table, inline=False)
        return root

    def _space(self) -> bool:
        """Step over blanks and comments; is anything left?"""
        while True:
            if found := _SPACE.match(self._text, self._at):
                self._at = found.end()
            elif found := _COMMENT.match(self._text, self._at):
                self.comments.append(found.span())
                self._at = found.end()
            else:
                return self._at < len(self._text)

    def _descend(self, node: Node, keys: list[str]) -> Node:
        """The table below these keys, made where it is not; of an array of tables, its last."""
        for key in keys:
            if key not in node.members:
                node.members[key] = Member(self._at, self._at, Node("object", self._at, self._at), inline=False)
            node = node.members[key].node
            if node.kind == "array":
                node = node.items[-1]
        return node

    def _keys(self, close: str) -> list[tuple[str, int]]:
        """A dotted key up to the sign that ends it: each part, and where it begins."""
        keys: list[tuple[str, int]] = []
        while True:
            self._space()
            start = self._at
            if found := _BARE.match(self._text, start):
                self._at = found.end()
                keys.append((found[0], start))
            else:
                keys.append((self._string(), start))
            self._space()
            if self._text.startswith(close, self._at):
                self._at += len(close)
                return keys
            self._at += 1  # the dot

    def _pair(self, table: Node, inline: bool) -> None:
        start = self._at
        keys = self._keys("=")
        self._space()
        parent = self._descend(table, [key for key, _ in keys[:-1]])
        name, at = keys[-1]
        parent.members[name] = Member(start, at, self._deeper(len(keys)), inline)

    def _deeper(self, levels: int) -> Node:
        """A value so many levels down.

        Raises:
            RecursionError: it is deeper than anybody walks a tree.
        """
        self._depth += levels
        if self._depth > DEEPEST:
            raise RecursionError
        node = self._value()
        self._depth -= levels
        return node

    def _value(self) -> Node:
        start, sign = self._at, self._text[self._at]
        if sign == "[":
            return self._array()
        if sign == "{":
            return self._table()
        if sign in "\"'":
            return Node("text", start, value=self._string(), end=self._at)
        return Node("scalar", start, value=self._take(_SCALAR), end=self._at)

    def _string(self) -> str:
        return str(tomllib.loads("v=" + self._take(_TEXT))["v"])

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise IndexError(self._at)
        self._at = found.end()
        return found[0]

    def _array(self) -> Node:
        node = Node("array", self._at)
        self._at += 1
        while self._space() and self._text[self._at] != "]":
            node.items.append(self._deeper(1))
            self._space()
            self._at += self._text[self._at] == ","
        self._at += 1
        node.end = self._at
        return node

    def _table(self) -> Node:
        node = Node("object", self._at)
        self._at += 1
        while self._space() and self._text[self._at] != "}":
            self._pair(node, inline=True)
            self._space()
            self._at += self._text[self._at] == ","
        self._at += 1
        node.end = self._at
        return node
