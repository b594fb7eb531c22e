"""Assent guards itself first: no path, URL or command of a call may reach it (DESIGN §3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from urllib.parse import unquote

from assent.catalog.observation import Guarded, SeenPath

_COMMAND = re.compile(
    r"(?i)(?:^|[\s;&|()`'\"=/\\$<>{}\[\],])assent(?:-verify|_verify)?(?:\.exe)?(?:$|[\s;&|()`'\"<>{}\[\],])"
    r"|-m\s{0,8}[\"']?,?\s{0,8}[\"']?assent(?:_verify)?\b|\bimport\s{1,8}assent\b|\bfrom\s{1,8}assent\b"
)
#: Names that only Assent's files have.
_FILES = re.compile(r"(?<![\w-])assent\.(?:toml|db)(?![\w])")
_QUOTES = str.maketrans("", "", "'\"\\")
_HOME = re.compile(r"(?<![\w/])(?:~(?=/|\s|\Z)|\$home\b|\$\{home\})")
_STEPS = re.compile(r"/(?:\.?/)+")
_BETWEEN_WORDS = re.compile(r"[\s;&|<>()=]+")
_MOST_PATTERNS, _LONGEST_PATTERN = 64, 512
_VARIABLE = re.compile(r"\bASSENT_[A-Z_]{2,40}")


def runs_assent(texts: Iterable[str]) -> bool:
    """Does any text run `assent`, or change its environment?"""
    return any(
        _COMMAND.search(form) or _VARIABLE.search(form)
        for text in texts
        for form in (text, text.translate(_QUOTES))  # a shell drops quotes: `as"sent"` is `assent`
        if "assent" in form.casefold()
    )


def reaches(paths: Iterable[SeenPath], guarded: Guarded) -> bool:
    """Does any reading of any argument lead into or through a guarded path?

    A path that cannot be resolved may lead anywhere. A directory above a guarded path is
    reached only by a call that moves, removes or lists it whole; that is judged by `holds`.
    """
    return any(seen.linked or (_below(seen.resolved, guarded) if seen.resolved else seen.declared) for seen in paths)


def holds(paths: Iterable[SeenPath], guarded: Guarded) -> bool:
    """Does any path hold a guarded one, so that moving or deleting it would take Assent along?"""
    return any(seen.resolved and _above(seen.resolved, guarded) for seen in paths)


def mentions(texts: Iterable[str], guarded: Guarded) -> bool:
    """Does any command, SQL or URL lead to the home, by its path, its name, or a pattern that matches it?"""
    name = guarded.home.rpartition("/")[2].casefold()
    marked = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])") if "assent" in name else None
    for text in texts:
        plain = _plain(text, guarded)
        if _FILES.search(plain) or (marked and marked.search(plain)) or _named(plain, guarded):
            return True
        if any(_matches(word, guarded.home.casefold()) for word in _patterns(plain)):
            return True
    return False


def names(texts: Iterable[str], guarded: Guarded) -> bool:
    """Does any text hold a guarded path written out, as in `--file=PATH` or a list of paths?"""
    return any(_named(_plain(text, guarded), guarded) for text in texts)


def _named(plain: str, guarded: Guarded) -> bool:
    pattern = _places(guarded)
    return pattern is not None and "/" in plain and bool(pattern.search(plain))


@lru_cache(maxsize=16)
def _places(guarded: Guarded) -> re.Pattern[str] | None:
    """Every guarded path written out; each is absolute, so a text without `/` names none."""
    every = {place.casefold() for place in (guarded.home, *guarded.paths, *guarded.clients) if len(place) > 3}
    places = sorted(place for place in every if "/" in place)
    return re.compile(rf"(?:{'|'.join(map(re.escape, places))})(?![\w-])") if places else None


def _plain(text: str, guarded: Guarded) -> str:
    """A text as a shell would read its words: no quotes, home directories and `%xx` resolved, `//` and `/./` gone."""
    plain = unquote(text) if "%" in text else text
    plain = plain.casefold().translate(_QUOTES)
    if guarded.user_home and ("~" in plain or "$" in plain):
        plain = _HOME.sub(lambda _: guarded.user_home.casefold(), plain)
    return _STEPS.sub("/", plain)


def _patterns(plain: str) -> list[str]:
    """Words that a shell would expand; of very many, the first."""
    if not any(sign in plain for sign in "*?["):
        return []
    found = [word for word in _BETWEEN_WORDS.split(plain) if any(sign in word for sign in "*?[")]
    return [word[:_LONGEST_PATTERN] for word in found[:_MOST_PATTERNS]]


def _matches(pattern: str, home: str) -> bool:
    """Would a shell find the home by this pattern? A leading `*` finds no name that begins with a dot."""
    wanted, parts = home.split("/"), pattern.rstrip("/").split("/")
    if not pattern.startswith("/"):
        wanted, parts = wanted[-1:], parts[:1]
        if not (parts[0].startswith(".") and wanted[0].startswith(".")):
            return False
    if len(parts) < len(wanted):
        return False
    return all(
        fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
        for name, part in zip(wanted, parts, strict=False)
    )


def _below(path: str, guarded: Guarded) -> bool:
    folded = path.casefold()
    for place in (*guarded.paths, *guarded.clients):
        base = place.casefold()
        if folded == base or folded.startswith(base.rstrip("/") + "/"):
            return True
    return False


def _above(path: str, guarded: Guarded) -> bool:
    folded = path.casefold().rstrip("/") + "/"
    return any(place.casefold().startswith(folded) for place in guarded.paths)
