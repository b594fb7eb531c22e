"""Older copies of a home: the whole folder, the database alone, another machine, two that go on."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from assent.admin import rollback
from assent.assembly import Home, open_home
from assent.cli.verify import check
from assent.config import load
from assent.errors import UnavailableError
from assent.record import leaves
from assent.stores.sqlite import SqliteStore
from assent.stores.vault import FOLDER
from tests.unit.cli.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A new home, with a copy of it beside it."""
    made = World(tmp_path)
    made.init()
    return made


def work(home: Path, many: int = 5) -> None:
    """Some receipts more, and a signed checkpoint over them."""
    with open_home(load(home, {})) as opened:
        _write(opened, many)


def _write(home: Home, many: int) -> None:
    for _ in range(many):
        leaf = leaves.system(home.node, home.clock.now(), "pin", {"server": "files"})
        home.log.submit(lambda tx, leaf=leaf: leaves.append(tx, leaf, None), durable=True).result()


def copied(home: Path, to: str) -> Path:
    """A backup."""
    return Path(shutil.copytree(home, home.parent / to))


def put_back(copy: Path, home: Path, *, whole: bool) -> None:
    """An older copy in place of the home, or of its database alone."""
    if whole:
        shutil.rmtree(home)
        shutil.copytree(copy, home)
        return
    for old in home.glob("assent.db*"):
        old.unlink()
    for file in copy.glob("assent.db*"):
        shutil.copy2(file, home / file.name)


@pytest.mark.parametrize("whole", [True, False])
def test_an_older_copy_decides_nothing_until_the_operator_has_accepted_the_loss(world: World, whole: bool) -> None:
    """Noticed at start, by the mark outside the home; accepted by a signed leaf that names what was lost."""
    copy = copied(world.home, "backup")
    work(world.home)
    put_back(copy, world.home, whole=whole)
    refused = world.run("clock", "confirm", "--yes", "--key", str(world.key))
    assert (refused.code, "assent home accept-rollback" in refused.err) == (1, True)
    assert refused.err.startswith("error[rolled_back]")
    stranger = world.run("home", "accept-rollback", "--yes", "--key", str(world.folder / "none.key"))
    assert stranger.code == 1
    still = world.run("clock", "confirm", "--yes", "--key", str(world.key))
    assert still.err.startswith("error[rolled_back]")  # begun and not finished
    done = world.run("home", "accept-rollback", "--yes", "--key", str(world.key))
    assert done.code == 0, done.err
    work(world.home)
    key = load_pem_private_key(world.key.read_bytes(), None).public_key().public_bytes_raw()  # type: ignore[union-attr]
    told = world.run("verify", "--reviewer", base64.b64encode(key).decode())
    assert told.code == 0, told.out
    again = world.run("home", "accept-rollback", "--yes", "--key", str(world.key))
    assert again.err.startswith("error[not_rolled_back]")


def test_a_rotation_counts_for_the_mark_and_is_refused_on_an_older_copy(world: World) -> None:
    """Changing keys is a receipt like any other: losing it is noticed, and an older copy cannot be rotated either."""
    copy = copied(world.home, "backup")
    key = ["--yes", "--key", str(world.key)]
    assert world.run("keys", "rotate", *key).code == 0
    put_back(copy, world.home, whole=True)
    for words in (["clock", "confirm"], ["keys", "rotate"], ["keys", "rotate", "--lost"]):
        assert world.run(*words, *key).err.startswith("error[rolled_back]"), words
    assert world.run("home", "accept-rollback", *key).code == 0


def test_a_home_moved_to_another_machine_is_told_apart(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No mark there: it opens, and says what cannot be told."""
    work(world.home)
    monkeypatch.setenv("XDG_STATE_HOME", str(world.folder / "other machine"))
    work(world.home)
    assert "has not seen this log before" in caplog.text
    caplog.clear()
    work(world.home)
    assert "has not seen" not in caplog.text


def test_two_machines_that_continue_one_home_are_found_out_when_they_meet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both go on from a copy; the one that is brought to the other's machine is another history."""
    copy = copied(world.home, "copy")
    work(world.home)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_STATE_HOME", str(world.folder / "other machine"))
        work(copy, 20)
    with pytest.raises(UnavailableError, match="another history"):
        open_home(load(copy, {}))


def test_a_mark_never_goes_back_and_a_spoilt_one_refuses(world: World) -> None:
    """A slower process does not put an older mark over a newer; one that cannot be read is not taken for none."""
    from assent.stores.mark import Mark

    mark = Mark(world.folder / "marks", "assent/one")
    mark.advance(9, bytes(32))
    slower = Mark(world.folder / "marks", "assent/one")
    slower.advance(5, bytes(32))
    assert mark.read() == (9, bytes(32))
    mark.advance(12, bytes(32))  # within ten seconds: kept for later
    assert mark.read() == (9, bytes(32))
    mark.settle()
    assert mark.read() == (12, bytes(32))
    (world.folder / "marks" / "assent%2Fone.json").write_text("")
    with pytest.raises(UnavailableError, match="cannot be read"):
        mark.read()


def test_what_a_witness_has_seen_bars_every_decision_at_once(world: World) -> None:
    """The state key is compared by every decision of every process: running ones stop, too."""
    with open_home(load(world.home, {})) as home:
        assert not home.rules().barred
        home.log.submit(lambda tx: tx.put_state(rollback.STATE, "witness"), durable=True).result()
        assert home.rules().barred == "rolled_back"
    assert check(world.home, None, []).sound


def _old_key(home: Path) -> Path:
    """A key of values that nothing in the database names, made two hours ago."""
    store = SqliteStore(home)
    id = store._vault.make()
    store.close()
    path = home / FOLDER / id
    before = path.stat().st_mtime - 7_200
    os.utime(path, (before, before))
    return path


def test_keys_of_values_outlive_an_older_copy_in_their_place(world: World) -> None:
    """To an older copy the keys of what was written since belong to nothing; only the newest may take such away."""
    work(world.home)
    copy = copied(world.home, "old")
    work(world.home)
    key = _old_key(world.home)
    copied(world.home, "newest")
    put_back(copy, world.home, whole=False)
    with pytest.raises(UnavailableError) as caught, open_home(load(world.home, {})):
        pass
    assert caught.value.code == "rolled_back" and key.exists()
    put_back(world.home.parent / "newest", world.home, whole=False)
    work(world.home, 1)
    assert not key.exists()
