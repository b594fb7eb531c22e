"""Rules of the tiles that a store keeps, and of proofs from them."""

from __future__ import annotations

import pymerkle
import pytest
from assent_verify.merkle import HASH_SIZE, leaf_hash, verify_consistency, verify_inclusion
from hypothesis import given, settings
from hypothesis import strategies as st

from assent.errors import ProofError, UnavailableError
from assent.record import tiles
from assent.record.tile import WIDTH, Tile
from assent.stores.memory import MemoryStore
from tests.oracle import tree as oracle

LEAVES = [f"leaf {n}".encode() for n in range(1200)]


def a_store(size: int, *, kept: bool = True) -> MemoryStore:
    """A log of this size, with its tiles kept or not."""
    store = MemoryStore()
    with store.begin() as tx:
        for leaf in LEAVES[:size]:
            tx.append(leaf)
    while kept and not tiles.fill(store):
        pass
    return store


STORES = {size: a_store(size) for size in (1, 255, 256, 257, 700, 1200)}


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(sorted(STORES)), st.data())
def test_proofs_are_those_of_the_obvious_tree(size: int, data: st.DataObject) -> None:
    """Root, inclusion and consistency at any size up to the log's own are RFC 6962's, word for word."""
    new = data.draw(st.integers(1, size))
    index, old = data.draw(st.integers(0, new - 1)), data.draw(st.integers(1, new))
    with STORES[size].read() as reader:
        tree = tiles.tree(reader)
        assert tree.root(new) == oracle.root(LEAVES[:new])
        assert tree.leaf(index) == leaf_hash(LEAVES[index])
        assert tree.inclusion(index, new) == oracle.path(index, LEAVES[:new])
        assert tree.consistency(old, new) == oracle.proof(old, LEAVES[:new])
        assert tree.consistency(0, new) == []


def test_pymerkle_computes_the_same_roots_and_its_proofs_hold() -> None:
    """A foreign tree over the same leaves has the same root at every size that was tried."""
    theirs = pymerkle.InmemoryTree.init_from_entries(LEAVES, algorithm="sha256")
    with STORES[1200].read() as reader:
        tree = tiles.tree(reader)
        for size in (1, 2, 255, 256, 257, 511, 512, 513, 1199, 1200):
            assert theirs.get_root(size) == tree.root(size)
        verify_inclusion(tree.leaf(300), 300, 1200, tree.inclusion(300), theirs.get_root(1200))
        verify_consistency(257, 1200, theirs.get_root(257), theirs.get_root(1200), tree.consistency(257))


def test_tiles_not_kept_are_made_from_the_leaves() -> None:
    """A proof never depends on who has kept tiles before."""
    with a_store(700, kept=False).read() as bare, STORES[700].read() as kept:
        assert (bare.tiled(), kept.tiled()) == (0, 512)
        for tile in (Tile(0, 0), Tile(0, 2, 188), Tile(0, 1, 3), Tile(1, 0, 2), Tile(1, 0, 1)):
            assert tiles.hashes(bare, tile) == tiles.hashes(kept, tile)
        assert tiles.tree(bare).inclusion(3) == tiles.tree(kept).inclusion(3)


def test_a_tile_above_is_made_when_the_one_below_is_whole() -> None:
    """c2sp.org/tlog-tiles: each hash at level 1 is the root of a full tile at level 0, a partial one is not in it."""
    with STORES[1200].read() as reader:
        above = reader.tile(1, 0)
        assert above is not None and len(above) == 4 * HASH_SIZE
        assert above[:HASH_SIZE] == oracle.root(LEAVES[:WIDTH])
        assert reader.tile(0, 4) is None


def test_work_of_one_transaction_is_bounded() -> None:
    """A log that has kept no tile yet is caught up some tiles at a time."""
    store = a_store(0)
    with store.begin() as tx:
        for n in range(WIDTH * (tiles.AT_ONCE + 2)):
            tx.append(b"%d" % n)
    assert not tiles.fill(store)
    with store.read() as reader:
        assert reader.tiled() == WIDTH * tiles.AT_ONCE
    assert tiles.fill(store)
    with store.read() as reader:
        assert reader.tiled() == WIDTH * (tiles.AT_ONCE + 2)


def test_a_dropped_leaf_keeps_its_proofs() -> None:
    """What lies in an archive alone is still proved; without its hash kept, that is said."""
    store, bare = a_store(700), a_store(700, kept=False)
    for one in (store, bare):
        with one.begin() as tx:
            tx.drop_leaves(0, 256)
    with store.read() as reader, bare.read() as without:
        assert tiles.tree(reader).inclusion(7) == oracle.path(7, LEAVES[:700])
        with pytest.raises(UnavailableError, match="missing"):
            tiles.tree(without).root()


def test_there_is_no_proof_of_what_is_not_there() -> None:
    """A leaf or size beyond the log is refused."""
    with STORES[257].read() as reader:
        tree = tiles.tree(reader)
        for call in (lambda: tree.inclusion(257), lambda: tree.leaf(257), lambda: tree.inclusion(0, 258)):
            with pytest.raises(ProofError):
                call()
        for old, new in ((5, 4), (5, 258), (-1, 4)):
            with pytest.raises(ProofError, match="earlier size"):
                tree.consistency(old, new)
