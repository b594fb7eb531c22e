"""Words of a shell command: quoting, braces, patterns, and what of them is not known (POSIX shell, 2.2 and 2.6).

While a word is put together, characters of the private use area say what a plain text could not: that a
character was quoted, that a value is not known, that a pattern hides in a variable. No input may hold them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Nothing is known of a value: it stands for any text, or, unquoted, for any number of words.
UNKNOWN, SPLIT = "\uf8ff", "\uf8fe"
#: The directory the command starts in; nothing, but quoted; a file made of a command's output; the user's directory.
START, EMPTY, PIPED, HOME = "\uf8fd", "\uf8fc", "\uf8fb", "\uf8fa"
#: A script's text may hold none of these: marks, control characters, and what is shown otherwise than it is read.
ODD = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\xa0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000"
    "\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff]"
)
#: Most words that one word may become.
MOST_WORDS = 64
_SPECIAL = "{},*?[]~ \t\n"
_LITERAL = {ord(sign): chr(0xE000 + ord(sign)) for sign in _SPECIAL}
_ACTIVE = {ord(sign): chr(0xE100 + ord(sign)) for sign in "*?[]"}
_PLAIN = (
    {ord(mark): chr(sign) for sign, mark in _LITERAL.items()}
    | {ord(mark): chr(sign) for sign, mark in _ACTIVE.items()}
    | {ord(EMPTY): None}
)
_PATTERN = re.compile("[*?\\[\ue12a\ue13f\ue15b]")
_BLANK = re.compile(r"[ \t\n]+")
_BRACES = re.compile(r"\{([^{}]*)\}")
_ESCAPES = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|(.))", re.DOTALL)


def quoted(text: str) -> str:
    """The text as a shell takes it from between quotes."""
    return text.translate(_LITERAL) + EMPTY


def unescaped(text: str) -> str:
    """A bare text with its backslashes read."""
    if "\\" not in text:
        return text
    return re.sub(r"\\(.|\n|\Z)", lambda m: "" if m[1] == "\n" else m[1].translate(_LITERAL), text)


def in_double_quotes(text: str) -> str:
    """Text between double quotes: a backslash is read before four characters only."""
    if "\\" in text:
        text = re.sub(r"\\([$`\"\\\n])", lambda m: "" if m[1] == "\n" else m[1], text)
    return text.translate(_LITERAL)


def ansi(text: str) -> str:
    """Text between `$'` and `'`; what cannot be told is unknown."""

    def read(found: re.Match[str]) -> str:
        if number := found[1] or found[2] or found[3]:
            value = int(number, 16)
        elif found[4]:
            value = int(found[4], 8) & 0xFF
        else:
            return _ESCAPES.get(found[5], found[5] if found[5] in "\\'\"?" else UNKNOWN)
        return chr(value) if 0x20 <= value < 0x7F or value in (9, 10) else UNKNOWN

    return quoted(_ESCAPE.sub(read, text))


def active(text: str) -> str:
    """A word as a variable holds it once patterns in it stand for names."""
    return text.translate(_ACTIVE)


def plain(text: str) -> str:
    """What a word says, quotes and patterns gone; marks of what is unknown stay."""
    return text if text.isascii() else text.translate(_PLAIN)


def known(text: str) -> bool:
    """Is all of it known?"""
    return text.isascii() or (UNKNOWN not in text and SPLIT not in text and PIPED not in text)


def fields(text: str) -> Iterator[str]:
    """The words that one word becomes: braces first, then blanks of unquoted values."""
    for one in _expanded(text) if "{" in text else (text,):
        if " " in one or "\n" in one or "\t" in one:
            yield from (part for part in _BLANK.split(one) if part)
        elif one:
            yield one


def _expanded(text: str) -> list[str]:
    """Brace expansion, innermost first; one that would become too much is unknown."""
    pending: list[str] = [text]
    found: list[str] = []
    while pending:
        if len(pending) + len(found) > MOST_WORDS:
            return [SPLIT]
        one = pending.pop()
        place = next((each for each in _BRACES.finditer(one) if "," in each[1] or ".." in each[1]), None)
        if place is None:
            found.append(one)
        elif "," in place[1]:
            parts = place[1].split(",")
            pending += [one[: place.start()] + part + one[place.end() :] for part in reversed(parts)]
        else:
            pending.append(one[: place.start()] + active("*") + one[place.end() :])
    return found


def as_file(text: str) -> tuple[str, bool]:
    """A known word as a file name, and whether it is a pattern; a quoted `~` is a name like any other."""
    pattern = bool(_PATTERN.search(text))
    if pattern:
        text = re.sub("[\ue02a\ue03f\ue05b]", lambda m: f"[{chr(ord(m[0]) - 0xE000)}]", text)
    own = text.lstrip(EMPTY).startswith(chr(0xE000 + ord("~")))
    text = plain(text)
    if HOME in text[1:]:
        return UNKNOWN, False
    return ("./" + text if own else text.replace(HOME, "~")), pattern
