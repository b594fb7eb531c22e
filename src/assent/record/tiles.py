"""Tiles of the log in its store: hashes kept, so that any proof reads a handful of rows (c2sp.org/tlog-tiles).

They are filled by whoever signs checkpoints, after the signature, and by whoever asks for a
proof, a few at a time; never by a decision. What is not kept yet is hashed from the leaves.
A leaf that lies in an archive alone keeps its hash here.
"""

from __future__ import annotations

from assent_verify.merkle import HASH_SIZE

from assent.errors import UnavailableError
from assent.ports import Reader, Store, Transaction
from assent.record.tile import WIDTH, Tile, Tree, fold, leaf_tile

#: Tiles of one transaction: 8,192 leaves, some 15 ms, in which no other process commits.
AT_ONCE = 32


def tree(reader: Reader, size: int | None = None) -> Tree:
    """Root, inclusion and consistency proofs and tiles of the log at a size, or as it stands.

    Args:
        reader: the snapshot that they are read from; it must stay open.
        size: number of leaves, at most those of the snapshot.

    Raises:
        UnavailableError: from its methods, `store_corrupt` if a leaf is neither there nor hashed.
    """
    at = reader.size() if size is None else min(size, reader.size())
    return Tree(at, lambda tile: hashes(reader, tile))


def hashes(reader: Reader, tile: Tile) -> bytes:
    """The hashes of a tile that the log has, kept or made from what lies below it.

    Raises:
        UnavailableError: `store_corrupt`.
    """
    kept = (reader.tile(tile.level, tile.index) or b"")[: tile.width * HASH_SIZE]
    first = tile.index * WIDTH + len(kept) // HASH_SIZE
    stop = tile.index * WIDTH + tile.width
    if first == stop:
        return kept
    if tile.level:
        return kept + b"".join(fold(hashes(reader, Tile(tile.level - 1, below))) for below in range(first, stop))
    return kept + _leaf_tile(reader, first, stop)


def fill(store: Store) -> bool:
    """Keep some tiles that the log has filled since; is there nothing more to keep?

    For the writer of the log alone; others ask `Log.keep_tiles`.

    Raises:
        UnavailableError: the store cannot be written.
    """
    with store.read() as reader:
        if reader.size() - reader.tiled() < WIDTH:
            return True
    with store.begin() as tx:
        return keep(tx)


def keep(tx: Transaction) -> bool:
    """As `fill`, in a transaction."""
    start, whole = tx.tiled(), tx.size() // WIDTH * WIDTH
    stop = min(whole, start + AT_ONCE * WIDTH)
    for at in range(start, stop, WIDTH):
        level, index, found = 0, at // WIDTH, _leaf_tile(tx, at, at + WIDTH)
        tx.put_tile(level, index, found)
        while len(found) == WIDTH * HASH_SIZE:
            level, index, root = level + 1, index // WIDTH, fold(found)
            found = (tx.tile(level, index) or b"") + root
            tx.put_tile(level, index, found)
    return stop == whole


def _leaf_tile(reader: Reader, start: int, stop: int) -> bytes:
    found = leaf_tile(leaf for _, leaf in reader.leaves(start, stop))
    if len(found) != (stop - start) * HASH_SIZE:
        raise UnavailableError(
            "store_corrupt",
            f"`assent.db` is damaged: a leaf from {start} to {stop - 1} is missing, and no hash of it is kept",
            help="restore the home from a backup",
        )
    return found
