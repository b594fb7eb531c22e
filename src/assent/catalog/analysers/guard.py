"""Assent guards itself first: no path, URL or command of a call may reach it (DESIGN §3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assent.catalog.observation import Guarded, SeenPath

_COMMAND = re.compile(
    r"(?:^|[\s;&|()`'\"=/\\$<>{}\[\],])assent(?:-verify|_verify)?(?:\.exe)?(?:$|[\s;&|()`'\"<>{}\[\],])"
    r"|-m\s{0,8}[\"']?,?\s{0,8}[\"']?assent(?:_verify)?\b|\bimport\s{1,8}assent\b|\bfrom\s{1,8}assent\b"
)
_VARIABLE = re.compile(r"\bASSENT_[A-Z_]{2,40}")


def runs_assent(texts: Iterable[str]) -> bool:
    """Does any text run `assent`, or change its environment?"""
    return any(_COMMAND.search(text) or _VARIABLE.search(text) for text in texts if "assent" in text.casefold())


def reaches(paths: Iterable[SeenPath], guarded: Guarded) -> bool:
    """Does any reading of any argument lead into or through a guarded path?

    A directory above a guarded path is reached only by a call that moves, removes
    or lists it whole; that is judged by `holds`.
    """
    return any(seen.linked or (seen.resolved and _below(seen.resolved, guarded)) for seen in paths)


def holds(paths: Iterable[SeenPath], guarded: Guarded) -> bool:
    """Does any path hold a guarded one, so that moving or deleting it would take Assent along?"""
    return any(seen.resolved and _above(seen.resolved, guarded) for seen in paths)


def mentions(texts: Iterable[str], guarded: Guarded) -> bool:
    """Does any text contain the home's path, however it goes on (commands, SQL, URLs)?"""
    needles = [path.casefold() for path in (guarded.home, *guarded.paths) if len(path) > 3]
    return any(needle in text.casefold() for text in texts for needle in needles)


def _below(path: str, guarded: Guarded) -> bool:
    folded = path.casefold()
    for place in guarded.paths:
        base = place.casefold()
        if folded == base or folded.startswith(base.rstrip("/") + "/"):
            return True
    return False


def _above(path: str, guarded: Guarded) -> bool:
    folded = path.casefold().rstrip("/") + "/"
    return any(place.casefold().startswith(folded) for place in guarded.paths)
