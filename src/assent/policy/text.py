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
_NAMED = re.compile(r"unexpected token `(.+?)`|duplicate annotation: (?P<note>@\w+)")
_PROBE = "probe_of_place"
_PROBES = 50  # places tried, at most
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


def where(text: str, complaint: str, parse: Callable[[str], object]) -> tuple[int, str]:
    """Offset and text of the token that the engine complains about; (0, "") if it names none.

    The engine names a token but not its place. Of several it is the one whose
    name in the complaint changes when it is renamed.
    """
    named = _NAMED.search(complaint)
    token = '"' if complaint == "invalid token" else (named[1] or named["note"]) if named else ""
    places = [match.start() for match in _TOKEN.finditer(text) if match.group() == token]
    if token.startswith("@"):  # a repeated annotation: the last is one too many
        return next(((at, token) for at in (text.rfind(token),) if at >= 0), (0, ""))
    for at in places[:_PROBES]:
        if len(places) == 1 or _complaint(text[:at] + _PROBE + text[at + len(token) :], parse).count(_PROBE):
            return at, token
    return (places[0], token) if places else (0, "")


def _complaint(text: str, parse: Callable[[str], object]) -> str:
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return ""


def _past_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
