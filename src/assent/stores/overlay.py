"""Overlay: the writes of one batch, held in memory over a committed base.

Every backend shares this transaction. A job reads its own and its predecessors'
writes from here, a job that fails is undone by dropping what it buffered, and
the backend gets all rows of a batch at once, in few statements
(docs/decisions/001-one-writer-thread.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from assent_verify.merkle import Frontier, leaf_hash

from assent.model.approval import Approval
from assent.model.delegation import Delegation
from assent.model.ids import ActionDigest, ApprovalId, AttemptId, DelegationId, Digest, LeafIndex, SessionId
from assent.model.session import Session
from assent.ports import Attempt, AttemptState, Kept, Passage, Pin, Prior, Reader, Sidecar
from assent.stores.tables import TABLES

K = TypeVar("K")
V = TypeVar("V")
#: States of an attempt that may have happened.
OPEN: tuple[AttemptState, ...] = ("executing", "gap", "unknown")


@dataclass(frozen=True, slots=True)
class Claim:
    """A tree size that one process has taken to sign, durable before the signature."""

    size: int
    root: bytes
    edge: bytes
    body: str


class Base(Reader, Protocol):
    """What a backend reads for an overlay, beside what every reader does."""

    def all_kept(self, session: SessionId, action: ActionDigest) -> Sequence[Kept]:
        """Oldest first."""

    def idle_keys(self) -> Sequence[SessionId]: ...
    def plain(self) -> Sequence[SessionId]: ...


@dataclass(slots=True)
class Rows:
    """Buffered rows by table and key; None means deleted."""

    state: dict[str, str] = field(default_factory=dict)
    session: dict[SessionId, Session] = field(default_factory=dict)
    attempt: dict[AttemptId, Attempt | None] = field(default_factory=dict)
    approval: dict[ApprovalId, Approval] = field(default_factory=dict)
    delegation: dict[DelegationId, Delegation] = field(default_factory=dict)
    refusal: dict[tuple[SessionId, Digest], bool] = field(default_factory=dict)
    pin: dict[tuple[str, str], Pin] = field(default_factory=dict)
    archive: dict[Digest, tuple[str, bytes]] = field(default_factory=dict)
    kept: dict[AttemptId, Kept | None] = field(default_factory=dict)
    prior: dict[tuple[AttemptId, str], Prior] = field(default_factory=dict)
    sidecar: dict[LeafIndex, Sidecar | None] = field(default_factory=dict)
    node: dict[str, str | None] = field(default_factory=dict)
    passage: dict[int, Passage] = field(default_factory=dict)
    forgotten: dict[SessionId, bool] = field(default_factory=dict)
    renewed: dict[SessionId, bool] = field(default_factory=dict)
    claim: dict[int, Claim] = field(default_factory=dict)
    note: dict[int, bytes] = field(default_factory=dict)
    cosigned: dict[int, bytes] = field(default_factory=dict)
    timestamp: dict[int, bytes] = field(default_factory=dict)
    tile: dict[tuple[int, int], bytes] = field(default_factory=dict)
    dropped: dict[tuple[int, int], bool] = field(default_factory=dict)
    record: dict[tuple[type, tuple[str, ...]], Any] = field(default_factory=dict)


class Overlay:
    """`ports.Transaction` over a base reader; keeps writes until the backend takes them.

    Args:
        base: a snapshot that no other writer can move while this lives.
        frontier: right edge of the committed tree; never changed here.
    """

    def __init__(self, base: Base, frontier: Frontier) -> None:
        self._base = base
        self._committed = frontier.to_bytes()
        self._start = frontier.size
        self._grown: Frontier | None = None
        self._undo: list[Callable[[], object]] = []
        self._same: dict[Digest, set[AttemptId]] = {}
        self.rows = Rows()
        self.appended: list[bytes] = []

    # -- keeping and dropping

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is written inside is dropped if the block raises; the rest stays."""
        mark, leaves = len(self._undo), len(self.appended)
        try:
            yield
        except BaseException:
            while len(self._undo) > mark:
                self._undo.pop()()
            del self.appended[leaves:]
            self._grown = None
            raise

    def _put(self, table: dict[K, V], key: K, value: V) -> None:
        if key in table:
            before = table[key]
            self._undo.append(lambda: table.__setitem__(key, before))
        else:
            self._undo.append(lambda: table.pop(key))
        table[key] = value

    def frontier(self) -> Frontier:
        """Right edge of the tree with this transaction's leaves."""
        if self._grown is None:
            self._grown = Frontier.from_bytes(self._committed)
        for leaf in self.appended[self._grown.size - self._start :]:
            self._grown.append(leaf_hash(leaf))
        return self._grown

    # -- records

    def find(self, kind: type[V], *key: str) -> V | None:
        mine = (kind, key)
        found: V | None = self.rows.record[mine] if mine in self.rows.record else self._base.find(kind, *key)
        return found

    def find_all(self, kind: type[V], by: str = "", value: object = "") -> Sequence[V]:
        table = TABLES[kind]
        mine = {key: one for (of, key), one in self.rows.record.items() if of is kind}
        stored = {table.key_of(one): one for one in self._base.find_all(kind, by, value)}
        merged = {**stored, **mine}
        return [one for _, one in sorted(merged.items()) if one is not None and table.fits(one, by, value)]

    def put(self, record: object) -> None:
        self._put(self.rows.record, (type(record), TABLES[type(record)].key_of(record)), record)

    def drop(self, kind: type, *key: str) -> None:
        self._put(self.rows.record, (kind, key), None)

    # -- the log

    def append(self, leaf: bytes) -> LeafIndex:
        self.appended.append(leaf)
        return LeafIndex(self._start + len(self.appended) - 1)

    def root(self) -> tuple[int, bytes]:
        frontier = self.frontier()
        return frontier.size, frontier.root()

    def size(self) -> int:
        return self._start + len(self.appended)

    def leaf(self, index: LeafIndex) -> bytes | None:
        if index < self._start:
            return None if self._is_dropped(index) else self._base.leaf(index)
        return self.appended[index - self._start] if index < self.size() else None

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        end = self.size() if stop is None else min(stop, self.size())
        if start < self._start:
            stored = self._base.leaves(start, min(end, self._start))
            yield from (row for row in stored if not self._is_dropped(row[0])) if self.rows.dropped else stored
        for index in range(max(start, self._start), end):
            yield index, self.appended[index - self._start]

    def drop_leaves(self, start: int, stop: int) -> None:
        if not 0 <= start < stop <= self._start:
            raise ValueError("only leaves that are committed can be dropped")
        self._put(self.rows.dropped, (start, stop), True)

    def _is_dropped(self, index: int) -> bool:
        return any(start <= index < stop for start, stop in self.rows.dropped)

    def tile(self, level: int, index: int) -> bytes | None:
        return self.rows.tile.get((level, index)) or self._base.tile(level, index)

    def tiled(self) -> int:
        return max(self._base.tiled(), *((index + 1) * 256 for level, index in self.rows.tile if not level), 0)

    def put_tile(self, level: int, index: int, hashes: bytes) -> None:
        self._put(self.rows.tile, (level, index), hashes)

    def checkpoints(self) -> Sequence[tuple[int, bytes]]:
        return sorted({**dict(self._base.checkpoints()), **self.rows.note, **self.rows.cosigned}.items())

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        size = max(self.rows.note, default=0)
        base = self._base.newest_checkpoint()
        if base is None or size > base[0]:
            return (size, self.rows.cosigned.get(size, self.rows.note[size])) if size else None
        return base[0], self.rows.cosigned.get(base[0], base[1])

    def unsigned(self) -> Mapping[int, str]:
        claims = {**self._base.unsigned(), **{claim.size: claim.body for claim in self.rows.claim.values()}}
        return {size: body for size, body in sorted(claims.items()) if size not in self.rows.note}

    def claimed(self, size: int) -> bytes | None:
        claim = self.rows.claim.get(size)
        return claim.root if claim else self._base.claimed(size)

    def last_checkpoint(self) -> int:
        return max((self._base.last_checkpoint(), *self.rows.claim))

    def claim_checkpoint(self, body: str) -> None:
        frontier = self.frontier()
        size = frontier.size
        if size <= self.last_checkpoint():
            raise ValueError(f"tree size {size} is already claimed")
        self._put(self.rows.claim, size, Claim(size, frontier.root(), frontier.to_bytes(), body))

    def put_checkpoint(self, size: int, note: bytes) -> None:
        if size not in self.unsigned():
            raise ValueError(f"no unsigned claim of tree size {size}")
        self._put(self.rows.note, size, note)

    def cosign_checkpoint(self, size: int, note: bytes) -> None:
        if size not in dict(self.checkpoints()):
            raise ValueError(f"tree size {size} is not signed")
        self._put(self.rows.cosigned, size, note)

    def timestamps(self) -> Sequence[tuple[int, bytes]]:
        return sorted((dict(self._base.timestamps()) | self.rows.timestamp).items())

    def put_timestamp(self, size: int, token: bytes) -> None:
        self._put(self.rows.timestamp, size, token)

    # -- named values and processes

    def state(self, key: str) -> str | None:
        found = self.rows.state.get(key)
        return self._base.state(key) if found is None else found

    def put_state(self, key: str, value: str) -> None:
        self._put(self.rows.state, key, value)

    def nodes(self) -> Mapping[str, str]:
        merged = {**self._base.nodes(), **self.rows.node}
        return {node: process for node, process in merged.items() if process is not None}

    def put_node(self, node: str, process: str) -> None:
        self._put(self.rows.node, node, process)

    def drop_node(self, node: str) -> None:
        self._put(self.rows.node, node, None)

    # -- sessions and attempts

    def session(self, id: SessionId) -> Session | None:
        return self.rows.session.get(id) or self._base.session(id)

    def sessions(self, *, open_only: bool) -> Sequence[Session]:
        merged = {session.id: session for session in self._base.sessions(open_only=open_only)}
        merged.update(self.rows.session)
        return [session for _, session in sorted(merged.items()) if session.status == "open" or not open_only]

    def recent_sessions(self, since: int) -> Sequence[Session]:
        merged = {session.id: session for session in self._base.recent_sessions(since)}
        merged.update(self.rows.session)
        found = (session for _, session in sorted(merged.items()))
        return [session for session in found if session.status == "open" or session.ended > since]

    def session_of(self, client: str) -> Session | None:
        found = self._base.session_of(client)
        merged = {found.id: found} if found else {}
        merged.update(self.rows.session)
        mine = (session for session in merged.values() if session.client == client and session.status == "open")
        return min(mine, key=lambda session: (session.opened, session.id), default=None)

    def put_session(self, session: Session) -> None:
        self._put(self.rows.session, session.id, session)

    def attempt(self, id: AttemptId) -> Attempt | None:
        return self.rows.attempt[id] if id in self.rows.attempt else self._base.attempt(id)

    def attempts_like(self, sameness: Digest) -> Sequence[Attempt]:
        merged = {attempt.id: attempt for attempt in self._base.attempts_like(sameness)}
        for id in self._same.get(sameness, ()):
            if found := self.rows.attempt.get(id):
                merged[id] = found
        changed = ((id, self.rows.attempt.get(id, attempt)) for id, attempt in merged.items())
        alike = (attempt for _, attempt in changed if attempt is not None and attempt.sameness == sameness)
        return [attempt for attempt in alike if attempt.state in OPEN]

    def attempts_in(self, state: AttemptState) -> Sequence[Attempt]:
        stored = {attempt.id: attempt for attempt in self._base.attempts_in(state)}
        merged: dict[AttemptId, Attempt | None] = {**stored, **self.rows.attempt}
        return [one for _, one in sorted(merged.items()) if one is not None and one.state == state]

    def put_attempt(self, attempt: Attempt) -> None:
        self._put(self.rows.attempt, attempt.id, attempt)
        self._same.setdefault(attempt.sameness, set()).add(attempt.id)

    def drop_attempt(self, id: AttemptId) -> None:
        self._put(self.rows.attempt, id, None)

    # -- people's answers

    def approval(self, id: ApprovalId) -> Approval | None:
        return self.rows.approval.get(id) or self._base.approval(id)

    def approval_for(self, session: SessionId, action: ActionDigest) -> Approval | None:
        found = self._base.approval_for(session, action)
        if found and found.id in self.rows.approval:  # changed here: its successor may be an older one
            return newest_approval([*self.approvals()], session, action)
        return newest_approval([*self.rows.approval.values(), *([found] if found else [])], session, action)

    def approvals(self, *, status: str | None = None) -> Sequence[Approval]:
        merged = {approval.id: approval for approval in self._base.approvals(status=status)}
        merged.update(self.rows.approval)
        kept = [approval for approval in merged.values() if status in (None, approval.status)]
        return sorted(kept, key=lambda approval: (approval.created, approval.id))

    def put_approval(self, approval: Approval) -> None:
        self._put(self.rows.approval, approval.id, approval)

    def delegation(self, id: DelegationId) -> Delegation | None:
        return self.rows.delegation.get(id) or self._base.delegation(id)

    def delegations(self, session: SessionId | None = None) -> Sequence[Delegation]:
        merged = {one.id: one for one in self._base.delegations(session)}
        merged.update({id: one for id, one in self.rows.delegation.items() if session in (None, one.session)})
        return sorted(merged.values(), key=lambda one: (one.created, one.id))

    def put_delegation(self, delegation: Delegation) -> None:
        self._put(self.rows.delegation, delegation.id, delegation)

    def refused(self, session: SessionId, refusal: Digest) -> bool:
        return (session, refusal) in self.rows.refusal or self._base.refused(session, refusal)

    def put_refusal(self, session: SessionId, refusal: Digest) -> None:
        self._put(self.rows.refusal, (session, refusal), True)

    # -- tools and archived texts

    def pin(self, server: str, tool: str) -> Pin | None:
        return self.rows.pin.get((server, tool)) or self._base.pin(server, tool)

    def pins(self, server: str | None = None) -> Sequence[Pin]:
        merged = {(pin.server, pin.tool): pin for pin in self._base.pins(server)}
        merged.update(self.rows.pin)
        return [pin for _, pin in sorted(merged.items()) if server in (None, pin.server)]

    def put_pin(self, pin: Pin) -> None:
        self._put(self.rows.pin, (pin.server, pin.tool), pin)

    def archived(self, digest: Digest) -> bytes | None:
        found = self.rows.archive.get(digest)
        return found[1] if found else self._base.archived(digest)

    def put_archive(self, digest: Digest, kind: str, content: bytes) -> None:
        if self.archived(digest) is None:
            self._put(self.rows.archive, digest, (kind, content))

    # -- results, prior bytes, clear values

    def kept(self, session: SessionId, action: ActionDigest) -> Kept | None:
        stored = (kept for kept in self._base.all_kept(session, action) if kept.attempt not in self.rows.kept)
        buffered = (kept for kept in self.rows.kept.values() if kept and kept.session == session)
        return next((kept for kept in (*stored, *buffered) if kept.action == action), None)

    def put_kept(self, kept: Kept) -> None:
        self._put(self.rows.kept, kept.attempt, kept)

    def take_kept(self, session: SessionId, action: ActionDigest) -> Kept | None:
        kept = self.kept(session, action)
        if kept is not None:
            self._put(self.rows.kept, kept.attempt, None)
        return kept

    def priors(self, attempt: AttemptId) -> Sequence[Prior]:
        merged = {prior.path: prior for prior in self._base.priors(attempt)}
        merged.update({path: prior for (owner, path), prior in self.rows.prior.items() if owner == attempt})
        return [prior for _, prior in sorted(merged.items())]

    def put_prior(self, prior: Prior) -> None:
        self._put(self.rows.prior, (prior.attempt, prior.path), prior)

    def passages(self, session: SessionId, after: int = 0) -> Sequence[Passage]:
        stored = () if session in self.rows.forgotten else self._base.passages(session, after)
        return [*stored, *(one for one in self.rows.passage.values() if one.session == session)]

    def passage_sessions(self) -> Sequence[SessionId]:
        stored = (session for session in self._base.passage_sessions() if session not in self.rows.forgotten)
        return sorted({*stored, *(one.session for one in self.rows.passage.values())})

    def put_passage(self, passage: Passage) -> None:
        self._put(self.rows.passage, len(self.rows.passage), passage)

    def drop_passages(self, session: SessionId) -> None:
        self._put(self.rows.forgotten, session, True)

    def sidecar(self, index: LeafIndex) -> Sidecar | None:
        return self.rows.sidecar[index] if index in self.rows.sidecar else self._base.sidecar(index)

    def put_sidecar(self, sidecar: Sidecar) -> None:
        self._put(self.rows.sidecar, sidecar.index, sidecar)

    def sidecars(self, before: int | None = None) -> Iterator[tuple[LeafIndex, SessionId, int]]:
        yield from (row for row in self._base.sidecars(before) if row[0] not in self.rows.sidecar)
        for row in self.rows.sidecar.values():
            if row is not None and (before is None or row.expires < before):
                yield row.index, row.session, row.expires

    def drop_values(self, leaves: Collection[LeafIndex]) -> None:
        for index in leaves:
            self._put(self.rows.sidecar, index, None)

    def renew_key(self, session: SessionId) -> None:
        self._put(self.rows.renewed, session, True)

    def idle_keys(self) -> Sequence[SessionId]:
        return self._base.idle_keys()

    def plain(self) -> Sequence[SessionId]:
        return self._base.plain()


def newest_approval(found: Sequence[Approval], session: SessionId, action: ActionDigest) -> Approval | None:
    """The newest of these that is pending, approved or denied for exactly this action."""
    live = [
        approval
        for approval in found
        if approval.session == session
        and approval.action == action
        and approval.status in ("pending", "approved", "denied")
    ]
    return max(live, key=lambda approval: (approval.created, approval.id), default=None)
