"""The store on SQLite: one file, several processes, durable when it says so.

WAL mode; a durable batch commits under `synchronous=FULL`, the others under
NORMAL and reach the disk with the next durable one, for WAL frames are flushed
in order (sqlite.org/wal.html). The tree's right edge is stored in the same
transaction as its leaves.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path

from assent_verify.merkle import Frontier

from assent.errors import UnavailableError
from assent.ports import Reader, Transaction
from assent.stores import home as homes
from assent.stores.opening import ask, connect, frontier, open_checked
from assent.stores.overlay import Overlay, Rows
from assent.stores.remembered import Remembered
from assent.stores.sealing import Sealing
from assent.stores.sqlite_rows import (
    Row,
    SqliteReader,
    approval_row,
    attempt_row,
    delegation_row,
    packed,
    session_row,
    unavailable,
)
from assent.stores.statements import queries
from assent.stores.tables import TABLES
from assent.stores.turn import Turn, keep_trying
from assent.stores.vault import FOLDER, Vault

DATABASE = "assent.db"
_LOGGER = logging.getLogger(__name__)
_IO = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)


class SqliteStore:
    """`ports.Store` in `HOME/assent.db`.

    Never open that file by other means in the same process: closing any
    descriptor of it drops SQLite's POSIX locks (sqlite.org/howtocorrupt.html §2.2).

    Args:
        home: absolute path of the home; made if missing.
        filesystem: names the file system of a path; tests put in their own.
        patience: seconds to wait for other processes before `store_busy`.

    Raises:
        ConfigError: the home is not private or its disk cannot be durable.
        UnavailableError: unreadable, damaged, newer than this program, or rolled back.
    """

    #: What a durable batch commits under; the fault tests weaken it to see themselves fail.
    _durable_mode = "FULL"

    def __init__(
        self, home: Path, *, filesystem: Callable[[Path], str] = homes.filesystem, patience: float = 5.0
    ) -> None:
        homes.prepare(home, filesystem(home if home.exists() else _existing(home)))
        self._home = home
        self._patience = patience
        self._pid = os.getpid()
        self._queries = queries("sqlite")
        self._idle: deque[sqlite3.Connection] = deque()
        self._writing = threading.Lock()
        self._asking = threading.Lock()
        self._wanted = True
        self._mode = ""
        self._suspect = False
        self._open = True
        self._turn = Turn(home / "assent.turn")
        try:
            with self._turn.next(time.monotonic() + patience):
                self._writer = open_checked(home, DATABASE, self._queries)
        except BaseException:
            self._turn.close()
            raise
        self._frontier = Frontier()
        self._vault = Vault(home / FOLDER)
        self._remembered = Remembered(self._writer, self._queries, self._vault)
        self._sealing = Sealing(self._vault, self._writer, self._queries)
        self._seen = -1
        self._watch = self._connect()
        self._files = self._identity()
        self._shred()  # what a process that died had given up

    # -- reading

    @contextmanager
    def read(self) -> Iterator[Reader]:
        connection = self._borrow()
        try:
            yield SqliteReader(connection, self._queries, self._vault)
        finally:
            self._give_back(connection)

    def changed(self) -> int:
        self._check()
        with self._asking:  # counts commits of every other connection, this store's writer included
            try:
                return int(ask(self._watch, "PRAGMA data_version"))
            except sqlite3.Error as error:
                raise unavailable(error) from error

    def _borrow(self) -> sqlite3.Connection:
        self._check()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            connection.execute("BEGIN")
        except sqlite3.Error as error:
            connection.close()
            raise unavailable(error) from error
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("ROLLBACK")
        except sqlite3.Error:
            connection.close()  # a new one is made when needed
            return
        self._idle.append(connection)
        if not self._open:
            self._close_idle()

    def _connect(self) -> sqlite3.Connection:
        return connect(self._home / DATABASE, patience=self._patience, query_only=True)

    # -- writing

    def durable(self, wanted: bool) -> None:
        self._wanted = wanted

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        self._check()
        with self._writing:
            try:
                self._lock()
                overlay = Overlay(self._remembered, self._frontier)
                yield overlay
                self._commit(overlay)
            except BaseException as error:
                self._abandon(error)
                if isinstance(error, sqlite3.Error):
                    raise unavailable(error) from error
                raise

    def _lock(self) -> None:
        """Take the write lock of the home, and learn what others have committed."""
        self._check()
        self._heal()
        mode = self._durable_mode if self._wanted else "NORMAL"
        if mode != self._mode:
            self._writer.execute(_SYNCHRONOUS[mode])
            self._mode = mode
        deadline = time.monotonic() + self._patience
        with self._turn.next(deadline):
            keep_trying(self._try_lock, deadline)
        seen = int(ask(self._writer, "PRAGMA data_version"))
        if seen != self._seen:
            self._remembered.forget()
            self._sealing.forget()
            self._frontier = frontier(self._remembered)
            self._seen = seen

    def _try_lock(self) -> bool:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
        return True

    def _commit(self, overlay: Overlay) -> None:
        written = flush(self._writer, self._queries, overlay, self._sealing)
        if not written:
            self._writer.execute("ROLLBACK")
            return
        for size in overlay.rows.note:
            # before the note can be seen: a head that lags would miss a rollback
            self._put_head(size)
        self._writer.execute("COMMIT")
        if self._wanted and self._identity() != self._files:  # what is not durable promises nothing yet
            raise UnavailableError(
                "store_replaced",
                "`assent.db` was removed or replaced while it was in use",
                help="put the newest copy of the home back and start again; nothing is permitted until then",
            )
        self._frontier = Frontier.from_bytes(overlay.frontier().to_bytes())
        self._remembered.keep(overlay.rows)
        if overlay.rows.renewed and self._wanted:
            self._shred(rewritten=True)

    def _shred(self, *, rewritten: bool = False) -> None:
        """Destroy the keys that a committed batch gave up, and what is left of its rows in the log of writes.

        A key that cannot be destroyed now is at the next start: its row stays.
        """
        try:
            if self._sealing.finish() or rewritten:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except (sqlite3.Error, UnavailableError) as error:
            _LOGGER.warning("erased values are not shredded yet: %s", error)

    def _identity(self) -> list[tuple[int, int] | None]:
        """Which files the names stand for: a commit into a file that is gone is no receipt."""
        found: list[tuple[int, int] | None] = []
        for name in (DATABASE, f"{DATABASE}-wal"):
            try:
                status = os.stat(self._home / name)
                found.append((status.st_dev, status.st_ino))
            except OSError:
                found.append(None)
        return found

    def _put_head(self, size: int) -> None:
        head = homes.read_head(self._home)
        if head is None or head[0] < size:
            root = self._remembered.rows("claim_of_size", size)[0][0]
            try:
                homes.write_head(self._home, size, root)
            except OSError as error:
                raise UnavailableError(
                    "store_full", f"`{homes.HEAD}` cannot be written: {error.strerror}", help="free space on its disk"
                ) from error

    def _abandon(self, error: BaseException) -> None:
        """Undo an open transaction; after an I/O error trust nothing that was not flushed."""
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _IO:
            self._suspect = True
        self._seen = -1
        self._sealing.forget()
        if self._writer.in_transaction:
            with suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")

    def _heal(self) -> None:
        """After a failed flush the kernel may have dropped pages that it had taken.

        Earlier batches may be among them, so they are written again from the log
        into the database and flushed there before anything new is promised.
        """
        if self._suspect:
            self._writer.execute(_SYNCHRONOUS[self._durable_mode])
            self._mode = self._durable_mode
            busy = ask(self._writer, "PRAGMA wal_checkpoint(TRUNCATE)")
            if busy:
                raise UnavailableError(
                    "store_busy", "`assent.db` could not be flushed again after a failure", help="wait, or end readers"
                )
            self._suspect = False

    def tidy(self) -> None:
        """Destroy keys that belong to nothing that was committed.

        Only for who knows that this is the newest copy of the home: to an older one, keys of
        what was written since belong to nothing.

        Raises:
            UnavailableError: the database says no.
        """
        self._check()
        with self._writing:
            try:
                self._sealing.tidy()
            except sqlite3.Error as error:
                raise unavailable(error) from error

    # -- the end

    def close(self) -> None:
        if os.getpid() != self._pid:
            return  # the parent's connections: not ours to close, nor is its lock ever free here
        with self._writing:
            if self._open:
                self._open = False
                self._writer.close()
                self._watch.close()
                self._close_idle()
                self._turn.close()

    def _close_idle(self) -> None:
        while self._idle:
            with suppress(IndexError):
                self._idle.pop().close()

    def _check(self) -> None:
        if not self._open:
            raise UnavailableError("store_closed", "the store is closed")
        if os.getpid() != self._pid:
            # sqlite.org/howtocorrupt.html §2.6: a connection must not be carried across a fork
            raise UnavailableError("forked", "the store was opened before a fork", help="open it in the new process")


_SYNCHRONOUS = {
    "FULL": "PRAGMA synchronous=FULL",
    "NORMAL": "PRAGMA synchronous=NORMAL",
    "OFF": "PRAGMA synchronous=OFF",
}


def flush(connection: sqlite3.Connection, queries: Mapping[str, str], overlay: Overlay, sealing: Sealing) -> bool:
    """Write all rows of a batch, one statement a table; False if there are none."""
    written = [(name, packed(name, batch)) for name, batch in tables(overlay, sealing)]
    if overlay.rows.renewed or any(row is None for row in overlay.rows.sidecar.values()):
        connection.execute("PRAGMA secure_delete=ON")  # freed bytes are overwritten (sqlite.org/pragma.html)
    for name, batch in written:
        if len(batch) == 1:
            connection.execute(queries[name], batch[0])
        elif batch:
            connection.executemany(queries[name], batch)
    for session in overlay.rows.renewed:
        sealing.renew(session)
    return bool(overlay.rows.renewed) or any(batch for _, batch in written)


def tables(overlay: Overlay, sealing: Sealing) -> list[tuple[str, Sequence[Row]]]:
    """The rows of a batch by the statement that writes them, in the order in which they are written."""
    rows, start = overlay.rows, overlay.size() - len(overlay.appended)
    edge = overlay.frontier() if overlay.appended else None
    return [
        ("put_leaf", list(enumerate(overlay.appended, start))),
        ("put_tree", [(edge.size, edge.to_bytes())] if edge else []),
        ("put_claim", [(claim.size, claim.root, claim.edge, claim.body) for claim in rows.claim.values()]),
        ("put_note", [(note, size) for size, note in rows.note.items()]),
        ("cosign_note", [(note, size) for size, note in rows.cosigned.items()]),
        ("put_state", list(rows.state.items())),
        ("put_session", [session_row(session) for session in rows.session.values()]),
        ("put_attempt", [attempt_row(attempt) for attempt in rows.attempt.values() if attempt]),
        ("drop_attempt", [(id,) for id, attempt in rows.attempt.items() if attempt is None]),
        ("put_approval", [approval_row(sealing.approval(approval)) for approval in rows.approval.values()]),
        *_rare(rows, sealing),
    ]


def _existing(path: Path) -> Path:
    """The nearest directory above that exists."""
    return next(parent for parent in path.parents if parent.exists())


def _rare(rows: Rows, sealing: Sealing) -> list[tuple[str, Sequence[Row]]]:
    side, kept, nodes = rows.sidecar.items(), rows.kept.items(), rows.node.items()
    return [
        ("put_sidecar", [sealing.sidecar(row) for _, row in side if row]),
        ("drop_sidecar", [(index,) for index, row in side if row is None]),
        ("drop_priors", [(index,) for index, row in side if row is None]),
        ("put_delegation", [delegation_row(sealing.delegation(given)) for given in rows.delegation.values()]),
        ("put_refusal", list(rows.refusal)),
        ("put_pin", [astuple(pin) for pin in rows.pin.values()]),
        ("put_archive", [(digest, kind, content) for digest, (kind, content) in rows.archive.items()]),
        ("put_kept", [sealing.kept(row) for _, row in kept if row]),
        ("drop_kept", [(attempt,) for attempt, row in kept if row is None]),
        ("put_prior", [sealing.prior(prior) for prior in rows.prior.values()]),
        ("put_tile", [(level, index, hashes) for (level, index), hashes in rows.tile.items()]),
        ("drop_leaves", list(rows.dropped)),
        ("put_timestamp", list(rows.timestamp.items())),
        ("drop_passages", [(session,) for session in rows.forgotten]),
        ("put_passage", [(one.session, one.server, one.prints) for one in rows.passage.values()]),
        ("put_node", [(node, process) for node, process in nodes if process is not None]),
        ("drop_node", [(node,) for node, process in nodes if process is None]),
        *(_records(rows) if rows.record else ()),
    ]


def _records(rows: Rows) -> Iterator[tuple[str, Sequence[Row]]]:
    for kind, table in TABLES.items():
        mine = [(key, one) for (of, key), one in rows.record.items() if of is kind]
        yield f"put_{table.name}", [table.row(one) for _, one in mine if one is not None]
        yield f"drop_{table.name}", [key for key, one in mine if one is None]
