"""JSON with comments and trailing commas (as VS Code reads it), with the place of every value.

Everything else is strict RFC 8259. A key that stands twice is refused: which of the
two a client takes cannot be told.
"""

from __future__ import annotations

import json
import re

from assent.edges.clients.tree import DEEPEST, MOST_VALUES, Document, Member, Node, malformed

_SPACE = re.compile(r"[ \t\r\n]++")
_COMMENT = re.compile(r"//[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+\*/")
_TEXT = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_SCALAR = re.compile(r"(?:-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)(?![\w.+-])")


def read(text: str, name: str) -> Document:
    """The tree of a text.

    Args:
        text: all of the file; a byte order mark may begin it.
        name: of the file, for errors.

    Raises:
        ConfigError: `client_syntax`: it is not JSON, or names a key twice; says where.
    """
    reader = _Reader(text, name)
    root = reader.document()
    return Document("json", text, root, tuple(reader.comments))


class _Reader:
    """One pass over one text."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._at = 1 if text.startswith("\ufeff") else 0
        self._count = 0
        self.comments: list[tuple[int, int]] = []

    def document(self) -> Node:
        """The value that the whole text is; an empty one is an empty object, as clients take it."""
        self._space()
        if self._at == len(self._text):
            return Node("object", self._at, self._at)
        node = self._value(0)
        self._space()
        if self._at < len(self._text):
            raise self._fault("expected the end of the file")
        return node

    def _space(self) -> None:
        while True:
            if found := _SPACE.match(self._text, self._at):
                self._at = found.end()
            elif found := _COMMENT.match(self._text, self._at):
                self.comments.append(found.span())
                self._at = found.end()
            else:
                return

    def _value(self, depth: int) -> Node:
        start, sign = self._at, self._text[self._at : self._at + 1]
        self._count += 1
        if depth > DEEPEST or self._count > MOST_VALUES:
            raise self._fault(f"nested deeper than {DEEPEST}, or more than {MOST_VALUES:,} values")
        if sign == "{":
            return self._object(depth)
        if sign == "[":
            return self._array(depth)
        if sign == '"':
            return Node("text", start, value=self._string(), end=self._at)
        if found := _SCALAR.match(self._text, start):
            self._at = found.end()
            return Node("scalar", start, self._at, found[0])
        raise self._fault("expected a value")

    def _string(self) -> str:
        found = _TEXT.match(self._text, self._at)
        if found is None:
            raise self._fault("expected a text in double quotes that ends on its line")
        self._at = found.end()
        return str(json.loads(found[0])) if "\\" in found[0] else found[0][1:-1]

    def _object(self, depth: int) -> Node:
        node = Node("object", self._at)
        while self._more("}", bool(node.members)):
            start = self._at
            if self._text[start : start + 1] != '"':
                raise self._fault("expected a key in double quotes, or `}`")
            key = self._string()
            if key in node.members:
                self._at = start
                raise self._fault("a key that stands twice in its object")
            self._space()
            self._sign(":")
            node.members[key] = Member(start, start, self._value(depth + 1))
        node.end = self._at
        return node

    def _array(self, depth: int) -> Node:
        node = Node("array", self._at)
        while self._more("]", bool(node.items)):
            node.items.append(self._value(depth + 1))
        node.end = self._at
        return node

    def _more(self, close: str, some: bool) -> bool:
        """Step over the opening sign or a comma: is there another one, or was that the end?"""
        if not some:
            self._at += 1
            self._space()
        else:
            self._space()
            if self._text[self._at : self._at + 1] != close:
                self._sign(",", f"expected `,` or `{close}`")
        if self._text[self._at : self._at + 1] != close:
            return True
        self._at += 1
        return False

    def _sign(self, sign: str, what: str = "") -> None:
        if self._text[self._at : self._at + 1] != sign:
            raise self._fault(what or f"expected `{sign}`")
        self._at += 1
        self._space()

    def _fault(self, what: str) -> Exception:
        return malformed(self._name, self._text, self._at, what)
