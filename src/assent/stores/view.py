"""View: read a log database as it is, without opening it for work.

For proofs: a copy, a damaged file or one on a read-only disk is read as far as it
can be; the log is not changed, recovered or refused for what is wrong with it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from assent.errors import ConfigError, UnavailableError
from assent.ports import Reader
from assent.stores.opening import APPLICATION
from assent.stores.sqlite_rows import SqliteReader, unavailable
from assent.stores.statements import queries
from assent.stores.vault import FOLDER, Vault


@contextmanager
def view(path: Path) -> Iterator[Reader]:
    """One snapshot of the database at `path`, whoever else uses it.

    Args:
        path: the file itself, `HOME/assent.db` or a copy of it (with its `-wal`, if there is one).

    Raises:
        ConfigError: `not_a_log`, another program's database or no database.
        UnavailableError: it is not there, or cannot be read.
    """
    if not path.is_file():
        raise UnavailableError("store_missing", f"there is no database `{path}`", help="give a home or a log database")
    try:
        with closing(_connect(path)) as connection:
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
                raise ConfigError("not_a_log", f"`{path}` is not a log database of Assent")
            connection.execute("BEGIN")
            yield SqliteReader(connection, queries("sqlite"), Vault(path.parent / FOLDER))
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise ConfigError("not_a_log", f"`{path}` is not a log database of Assent") from error
        raise unavailable(error) from error


def _connect(path: Path) -> sqlite3.Connection:
    """Read-only; where not even the shared index may be made, as a file that nobody changes."""
    uri = path.resolve().as_uri() + "?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5.0)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        pending = path.with_name(path.name + "-wal")
        if pending.exists() and pending.stat().st_size:
            raise
        # sqlite.org/uri.html: nobody writes, for there is no log and the directory takes no file
        connection = sqlite3.connect(uri + "&immutable=1", uri=True, isolation_level=None)
    return connection
