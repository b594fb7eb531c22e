"""Shell patterns: the files that one stands for now, looked for within bounds."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from glob import iglob
from itertools import islice

#: Most files that a pattern may stand for, and most names that are looked at for one of any depth.
_MOST_MATCHES, _MOST_LOOKED_AT = 256, 5_000
_WILD = re.compile(r"[*?\[]")


def matches(pattern: str) -> list[str] | None:
    """What a pattern stands for now; None if that is too much to look for: the folder speaks, and cannot be kept."""
    above, deep, last = pattern.partition("/**/")
    if not deep:
        if len(_WILD.findall(pattern.rpartition("/")[0])) > 1:
            return None
        found = list(islice(iglob(pattern), _MOST_MATCHES + 1))
        return found if len(found) <= _MOST_MATCHES else None
    if _WILD.search(above) or "/" in last:
        return None
    found, seen = [], 0
    for folder, folders, names in os.walk(above):
        seen += len(names) + len(folders)
        found += [os.path.join(folder, name) for name in names if fnmatchcase(name, last)]
        if seen > _MOST_LOOKED_AT or len(found) > _MOST_MATCHES:
            return None
    return found
