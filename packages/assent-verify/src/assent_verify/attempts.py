"""Allowed attempts, until what became of each is known."""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Callable, Iterator
from typing import NamedTuple

from assent_verify.receipt import Outcome, System, milliseconds

#: Processes that write one log may differ by this much in what time it is, in ms.
CLOCK_TOLERANCE = 30_000
#: Leaves that a note names at most.
_NAMED = 10


class Allow(NamedTuple):
    """An allowed attempt whose outcome may still come; `gap` is the hash of its gap leaf, or empty."""

    session: bytes
    hash: bytes
    at: int
    server: bytes
    gap: bytes = b""


class Attempts:
    """Holds outcomes and gaps against the allows they belong to.

    Args:
        refuse: called with code and message for whatever does not hold.
        attested: checks the word of the executor of a server, given the outcome and its time.
    """

    def __init__(self, refuse: Callable[[str, str], None], attested: Callable[[Outcome, bytes, int], None]) -> None:
        self._refuse = refuse
        self._attested = attested
        self._open: dict[bytes, Allow] = {}  # attempt → its allow, without an outcome
        self._unsure: dict[bytes, Allow] = {}  # attempt of which there is an `unknown`, or a gap

    def allow(self, attempt: bytes, allow: Allow) -> None:
        """An attempt was allowed; its outcome is due."""
        self._open[attempt] = allow

    def outcome(self, leaf: Outcome, time: int, *, known: bool) -> bool:
        """Check an outcome.

        Args:
            leaf: the outcome.
            time: when it was written down.
            known: its attempt was allowed at some time.

        Returns:
            True if the session owes one outcome less.
        """
        attempt = leaf.attempt
        allow = self._open.get(attempt) or self._unsure.get(attempt)
        if allow is None or allow.session != leaf.session:
            message = "already has its outcome, or is of another session" if known else "was never allowed"
            self._refuse("outcome_twice" if known else "outcome_without_allow", f"the attempt {message}")
            return False
        if allow.hash != leaf.decision:
            self._refuse("outcome_elsewhere", "`decision` is not the hash of the allow of this attempt")
        if (leaf.supersedes or b"") != allow.gap:
            self._refuse(
                "gap_differs", "`supersedes` is not the hash of the gap leaf of this attempt, or there is none"
            )
        if leaf.executor is not None or leaf.attested == b"executor":
            self._attested(leaf, allow.server, time)
        self._open.pop(attempt, None)
        self._unsure.pop(attempt, None)
        if leaf.status == b"unknown":
            self._unsure[attempt] = allow._replace(gap=b"")
        return leaf.status != b"unknown"

    def gap(self, leaf: System, time: int, hash: bytes) -> None:
        """Check a gap leaf: the outcome of an open attempt is overdue."""
        attempt = str(leaf.subject["attempt"]).encode()
        allow = self._open.pop(attempt, None)
        if allow is None:
            self._refuse("gap_without_allow", "the attempt was never allowed, or already has an outcome or a gap")
            return
        if str(leaf.subject["decision"]).encode() != allow.hash:
            self._refuse("gap_elsewhere", "`decision` is not the hash of the allow of this attempt")
        if milliseconds(str(leaf.subject["deadline"]).encode()) > time + CLOCK_TOLERANCE:
            self._refuse("gap_early", "the outcome was not due yet")
        self._unsure[attempt] = allow._replace(gap=b"sha256:" + hexlify(hash))

    def knows(self, leaf: System) -> bool:
        """Is this gap leaf about an attempt that was allowed before, in a session that is followed?"""
        attempt = str(leaf.subject["attempt"]).encode()
        return attempt in self._open or attempt in self._unsure

    def join(self, open: dict[bytes, Allow], unsure: dict[bytes, Allow]) -> None:
        """Take over what was followed elsewhere, in the order of the leaves."""
        self._open = dict(sorted({**self._open, **open}.items(), key=lambda one: one[1].at))
        self._unsure |= unsure

    def bare(self) -> tuple[dict[bytes, Allow], dict[bytes, Allow]]:
        """What another process can take over with `join`: attempts without outcome, and without a sure one."""
        return self._open, self._unsure

    def open(self) -> Iterator[tuple[bytes, Allow]]:
        """Attempts without outcome or gap, and their allows, in the order of the leaves."""
        return iter(self._open.items())

    def notes(self) -> Iterator[str]:
        """What a reader of the report should know: where nothing but a gap leaf says how it ended."""
        gaps = sorted(allow.at for allow in self._unsure.values() if allow.gap)
        if gaps:
            shown = ", ".join(map(str, gaps[:_NAMED])) + (" …" if len(gaps) > _NAMED else "")
            yield f"GAP: {len(gaps):,} allowed without an outcome in time, nor since: leaf {shown}"
