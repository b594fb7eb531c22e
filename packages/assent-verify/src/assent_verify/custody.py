"""What became of the log itself: sealed ranges, erased values, legal holds, processes that wrote it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, pairwise
from typing import Any

from assent_verify.receipt import System

#: Seals end at multiples of this: a whole tile (c2sp.org/tlog-tiles).
TILE = 256
#: Holds that may be on at the same time.
MAX_HOLDS = 1_024


class Custody:
    """Follows `seal`, `redaction`, `hold` and `node` leaves.

    Args:
        refuse: called with code and message for whatever does not hold.
        roots: size → the tree's root at each multiple of 256 leaves so far, grown by the caller; where leaves
            are hidden some are missing, and seals there are not compared.
    """

    def __init__(self, refuse: Callable[[str, str], None], roots: Mapping[int, bytes]) -> None:
        self._refuse = refuse
        self._roots = roots
        self._sealed = 0
        self._holds: dict[str, list[tuple[int, int]]] = {}
        self._held: tuple[list[int], list[int]] | None = None
        self._nodes: set[str] = set()
        self._redactions = 0
        self._redacted = 0

    def system(self, leaf: System, index: int) -> None:
        """Check a system leaf that stands at this index; other events are passed over."""
        subject: dict[str, Any] = leaf.subject
        match leaf.event:
            case "seal":
                self._seal(subject, index)
            case "redaction":
                self._redact(subject, index)
            case "hold":
                self._hold(subject, index)
            case "node":
                self._node(subject["node"], joins=subject["event"] == "join")

    def notes(self) -> Iterator[str]:
        """What a reader of the report should know."""
        if self._redactions:
            yield f"REDACTED: values of {self._redacted:,} leaves were erased, by {self._redactions:,} signed leaves"
        if self._holds:
            yield f"ON HOLD: {len(self._holds):,} legal holds are on"

    def _seal(self, subject: dict[str, Any], index: int) -> None:
        first, size = subject["first"], subject["size"]
        if first != self._sealed or size <= first or size % TILE or size > index:
            self._refuse("seal_order", f"a seal goes on at leaf {self._sealed}, to a multiple of {TILE} before it")
            return
        self._sealed = size
        root = self._roots.get(size)
        if root is not None and subject["root"] != "sha256:" + root.hex():
            self._refuse("seal_differs", f"the first {size} leaves do not have the root that the seal says")

    def _redact(self, subject: dict[str, Any], index: int) -> None:
        ranges = self._ranges(subject, index)
        if not ranges:
            self._refuse("range_order", "a redaction names the leaves whose values it erased")
        if any(map(self._on_hold, ranges)):
            self._refuse("held", "values were erased of a leaf that is on legal hold")
        self._redactions += 1
        self._redacted += sum(last - first + 1 for first, last in ranges)

    def _hold(self, subject: dict[str, Any], index: int) -> None:
        name, on = subject["hold"], subject["state"] == "on"
        if on is (name in self._holds) or (on and len(self._holds) == MAX_HOLDS):
            self._refuse("hold_order", f"hold `{name}` is {'on already' if on else 'not on'}, or there are too many")
        ranges = self._ranges(subject, index)
        if on:
            everything = [] if subject["subject"] else [(0, 2**53)]
            self._holds[name] = ranges or everything
        else:
            self._holds.pop(name, None)
        self._held = None

    def _on_hold(self, of: tuple[int, int]) -> bool:
        """Is a leaf of this range on hold? The union of all holds is kept, so that a thousand of them cost no time."""
        if self._held is None:
            self._held = ([], [])  # where each range starts, and the last leaf that it or one before it holds
            for first, last in sorted(chain.from_iterable(self._holds.values())):
                self._held[0].append(first)
                self._held[1].append(max([last, *self._held[1][-1:]]))
        starts, ends = self._held
        at = bisect_right(starts, of[1])
        return at > 0 and ends[at - 1] >= of[0]

    def _ranges(self, subject: dict[str, Any], index: int) -> list[tuple[int, int]]:
        """The ranges of leaves, which rise, do not touch each other, and lie before this one."""
        ranges = [(one["first"], one["last"]) for one in subject["ranges"]]
        rising = all(one[1] + 1 < two[0] for one, two in pairwise(ranges))
        if not rising or any(not first <= last < index for first, last in ranges):
            self._refuse("range_order", "`ranges` do not rise apart from each other, or are not before this leaf")
        return ranges

    def _node(self, node: str, *, joins: bool) -> None:
        if joins is (node in self._nodes):
            self._refuse("node_order", f"node `{node}` " + ("has joined before" if joins else "has not joined"))
        (self._nodes.add if joins else self._nodes.discard)(node)
