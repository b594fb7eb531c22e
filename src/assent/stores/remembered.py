"""Remembered: what the writer read or wrote, while no other process has committed.

Each statement gives up and retakes the interpreter's lock, which costs more than
the statement while the main thread decides (docs/decisions/001). So the few rows
that every action reads are kept: named values, sessions, attempts, refusals.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from assent.model.ids import AttemptId, Digest, SessionId
from assent.model.session import Session
from assent.ports import Attempt
from assent.stores.overlay import OPEN, Rows
from assent.stores.sqlite_rows import SqliteReader
from assent.stores.vault import Vault

K = TypeVar("K")
V = TypeVar("V")
#: Rows of one kind that are kept at most; then that kind is forgotten and read anew.
_MOST = 4096
#: Questions for attempts after which all unsettled ones are read at once.
_PATIENCE = 8


class Remembered(SqliteReader):
    """A reader of the writer's connection; `forget` whenever another process has committed."""

    def __init__(self, connection: sqlite3.Connection, queries: Mapping[str, str], vault: Vault) -> None:
        super().__init__(connection, queries, vault)
        self.forget()

    def forget(self) -> None:
        """Somebody else has written, or nobody knows what was."""
        self._state: dict[str, str | None] = {}
        self._session: dict[SessionId, Session | None] = {}
        self._attempt: dict[AttemptId, Attempt | None] = {}
        self._refusals: dict[SessionId, set[Digest]] = {}
        self._unsettled: dict[Digest, dict[AttemptId, Attempt]] | None = None
        self._filed: dict[AttemptId, Digest] = {}
        self._record: dict[tuple[type, tuple[str, ...]], Any] = {}
        self._asked = 0

    def keep(self, rows: Rows) -> None:
        """This process has committed these rows."""
        _bounded(self._state).update(rows.state)
        _bounded(self._session).update(rows.session)
        _bounded(self._attempt).update(rows.attempt)
        _bounded(self._record).update(rows.record)
        for session, refusal in rows.refusal:
            if session in self._refusals:
                self._refusals[session].add(refusal)
        for id, attempt in rows.attempt.items():
            self._file(id, attempt)

    def state(self, key: str) -> str | None:
        if key not in self._state:
            _bounded(self._state)[key] = super().state(key)
        return self._state[key]

    def session(self, id: SessionId) -> Session | None:
        if id not in self._session:
            _bounded(self._session)[id] = super().session(id)
        return self._session[id]

    def attempt(self, id: AttemptId) -> Attempt | None:
        if id not in self._attempt:
            _bounded(self._attempt)[id] = super().attempt(id)
        return self._attempt[id]

    def find(self, kind: type[V], *key: str) -> V | None:
        if (kind, key) not in self._record:
            _bounded(self._record)[kind, key] = super().find(kind, *key)
        found: V | None = self._record[kind, key]
        return found

    def refused(self, session: SessionId, refusal: Digest) -> bool:
        if session not in self._refusals:
            found = {row[0] for row in self.rows("refusals_of", session)}
            _bounded(self._refusals)[session] = found
        return refusal in self._refusals[session]

    def attempts_like(self, sameness: Digest) -> Sequence[Attempt]:
        if self._unsettled is None:
            self._asked += 1
            if self._asked <= _PATIENCE:
                return super().attempts_like(sameness)
            self._unsettled = {}
            for state in OPEN:
                for attempt in self.attempts_in(state):
                    self._file(attempt.id, attempt)
        return list(self._unsettled.get(sameness, {}).values())

    def _file(self, id: AttemptId, attempt: Attempt | None) -> None:
        """Put an attempt where a repeat of it will look, or take it away if it is settled."""
        unsettled = self._unsettled
        if unsettled is None:
            return
        before = self._filed.pop(id, None)
        if before is not None and (alike := unsettled.get(before)):
            alike.pop(id, None)
            if not alike:
                del unsettled[before]
        if attempt is not None and attempt.state in OPEN:
            unsettled.setdefault(attempt.sameness, {})[id] = attempt
            self._filed[id] = attempt.sameness


def _bounded(table: dict[K, V]) -> dict[K, V]:
    if len(table) > _MOST:
        table.clear()
    return table
