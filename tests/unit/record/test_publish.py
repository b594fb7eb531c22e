"""Rules of publishing, the same for a directory and for a bucket of a real S3 server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from assent_verify.checkpoint import Checkpoint
from assent_verify.note import Note

from assent.assembly import open_place
from assent.errors import ConfigError, ProofError, UnavailableError
from assent.ports import Place
from assent.record.publish import publish
from assent.record.tile import WIDTH, Tile, Tree, entries_of, tiles
from tests.stores.s3 import ENVIRON, s3_server
from tests.unit.record.signed_log import SignedLog


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a real S3 server."""
    with s3_server() as address:
        yield address


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty place."""
    if request.param == "directory":
        return open_place(str(tmp_path / "log"))
    for name, value in {**ENVIRON, "AWS_ENDPOINT": request.getfixturevalue("address")}.items():
        monkeypatch.setenv(name, value)
    return open_place(f"s3://log/{tmp_path.name}")


def audit(place: Place, log: SignedLog) -> int:
    """Check everything there as a stranger would: signature, all tiles, all entries. The size."""
    note = Note.parse(place.get("checkpoint") or b"")
    note.verify([log.key])
    checkpoint = Checkpoint.parse(note.text)
    tree = Tree(checkpoint.size, lambda tile: place.get(str(tile)) or b"")
    tree.check(checkpoint.root)
    for tile in tiles(checkpoint.size):
        if not tile.level:
            bundle = Tile(-1, tile.index, tile.width)
            found = entries_of(bundle, place.get(str(bundle)) or b"", tree.tile(0, tile.index))
            assert found == [log.leaf(tile.start + at) for at in range(tile.width)]
    return checkpoint.size


def put(log: SignedLog, place: Place) -> int:
    """Publish; how many files were new."""
    with log.store.read() as reader:
        return publish(reader, place).files


def test_a_log_is_published_and_extended(place: Place) -> None:
    """At each size everything a stranger needs is there; the same again puts nothing."""
    log = SignedLog(40)
    for size in (40, 256, 300, 700):
        log.grow(size)
        assert put(log, place) > 0
        assert audit(place, log) == size
        assert put(log, place) == 0


def test_another_history_is_refused(place: Place) -> None:
    """Fork, rollback, another log: refused before anything is written, and what is there stays whole."""
    log = SignedLog(300)
    fork = SignedLog(600, signer=log.signer, salt=" forked")
    put(log, place)
    with pytest.raises(ProofError) as refused:
        put(fork, place)
    assert refused.value.code == "published_fork"
    log.grow(700)
    put(log, place)
    with pytest.raises(ProofError) as refused:
        put(SignedLog(600, signer=log.signer), place)
    assert refused.value.code == "published_ahead"
    assert audit(place, log) == 700


def test_what_is_damaged_there_is_not_built_upon(place: Place) -> None:
    """Tiles that do not lead to the checkpoint there are said, and nothing is put beside them."""
    log = SignedLog(300)
    put(log, place)
    place.replace(str(Tile(0, 1, 44)), bytes(44 * 32))
    log.grow(301)
    with pytest.raises(ProofError, match="do not lead"):
        put(log, place)


class Interrupted:
    """`ports.Place` that fails after some puts."""

    def __init__(self, place: Place, puts: int) -> None:
        self._place, self._left = place, puts
        self.get, self.locked, self.replace = place.get, place.locked, self._fail

    def _fail(self, name: str, data: bytes) -> None:
        raise UnavailableError("place_unavailable", "gone")

    def put(self, name: str, data: bytes) -> None:
        if not self._left:
            raise UnavailableError("place_unavailable", "gone")
        self._left -= 1
        self._place.put(name, data)


def test_an_interruption_anywhere_leaves_a_whole_log(place: Place) -> None:
    """The checkpoint comes last: what it commits to is there at every moment, and the next run goes on."""
    log = SignedLog(300)
    put(log, place)
    log.grow(700)
    for puts in (0, 3, 7):
        with pytest.raises(UnavailableError, match="gone"):
            put(log, Interrupted(place, puts))
        assert audit(place, log) == 300
    put(log, place)
    assert audit(place, log) == 700


def test_leaves_in_an_archive_need_to_be_there_already(place: Place) -> None:
    """What was published before its bodies left stays; a new place cannot be filled without the archive."""
    log = SignedLog(700)
    put(log, place)
    with log.store.begin() as tx:
        tx.drop_leaves(0, 2 * WIDTH)
    log.grow(800)
    put(log, place)
    assert audit(place, log) == 800


def test_a_new_place_cannot_be_filled_from_a_sealed_log(tmp_path: Path) -> None:
    """It says which leaves are missing, and no checkpoint is put."""
    log = SignedLog(700)
    with log.store.begin() as tx:
        tx.drop_leaves(0, WIDTH)
    place = open_place(str(tmp_path / "new"))
    with pytest.raises(UnavailableError, match="leaves 0 to 255 lie in an archive"):
        put(log, place)
    assert place.get("checkpoint") is None


def test_immutable_files_are_never_overwritten(place: Place) -> None:
    """The same again is nothing, anything else is refused."""
    place.put("tile/0/000", b"a")
    place.put("tile/0/000", b"a")
    with pytest.raises(UnavailableError) as refused:
        place.put("tile/0/000", b"b")
    assert refused.value.code == "place_differs"
    assert place.get("tile/0/000") == b"a"


def test_one_directory_has_one_publisher(tmp_path: Path) -> None:
    """A second one is told, and no half-written file is ever under a name."""
    one, two = open_place(str(tmp_path / "log")), open_place(str(tmp_path / "log"))
    with one.locked(), pytest.raises(UnavailableError, match="another process"), two.locked():
        pass
    log = SignedLog(300)
    put(log, one)
    names = [name for _, _, files in os.walk(tmp_path) for name in files]
    assert not [name for name in names if name.endswith(".part")]


def test_a_link_that_somebody_laid_leads_nowhere(tmp_path: Path) -> None:
    """Who can write beside the published files gets nothing of ours overwritten through a link."""
    mine = tmp_path / "mine"
    mine.write_text("keep")
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / f".checkpoint.{os.getpid()}.part").symlink_to(mine)
    (tmp_path / "log" / "checkpoint").symlink_to(tmp_path / "none")
    put(SignedLog(40), open_place(str(tmp_path / "log")))
    assert mine.read_text() == "keep" and not (tmp_path / "log" / "checkpoint").is_symlink()


@pytest.mark.parametrize("index", [3, 299])
def test_a_changed_leaf_is_not_published(tmp_path: Path, index: int) -> None:
    """Under a tile that was kept before it was changed, or not: what is published once stays, so nothing is."""
    log, place = SignedLog(300), open_place(str(tmp_path / "log"))
    log.store._leaves[index] = b"another"
    with pytest.raises(UnavailableError) as refused:
        put(log, place)
    assert refused.value.code == "store_corrupt"
    assert place.get("checkpoint") is None and place.get("tile/entries/000") is None


def test_a_place_that_cannot_be_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown URL, a file where the directory should be, a bucket that does not answer."""
    with pytest.raises(ConfigError, match="cannot be used as a bucket"):
        open_place("gopher://log")
    (tmp_path / "file").write_text("")
    log = SignedLog(40)
    with pytest.raises(UnavailableError) as refused:
        put(log, open_place(str(tmp_path / "file")))
    assert refused.value.code == "place_unavailable"
