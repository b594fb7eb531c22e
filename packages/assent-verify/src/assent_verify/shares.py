"""An export verified by several processes at once, with the answer of one.

Each process reads the whole file and follows some of the sessions, with the one state
machine of `verify.py`, and every system leaf. The first also grows the tree, looks at
the time of every leaf, and holds every checkpoint against the heads of all sessions.
What crosses sessions is compared at the end: no permit, attempt or approval may be in
two shares, and each process must have followed the very leaves that the first one saw.

This is a fast way for logs in which nothing is wrong. At the first doubt it gives up,
and one process says what and where; so no answer depends on how a log was shared.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.connection import Connection

from assent_verify.attempts import CLOCK_TOLERANCE, Allow
from assent_verify.bundle import Export, feed
from assent_verify.checkpoint import Head
from assent_verify.errors import ProofError
from assent_verify.merkle import leaf_hash
from assent_verify.note import VerifierKey
from assent_verify.receipt import Approval, System, milliseconds
from assent_verify.report import Report
from assent_verify.verify import Verifier
from assent_verify.witnessed import Asked

#: With fewer leaves one process is faster.
FROM_LEAVES = 20_000
MAX_JOBS = 8
_NAMES = 1 << 15  # names sent at a time
_CHAINED = frozenset({b"ac", b"at", b"ap"})  # how leaves of a session start; and `{"event":"open"`, `"clos…`
_EVENTS = frozenset({b"open", b"clos"})
_SESSION = b'"session":{"id":"'
_TIME = b'"time":"'


Given = tuple[list[VerifierKey], list[bytes], Asked]


class _Router:
    """Which share follows a session: every process decides alike, from the leaves alone."""

    def __init__(self, shares: int) -> None:
        # the first has the tree to grow: of two shares it takes 42 %, of six and more none
        self._weights = [max(1, (6 - shares) * 18), *([100] * (shares - 1))]
        self._load = [0] * shares
        self._of: dict[bytes, int] = {}

    def route(self, data: bytes) -> tuple[int, bytes, int]:
        """Share, session and where in the leaf that is; the share is -1 if all must see it."""
        if data[2:4] not in _CHAINED and data[10:14] not in _EVENTS:
            return -1, b"", 0
        at = data.find(_SESSION, len(data) >> 1) + 17  # it stands in the second half of most
        if at < 17:
            at = data.find(_SESSION) + 17
        id = data[at : at + 30]
        if at < 17 or id[:4] != b"ses_":
            return -1, b"", 0
        share = self._of.get(id)
        if share is None:
            share = min(range(len(self._load)), key=lambda one: self._load[one] / self._weights[one])
            self._of[id] = share
        self._load[share] += 1
        return share, id, at


@dataclass(slots=True)
class _Found:
    """What a process found in its share, beside the names, which it sends one after another."""

    doubts: bool
    seen: bytes
    gaps: int
    observed: int
    self_asserted: bool
    open_sessions: int
    attempts: tuple[dict[bytes, Allow], dict[bytes, Allow]]


class _Share(Verifier):
    """Follows a share of the sessions."""

    def __init__(self, log_key: Iterable[VerifierKey], reviewer_roots: Iterable[bytes], asked: Asked) -> None:
        super().__init__(log_key, reviewer_roots, asked)
        self._names: set[bytes] = set()  # approvals and attempts that people answered
        self._gaps = self._all_gaps = 0

    @property
    def doubts(self) -> bool:
        """Did anything not hold?"""
        return bool(self._failed)

    def _answer(self, leaf: Approval) -> None:
        self._names.update((leaf.approval, leaf.attempt))
        super()._answer(leaf)

    def _gap(self, leaf: System, time: int, hash: bytes) -> None:
        self._all_gaps += 1
        if self._attempts.knows(leaf):  # else it is of another share, which the sum of both will show
            self._gaps += 1
            self._attempts.gap(leaf, time, hash)


class _Child(_Share):
    """A share without the tree, and without what is said of the log as a whole."""

    def __init__(self, reviewer_roots: Iterable[bytes]) -> None:
        super().__init__((), reviewer_roots, Asked())
        self._seen = sha256()

    def _grow(self, hash: bytes) -> None:
        self._seen.update(hash)
        self._frontier.size += 1  # it only counts

    def _system(self, leaf: System, time: int, hash: bytes) -> None:
        self._of_sessions(leaf, time, hash)

    def run(self, export: Export, number: int, shares: int) -> _Found:
        """Follow the share of this number."""
        route, count = _Router(shares).route, self._frontier
        for index, data in enumerate(export.leaves()):
            share = route(data)[0]
            if share == number or share < 0:
                self.leaf(index, data)
                if self._failed:
                    break
            else:
                count.size += 1
        authority = self._authority
        found = (authority.observed, authority.self_asserted, len(self._sessions), self._attempts.bare())
        return _Found(self.doubts, self._seen.digest(), self._gaps, *found)

    def names(self) -> list[bytes]:
        """What no other share may hold."""
        return [*(self._used | self._names)]


class _First(_Share):
    """The first share, with the tree and the heads of all sessions."""

    def __init__(self, given: Given, shares: int) -> None:
        super().__init__(*given)
        self._route = _Router(shares).route
        self._seen = [sha256() for _ in range(shares)]
        self._others: dict[bytes, tuple[int, bytes]] = {}
        self._others_open = 0

    def leaf(self, index: int, data: bytes) -> None:
        share, id, at = self._route(data)
        if share <= 0:
            for seen in self._seen if share else ():
                seen.update(leaf_hash(data))
            super().leaf(index, data)
            return
        hash = sha256(b"\x00" + data).digest()
        self._seen[share].update(hash)
        event = data[10:14]
        if event == b"open":
            self._others[id] = (1, hash)
        elif event == b"clos":
            self._others.pop(id, None)
        elif id in self._others:  # a late outcome, after the close, changes no head
            self._others[id] = (self._others[id][0] + 1, hash)
        at = data.rfind(_TIME) + 8  # the leaf's own comes last: a statement in it has one, too
        try:
            time = milliseconds(data[at : at + 24])
        except (ProofError, ValueError):  # whoever follows it says what is wrong
            self._refuse("leaf_schema", "its time cannot be read")
            time = self._latest
        if time > self._latest:
            self._latest = time
        elif self._latest - time > CLOCK_TOLERANCE:
            self._refuse("time_back", "its time is before an earlier leaf's")
        self._grow(hash)

    def _heads(self) -> list[Head]:
        others = [(id.decode(), count, f"sha256:{hash.hex()}") for id, (count, hash) in self._others.items()]
        return [*others, *super()._heads()]

    def join(self, found: list[tuple[_Found, Connection]]) -> bool:
        """Take over what the others found; False at any doubt."""
        mine = self._used | self._names
        gaps = self._gaps
        for number, (one, names) in enumerate(found, 1):
            if one.doubts or one.seen != self._seen[number].digest():
                return False
            while sent := names.recv():
                if not mine.isdisjoint(sent):
                    return False
                if number < len(found):
                    mine.update(sent)
            gaps += one.gaps
            self._attempts.join(*one.attempts)
            self._authority.join(one.observed, self_asserted=one.self_asserted)
            self._others_open += one.open_sessions
        return gaps == self._all_gaps

    def _open_sessions(self) -> int:
        return super()._open_sessions() + self._others_open


def verify(export: Export, given: Given, jobs: int) -> Report | None:
    """Verify a whole export by several processes; None if one process must do it.

    Args:
        given: keys of the log, reviewers' roots and what witnesses are asked for, as `Verifier` takes them.
        jobs: how many processes.

    Raises:
        OSError: what reading the file raises.
    """
    shares, roots = min(jobs, MAX_JOBS), given[1]
    if shares < 2 or export.header.size < FROM_LEAVES:
        return None
    context = get_context("fork") if sys.platform == "linux" else get_context("spawn")
    pipes = [context.Pipe(duplex=False) for _ in range(1, shares)]
    children = [
        context.Process(target=_child, args=(export, roots, number, shares, pipe[1]), daemon=True)
        for number, pipe in enumerate(pipes, 1)
    ]
    first = _First(given, shares)
    try:
        for child, pipe in zip(children, pipes, strict=True):
            child.start()
            pipe[1].close()
        feed(export, first)
        if first.doubts or not first.join([(pipe[0].recv(), pipe[0]) for pipe in pipes]):
            return None
    except EOFError:  # a process has died
        return None
    finally:
        for child in children:
            if child.pid is not None:
                child.terminate()
                child.join()
        for pipe in pipes:
            pipe[0].close()
    return first.finish()


def _child(export: Export, roots: list[bytes], number: int, shares: int, pipe: Connection) -> None:
    child = _Child(roots)
    pipe.send(child.run(export, number, shares))
    names = child.names()
    for at in range(0, len(names), _NAMES):
        pipe.send(names[at : at + _NAMES])
    pipe.send([])
