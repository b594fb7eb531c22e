"""The SQLite store keeps the contract, and the rules that only a file on a disk has."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assent.errors import AssentError, ConfigError, UnavailableError
from assent.ports import Store
from assent.stores.home import HEAD, filesystem
from assent.stores.opening import functions, statements_of
from assent.stores.sqlite import DATABASE, SqliteStore
from assent.stores.statements import migrations, queries, schema
from tests.stores.places import durable_directory
from tests.stores.suite import StoreContract


@pytest.fixture
def home() -> Iterator[Path]:
    with durable_directory() as path:
        yield path / "home"


class TestSqlite(StoreContract):
    @pytest.fixture
    def store(self, home: Path) -> Iterator[Store]:
        store = SqliteStore(home)
        yield store
        store.close()


def refusal(home: Path, **options: object) -> AssentError:
    """The error with which a home is refused."""
    with pytest.raises((ConfigError, UnavailableError)) as caught:
        SqliteStore(home, **options)  # type: ignore[arg-type]
    assert caught.value.help, "the operator is told what to do"
    return caught.value


def filled(home: Path, leaves: int = 5, *, signed: int = 3) -> None:
    """A home with leaves, one checkpoint signed among them."""
    store = SqliteStore(home)
    for n in range(leaves):
        with store.begin() as tx:
            tx.append(f"leaf {n}".encode())
            if n + 1 == signed:
                tx.claim_checkpoint("body\n")
        if n + 1 == signed:
            with store.begin() as tx:
                tx.put_checkpoint(signed, b"note")
    store.close()


def damage(home: Path, sql: str) -> None:
    """Change the database behind the store's back."""
    with sqlite3.connect(home / DATABASE) as connection:
        connection.execute(sql)
    connection.close()


# -- schema


def shape(script: list[str]) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(":memory:")
    functions(connection)
    for statement in script:
        connection.execute(statement)
    version = (
        connection.execute("PRAGMA user_version").fetchall() + connection.execute("PRAGMA application_id").fetchall()
    )
    return [*connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name"), *version]


def test_the_schema_is_what_all_migrations_make() -> None:
    """`schema.sql` and the migrations one after the other give the same database, version included."""
    steps = [statement for step in migrations("sqlite") for statement in statements_of(step)]
    assert shape(steps) == shape(statements_of(schema("sqlite")))
    assert (len(migrations("sqlite")),) in shape(steps)


def test_every_statement_compiles() -> None:
    """Each query in the file fits the schema, and none is there twice."""
    connection = sqlite3.connect(":memory:")
    for statement in statements_of(schema("sqlite")):
        connection.execute(statement)
    for text in queries("sqlite").values():
        connection.execute(f"EXPLAIN {text}", [None] * text.count("?"))


# -- the home


def test_files_are_for_their_owner_alone(home: Path) -> None:
    """Home 0700 and files 0600, whatever the umask says."""
    old = os.umask(0)
    try:
        filled(home)
        store = SqliteStore(home)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
        store.close()
    finally:
        os.umask(old)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}, modes


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_home_that_others_can_write_is_refused(home: Path, mode: int) -> None:
    """Who can write the home could swap the database."""
    home.mkdir()
    home.chmod(mode)
    assert refusal(home).code == "home_exposed"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_home_of_another_user_is_refused(home: Path) -> None:
    """Its owner could change it at any time."""
    home.mkdir(mode=0o700)
    os.chown(home, 65534, 65534)
    assert refusal(home).code == "home_foreign"


@pytest.mark.parametrize(
    "kind", ["tmpfs", "nfs", "fuse", "9p", "overlay,volatile", "overlay on tmpfs", "0x1234", "unknown"]
)
def test_a_disk_that_cannot_be_durable_is_refused(home: Path, kind: str) -> None:
    """Memory, other machines' disks and what nobody knows are refused by name, and nothing is written."""
    error = refusal(home, filesystem=lambda path: kind)
    assert (error.code, kind in error.message) == ("home_not_durable", True)
    assert not (home / DATABASE).exists()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a file system in memory")
def test_a_file_system_in_memory_is_seen_as_one() -> None:
    """The kernel's own answer is what counts."""
    assert filesystem(Path("/dev/shm")) == "tmpfs"
    assert refusal(Path("/dev/shm/assent-test-home")).code == "home_not_durable"
    Path("/dev/shm/assent-test-home").rmdir()


