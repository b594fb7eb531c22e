"""What a witness remembers, in an SQLite file of its own: `witness.db`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assent_verify.merkle import EMPTY_ROOT
from assent_verify.note import VerifierKey

from assent.errors import UnavailableError
from assent.model.witness import Seen

FILE = "witness.db"
#: Requests kept as evidence of one log: a log that forks does not fill the disk.
MAX_EVIDENCE = 1_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (origin TEXT NOT NULL, vkey TEXT NOT NULL, PRIMARY KEY (origin, vkey)) STRICT;
CREATE TABLE IF NOT EXISTS latest (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS evidence (
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL, why TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (origin, body)
) STRICT;
"""


class WitnessBook:
    """The latest checkpoint of each log, compared and set durably; several processes may share the file.

    Args:
        folder: made if missing, for its owner alone.

    Raises:
        UnavailableError: the file cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError("witness_unwritable", f"`{folder}` cannot be made: {error.strerror}") from error
        with self._open() as db:
            db.executescript(_SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One connection for one piece of work: threads and processes share nothing but the file."""
        try:
            db = sqlite3.connect(self._path, timeout=5, isolation_level=None)
            try:
                db.execute("PRAGMA journal_mode=WAL")
                db.execute("PRAGMA synchronous=FULL")
                yield db
            finally:
                db.close()
        except sqlite3.Error as error:
            help = "look at its disk and its owner; nothing is signed until it can be written"
            raise UnavailableError("witness_unwritable", f"`{self._path}` failed: {error}", help=help) from error

    def trust(self, key: VerifierKey) -> None:
        """Witness the log of this key from now on; it is named after the key."""
        with self._open() as db:
            db.execute("INSERT OR IGNORE INTO log (origin, vkey) VALUES (?, ?)", (key.name, str(key)))

    def logs(self) -> Sequence[tuple[str, int, int]]:
        """Each trusted vkey, with size and time (seconds) of the latest checkpoint cosigned of its log."""
        with self._open() as db:
            return db.execute(
                "SELECT vkey, coalesce(size, 0), coalesce(time, 0) FROM log LEFT JOIN latest USING (origin) ORDER BY 1"
            ).fetchall()

    def keys(self, origin: str) -> Sequence[VerifierKey]:
        """The keys trusted for a log; empty if it is unknown."""
        with self._open() as db:
            found = db.execute("SELECT vkey FROM log WHERE origin = ?", (origin,)).fetchall()
        return [VerifierKey.parse(vkey) for (vkey,) in found]

    def latest(self, origin: str) -> Seen:
        """The latest checkpoint cosigned of a log; the empty tree if none was."""
        with self._open() as db:
            return _latest(db, origin)

    def advance(self, origin: str, before: Seen, after: Seen) -> bool:
        """Replace `before` by `after`, durably; False if it is no longer the latest."""
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            if _latest(db, origin) != before:
                return False
            put = "INSERT OR REPLACE INTO latest (origin, size, root, time) VALUES (?, ?, ?, ?)"
            db.execute(put, (origin, after.size, after.root, after.time))
            db.execute("COMMIT")  # with synchronous=FULL: on the disk before anything is signed
        return True

    def keep(self, origin: str, why: str, body: bytes) -> None:
        """Keep a request as evidence, at most `MAX_EVIDENCE` of a log."""
        put = """
            INSERT OR IGNORE INTO evidence (origin, why, body)
            SELECT ?, ?, ? WHERE (SELECT count(*) FROM evidence WHERE origin = ?) < ?
        """
        with self._open() as db:
            db.execute(put, (origin, why, body, origin, MAX_EVIDENCE))

    def evidence(self) -> Sequence[tuple[str, str, bytes]]:
        """Origin, `fork` or `inconsistent`, and the request, of everything kept."""
        with self._open() as db:
            return db.execute("SELECT origin, why, body FROM evidence ORDER BY id").fetchall()


def _latest(db: sqlite3.Connection, origin: str) -> Seen:
    row = db.execute("SELECT size, root, time FROM latest WHERE origin = ?", (origin,)).fetchone()
    return Seen(*row) if row else Seen(0, EMPTY_ROOT, 0)
