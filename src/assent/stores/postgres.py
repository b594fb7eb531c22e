"""The store on PostgreSQL: one log for many processes on many machines.

A write takes the log's advisory lock, so that leaves have one order; what it read
before it waited is read again after. `synchronous_commit` is on for a durable batch
and off for the others, which reach the disk with the next durable one, for WAL is
flushed in order (postgresql.org/docs, "Asynchronous Commit").
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from assent.errors import UnavailableError
from assent.model.ids import LeafIndex, SessionId
from assent.ports import Reader, Transaction
from assent.stores.overlay import Overlay
from assent.stores.sealing import Opening, Sealing
from assent.stores.sqlite import tables
from assent.stores.sqlite_rows import Row, SqliteReader
from assent.stores.statements import migrations, queries
from assent.stores.vault import Vault

#: Key of the advisory lock: `ASNT`, as in the header of our SQLite files.
_LOCK = 0x41534E54
#: Leaves that are fetched at once.
_CHUNK = 1_000
_READERS = 8
_HELP = "look at the server, the network and the address; work resumes by itself when it is back"


def unavailable(error: psycopg.Error | PoolTimeout | PoolClosed) -> UnavailableError:
    """What an error of PostgreSQL means to the operator, and what to do; never a statement or a value."""
    state = getattr(error, "sqlstate", None) or ""
    if state == "55P03":  # lock_not_available
        text = "another process has kept the log locked for too long"
        return UnavailableError("store_busy", text, help="look for a stopped or hanging process that uses the log")
    if state.startswith("53") or state == "58030":  # insufficient_resources, io_error
        return UnavailableError("store_full", f"PostgreSQL cannot take more ({state})", help="free space on its disk")
    if state == "25006":  # read_only_sql_transaction: a standby
        return UnavailableError("store_readonly", "PostgreSQL is read-only", help="connect to the primary")
    if state.startswith("28"):  # invalid_authorization_specification
        return UnavailableError(
            "store_refused", f"PostgreSQL refused to connect ({state})", help="check role and rights"
        )
    return UnavailableError("store_failed", f"PostgreSQL failed ({state or type(error).__name__})", help=_HELP)


class PostgresReader(SqliteReader):
    """`overlay.Base` over one connection that is inside a transaction."""

    def __init__(self, connection: psycopg.Connection[Row], statements: Mapping[str, str], vault: Vault) -> None:
        self._pg = connection
        self._statements = statements
        self._opening = Opening(vault)

    def rows(self, query: str, *parameters: object) -> list[Row]:
        """All rows of a named query."""
        try:
            return self._pg.execute(self._statements[query], parameters).fetchall()
        except psycopg.Error as error:
            raise unavailable(error) from error

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Some at a time: nothing is held at the server between them but the snapshot."""
        end = self.size() if stop is None else min(stop, self.size())
        for first in range(start, end, _CHUNK):
            yield from self.rows("leaves_from", first, min(first + _CHUNK, end))

    def sidecars(self, before: int | None = None) -> Iterator[tuple[LeafIndex, SessionId, int]]:
        query, given = ("all_sidecars", ()) if before is None else ("expired_sidecars", (before,))
        for row in self.rows(query, *given):
            yield row[0], row[1], row[2]

    def plain(self) -> Sequence[SessionId]:
        return []  # values were sealed here from the beginning

    def leaf(self, index: LeafIndex) -> bytes | None:
        found = self.rows("get_leaf", index)
        return found[0][0] if found else None


