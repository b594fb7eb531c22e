"""The PostgreSQL store keeps the contract, and the rules that only a server has."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from assent_verify.merkle import leaf_hash, root_of

from assent.errors import UnavailableError
from assent.ports import Store
from assent.stores.postgres import PostgresStore
from assent.stores.statements import queries, schema
from tests.edges.mcp.home import OPEN, Home, said
from tests.evidence.servers import Postgres, postgres
from tests.stores.suite import StoreContract

VALUES = Path(tempfile.mkdtemp()) / "values"
COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name <> 'schema_version' ORDER BY 1, 2
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One server for this file."""
    with postgres() as running:
        yield running


@pytest.fixture
def url(server: Postgres) -> str:
    """A database of its own for each test."""
    return _database(server, "mine")


def _database(server: Postgres, name: str) -> str:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    return server.url.replace("/postgres", f"/{name}")


class TestPostgres(StoreContract):
    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        store = PostgresStore(url, VALUES)
        yield store
        store.close()


def test_the_schema_is_what_all_migrations_together_make(server: Postgres, url: str) -> None:
    """Columns with their types and collations, and indexes."""
    PostgresStore(url, VALUES).close()
    PostgresStore(url, VALUES).close()  # a second start changes nothing
    with psycopg.connect(url) as migrated, psycopg.connect(_database(server, "plain")) as plain:
        plain.execute(schema("postgres"))
        for question in (COLUMNS, INDEXES):
            found = [row for row in migrated.execute(question) if "schema_version" not in row[0]]
            assert found == plain.execute(question).fetchall()


def test_both_stores_know_the_same_statements() -> None:
    """A statement that one backend lacks is a method that fails there; those of a server alone are named here."""
    own = {"get_revision", "move_revision", "set_lock_timeout", "set_durable", "take_lock"}
    assert queries("postgres").keys() == (queries("sqlite").keys() - {"plain_sessions"}) | own


_WRITER = """
import sys
from pathlib import Path
from assent.stores.postgres import PostgresStore
store = PostgresStore(sys.argv[1], Path(sys.argv[3]))
for n in range(40):
    with store.begin() as tx:
        for _ in range(5):
            tx.append(f"{sys.argv[2]} {n} {tx.size()}".encode())
store.close()
"""


def test_many_processes_write_one_log(url: str) -> None:
    """Four processes at once: every leaf once, in one order, and the root is that of the leaves."""
    PostgresStore(url, VALUES).close()
    running = [subprocess.Popen([sys.executable, "-c", _WRITER, url, str(name), str(VALUES)]) for name in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    store = PostgresStore(url, VALUES)
    with store.read() as reader:
        leaves = [leaf for _, leaf in reader.leaves()]
    assert len(leaves) == 800
    assert all(int(leaf.rsplit(b" ", 1)[1]) == index for index, leaf in enumerate(leaves))
    with store.begin() as tx:
        assert tx.root() == (800, root_of([leaf_hash(leaf) for leaf in leaves]))
    store.close()


def test_whoever_waits_too_long_is_told_so(url: str) -> None:
    """One process stops inside its transaction: the other denies after its patience instead of hanging."""
    holding, waiting = PostgresStore(url, VALUES), PostgresStore(url, VALUES, patience=0.3)
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with holding.begin():
            entered.set()
            leave.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(10)
    with pytest.raises(UnavailableError) as caught, waiting.begin():
        pass
    assert caught.value.code == "store_busy"
    leave.set()
    thread.join()
    with waiting.begin() as tx:
        tx.append(b"later")
    holding.close()
    waiting.close()


def test_a_store_whose_server_goes_away_says_so_and_resumes(url: str) -> None:
    """Every connection is cut: what is under way fails as unavailable, and the next one works."""
    store = PostgresStore(url, VALUES)
    with store.begin() as tx:
        tx.append(b"kept")
    with pytest.raises(UnavailableError) as caught, store.begin() as tx:
        tx.append(b"lost")
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'assent'")
    assert caught.value.code == "store_failed"
    with store.begin() as tx:
        assert tx.append(b"next") == 1
    with store.read() as reader:
        assert [leaf for _, leaf in reader.leaves()] == [b"kept", b"next"]
    store.close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://agent@127.0.0.1:9/none", "store_failed"),
        ("postgresql://agent:secret-of-mine@127.0.0.1:1/none", "store_failed"),
    ],
)
def test_a_server_that_is_not_there_is_said_without_its_password(url: str, code: str) -> None:
    """Within the patience, and without a word of the address."""
    with pytest.raises(UnavailableError) as caught:
        PostgresStore(url, VALUES, patience=0.5)
    assert caught.value.code == code
    assert "secret-of-mine" not in f"{caught.value} {caught.value.help}"


def test_a_newer_schema_is_refused(url: str) -> None:
    """A program that does not know a schema must not write by it."""
    PostgresStore(url, VALUES).close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_version (number) VALUES (99)")
    with pytest.raises(UnavailableError) as caught:
        PostgresStore(url, VALUES)
    assert caught.value.code == "store_newer"


def test_a_whole_home_works_on_postgresql(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Init, a gateway with an allow and a refusal, a restart, and the whole log verified: as on the file."""
    monkeypatch.setenv("ASSENT_DATABASE", url)
    home = Home(tmp_path)
    home.policy(OPEN)
    server = home.odd()
    assert "yes" in said(server.call("echo", {"text": "yes"}))
    home.policy(OPEN + '@id("no") forbid (principal, action, resource);\n')  # in force for who runs already
    assert "assent" in str(server.call("echo", {"text": "no"}))
    server.close()
    home.policy(OPEN)
    assert "again" in said(home.odd().call("echo", {"text": "again"}))
    assert not (home.folder / "assent.db").exists()
    assert [one["verdict"] for one in home.receipts("decision")] == ["allow", "deny", "allow"]
    home.end()
