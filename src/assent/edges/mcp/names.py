"""Tool names that a person or a model could take for another one."""

from __future__ import annotations

from collections.abc import Iterable

from assent.catalog.verbs import invisible, skeleton


def confusable(names: Iterable[str]) -> set[str]:
    """Names to leave out: with invisible characters, or drawn like a plainer name of the list.

    Plain ASCII names are never left out: they are what the others imitate.
    """
    listed = list(names)
    plain = {skeleton(name) for name in listed if name.isascii()}
    left_out: set[str] = set()
    taken: dict[str, str] = {}
    for name in listed:
        if invisible(name) or not name:
            left_out.add(name)
        elif not name.isascii():
            drawn = skeleton(name)
            if drawn in plain or taken.setdefault(drawn, name) != name:
                left_out.add(name)
    return left_out
