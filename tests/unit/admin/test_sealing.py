"""Rules of sealing: nothing leaves the database before it is safe elsewhere, and no proof is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from assent_verify.canonical import digest
from assent_verify.merkle import verify_inclusion

from assent.admin import sealing
from assent.assembly import open_place
from assent.errors import ConflictError, ProofError, RequestError, UnavailableError
from assent.model.ids import LeafIndex
from assent.ports import Place
from assent.record.archive import filled
from assent.record.holds import STATE, Hold, text_of
from assent.record.log import Log
from assent.record.tile import WIDTH, Tile
from assent.record.tiles import tree
from assent.stores.memory import MemoryStore
from conformance.receipt.sample import ORIGIN, sample
from tests.stores.world import RealClock, TestKey, an_attempt
from tests.unit.record.signed_log import SignedLog

NOW = 1_790_000_000_000


class Receipts(SignedLog):
    """With leaves that have a time, as a hold asks for it."""

    def leaf(self, index: int) -> bytes:
        return super().leaf(index) if index < len(sample().leaves) else f'{{"leaf":{index},"time":"2026"}}'.encode()


class World:
    """A log of 700 leaves with an operator, and an empty archive."""

    def __init__(self, folder: Path) -> None:
        self.before = Receipts(700)
        self.store: MemoryStore = self.before.store
        self.operator = TestKey()
        self.log = Log(self.store, RealClock(), self.before.signer, origin=ORIGIN, node="node_1")
        self.folder = folder / "archive"
        self.place = open_place(str(self.folder))
        with self.store.begin() as tx:
            tx.put_state("operator", digest(self.operator.public))

    def seal(self, upto: int = 700, place: Place | None = None) -> sealing.Seal:
        """Seal what comes before a leaf."""
        return sealing.seal(self.log, self.store, place or self.place, upto, lambda: (NOW, self.operator))

    def there(self) -> list[int]:
        """Which leaves are in the database."""
        with self.store.read() as reader:
            return [index for index, _ in reader.leaves()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh one."""
    world = World(tmp_path)
    yield world
    world.log.close()


def test_leaves_go_and_proofs_stay(world: World) -> None:
    """Whole tiles go, leaf 0 stays; every leaf is still proved, and read from the archive as it was."""
    with world.store.read() as reader:
        root, leaves = tree(reader, 700).root(), [leaf for _, leaf in reader.leaves(0, 700)]
    done = world.seal()
    assert (done.first, done.size) == (0, 512)
    assert world.there()[:2] == [0, 512]
    with world.store.read() as reader:
        now = tree(reader)
        for index in (0, 1, 255, 256, 511, 512, 699):
            verify_inclusion(now.leaf(index), index, 700, now.inclusion(index, 700), root)
        whole = filled(reader, [world.place])
        assert [leaf for _, leaf in whole.leaves(0, 700)] == leaves
        assert whole.leaf(LeafIndex(300)) == leaves[300]
        assert [index for index, _ in whole.leaves(10, 20)] == list(range(10, 20))


def test_without_the_archive_nothing_passes_in_silence(world: World) -> None:
    """Reading a sealed leaf says which are missing; a changed archive is refused."""
    world.seal()
    with world.store.read() as reader:
        with pytest.raises(UnavailableError, match="leaves 1 to 511 lie in an archive"):
            list(filled(reader).leaves())
        file = world.folder / str(Tile(-1, 1))
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
        with pytest.raises(ProofError, match="is not the one in the tree"):
            list(filled(reader, [world.place]).leaves())


class Broken:
    """`ports.Place` that loses what it was given, or answers something else."""

    def __init__(self, place: Place, name: str) -> None:
        self._place, self._name = place, name
        self.put, self.locked, self.replace = place.put, place.locked, place.replace

    def get(self, name: str) -> bytes | None:
        found = self._place.get(name)
        return b"\0\0" + found if found and name == self._name else found


def test_what_cannot_be_read_back_is_not_removed(world: World) -> None:
    """An archive that does not give back what was put: no seal, no leaf removed."""
    with pytest.raises((ProofError, UnavailableError)):
        world.seal(place=Broken(world.place, str(Tile(-1, 1))))
    assert len(world.there()) == 700
    with world.store.read() as reader:
        assert sealing.last(reader) == sealing.Seal()


def test_a_crash_between_seal_and_removal_is_finished(world: World) -> None:
    """The next run looks at the archive again, and removes only if it is whole."""
    finish = sealing.finish
    calls = 0

    def dies(*words: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise UnavailableError("place_unavailable", "died")
        finish(*words)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "finish", dies)
        with pytest.raises(UnavailableError, match="died"):
            world.seal()
    assert len(world.there()) == 701
    file = world.folder / str(Tile(-1, 0))
    data = file.read_bytes()
    file.write_bytes(data[:-1])
    with pytest.raises(ProofError):
        sealing.finish(world.log, world.store, world.place)
    assert len(world.there()) == 701
    file.write_bytes(data)
    sealing.finish(world.log, world.store, world.place)
    assert world.there()[:2] == [0, 512]


def test_a_second_seal_goes_on_after_the_first(world: World) -> None:
    """Seals follow each other, and nothing is sealed twice."""
    assert (world.seal(300).first, world.seal(300 + WIDTH).first) == (0, 256)
    with pytest.raises(RequestError) as refused:
        world.seal(600)
    assert refused.value.code == "nothing_to_seal"


def test_open_calls_keep_their_receipts(world: World) -> None:
    """What an attempt that is not settled refers to stays in the database."""
    with world.store.begin() as tx:
        tx.put_attempt(an_attempt(decision=400))
    assert world.seal().size == 256


def test_the_operator_signs_it(world: World) -> None:
    """Another key is refused, and nothing is removed."""
    world.operator = TestKey()
    with pytest.raises(RequestError, match="not enrolled"):
        world.seal()
    assert len(world.there()) == 700


def hold(world: World, first: int, last: int) -> None:
    """Put leaves on hold."""
    with world.store.begin() as tx:
        tx.put_state(STATE, text_of([Hold("case-7", "session", "ses_none", ranges=((first, last),))]))


def test_what_is_on_hold_stays_in_the_database(world: World) -> None:
    """Leaves go up to the first that is held, and the refusal names the hold when that leaves nothing."""
    hold(world, 300, 310)
    with world.store.read() as reader:
        assert sealing.kept_here(reader, 700) == (300, "case-7")
    assert world.seal().size == 256
    with pytest.raises(RequestError, match="the hold `case-7` keeps leaf 300 here") as refused:
        world.seal()
    assert refused.value.code == "nothing_to_seal"
    assert 300 in world.there()


def test_a_hold_that_comes_while_the_archive_is_written_stops_it(world: World) -> None:
    """The transaction that seals looks again, and nothing is removed."""

    def sign() -> tuple[int, TestKey]:
        hold(world, 10, 10)
        return NOW, world.operator

    with pytest.raises(ConflictError) as refused:
        sealing.seal(world.log, world.store, world.place, 700, sign)
    assert refused.value.code == "held_meanwhile"
    assert len(world.there()) == 700
