"""The store in memory: for tests and for decisions that leave nothing behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from assent_verify.merkle import Frontier

from assent.errors import UnavailableError
from assent.model.approval import Approval
from assent.model.delegation import Delegation
from assent.model.ids import ActionDigest, ApprovalId, AttemptId, DelegationId, Digest, LeafIndex, SessionId
from assent.model.session import Session
from assent.ports import Attempt, AttemptState, Kept, Passage, Pin, Prior, Reader, Sidecar, Transaction
from assent.stores.overlay import OPEN, Claim, Overlay, Rows, newest_approval
from assent.stores.tables import TABLES

V = TypeVar("V")


class MemoryReader:
    """`overlay.Base` over dictionaries."""

    def __init__(self, rows: Rows, leaves: list[bytes]) -> None:
        self._rows = rows
        self._leaves = leaves

    def state(self, key: str) -> str | None:
        return self._rows.state.get(key)

    def session(self, id: SessionId) -> Session | None:
        return self._rows.session.get(id)

    def sessions(self, *, open_only: bool) -> Sequence[Session]:
        return [s for _, s in sorted(self._rows.session.items()) if s.status == "open" or not open_only]

    def recent_sessions(self, since: int) -> Sequence[Session]:
        return [s for s in self.sessions(open_only=False) if s.status == "open" or s.ended > since]

    def find(self, kind: type[V], *key: str) -> V | None:
        found: V | None = self._rows.record.get((kind, key))
        return found

    def find_all(self, kind: type[V], by: str = "", value: object = "") -> Sequence[V]:
        table = TABLES[kind]
        mine = sorted((key, one) for (of, key), one in self._rows.record.items() if of is kind and one is not None)
        return [one for _, one in mine if table.fits(one, by, value)]

    def session_of(self, client: str) -> Session | None:
        mine = (s for s in self._rows.session.values() if s.client == client and s.status == "open")
        return min(mine, key=lambda session: (session.opened, session.id), default=None)

    def attempt(self, id: AttemptId) -> Attempt | None:
        return self._rows.attempt.get(id)

    def attempts_like(self, sameness: Digest) -> Sequence[Attempt]:
        alike = (attempt for attempt in self._rows.attempt.values() if attempt and attempt.sameness == sameness)
        return [attempt for attempt in alike if attempt.state in OPEN]

    def attempts_in(self, state: AttemptState) -> Sequence[Attempt]:
        return [one for _, one in sorted(self._rows.attempt.items()) if one is not None and one.state == state]

    def approval(self, id: ApprovalId) -> Approval | None:
        return self._rows.approval.get(id)

    def approval_for(self, session: SessionId, action: ActionDigest) -> Approval | None:
        return newest_approval([*self._rows.approval.values()], session, action)

    def approvals(self, *, status: str | None = None) -> Sequence[Approval]:
        found = [approval for approval in self._rows.approval.values() if status in (None, approval.status)]
        return sorted(found, key=lambda approval: (approval.created, approval.id))

    def delegation(self, id: DelegationId) -> Delegation | None:
        return self._rows.delegation.get(id)

    def delegations(self, session: SessionId | None = None) -> Sequence[Delegation]:
        found = [one for one in self._rows.delegation.values() if session in (None, one.session)]
        return sorted(found, key=lambda one: (one.created, one.id))

    def refused(self, session: SessionId, refusal: Digest) -> bool:
        return (session, refusal) in self._rows.refusal

    def pin(self, server: str, tool: str) -> Pin | None:
        return self._rows.pin.get((server, tool))

    def pins(self, server: str | None = None) -> Sequence[Pin]:
        return [pin for _, pin in sorted(self._rows.pin.items()) if server in (None, pin.server)]

    def archived(self, digest: Digest) -> bytes | None:
        found = self._rows.archive.get(digest)
        return found[1] if found else None

    def kept(self, session: SessionId, action: ActionDigest) -> Kept | None:
        return next(iter(self.all_kept(session, action)), None)

    def all_kept(self, session: SessionId, action: ActionDigest) -> Sequence[Kept]:
        mine = (kept for kept in self._rows.kept.values() if kept and kept.session == session)
        return [kept for kept in mine if kept.action == action]

    def priors(self, attempt: AttemptId) -> Sequence[Prior]:
        return [prior for (owner, _), prior in sorted(self._rows.prior.items()) if owner == attempt]

    def passages(self, session: SessionId, after: int = 0) -> Sequence[Passage]:
        return [one for one in self._rows.passage.values() if one.session == session and one.id > after]

    def passage_sessions(self) -> Sequence[SessionId]:
        return sorted({one.session for one in self._rows.passage.values()})

    def nodes(self) -> Mapping[str, str]:
        return {node: process for node, process in self._rows.node.items() if process is not None}

    def size(self) -> int:
        return len(self._leaves)

    def leaf(self, index: LeafIndex) -> bytes | None:
        there = 0 <= index < len(self._leaves) and not self._is_dropped(index)
        return self._leaves[index] if there else None

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        for index, leaf in enumerate(self._leaves[start:stop], start):
            if not self._is_dropped(index):
                yield index, leaf

    def _is_dropped(self, index: int) -> bool:
        return any(start <= index < stop for start, stop in self._rows.dropped)

    def tile(self, level: int, index: int) -> bytes | None:
        return self._rows.tile.get((level, index))

    def tiled(self) -> int:
        return max(((index + 1) * 256 for level, index in self._rows.tile if not level), default=0)

    def sidecar(self, index: LeafIndex) -> Sidecar | None:
        return self._rows.sidecar.get(index)

    def sidecars(self, before: int | None = None) -> Iterator[tuple[LeafIndex, SessionId, int]]:
        rows = [row for _, row in sorted(self._rows.sidecar.items()) if row]
        if before is not None:
            rows = sorted((row for row in rows if row.expires < before), key=lambda row: row.expires)
        yield from ((row.index, row.session, row.expires) for row in rows)

    def idle_keys(self) -> Sequence[SessionId]:
        return []  # nothing lies anywhere, so nothing is sealed

    def plain(self) -> Sequence[SessionId]:
        return []

    def checkpoints(self) -> Sequence[tuple[int, bytes]]:
        return sorted((self._rows.note | self._rows.cosigned).items())

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        return max(self.checkpoints(), default=None)

    def timestamps(self) -> Sequence[tuple[int, bytes]]:
        return sorted(self._rows.timestamp.items())

    def unsigned(self) -> Mapping[int, str]:
        claims: list[tuple[int, Claim]] = sorted(self._rows.claim.items())
        return {size: claim.body for size, claim in claims if size not in self._rows.note}

    def claimed(self, size: int) -> bytes | None:
        claim = self._rows.claim.get(size)
        return claim.root if claim else None

    def last_checkpoint(self) -> int:
        return max(self._rows.claim, default=0)


class MemoryStore:
    """`ports.Store` of one process; nothing survives it and `durable` means nothing."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rows = Rows()
        self._leaves: list[bytes] = []
        self._frontier = Frontier()
        self._commits = 0
        self._brought = 0
        self._open = True
        self._pid = os.getpid()

    @contextmanager
    def read(self) -> Iterator[Reader]:
        self._check()
        with self._lock:  # held by a writer only while it runs its jobs
            yield MemoryReader(self._rows, self._leaves)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        self._check()
        with self._lock:
            overlay = Overlay(MemoryReader(self._rows, self._leaves), self._frontier)
            yield overlay
            self._frontier = Frontier.from_bytes(overlay.frontier().to_bytes())
            self._leaves.extend(overlay.appended)
            erased = {index for index, row in overlay.rows.sidecar.items() if row is None}
            for key in [key for key, prior in self._rows.prior.items() if prior.receipt in erased]:
                del self._rows.prior[key]
            gone = overlay.rows.forgotten
            for number in [number for number, one in self._rows.passage.items() if one.session in gone]:
                del self._rows.passage[number]
            for one in overlay.rows.passage.values():
                self._brought += 1
                self._rows.passage[self._brought] = replace(one, id=self._brought)
            for table in Rows.__dataclass_fields__.keys() - {"passage", "forgotten", "renewed"}:
                _merge(getattr(self._rows, table), getattr(overlay.rows, table))
            self._commits += 1

    def durable(self, wanted: bool) -> None:
        """Nothing to do: there is no disk."""

    def changed(self) -> int:
        return self._commits

    def close(self) -> None:
        self._open = False

    def _check(self) -> None:
        if not self._open:
            raise UnavailableError("store_closed", "the store is closed")
        if os.getpid() != self._pid:
            raise UnavailableError("forked", "the store was opened before a fork")


def _merge(table: dict[object, object], changes: dict[object, object]) -> None:
    for key, value in changes.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
