"""Archives: old leaves outside of the database, as entry bundles that any reader of tlog-tiles takes.

An archive holds the bundles of a range, the tiles of the tree at its end, and a manifest whose
digest the `seal` leaf names. Each leaf that is read from one is held against the hash that the log kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import cast

from assent_verify.canonical import canonicalize, digest

from assent.errors import ProofError, UnavailableError
from assent.model.ids import LeafIndex
from assent.ports import Place, Reader
from assent.record.publish import entries
from assent.record.tile import WIDTH, Tile, Tree, entries_of, tiles
from assent.record.tiles import tree

FORMAT = "assent-archive/1"
#: State key: JSON of the last seal, and how far its bodies have gone (`admin.sealing`).
SEALED = "sealed"


def write(reader: Reader, place: Place, first: int, size: int) -> str:
    """Put the leaves from `first` to `size`, both whole tiles, read them back, and give the archive's digest.

    Raises:
        UnavailableError: the place does not answer, or holds something else.
        ProofError: what was read back is not what the log has.
    """
    at = tree(reader, size)
    bundles: list[str] = []
    with place.locked():
        for index in range(first // WIDTH, size // WIDTH):
            data = entries(reader, bundle := Tile(-1, index), place)
            if data is not None:
                place.put(str(bundle), data)
            bundles.append(digest(place.get(str(bundle)) or b""))
        for tile in tiles(size):
            place.put(str(tile), at.tile(tile.level, tile.index))
        manifest = _manifest(first, size, at.root(), bundles)
        place.replace(_name(first, size), manifest)
    check(place, at, first, size, digest(manifest))
    return digest(manifest)


def check(place: Place, at: Tree, first: int, size: int, archive: str) -> None:
    """Is the archive of this range whole at the place, and each of its leaves the one that the log hashed?

    Args:
        at: the tree of `size` leaves, from hashes that the log keeps.

    Raises:
        ProofError: `archive_differs`, `tile_differs` or `bad_tile`.
        UnavailableError: the place does not answer.
    """
    manifest = place.get(_name(first, size)) or b""
    bundles: list[str] = []
    for index in range(first // WIDTH, size // WIDTH):
        bundle = Tile(-1, index)
        data = place.get(str(bundle)) or b""
        entries_of(bundle, data, at.tile(0, index))
        bundles.append(digest(data))
    if digest(manifest) != archive or manifest != _manifest(first, size, at.root(), bundles):
        text = f"the archive of leaves {first} to {size - 1} is not the one that the seal names"
        raise ProofError("archive_differs", text, help="nothing was removed; write it to an empty place")


def filled(reader: Reader, archives: Sequence[Place] = ()) -> Reader:
    """The same snapshot, with the leaves that left the database taken from the archives.

    Where none of them has a leaf that was sealed, reading it raises `leaves_archived`: no check and
    no export passes over it in silence.
    """
    sealed = sealed_to(reader)
    return cast(Reader, _Filled(reader, archives, sealed)) if sealed else reader


def sealed_to(reader: Reader) -> int:
    """Index after the last leaf that was sealed; 0 if none was."""
    return int(json.loads(reader.state(SEALED) or "{}").get("size", 0))


class _Filled:
    """`Reader`, but for leaves as the one it wraps."""

    def __init__(self, reader: Reader, archives: Sequence[Place], sealed: int) -> None:
        self._reader, self._archives, self._sealed = reader, archives, sealed

    def __getattr__(self, name: str) -> object:
        return getattr(self._reader, name)

    def leaf(self, index: LeafIndex) -> bytes | None:
        found = self._reader.leaf(index)
        return next((leaf for _, leaf in self.leaves(index, index + 1)), None) if found is None else found

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Every leaf in order; a gap after what was sealed is a damage, and is left to whoever looks for it.

        Raises:
            UnavailableError: `leaves_archived`.
            ProofError: an archive holds another leaf than the log hashed.
        """
        expected, end = start, min(self._sealed, self._reader.size() if stop is None else stop)
        for index, leaf in self._reader.leaves(start, stop):
            if expected < min(index, end):
                yield from self._archived(expected, min(index, end))
            yield index, leaf
            expected = index + 1
        if expected < end:
            yield from self._archived(expected, end)

    def _archived(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        at = tree(self._reader)
        for number in range(start // WIDTH, -(-stop // WIDTH)):
            bundle = Tile(-1, number)
            data = next((found for place in self._archives if (found := place.get(str(bundle))) is not None), None)
            if data is None:
                text = f"leaves {max(start, bundle.start)} to {stop - 1} lie in an archive alone"
                help = "give the archive with --archive; nothing is said without them"
                raise UnavailableError("leaves_archived", text, help=help)
            for index, leaf in enumerate(entries_of(bundle, data, at.tile(0, number)), bundle.start):
                if start <= index < stop:
                    yield index, leaf


def _name(first: int, size: int) -> str:
    return f"archive-{first}-{size}.json"


def _manifest(first: int, size: int, root: bytes, bundles: Sequence[str]) -> bytes:
    # the digests of many bundles as one, so that the manifest of a long log stays short
    named = digest("\n".join(bundles).encode())
    return canonicalize(
        {"bundles": named, "first": first, "format": FORMAT, "root": f"sha256:{root.hex()}", "size": size}
    )
