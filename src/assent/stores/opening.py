"""Opening: connect, migrate, and check cheaply that the log is whole and the newest.

Checked is what a start can afford: the header, the schema's version, that the
leaves since the last checkpoint lead to the stored right edge of the tree, and
that the database is not behind `assent.head`. `assent verify` checks the rest.
Nothing is ever deleted or repaired here.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path

from assent_verify.errors import ProofError
from assent_verify.merkle import Frontier, leaf_hash

from assent.errors import ConfigError, UnavailableError
from assent.stores import home as homes
from assent.stores.packed import unpack
from assent.stores.sqlite_rows import SqliteReader, unavailable
from assent.stores.statements import migrations
from assent.stores.vault import FOLDER, Vault

APPLICATION = 0x41534E54  # `ASNT`, in the header of the file (sqlite.org/fileformat.html §1.3.14)
_OLDEST = (3, 37)  # STRICT tables


def connect(path: Path, *, patience: float, query_only: bool = False) -> sqlite3.Connection:
    """A connection that any one thread at a time may use.

    Args:
        patience: seconds SQLite itself waits for a lock; 0 if the caller waits.
        query_only: refuse every write.

    Raises:
        UnavailableError: the file cannot be opened.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=patience, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        if query_only:
            connection.execute("PRAGMA query_only=ON")
        if sys.platform == "darwin":  # fsync(2) there does not empty the drive's cache
            connection.execute("PRAGMA fullfsync=1")
            connection.execute("PRAGMA checkpoint_fullfsync=1")
    except sqlite3.Error as error:
        raise unavailable(error) from error
    return connection


def ask(connection: sqlite3.Connection, pragma: str) -> int | str:
    """The one value that a pragma answers.

    Raises:
        sqlite3.Error: the database says no.
    """
    value: int | str = connection.execute(pragma).fetchone()[0]
    return value


def frontier(reader: SqliteReader) -> Frontier:
    """The stored right edge of the tree.

    Raises:
        UnavailableError: it does not fit its size.
    """
    found = reader.tree()
    if found is None:
        return Frontier()
    edge = _edge(found[1])
    if edge.size != found[0]:
        raise damaged(f"the tree's edge says {edge.size} leaves, its row says {found[0]}")
    return edge


def open_checked(home: Path, name: str, queries: Mapping[str, str]) -> sqlite3.Connection:
    """The write connection to a database that is migrated, whole and not rolled back.

    Raises:
        ConfigError: this SQLite is too old, or cannot write ahead on this disk.
        UnavailableError: what is wrong with the database and what to do.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise ConfigError("sqlite_too_old", f"SQLite is {sqlite3.sqlite_version}, expected 3.37 or later")
    head = homes.read_head(home)
    try:
        fresh = homes.private_file(home / name)
    except OSError as error:
        raise UnavailableError("home_readonly", f"`{home / name}` cannot be made: {error.strerror}") from error
    if fresh and head is not None:
        (home / name).unlink()
        raise _rolled_back(f"`{name}` is gone, but a log of {head[0]} leaves was signed here")
    connection = connect(home / name, patience=5.0)
    try:
        _identify(connection)
        connection.execute("PRAGMA wal_autocheckpoint=4000")  # pages: 16 MB of write-ahead log
        _migrate(connection)
        connection.execute("BEGIN")
        _check_tree(SqliteReader(connection, queries, Vault(home / FOLDER)), head)
        connection.execute("ROLLBACK")
        # a process that died may have had a flush fail, after which Linux takes what was written for
        # clean: write it again, or what is promised next would stand on a hole (docs/decisions/002)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        connection.execute("PRAGMA busy_timeout=0")  # from here on `turn` waits
    except sqlite3.Error as error:
        connection.close()
        raise unavailable(error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _identify(connection: sqlite3.Connection) -> None:
    """Is this a database of ours, of a version we know, in WAL mode?"""
    application, version = ask(connection, "PRAGMA application_id"), ask(connection, "PRAGMA user_version")
    tables = ask(connection, "SELECT count(*) FROM sqlite_master")
    if application != APPLICATION and (application or version or tables):
        raise UnavailableError(
            "store_foreign", "`assent.db` is another program's database", help="set ASSENT_HOME to another directory"
        )
    known = len(migrations("sqlite"))
    if int(version) > known:
        raise UnavailableError(
            "store_newer",
            f"`assent.db` has schema {version}, this program knows up to {known}",
            help="use the newer version of Assent that wrote it",
        )
    if ask(connection, "PRAGMA journal_mode=WAL") != "wal":
        raise ConfigError(
            "home_not_durable", "SQLite cannot write ahead on this disk", help="set ASSENT_HOME to a local disk"
        )


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema forward, all or nothing."""
    steps = migrations("sqlite")
    if int(ask(connection, "PRAGMA user_version")) == len(steps):
        return
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")  # a migration may move what stood in the clear
    functions(connection)
    connection.execute("BEGIN IMMEDIATE")
    done = int(ask(connection, "PRAGMA user_version"))  # another process may have been first
    for step in steps[done:]:
        for statement in statements_of(step):
            connection.execute(statement)
    connection.execute("COMMIT")


