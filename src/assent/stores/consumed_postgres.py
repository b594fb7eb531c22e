"""The consumption store of an executor on many machines: two tables in a PostgreSQL of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from assent.errors import RefusedError, UnavailableError
from assent.model.presented import Presented
from assent.stores.consumed import FARTHEST, SWEPT, judge

_SCHEMA = """
CREATE TABLE IF NOT EXISTS assent_consumed (
    audience TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, expires BIGINT NOT NULL,
    PRIMARY KEY (audience, id)
);
CREATE INDEX IF NOT EXISTS assent_consumed_expires ON assent_consumed (audience, expires);
CREATE TABLE IF NOT EXISTS assent_latest (audience TEXT COLLATE "C" PRIMARY KEY, issued BIGINT NOT NULL)
"""
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1095979604)"  # creating a table twice at once fails
_PUT = "INSERT INTO assent_consumed (audience, id, expires) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_SWEEP = """
DELETE FROM assent_consumed WHERE (audience, id) IN (
    SELECT audience, id FROM assent_consumed WHERE audience = %s AND expires <= %s
    ORDER BY expires LIMIT %s FOR UPDATE SKIP LOCKED
)
"""
_LATEST = "SELECT issued FROM assent_latest WHERE audience = %s"
_MOVE = """
INSERT INTO assent_latest AS it (audience, issued) VALUES (%s, %s)
ON CONFLICT (audience) DO UPDATE SET issued = greatest(it.issued, excluded.issued)
"""


class PostgresConsumption:
    """`ports.Consumption` in PostgreSQL; of many machines exactly one gets a permit.

    Args:
        url: how to connect; a password is better in `PGPASSFILE`.
        now: seconds since the epoch.

    Raises:
        UnavailableError: `consumption_unavailable`.
    """

    def __init__(self, url: str, now: Callable[[], float]) -> None:
        self._now = now
        # its warnings quote what of the address cannot be read, which may be the password
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
        options = {"options": "-c synchronous_commit=on"}  # on the disk before anything runs
        try:
            self._pool = ConnectionPool(url, min_size=1, max_size=8, timeout=5, kwargs=options, open=True)
            with self._pool.connection() as db:
                db.execute(_ONE_AT_A_TIME)
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
        except (psycopg.Error, PoolTimeout, PoolClosed) as error:
            raise _unavailable(error) from error

    def consume(self, token: str, permit: Presented) -> None:
        """As `ports.Consumption`, by this machine's clock."""
        now, audience = self._now(), permit.audience
        try:
            with self._pool.connection() as db:
                row = db.execute(_LATEST, (audience,)).fetchone()
                latest = row[0] if row else 0
                if latest < permit.issued <= now + FARTHEST:
                    db.execute(_MOVE, (audience, permit.issued))
                    db.commit()  # what a refusal has shown of the time is kept too
                judge(permit, now, latest)
                first = db.execute(_PUT, (audience, permit.id, permit.expires)).rowcount == 1
                # what expired before the latest permit was issued is refused for ever, wherever this clock goes
                db.execute(_SWEEP, (audience, latest, SWEPT))
        except (psycopg.Error, PoolTimeout, PoolClosed) as error:
            raise _unavailable(error) from error
        if not first:
            raise RefusedError("permit_used", "the permit has been used")

    def close(self) -> None:
        self._pool.close()


def _unavailable(error: Exception) -> UnavailableError:
    """Never a statement, a value or an address."""
    state = getattr(error, "sqlstate", None) or type(error).__name__
    help = "look at the server, the network and the address; nothing runs until it is back"
    return UnavailableError("consumption_unavailable", f"PostgreSQL failed ({state})", help=help)
