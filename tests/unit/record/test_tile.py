"""Rules of names and bytes of tiles (c2sp.org/tlog-tiles)."""

from __future__ import annotations

import pytest
from assent_verify.errors import ProofError
from assent_verify.merkle import leaf_hash
from hypothesis import given
from hypothesis import strategies as st

from assent.record.tile import Tile, Tree, entries_of, fold, pack, tiles, unpack
from tests.oracle import tree as oracle


def test_names_are_those_of_the_specification() -> None:
    """Its own examples: index 1234067, and the tiles of a tree of 70,000 leaves."""
    assert str(Tile(0, 1234067)) == "tile/0/x001/x234/067"
    assert str(Tile(-1, 5, 12)) == "tile/entries/005.p/12"
    found = list(tiles(70_000))
    assert [tile for tile in found if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert len(found) == 273 + 1 + 1 + 1 + 1
    assert list(tiles(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles(0)) == []


@given(st.integers(-1, 63), st.integers(0, 10**18), st.integers(1, 256))
def test_a_name_says_which_tile_and_nothing_else_does(level: int, index: int, width: int) -> None:
    """What is written is read again."""
    tile = Tile(level, index, width)
    assert Tile.parse(str(tile)) == tile


@pytest.mark.parametrize(
    "name",
    [
        "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/0", "tile/0/x000/000", "tile/0/000.p/0",
        "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000/", "tile/0/x001", "tile/0/1234", "tile//000",
        "tile/0/../0/000", "tile/0/٠٠٠", "tile/0/000\n", "tile/entries/x00/001", "/tile/0/000", "",
    ],
)  # fmt: skip
def test_there_is_one_spelling(name: str) -> None:
    """Another spelling of a name is refused."""
    with pytest.raises(ProofError) as refused:
        Tile.parse(name)
    assert refused.value.code == "bad_tile"


def test_a_later_state_adds_exactly_what_is_new() -> None:
    """The tiles since an earlier size and those of it are together those of the later one, partial ones apart."""
    for old, new in ((0, 700), (255, 256), (256, 257), (300, 70_000), (700, 700)):
        before = {tile for tile in tiles(old) if tile.width == 256}
        assert set(tiles(new, old)) == set(tiles(new)) - before - ({*tiles(old)} & {*tiles(new)})


def test_bundles_are_read_whole_or_not_at_all() -> None:
    """Cut, stretched or with another number of entries than its name says: refused; each leaf hashes to its place."""
    leaves = [b"one", b"", b"three"]
    tile, data = Tile(-1, 0, 3), pack(leaves)
    hashes = b"".join(map(leaf_hash, leaves))
    assert entries_of(tile, data, hashes) == leaves
    for broken in (data[:-1], data + b"\0", data + b"\0\0", data[1:], b""):
        with pytest.raises(ProofError, match="entries"):
            unpack(tile, broken)
    with pytest.raises(ProofError, match="leaf 1 of"):
        entries_of(tile, pack([b"one", b"two", b"three"]), hashes)
    with pytest.raises(ProofError, match="fits no"):
        pack([bytes(65_536)])


def test_a_set_of_tiles_is_checked_whole() -> None:
    """Every byte of every tile is bound to the root: one bit changed anywhere is found."""
    leaves = [b"%d" % n for n in range(600)]
    hashes = [leaf_hash(leaf) for leaf in leaves]
    level0 = [b"".join(hashes[at : at + 256]) for at in (0, 256, 512)]
    kept = {Tile(0, 0): level0[0], Tile(0, 1): level0[1], Tile(0, 2, 88): level0[2]}
    kept[Tile(1, 0, 2)] = fold(level0[0]) + fold(level0[1])
    root = oracle.root(leaves)
    Tree(600, kept.__getitem__).check(root)
    for tile, data in kept.items():
        for at in (0, len(data) // 2, len(data) - 1):
            broken = kept | {tile: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]}
            with pytest.raises(ProofError, match=r"lead|above"):
                Tree(600, broken.__getitem__).check(root)
        with pytest.raises(ProofError, match="bytes"):
            Tree(600, (kept | {tile: data[:-1]}).__getitem__).check(root)
