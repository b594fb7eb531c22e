"""SQLite rows as values, values as rows, and the reads of one snapshot."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar

from assent.errors import UnavailableError
from assent.model.approval import Answer, Approval, Asked
from assent.model.decision import PolicyRef
from assent.model.delegation import Delegation
from assent.model.ids import ActionDigest, ApprovalId, AttemptId, DelegationId, Digest, LeafIndex, SessionId
from assent.model.session import Session
from assent.ports import Attempt, AttemptState, Kept, Passage, Pin, Prior, Sidecar
from assent.stores.packed import pack, unpack
from assent.stores.sealing import Opening
from assent.stores.tables import TABLES, record
from assent.stores.vault import PLAIN, Vault

T = TypeVar("T")
Row = tuple[Any, ...]
_END = 2**62
DELEGATION = tuple(field.name for field in fields(Delegation))
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_READONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}


def unavailable(error: sqlite3.Error) -> UnavailableError:
    """What an SQLite error means to the operator, and what to do."""
    code = getattr(error, "sqlite_errorcode", 0)
    primary = code & 0xFF
    if code in _FULL:
        return UnavailableError(
            "store_full", f"`assent.db` cannot grow: {error}", help="free space on its disk; work resumes by itself"
        )
    if primary in _CORRUPT:
        return UnavailableError(
            "store_corrupt",
            f"`assent.db` is damaged: {error}",
            help="nothing was changed; copy the home away, then restore the latest backup of it",
        )
    if primary in _READONLY:
        return UnavailableError(
            "store_readonly", f"`assent.db` cannot be written: {error}", help="make the home writable for its owner"
        )
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return UnavailableError(
            "store_busy", f"`assent.db` is locked: {error}", help="look for a stopped process that uses the home"
        )
    if primary == sqlite3.SQLITE_ERROR and "no such" in str(error):
        text = "`assent.db` was written by an older version, and lacks what this needs"
        return UnavailableError("store_older", text, help="it is brought forward when `assent mcp` next starts on it")
    return UnavailableError(
        "store_failed", f"`assent.db` failed: {error}", help="look at the disk; work resumes by itself when it is back"
    )


def _session(row: Row) -> Session:
    labels, chain = frozenset(json.loads(row[7])), tuple(json.loads(row[11]))
    return Session(*(*row[:7], labels, *row[8:11], chain, *row[12:]))


def _attempt(row: Row) -> Attempt:
    return Attempt(*(*row[:11], bool(row[11]), row[12]))


def _approval(row: Row) -> Approval:
    asked = tuple(Asked(**each) for each in json.loads(row[9]))
    answers = tuple(Answer(**each) for each in json.loads(row[16]))
    return Approval(*(*row[:9], asked, *row[10:16], answers, row[17]))


def _delegation(row: Row) -> Delegation:
    lifts = tuple(PolicyRef(**each) for each in json.loads(row[9]))
    return Delegation(*(*row[:9], lifts, *row[10:]))


def delegation_row(given: Delegation) -> Row:
    """Columns of `put_delegation`."""
    lifts = json.dumps([asdict(one) for one in given.lifts])
    return tuple(lifts if name == "lifts" else getattr(given, name) for name in DELEGATION)


def session_row(session: Session) -> Row:
    """Columns of `put_session`."""
    return (
        session.id,
        session.principal,
        session.owner,
        session.client,
        session.opened,
        session.status,
        session.version,
        json.dumps(sorted(session.labels)),
        session.seq,
        session.head,
        session.ended,
        json.dumps(session.chain) if session.chain else "[]",
        session.key,
        session.task,
        session.expires,
        session.idle,
        session.used,
    )


def attempt_row(attempt: Attempt) -> Row:
    """Columns of `put_attempt`."""
    return (
        attempt.id,
        attempt.session,
        attempt.action,
        attempt.sameness,
        attempt.server,
        attempt.tool,
        attempt.node,
        attempt.state,
        attempt.permit,
        attempt.decision,
        attempt.deadline,
        int(attempt.read),
        attempt.gap,
    )


def approval_row(approval: Approval) -> Row:
    """Columns of `put_approval`."""
    return (
        approval.id,
        approval.attempt,
        approval.session,
        approval.principal,
        approval.owner,
        approval.server,
        approval.tool,
        approval.action,
        approval.commitment,
        json.dumps([asdict(asked) for asked in approval.asked]),
        approval.facts,
        approval.card,
        approval.refusal,
        approval.created,
        approval.expires,
        approval.status,
        json.dumps([asdict(answer) for answer in approval.answers]),
        approval.salt,
    )


class SqliteReader:
    """`overlay.Base` over one connection that is inside a transaction."""

    def __init__(self, connection: sqlite3.Connection, queries: Mapping[str, str], vault: Vault) -> None:
        self._connection = connection
        self._queries = queries
        self._opening = Opening(vault)

    def rows(self, query: str, *parameters: object) -> list[Row]:
        """All rows of a named query."""
        try:
            return self._connection.execute(self._queries[query], parameters).fetchall()
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def _one(self, shape: Callable[[Row], T], query: str, *parameters: object) -> T | None:
        rows = self.rows(query, *parameters)
        return shape(rows[0]) if rows else None

    def find(self, kind: type[T], *key: str) -> T | None:
        table = TABLES[kind]
        return self._one(lambda row: record(kind, row), f"get_{table.name}", *key)

    def find_all(self, kind: type[T], by: str = "", value: object = "") -> Sequence[T]:
        table = TABLES[kind]
        rows = self.rows(f"{table.name}_by_{by}", value) if by else self.rows(f"all_{table.name}")
        return [record(kind, row) for row in rows]

    def state(self, key: str) -> str | None:
        return self._one(_first, "get_state", key)

    def session(self, id: SessionId) -> Session | None:
        return self._one(_session, "get_session", id)

    def sessions(self, *, open_only: bool) -> Sequence[Session]:
        return [_session(row) for row in self.rows("open_sessions" if open_only else "all_sessions")]

    def recent_sessions(self, since: int) -> Sequence[Session]:
        return [_session(row) for row in self.rows("recent_sessions", since)]

    def session_of(self, client: str) -> Session | None:
        return self._one(_session, "session_of_client", client)

    def attempt(self, id: AttemptId) -> Attempt | None:
        return self._one(_attempt, "get_attempt", id)

    def attempts_like(self, sameness: Digest) -> Sequence[Attempt]:
        return [_attempt(row) for row in self.rows("attempts_like", sameness)]

    def attempts_in(self, state: AttemptState) -> Sequence[Attempt]:
        return [_attempt(row) for row in self.rows("attempts_in", state)]

    def approval(self, id: ApprovalId) -> Approval | None:
        return self._one(self._opened_approval, "get_approval", id)

    def approval_for(self, session: SessionId, action: ActionDigest) -> Approval | None:
        found = [self._opened_approval(row) for row in self.rows("approval_for", session, action)]
        return next((one for one in found if one.status in ("pending", "approved", "denied")), None)

    def approvals(self, *, status: str | None = None) -> Sequence[Approval]:
        rows = self.rows("all_approvals") if status is None else self.rows("approvals_with_status", status)
        found = (self._opened_approval(row) for row in rows)
        return [one for one in found if status in (None, one.status)]

    def _opened_approval(self, row: Row) -> Approval:
        """With its card; one that people can no longer be shown waits for nobody."""
        found = _approval(row)
        opened = self._opening.card(found.id, found.card, found.salt)
        if opened is not None:
            return replace(found, card=opened[0], salt=opened[1])
        status = "cancelled" if found.status in ("pending", "approved") else found.status
        return replace(found, card="", salt=b"", status=status)

    def delegation(self, id: DelegationId) -> Delegation | None:
        return self._one(self._opened_delegation, "get_delegation", id)

    def delegations(self, session: SessionId | None = None) -> Sequence[Delegation]:
        rows = self.rows("all_delegations") if session is None else self.rows("delegations_of", session)
        return [self._opened_delegation(row) for row in rows]

    def _opened_delegation(self, row: Row) -> Delegation:
        """With its card; without it, nobody knows what lies within it, so it has ended."""
        found = _delegation(row)
        opened = self._opening.card(found.id, found.card, found.salt)
        if opened is not None and opened[0]:
            return replace(found, card=opened[0], salt=opened[1])
        return replace(found, card="", salt=b"", status="ended" if found.status == "live" else found.status)

    def refused(self, session: SessionId, refusal: Digest) -> bool:
        return bool(self.rows("get_refusal", session, refusal))

    def pin(self, server: str, tool: str) -> Pin | None:
        return self._one(lambda row: Pin(*row), "get_pin", server, tool)

    def pins(self, server: str | None = None) -> Sequence[Pin]:
        rows = self.rows("all_pins") if server is None else self.rows("pins_of_server", server)
        return [Pin(*row) for row in rows]

    def archived(self, digest: Digest) -> bytes | None:
        return self._one(_first, "get_archive", digest)

    def kept(self, session: SessionId, action: ActionDigest) -> Kept | None:
        return next(iter(self.all_kept(session, action)), None)

    def all_kept(self, session: SessionId, action: ActionDigest) -> Sequence[Kept]:
        return [self._opened_kept(row) for row in self.rows("kept_for", session, action)]

    def _opened_kept(self, row: Row) -> Kept:
        """Never nothing for a result that is there: the same call would run a second time."""
        found = Kept(*row[:4])
        result = self._opening.kept(found) if row[4] else found.result
        if result is None:
            raise UnavailableError(
                "value_key_missing",
                f"the key of the result kept for attempt `{found.attempt}` is missing or damaged",
                help="put the key file back from its own backup, or end the session",
            )
        return replace(found, result=result)

    def priors(self, attempt: AttemptId) -> Sequence[Prior]:
        rows = ((Prior(*row[:5]), row[5]) for row in self.rows("get_priors", attempt))
        found = (self._opening.prior(prior) if sealed else prior for prior, sealed in rows)
        return [prior for prior in found if prior is not None]

    def passages(self, session: SessionId, after: int = 0) -> Sequence[Passage]:
        return [Passage(*row) for row in self.rows("passages_after", after, session)]

    def passage_sessions(self) -> Sequence[SessionId]:
        return [row[0] for row in self.rows("passage_sessions")]

    def nodes(self) -> Mapping[str, str]:
        return dict(self.rows("all_nodes"))

    def tree(self) -> tuple[int, bytes] | None:
        """Size and right edge as stored; None before the first batch."""
        return self._one(lambda row: (row[0], row[1]), "get_tree")

    def size(self) -> int:
        found = self.tree()
        return found[0] if found else 0

    def leaf(self, index: LeafIndex) -> bytes | None:
        return self._one(lambda row: unpack(row[0]), "get_leaf", index)

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        try:
            rows = self._connection.execute(self._queries["leaves_from"], (start, _END if stop is None else stop))
            for index, body in rows:
                yield index, unpack(body)
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def tile(self, level: int, index: int) -> bytes | None:
        return self._one(_first, "get_tile", level, index)

    def tiled(self) -> int:
        return self.rows("tiled")[0][0] or 0

    def sidecar(self, index: LeafIndex) -> Sidecar | None:
        return self._one(lambda row: self._opening.sidecar(*row), "get_sidecar", index)

    def sidecars(self, before: int | None = None) -> Iterator[tuple[LeafIndex, SessionId, int]]:
        query, given = ("all_sidecars", ()) if before is None else ("expired_sidecars", (before,))
        try:
            for row in self._connection.execute(self._queries[query], given):  # noqa: UP028 - as in `leaves`
                yield row
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def idle_keys(self) -> Sequence[SessionId]:
        return [row[0] for row in self.rows("idle_keys")]

    def plain(self) -> Sequence[SessionId]:
        return [row[0] for row in self.rows("plain_sessions", PLAIN, PLAIN)]

    def checkpoints(self) -> Sequence[tuple[int, bytes]]:
        return [(row[0], row[1]) for row in self.rows("signed_checkpoints")]

    def timestamps(self) -> Sequence[tuple[int, bytes]]:
        return [(row[0], row[1]) for row in self.rows("timestamps")]

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        return self._one(lambda row: (row[0], row[1]), "newest_checkpoint")

    def unsigned(self) -> Mapping[int, str]:
        return dict(self.rows("unsigned_checkpoints"))

    def claimed(self, size: int) -> bytes | None:
        return self._one(_first, "claim_of_size", size)

    def last_checkpoint(self) -> int:
        return self.rows("last_checkpoint")[0][0] or 0


def packed(statement: str, batch: Sequence[Row]) -> Sequence[Row]:
    """The rows of a batch as SQLite stores them: leaves packed; clear values are before they are sealed."""
    if statement == "put_leaf":
        return [(index, pack(leaf)) for index, leaf in batch]
    return batch


def _first(row: Row) -> Any:
    return row[0]