class PostgresStore:
    """`ports.Store` in one PostgreSQL database.

    Args:
        url: how to connect (libpq connection string or URL); a password is better in `PGPASSFILE`.
        values: directory of the keys that seal clear values; every process needs the same one.
        patience: seconds to wait for a connection or for other processes.

    Raises:
        UnavailableError: the server cannot be reached, refuses, or has a newer schema.
    """

    def __init__(self, url: str, values: Path, *, patience: float = 5.0) -> None:
        self._vault = Vault(values)
        self._pid = os.getpid()
        self._patience = patience
        # its warnings quote what of the address cannot be read, which may be the password
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
        self._statements = queries("postgres")
        self._wanted = True
        self._writing = threading.Lock()
        self._pool: ConnectionPool[psycopg.Connection[Row]] = ConnectionPool(
            url,
            min_size=1,
            max_size=_READERS,
            timeout=patience,
            open=False,
            kwargs={"autocommit": True, "connect_timeout": max(1, int(patience)), "application_name": "assent"},
        )
        try:
            self._pool.open(wait=True, timeout=patience)
            with self._pool.connection() as connection:
                _migrate(connection)
                Sealing(self._vault, connection, self._statements).finish()  # what a process that died had given up
        except (psycopg.Error, PoolTimeout) as error:
            self._pool.close(timeout=0)
            raise unavailable(error) from error
        except BaseException:
            self._pool.close(timeout=0)
            raise

    @contextmanager
    def read(self) -> Iterator[Reader]:
        with self._connection() as connection:
            try:
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                try:
                    yield PostgresReader(connection, self._statements, self._vault)
                finally:
                    with suppress(psycopg.Error):
                        connection.execute("ROLLBACK")
            except psycopg.Error as error:
                raise unavailable(error) from error

    def changed(self) -> int:
        with self._connection() as connection:
            return int(PostgresReader(connection, self._statements, self._vault).rows("get_revision")[0][0])

    def durable(self, wanted: bool) -> None:
        self._wanted = wanted

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        from assent.stores.opening import frontier

        with self._writing, self._connection() as connection:
            try:
                connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                try:
                    self._lock(connection)
                    reader = PostgresReader(connection, self._statements, self._vault)
                    overlay = Overlay(reader, frontier(reader))
                    yield overlay
                    self._commit(connection, overlay)
                except BaseException:
                    with suppress(psycopg.Error):
                        connection.execute("ROLLBACK")
                    raise
            except psycopg.Error as error:
                raise unavailable(error) from error

    def _lock(self, connection: psycopg.Connection[Row]) -> None:
        """Become the one that writes, and say how durable the commit must be."""
        connection.execute(self._statements["set_lock_timeout"], (f"{int(self._patience * 1000)}ms",))
        connection.execute(self._statements["set_durable"], ("on" if self._wanted else "off",))
        connection.execute(self._statements["take_lock"], (_LOCK,))

    def _commit(self, connection: psycopg.Connection[Row], overlay: Overlay) -> None:
        written = bool(overlay.rows.renewed)
        sealing = Sealing(self._vault, connection, self._statements)
        for name, batch in tables(overlay, sealing):
            if batch:
                with connection.cursor() as cursor:
                    cursor.executemany(self._statements[name], batch)
                written = True
        if not written:
            connection.execute("ROLLBACK")
            return
        for session in overlay.rows.renewed:
            sealing.renew(session)
        connection.execute(self._statements["move_revision"])
        connection.execute("COMMIT")
        if overlay.rows.renewed and self._wanted:
            sealing.finish()

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Row]]:
        if os.getpid() != self._pid:
            raise UnavailableError("forked", "the store was opened before a fork", help="open it in the new process")
        if self._pool.closed:
            raise UnavailableError("store_closed", "the store is closed")
        try:
            with self._pool.connection() as connection:
                yield connection
        except (PoolTimeout, PoolClosed) as error:
            raise unavailable(error) from error

    def close(self) -> None:
        if os.getpid() == self._pid:
            self._pool.close()


def _migrate(connection: psycopg.Connection[Any]) -> None:
    """Bring the schema forward, all or nothing; one process at a time."""
    steps = migrations("postgres")
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL)")
        found = connection.execute("SELECT max(number) FROM schema_version").fetchone()
        done = int(found[0] or 0) if found else 0
        if done > len(steps):
            text = f"the database has schema {done}, this program knows up to {len(steps)}"
            raise UnavailableError("store_newer", text, help="use the newer version of Assent that wrote it")
        for number, step in enumerate(steps[done:], done + 1):
            connection.execute(step)
            connection.execute("INSERT INTO schema_version (number) VALUES (%s)", (number,))
