"""Publishing: checkpoint, hash tiles and entry bundles of the log at a place (c2sp.org/tlog-tiles).

What is at the place is compared first: a log is only ever extended there. Everything that a
checkpoint commits to is there before the checkpoint; whoever is interrupted goes on the next time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assent_verify.checkpoint import Checkpoint
from assent_verify.note import Note

from assent.errors import ProofError, UnavailableError
from assent.ports import Place, Reader
from assent.record.tile import CHECKPOINT, WIDTH, Tile, Tree, leaf_tile, pack, tiles, unpack
from assent.record.tiles import hashes, tree


@dataclass(frozen=True, slots=True)
class Published:
    """What is at the place now.

    Args:
        size: leaves of the checkpoint there.
        before: leaves of the one that was there; 0 if none was.
        files: how many files of tiles and entries were put.
    """

    size: int
    before: int
    files: int


def publish(reader: Reader, place: Place) -> Published:
    """Bring a place to the newest signed checkpoint.

    Raises:
        ProofError: `published_ahead`, `published_fork` or `origin`: what is there is not an earlier state
            of this log; `tile_differs`, `bad_tile` if what is there is damaged. Nothing was overwritten.
        UnavailableError: there is no checkpoint yet, a leaf is missing, or the place does not answer.
    """
    newest = reader.newest_checkpoint()
    if newest is None:
        raise UnavailableError("no_checkpoint", "the log has no signed checkpoint yet", help="run: assent doctor")
    size, note = newest
    ours, mine = tree(reader, size), _parse(note)
    if ours.root() != mine.root:
        raise UnavailableError(
            "store_corrupt", f"the log does not lead to its checkpoint of {size} leaves", help="run: assent verify"
        )
    with place.locked():
        there = place.get(CHECKPOINT)
        before = _before(place, there, mine, ours) if there else 0
        files = 0
        for name, data in _parts(reader, ours, before, place):
            place.put(name, data)
            files += 1
        if there != note:
            place.replace(CHECKPOINT, note)
    return Published(size, before, files)


def _parse(note: bytes) -> Checkpoint:
    return Checkpoint.parse(Note.parse(note).text)


def _before(place: Place, there: bytes, mine: Checkpoint, ours: Tree) -> int:
    """Size of the log as it is at the place, which must be an earlier state of this one."""
    theirs = _parse(there)
    help = "nothing was overwritten; keep what is there, and find out which of the two is the log"
    if theirs.origin != mine.origin:
        raise ProofError("origin", f"another log is there: `{theirs.origin[:80]}`, not `{mine.origin}`", help=help)
    if theirs.size > mine.size:
        text = f"{theirs.size} leaves are published there, this log has signed {mine.size}: it was rolled back"
        raise ProofError("published_ahead", text, help=help)
    if theirs.size and ours.root(theirs.size) != theirs.root:
        text = f"what is published there at {theirs.size} leaves is not a beginning of this log"
        raise ProofError("published_fork", text, help=help)
    if theirs.size and Tree(theirs.size, lambda tile: _fetch(place, tile)).root() != theirs.root:
        raise ProofError("tile_differs", "the tiles there do not lead to the checkpoint there", help=help)
    return theirs.size


def _fetch(place: Place, tile: Tile) -> bytes:
    found = place.get(str(tile))
    if found is None:  # a partial tile may be gone once the whole one is there
        whole = place.get(str(Tile(tile.level, tile.index))) or b""
        found = whole[: tile.width * 32]
    return found


def _parts(reader: Reader, ours: Tree, before: int, place: Place) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of what the place lacks: entries first, for a hash without its leaf tells nothing."""
    for tile in tiles(ours.size, before):
        hashes = ours.tile(tile.level, tile.index)
        if not tile.level:
            bundle = Tile(-1, tile.index, tile.width)
            if (data := entries(reader, bundle, place)) is not None:
                yield str(bundle), data
        yield str(tile), hashes


def entries(reader: Reader, bundle: Tile, place: Place) -> bytes | None:
    """An entry bundle; None if its leaves lie in an archive and it is at the place already."""
    first = bundle.index * WIDTH
    found = [leaf for _, leaf in reader.leaves(first, first + bundle.width)]
    if len(found) == bundle.width:
        if leaf_tile(found) != hashes(reader, Tile(0, bundle.index, bundle.width)):  # what is published once stays
            text = f"a leaf from {first} to {first + bundle.width - 1} has not the hash that is kept of it"
            raise UnavailableError("store_corrupt", text, help="run: assent verify; restore the home from a backup")
        return pack(found)
    there = place.get(str(bundle))
    if there is None:
        text = f"leaves {first} to {first + bundle.width - 1} lie in an archive alone and are not published there"
        raise UnavailableError("leaves_archived", text, help="copy `tile/entries` of the archive there, then again")
    unpack(bundle, there)
    return None
