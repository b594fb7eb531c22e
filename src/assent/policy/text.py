"""Policy text cut into policies, so that every complaint has a file, a line and a column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assent.errors import PolicyError

# A `;` ends a policy and stands nowhere else but in strings and comments.
# Possessive: a long text without a `;` costs one pass.
_STATEMENT = re.compile(r'(?:[^;"/]|"(?:[^"\\]|\\.)*+"|//[^\n]*+|/)++;', re.DOTALL)
_BLANK = re.compile(r"(?:\s|//[^\n]*+)*+")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|//[^\n]*+|[A-Za-z_]\w*|\d+|::|[=!<>]=|&&|\|\||\S', re.DOTALL)
_SHOWN = 200  # characters of offending text in an error


@dataclass(frozen=True, slots=True)
class Source:
    """One policy text, by the name its author knows it under."""

    name: str
    text: str

    def refuse(self, offset: int, message: str, *, code: str, help: str, text: str = "") -> PolicyError:
        """The error that points at this character of this source."""
        before = self.text[:offset]
        line = before.count("\n") + 1
        column = offset - (before.rfind("\n") + 1) + 1
        shown = text or self.text[offset:].partition("\n")[0]
        return PolicyError(
            code, message, file=self.name, line=line, column=column, text=shown.strip()[:_SHOWN], help=help
        )


def statements(source: Source) -> Iterator[tuple[int, str]]:
    """`(offset, text)` of every policy, without the comments before it.

    What follows the last `;` comes last, if it is more than blanks and comments.
    """
    at = 0
    while (start := _past_blank(source.text, at)) < len(source.text):
        match = _STATEMENT.match(source.text, start)
        at = match.end() if match else len(source.text)
        yield start, source.text[start:at]


def where(text: str, parse: Callable[[str], object]) -> tuple[int, str]:
    """Offset and text of the token that makes `text` fail to parse; (0, "") if no single one does.

    The shortest run of tokens that fails otherwise than by ending too soon ends
    in the offending one.
    """
    tokens = [(match.start(), match.group()) for match in _TOKEN.finditer(text)]
    low, high = 0, len(tokens)
    while low < high:
        middle = (low + high) // 2
        start, token = tokens[middle]
        if _ends_too_soon(text[: start + len(token)], parse):
            low = middle + 1
        else:
            high = middle
    return tokens[low] if low < len(tokens) else (0, "")


def _ends_too_soon(text: str, parse: Callable[[str], object]) -> bool:
    try:
        parse(text)
    except ValueError as error:
        return "unexpected end" in str(error)
    return True


def _past_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
