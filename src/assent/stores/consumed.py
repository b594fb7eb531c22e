"""The consumption store of an executor that does not ask the home: an SQLite file, shared by its processes.

Rows are kept until their permit has expired. So is the latest time at which a permit
was issued: an executor whose clock is behind does not take for fresh what is old.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from assent.errors import ConfigError, RefusedError, UnavailableError
from assent.model.presented import Presented
from assent.stores.home import DURABLE, filesystem

#: Seconds that an executor's clock may be behind the issuer's.
LEEWAY = 5
#: Seconds: a permit that was issued later than this from now moves no clock, for its issuer's is wrong.
FARTHEST = 600
#: Expired rows that one consumption clears away: more than it adds, so that the table does not grow.
SWEPT = 16
_SCHEMA = """
CREATE TABLE IF NOT EXISTS consumed (
    audience TEXT NOT NULL, id TEXT NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (audience, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS consumed_expires ON consumed (audience, expires);
CREATE TABLE IF NOT EXISTS latest (audience TEXT PRIMARY KEY, issued INTEGER NOT NULL) STRICT;
"""
_PUT = "INSERT OR IGNORE INTO consumed (audience, id, expires) VALUES (?, ?, ?)"
_SWEEP = """
DELETE FROM consumed WHERE (audience, id) IN (
    SELECT audience, id FROM consumed WHERE audience = ? AND expires <= ? ORDER BY expires LIMIT ?
)
"""
_LATEST = "SELECT issued FROM latest WHERE audience = ?"
_MOVE = "INSERT OR REPLACE INTO latest (audience, issued) VALUES (?, ?)"


def judge(permit: Presented, now: float, latest: int) -> None:
    """Is this the time of a permit?

    Args:
        now: seconds since the epoch, by the executor's clock.
        latest: when the latest permit that it has seen was issued.

    Raises:
        RefusedError: `permit_early`: this clock is behind the issuer's. `permit_expired`.
    """
    if permit.issued > now + LEEWAY:
        raise RefusedError("permit_early", "by the executor's clock the permit has not been issued yet")
    if max(now, latest) >= permit.expires:
        raise RefusedError("permit_expired", "too long has passed since it was decided")


class SqliteConsumption:
    """`ports.Consumption` in an SQLite file.

    Args:
        path: made if missing, for its owner alone.
        now: seconds since the epoch.

    Raises:
        ConfigError: `consumption_not_durable`: it would be lost with the power.
        UnavailableError: `consumption_unavailable`.
    """

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path, self._now, self._lock = path, now, threading.Lock()
        kind = filesystem(path.parent)
        if kind not in DURABLE:
            help = "choose a file on a local disk"
            raise ConfigError("consumption_not_durable", f"`{path}` is on `{kind}`, where it could be lost", help=help)
        try:
            with suppress(FileExistsError):
                path.touch(0o600, exist_ok=False)
            self._db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")  # on the disk before anything runs
            self._db.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise self._unavailable(error) from error

    def consume(self, token: str, permit: Presented) -> None:
        """As `ports.Consumption`, by this machine's clock."""
        now, audience = self._now(), permit.audience
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    self._use(permit, audience, now)
                finally:
                    if self._db.in_transaction:
                        self._db.execute("COMMIT")  # what a refusal has shown of the time is kept too
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._db.rollback()
            raise self._unavailable(error) from error

    def _use(self, permit: Presented, audience: str, now: float) -> None:
        row = self._db.execute(_LATEST, (audience,)).fetchone()
        latest = row[0] if row else 0
        if latest < permit.issued <= now + FARTHEST:
            self._db.execute(_MOVE, (audience, permit.issued))
        judge(permit, now, latest)
        # what expired before the latest permit was issued is refused for ever, wherever this clock goes
        self._db.execute(_SWEEP, (audience, latest, SWEPT))
        if self._db.execute(_PUT, (audience, permit.id, permit.expires)).rowcount != 1:
            raise RefusedError("permit_used", "the permit has been used")

    def _unavailable(self, error: Exception) -> UnavailableError:
        help = "look at its disk and its owner; nothing runs until it can be written"
        return UnavailableError("consumption_unavailable", f"`{self._path}` failed: {error}", help=help)

    def close(self) -> None:
        self._db.close()