def test_a_home_that_cannot_be_written_is_refused(home: Path) -> None:
    """A read-only home is said to be one (as another user than root, for whom nothing is read-only)."""
    filled(home)
    script = (
        "import os, sys, pathlib\n"
        "from assent.stores.sqlite import SqliteStore\n"
        "from assent.errors import UnavailableError\n"
        "home = pathlib.Path(sys.argv[1])\n"
        "if os.getuid() == 0:\n"
        "    for path in (home, *home.iterdir()): os.chown(path, 65534, 65534)\n"
        "    os.setgid(65534); os.setuid(65534)\n"
        "os.chmod(home, 0o500)\n"
        "try: SqliteStore(home)\n"
        "except UnavailableError as error: print(error.code)\n"
        "finally: os.chmod(home, 0o700)\n"
    )
    home.parent.chmod(0o755)
    shown = subprocess.run([sys.executable, "-c", script, str(home)], capture_output=True, text=True)
    assert shown.stdout.strip() == "home_readonly", shown.stderr


# -- opening


def test_what_was_written_is_there_after_opening_again(home: Path) -> None:
    """A home is continued where it was left."""
    filled(home, 5)
    store = SqliteStore(home)
    with store.begin() as tx:
        assert tx.append(b"leaf 5") == 5
    store.close()
    store = SqliteStore(home)
    with store.read() as reader:
        assert [leaf for _, leaf in reader.leaves()] == [f"leaf {n}".encode() for n in range(6)]
    store.close()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE leaf SET body = x'00' WHERE idx = 4",
        "DELETE FROM leaf WHERE idx = 4",
        "DELETE FROM leaf WHERE idx = 3",
        "UPDATE tree SET size = 4",
        "DELETE FROM tree",
        "UPDATE tree SET edge = x'0000000000000005'",
        "UPDATE checkpoint SET edge = (SELECT edge FROM tree)",
        "INSERT INTO leaf VALUES (9, x'00')",
    ],
)
def test_a_damaged_log_is_refused_and_left_alone(home: Path, sql: str) -> None:
    """Leaves, edge and last checkpoint must agree at every start; a refusal changes no byte."""
    filled(home)
    damage(home, sql)
    before = (home / DATABASE).read_bytes()
    assert refusal(home).code in ("store_corrupt", "rolled_back")
    assert (home / DATABASE).read_bytes() == before


@pytest.mark.parametrize(("content", "code"), [(b"not a database" * 500, "store_corrupt"), (None, "store_foreign")])
def test_a_file_that_is_not_ours_is_refused_and_left_alone(home: Path, content: bytes | None, code: str) -> None:
    """Garbage and another program's database are told apart, and neither is touched."""
    home.mkdir(mode=0o700)
    if content is None:
        damage(home, "CREATE TABLE theirs (x)")
    else:
        (home / DATABASE).write_bytes(content)
    before = (home / DATABASE).read_bytes()
    assert refusal(home).code == code
    assert (home / DATABASE).read_bytes() == before


def test_a_torn_header_is_refused(home: Path) -> None:
    """A database whose first page was overwritten is not taken for an empty one."""
    filled(home)
    with (home / DATABASE).open("r+b") as file:
        file.write(b"\xff" * 100)
    assert refusal(home).code == "store_corrupt"


def test_a_newer_schema_is_refused(home: Path) -> None:
    """An older program does not write into a database it does not understand."""
    filled(home)
    damage(home, "PRAGMA user_version = 99")
    assert refusal(home).code == "store_newer"


def test_an_older_database_put_back_is_noticed(home: Path) -> None:
    """The head outside the database remembers the highest signed size and root."""
    filled(home, 2, signed=2)
    old = (home / DATABASE).read_bytes()
    store = SqliteStore(home)
    with store.begin() as tx:
        tx.append(b"later")
        tx.claim_checkpoint("body\n")
    with store.begin() as tx:
        tx.put_checkpoint(3, b"note")
    store.close()
    (home / DATABASE).write_bytes(old)
    assert refusal(home).code == "rolled_back"
    (home / HEAD).rename(home / "aside")  # the help says so: a loss that is known and accepted
    SqliteStore(home).close()


