"""Clear values at rest: sealed under a key per session that lies outside the database (docs/privacy.md)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from assent_verify.merkle import Frontier, leaf_hash

from assent.errors import UnavailableError
from assent.model.ids import ActionDigest, AttemptId, LeafIndex, SessionId
from assent.ports import Kept, Prior, Sidecar
from assent.record.expiry import seal_plain
from assent.record.log import Log
from assent.stores.opening import statements_of
from assent.stores.packed import pack
from assent.stores.sqlite import DATABASE, SqliteStore
from assent.stores.statements import migrations
from assent.stores.vault import FOLDER
from tests.stores.places import durable_directory
from tests.stores.world import RealClock, TestKey, a_delegation, a_session, an_approval, sha

WORD = "Zanzibar-7431"
ONE, TWO = SessionId("ses_one"), SessionId("ses_two")


@pytest.fixture
def home() -> Iterator[Path]:
    with durable_directory() as path:
        yield path / "home"


def fill(store: SqliteStore, session: SessionId = ONE, first: int = 0) -> None:
    """One of every kind of row that holds what an agent, a tool or a person said."""
    index, attempt = LeafIndex(first), AttemptId(f"att_{session}")
    with store.begin() as tx:
        tx.append(b"leaf")
        tx.put_session(a_session(session.removeprefix("ses_")))
        tx.put_sidecar(Sidecar(index, b"s" * 16, f'{{"said":"{WORD}"}}', 50, session))
        tx.put_kept(Kept(session, ActionDigest(sha(session)), attempt, WORD.encode()))
        tx.put_prior(Prior(attempt, "/f", WORD.encode(), index, session))
        tx.put_approval(an_approval(session, session=session, card=f'{{"say":"{WORD}"}}', salt=b"0" * 16))
        tx.put_delegation(replace(a_delegation(session), session=session, card=f'{{"say":"{WORD}"}}'))


def read_all(store: SqliteStore, session: SessionId = ONE, first: int = 0) -> list[bool]:
    """Of each of these rows: can it still be read?"""
    with store.read() as reader:
        side = reader.sidecar(LeafIndex(first))
        kept = reader.kept(session, ActionDigest(sha(session)))
        priors = reader.priors(AttemptId(f"att_{session}"))
        approval = next(one for one in reader.approvals() if one.session == session)
        given = reader.delegations(session)[0]
    texts = [side.values if side else "", kept.result.decode() if kept else "", approval.card, given.card]
    return [WORD in text for text in [*texts, *(str(one.content) for one in priors)]]


def found(home: Path, word: str = WORD) -> list[str]:
    """Files of the home that hold this word."""
    return [path.name for path in home.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


def test_no_file_of_a_home_holds_a_value_in_the_clear(home: Path) -> None:
    """Neither the database, nor its log of writes, open or closed; and everything is read back."""
    store = SqliteStore(home)
    fill(store)
    assert read_all(store) == [True] * 5
    assert not found(home)
    store.close()
    assert not found(home)
    again = SqliteStore(home)
    assert read_all(again) == [True] * 5
    again.close()


def test_a_key_that_is_gone_takes_its_values_and_no_others(home: Path) -> None:
    """Missing, damaged or of another session: erased, never an error; a question waits for nobody any more."""
    store = SqliteStore(home)
    fill(store, ONE)
    fill(store, TWO, 1)
    with closing(sqlite3.connect(f"file:{home / DATABASE}?mode=ro", uri=True)) as connection:
        keys = dict(connection.execute("SELECT session, id FROM value_key").fetchall())
    (home / FOLDER / keys[ONE]).unlink()
    with store.read() as reader:
        assert reader.sidecar(LeafIndex(0)) is None
        assert reader.priors(AttemptId(f"att_{ONE}")) == []
        assert {one.session: one.card == "" for one in reader.approvals()} == {ONE: True, TWO: False}
        assert [one.status for one in reader.delegations(ONE)] == ["ended"]
        with pytest.raises(UnavailableError) as caught:  # or the same call would run a second time
            reader.kept(ONE, ActionDigest(sha(ONE)))
        assert caught.value.code == "value_key_missing"
    assert read_all(store, TWO, 1) == [True] * 5
    store.close()
    (home / FOLDER / keys[TWO]).write_bytes(b"short")
    store = SqliteStore(home)
    with store.read() as reader:
        assert reader.sidecar(LeafIndex(1)) is None
    with pytest.raises(UnavailableError) as caught, store.begin() as tx:
        tx.put_sidecar(Sidecar(LeafIndex(2), b"s" * 16, "{}", 50, TWO))
    assert caught.value.code == "value_key_missing"
    store.close()


def test_a_key_that_cannot_be_made_stops_the_write(home: Path) -> None:
    """Nothing is written that could not be sealed, so nothing is permitted."""
    store = SqliteStore(home)
    (home / FOLDER).write_text("in the way")
    with pytest.raises(UnavailableError) as caught:
        fill(store)
    assert caught.value.code == "value_key_unwritable"
    with store.read() as reader:
        assert reader.size() == 0
    store.close()


def test_a_value_opens_in_its_own_place_alone(home: Path) -> None:
    """What was sealed for one leaf is nothing for another, even under the same key; a changed byte neither."""
    store = SqliteStore(home)
    fill(store)
    with store.begin() as tx:
        tx.put_sidecar(Sidecar(LeafIndex(1), b"s" * 16, '{"said":"other"}', 50, ONE))
    store.close()
    with closing(sqlite3.connect(home / DATABASE)) as connection, connection:
        connection.execute("UPDATE sidecar SET body = (SELECT body FROM sidecar WHERE idx = 0) WHERE idx = 1")
    store = SqliteStore(home)
    with store.read() as reader:
        assert reader.sidecar(LeafIndex(0)) is not None
        assert reader.sidecar(LeafIndex(1)) is None
    store.close()


def test_a_renewed_key_shreds_what_was_erased_in_older_copies_too(home: Path) -> None:
    """What stays is read as before; the copy of the database from before opens nothing any more."""
    store = SqliteStore(home)
    fill(store)
    with store.begin() as tx:
        tx.put_sidecar(Sidecar(LeafIndex(1), b"t" * 16, '{"said":"goes"}', 50, ONE))
    keys = {path.name for path in (home / FOLDER).iterdir()}
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        copy = home.parent / "copy"
        copy.mkdir()
        with closing(sqlite3.connect(copy / DATABASE)) as target:
            connection.backup(target)
    store.durable(True)
    with store.begin() as tx:
        tx.drop_values([LeafIndex(1)])
        tx.renew_key(ONE)
    assert read_all(store) == [True] * 5
    with store.read() as reader:
        assert reader.sidecar(LeafIndex(1)) is None
    left = {path.name for path in (home / FOLDER).iterdir()}
    assert len(left) == 1
    assert not left & keys
    with closing(sqlite3.connect(copy / DATABASE)) as connection:
        sealed = [row[0] for row in connection.execute("SELECT body FROM sidecar")]
    assert len(sealed) == 2
    assert all(body[:16].decode() in keys for body in sealed)
    store.close()


def test_another_process_seals_under_the_new_key_at_once(home: Path) -> None:
    """Which key is in force stands in the database, so that nobody goes on with one that was given up."""
    one, two = SqliteStore(home), SqliteStore(home)
    fill(one)
    with two.begin() as tx:
        tx.put_sidecar(Sidecar(LeafIndex(1), b"t" * 16, "{}", 50, ONE))
    with one.begin() as tx:
        tx.renew_key(ONE)
    with two.begin() as tx:
        tx.put_sidecar(Sidecar(LeafIndex(2), b"t" * 16, "{}", 50, ONE))
    for store in (one, two):
        with store.read() as reader:
            assert all(reader.sidecar(LeafIndex(n)) is not None for n in range(3))
        store.close()


def test_an_idle_key_is_given_up_with_its_last_value(home: Path) -> None:
    """A key that seals nothing is nobody's; one that seals something stays."""
    store = SqliteStore(home)
    with store.begin() as tx:
        tx.put_sidecar(Sidecar(LeafIndex(0), b"t" * 16, "{}", 50, ONE))
        tx.put_sidecar(Sidecar(LeafIndex(1), b"t" * 16, "{}", 50, TWO))
    with store.begin() as tx:
        tx.drop_values([LeafIndex(0)])
    with store.begin() as tx:
        assert tx.idle_keys() == [ONE]
        tx.renew_key(ONE)
    assert len(list((home / FOLDER).iterdir())) == 1
    store.close()


