"""Consumption stores of an executor's own: the same contract for each, over two handles on one store."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from assent.errors import ConfigError, RefusedError, UnavailableError
from assent.identity.permits import Trust, read
from assent.model.presented import Presented
from assent.ports import Consumption
from assent.stores.consumed import LEEWAY, SqliteConsumption
from assent.stores.consumed_postgres import PostgresConsumption
from conformance.permit import generate
from tests.evidence.servers import Postgres, postgres

NOW = generate.NOW
PERMIT = read(generate.token(1), Trust.parse(generate.jwks()))
ROOT = Path(__file__).parents[2]


def permit(number: int, issued: int = NOW) -> Presented:
    """The permit with this number."""
    id = generate.permit(number).id
    return replace(PERMIT, id=id, issued=issued, expires=issued + 30)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One PostgreSQL for this file."""
    with postgres() as running:
        yield running


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.at = float(NOW)

    def __call__(self) -> float:
        return self.at


Made = Callable[[], Consumption]


class Contract:
    """What every store does. A subclass gives `make`: another handle on the same store."""

    def code(self, store: Consumption, wanted: Presented) -> str:
        """How it answers; empty if the effect may run."""
        try:
            store.consume("", wanted)
        except RefusedError as error:
            return error.code
        return ""

    def test_once_over_all_handles_and_restarts(self, make: Made) -> None:
        """What one handle used, no other takes, nor one that is opened afterwards."""
        first, second = make(), make()
        assert self.code(first, permit(1)) == ""
        assert self.code(second, permit(1)) == self.code(first, permit(1)) == "permit_used"
        first.close()
        assert self.code(make(), permit(1)) == "permit_used"
        assert self.code(second, permit(2)) == ""

    def test_audiences_are_apart(self, make: Made) -> None:
        """The same id at another audience is another permit."""
        store = make()
        assert self.code(store, permit(1)) == self.code(store, replace(permit(1), audience="pay")) == ""

    def test_a_race_has_one_winner(self, make: Made) -> None:
        """Many threads on two handles, at once: exactly one."""
        stores, gate, won = (make(), make()), threading.Barrier(12), []

        def run(n: int) -> None:
            gate.wait()
            if self.code(stores[n % 2], permit(1)) == "":
                won.append(n)

        threads = [threading.Thread(target=run, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1

    def test_time_only_runs_forward(self, make: Made, clock: Clock) -> None:
        """Early and late are refused; what was shown of the time outlives a clock that goes back, and a restart."""
        store = make()
        assert self.code(store, permit(1, NOW + LEEWAY)) == ""
        assert self.code(store, permit(2, NOW + 300)) == "permit_early"
        clock.at = NOW + 30
        assert self.code(store, permit(3)) == "permit_expired"
        clock.at = NOW
        assert self.code(make(), permit(4)) == "permit_expired"  # the refused one was issued 300 s later
        assert self.code(store, permit(5, NOW + 10**6)) == "permit_early"
        assert self.code(store, permit(6, NOW + 300)) == "permit_early"
        clock.at = NOW + 300
        assert self.code(store, permit(6, NOW + 300)) == ""

    def test_nothing_piles_up(self, make: Made, clock: Clock, count: Callable[[], int]) -> None:
        """The store holds what may still be presented, whatever has gone through it."""
        store = make()
        for n in range(200):
            clock.at = NOW + 5 * n
            assert self.code(store, permit(n, NOW + 5 * n)) == ""
        assert count() < 20


@pytest.fixture
def clock() -> Clock:
    """The executor's clock."""
    return Clock()


class TestSqlite(Contract):
    @pytest.fixture
    def make(self, tmp_path: Path, clock: Clock) -> Made:
        return lambda: SqliteConsumption(tmp_path / "consumed.db", clock)

    @pytest.fixture
    def count(self, tmp_path: Path) -> Callable[[], int]:
        import sqlite3

        return lambda: sqlite3.connect(tmp_path / "consumed.db").execute("SELECT count(*) FROM consumed").fetchone()[0]

    def test_processes_race(self, tmp_path: Path) -> None:
        """Four processes on one file and the same 25 permits: each permit is taken once."""
        told = _processes(str(tmp_path / "consumed.db"))
        assert sorted(told) == list(range(25))

    def test_a_place_that_would_be_lost(self) -> None:
        """A store in memory is refused, and one that cannot be written."""
        if Path("/dev/shm").is_dir():
            with pytest.raises(ConfigError, match="could be lost"):
                SqliteConsumption(Path("/dev/shm/assent-test.db"), lambda: 0)
        with pytest.raises((UnavailableError, ConfigError)):
            SqliteConsumption(Path("/nowhere/at/all.db"), lambda: 0)

    def test_a_broken_file_takes_nothing(self, tmp_path: Path) -> None:
        """What is no database is refused at start, and not made anew."""
        (tmp_path / "consumed.db").write_bytes(b"x" * 8192)
        with pytest.raises(UnavailableError):
            SqliteConsumption(tmp_path / "consumed.db", lambda: 0)


class TestPostgres(Contract):
    @pytest.fixture
    def url(self, server: Postgres) -> str:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS consumed WITH (FORCE)")
            connection.execute("CREATE DATABASE consumed")
        return server.url.replace("/postgres", "/consumed")

    @pytest.fixture
    def make(self, url: str, clock: Clock) -> Iterator[Made]:
        made: list[PostgresConsumption] = []

        def one() -> Consumption:
            made.append(PostgresConsumption(url, clock))
            return made[-1]

        yield one
        for store in made:
            store.close()

    @pytest.fixture
    def count(self, url: str) -> Callable[[], int]:
        def rows() -> int:
            with psycopg.connect(url) as db:
                found = db.execute("SELECT count(*) FROM assent_consumed").fetchone()
                return int(found[0]) if found else 0

        return rows

    def test_processes_race(self, url: str) -> None:
        """Four processes on one server and the same 25 permits: each permit is taken once."""
        assert sorted(_processes(url)) == list(range(25))

    def test_nobody_there(self) -> None:
        """Without a server no executor starts, and the address stays unsaid."""
        with pytest.raises(UnavailableError) as caught:
            PostgresConsumption("postgresql://x:secret@127.0.0.1:1/x?connect_timeout=1", lambda: 0)
        assert "secret" not in str(caught.value)


_WORKER = """
import sys, time
from assent.errors import RefusedError
from assent.resource.opening import _consumption
from tests.stores.test_consumed import permit
store = _consumption(sys.argv[1])
sys.stdin.readline()
now = int(time.time())
for n in range(25):
    try:
        store.consume("", permit(n, int(sys.argv[2])))
    except RefusedError as error:
        assert error.code == "permit_used", error.code
    else:
        print(n, flush=True)
"""


def _processes(store: str) -> list[int]:
    """Which permits four processes could use up, started together."""
    import time

    command = [sys.executable, "-c", _WORKER, store, str(int(time.time()))]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ)
        for _ in range(4)
    ]
    told = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        told += [int(line) for line in out.split()]
    return told
