"""Readings put together: the worst of all parts, and the worst case itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assent.catalog.observation import NamedFile, Reading
from assent.model.profile import REVERSIBILITY

#: Nothing is done: no part was there.
NOTHING = Reading(frozenset({"read"}), "reversible")


def unknown(note: str, *, files: tuple[NamedFile, ...] = (), hosts: tuple[str, ...] = ()) -> Reading:
    """Nothing is known of it, so everything may happen."""
    return Reading(frozenset({"unknown"}), "irreversible", files=files, hosts=hosts, complete=False, note=note)


def together(each: Sequence[Reading]) -> Reading:
    """What several parts do together: every effect, the worst reversibility, everything named."""
    if not each:
        return NOTHING
    effects = frozenset[str]().union(*(one.effects for one in each))
    return Reading(
        effects - {"read"} or effects,
        max((one.reversibility for one in each), key=REVERSIBILITY.index),
        any(one.by_prior for one in each),
        tables=_sorted(one.tables for one in each),
        files=tuple(dict.fromkeys(file for one in each for file in one.files)),
        hosts=_sorted(one.hosts for one in each),
        recipients=_sorted(one.recipients for one in each),
        programs=_sorted(one.programs for one in each),
        facts=frozenset[str]().union(*(one.facts for one in each)),
        complete=all(one.complete for one in each),
        note="; ".join(dict.fromkeys(one.note for one in each if one.note)),
    )


def _sorted(each: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for names in each for name in names}))