@pytest.mark.parametrize(("version", "put"), [(3, str), (6, lambda text: pack(text.encode()))])
def test_values_from_before_there_were_keys_are_sealed_at_the_next_start(
    home: Path, version: int, put: Callable[[str], str | bytes]
) -> None:
    """An older home, packed or not, is read as it is, then sealed; afterwards no file holds them in the clear."""
    home.mkdir(mode=0o700)
    leaf = b'{"session":{"id":"ses_one"}}'
    stored = leaf if version < 6 else pack(leaf)
    text = f'{{"é":"{WORD}","digest":"sha256:{"00" * 32}"}}'  # packed, it holds bytes of every kind
    with closing(sqlite3.connect(home / DATABASE, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for step in migrations("sqlite")[:version]:
            for statement in statements_of(step):
                connection.execute(statement)
        connection.execute("INSERT INTO leaf VALUES (0, ?)", (stored,))
        connection.execute("INSERT INTO sidecar VALUES (0, ?, ?, 50)", (b"\x00\xff" * 8, put(text)))
        connection.execute("INSERT INTO prior VALUES ('att_x', '/f', ?, 0)", (b"\x00" + WORD.encode(),))
        connection.execute("INSERT INTO kept VALUES ('att_x', 'ses_one', ?, ?)", (sha("a"), WORD.encode()))
        tree = Frontier()
        tree.append(leaf_hash(leaf))
        connection.execute("INSERT INTO tree VALUES (1, 1, ?)", (tree.to_bytes(),))
    (home / DATABASE).chmod(0o600)
    store = SqliteStore(home)
    log = Log(store, RealClock(), TestKey(), origin="assent/test", node="node_me")

    def values() -> list[object]:
        with store.read() as reader:
            kept = reader.kept(ONE, ActionDigest(sha("a")))
            assert kept is not None
            return [reader.sidecar(LeafIndex(0)), reader.priors(AttemptId("att_x"))[0].content, kept.result]

    wanted = [
        Sidecar(LeafIndex(0), b"\x00\xff" * 8, text, 50, ONE),
        b"\x00" + WORD.encode(),
        WORD.encode(),
    ]
    assert values() == wanted
    seal_plain(store, log)
    assert values() == wanted
    assert not found(home)
    with store.read() as reader:
        assert reader.plain() == []
    log.close()
    store.close()
    assert not found(home)