def test_another_history_of_the_same_length_is_noticed(home: Path) -> None:
    """The head compares the root, not the size alone."""
    filled(home, 3, signed=3)
    head = (home / HEAD).read_text()
    for path in home.iterdir():
        path.unlink()
    store = SqliteStore(home)
    with store.begin() as tx:
        for _ in range(3):
            tx.append(b"other")
        tx.claim_checkpoint("body\n")
    store.close()
    (home / HEAD).write_text(head)
    assert refusal(home).code == "rolled_back"


def test_a_database_that_is_gone_is_not_begun_anew(home: Path) -> None:
    """With a head beside it, a missing database is a loss, not a first start."""
    filled(home)
    (home / DATABASE).unlink()
    assert refusal(home).code == "rolled_back"
    assert not (home / DATABASE).exists()


def test_the_head_is_never_behind_a_visible_note(home: Path) -> None:
    """If the head cannot be written, the note is not stored."""
    store = SqliteStore(home)
    with store.begin() as tx:
        tx.append(b"leaf")
        tx.claim_checkpoint("body\n")
    (home / f"{HEAD}.new").mkdir()  # whatever is in the way of writing
    with pytest.raises(UnavailableError), store.begin() as tx:
        tx.put_checkpoint(1, b"note")
    with store.read() as reader:
        assert list(reader.checkpoints()) == []
    store.close()


# -- several at once


def test_two_stores_on_one_home_make_one_log(home: Path) -> None:
    """What one commits, the other continues, and `changed` moves for both."""
    one, two = SqliteStore(home), SqliteStore(home)
    before = two.changed()
    for n in range(6):
        with (one, two)[n % 2].begin() as tx:
            assert tx.append(f"leaf {n}".encode()) == n
    assert two.changed() != before
    with one.read() as reader:
        assert reader.size() == 6
    one.close()
    two.close()


def test_waiting_ends_with_an_error(home: Path) -> None:
    """A process that keeps the lock makes others say so after the deadline, and no longer."""
    one, two = SqliteStore(home), SqliteStore(home, patience=0.1)
    with one.begin(), pytest.raises(UnavailableError) as caught, two.begin():
        pass
    assert caught.value.code == "store_busy"
    with two.begin() as tx:
        tx.append(b"leaf")
    one.close()
    two.close()


def test_who_waits_is_next(home: Path) -> None:
    """A writer that commits again and again does not keep another one out."""
    one, two = SqliteStore(home), SqliteStore(home)
    stop, turns = threading.Event(), []

    def busy() -> None:
        while not stop.is_set():
            with one.begin() as tx:
                tx.put_state("who", "one")
            turns.append(1)

    thread = threading.Thread(target=busy)
    thread.start()
    waited = []
    for _ in range(20):
        before = len(turns)
        with two.begin() as tx:
            waited.append(len(turns) - before)
            tx.put_state("who", "two")
    stop.set()
    thread.join()
    one.close()
    two.close()
    assert sorted(waited)[10] <= 8, waited


def test_a_fork_does_not_share_the_store(home: Path) -> None:
    """SQLite forbids carrying a connection across a fork; the child is told, the parent goes on."""
    store = SqliteStore(home)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with store.begin() as tx:
                tx.append(b"never")
        except UnavailableError as error:
            code = 0 if error.code == "forked" else 2
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with store.begin() as tx:
        assert tx.append(b"leaf") == 0
    store.close()


@pytest.mark.parametrize("name", [DATABASE, f"{DATABASE}-wal"])
@pytest.mark.parametrize("replaced", [True, False])
def test_a_commit_into_a_file_that_is_gone_is_none(home: Path, name: str, replaced: bool) -> None:
    """If the database or its log is removed or replaced while in use, nothing more is acknowledged."""
    store = SqliteStore(home)
    with store.begin() as tx:
        tx.append(b"leaf")
    content = (home / name).read_bytes()
    (home / name).unlink()
    if replaced:
        (home / "new").write_bytes(content)
        (home / "new").rename(home / name)
    for _ in range(2):
        with pytest.raises(UnavailableError) as caught, store.begin() as tx:
            tx.append(b"lost")
        assert caught.value.code == "store_replaced"
    store.close()