def functions(connection: sqlite3.Connection) -> None:
    """What migrations call: SQL alone cannot read a packed leaf."""
    connection.create_function("session_of", 1, _session_of, deterministic=True)


def _session_of(leaf: bytes | None) -> str:
    """The session of a stored leaf; nothing if it has none or is damaged: then it has a key of its own."""
    try:
        found = json.loads(unpack(leaf or b""))["session"]["id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def statements_of(script: str) -> list[str]:
    """The statements of an SQL script, one by one, so that they share one transaction."""
    found, text = [], ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            found.append(text.strip())
            text = ""
    return found


def _check_tree(reader: SqliteReader, head: tuple[int, bytes] | None) -> None:
    """Do the leaves since the last checkpoint lead to the stored edge, and is nothing older?"""
    stored = frontier(reader)
    highest = reader.rows("highest_leaf")[0][0]
    if (-1 if highest is None else highest) != stored.size - 1:
        raise damaged(f"the last leaf is {highest}, the tree has {stored.size} leaves")
    if head is not None:
        claimed = reader.rows("claim_of_size", head[0])
        if stored.size < head[0] or not claimed or claimed[0][0] != head[1]:
            raise _rolled_back(f"`assent.db` has {stored.size} leaves and lacks the signed log of {head[0]} leaves")
    walked = Frontier()
    for size, root, edge in reader.rows("last_claim"):
        walked = _edge(edge)
        if (walked.size, walked.root()) != (size, root) or size > stored.size:
            raise damaged(f"the edge of checkpoint {size} does not lead to its root")
    for index, leaf in reader.leaves(walked.size):
        if index != walked.size:
            raise damaged(f"leaf {walked.size} is missing")
        walked.append(leaf_hash(leaf))
    if walked.to_bytes() != stored.to_bytes():
        raise damaged("the leaves since the last checkpoint do not lead to the root of the tree")


def _edge(data: bytes) -> Frontier:
    try:
        return Frontier.from_bytes(data)
    except ProofError as error:
        raise damaged(error.message) from error


def damaged(what: str) -> UnavailableError:
    """The log does not hold together."""
    return UnavailableError(
        "store_corrupt",
        f"`assent.db` is damaged: {what}",
        help="nothing was changed; copy the home away, run `assent verify` on the copy, restore the latest backup",
    )


def _rolled_back(what: str) -> UnavailableError:
    return UnavailableError(
        "rolled_back",
        what,
        help="put the newest copy of the home back; if the later receipts are lost for good, run\n"
        "assent home accept-rollback, which records the loss: whoever holds a later checkpoint sees it",
    )
