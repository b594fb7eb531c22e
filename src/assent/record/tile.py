"""Tiles and entry bundles of a log (c2sp.org/tlog-tiles): their names, their bytes, and proofs from them.

A tile is 256 hashes wide and stands for a subtree of height 8, so that any proof needs few of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from assent_verify.errors import ProofError
from assent_verify.merkle import EMPTY_ROOT, HASH_SIZE, leaf_hash, node_hash, spans

from assent.record.paths import audit_path, extension

HEIGHT = 8
WIDTH = 1 << HEIGHT
#: Stands where the level stands in the name of an entry bundle.
ENTRIES = "entries"
CHECKPOINT = "checkpoint"
_MAX_ENTRY = 0xFFFF
_LEVELS = 8  # 256^8 leaves are more than a size can say
_NAME = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Which tile or entry bundle; `str()` of it is its name below the log's prefix.

    Args:
        level: 0 for leaf hashes; -1 for an entry bundle, which has the leaves themselves.
        index: number of the tile in its level.
        width: hashes in it; below 256 it is partial.
    """

    level: int
    index: int
    width: int = WIDTH

    def __str__(self) -> str:
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{ENTRIES if self.level < 0 else self.level}/{name}{partial}"

    @classmethod
    def parse(cls, name: str) -> Tile:
        """The tile of a name, in its one spelling.

        Raises:
            ProofError: `bad_tile`.
        """
        found = _NAME.fullmatch(name)
        if found:
            level = -1 if found[1] == ENTRIES else int(found[1])
            tile = cls(level, int(found[2].replace("/", "").replace("x", "")), int(found[3] or WIDTH))
            if str(tile) == name and (not found[3] or tile.width < WIDTH):
                return tile
        raise ProofError("bad_tile", f"`{name[:80]}` is not the name of a tile")

    @property
    def start(self) -> int:
        """The first leaf it stands for."""
        return self.index << HEIGHT * (max(self.level, 0) + 1)

    def fits(self, size: int) -> bool:
        """Has a tree of `size` leaves all its hashes?"""
        level = max(self.level, 0)
        return level < _LEVELS and self.index * WIDTH + self.width <= size >> HEIGHT * level


def tiles(size: int, since: int = 0) -> Iterator[Tile]:
    """The hash tiles of a tree of `size` leaves that a tree of `since` leaves has not, by level and index."""
    for level in range(_LEVELS):
        hashes, before = size >> HEIGHT * level, since >> HEIGHT * level
        if not hashes:
            return
        for index in range(before // WIDTH, -(-hashes // WIDTH)):
            width = min(WIDTH, hashes - index * WIDTH)
            if index * WIDTH + width > before:
                yield Tile(level, index, width)


def hashes_of(tile: Tile, data: bytes) -> bytes:
    """The hashes of a tile as it was fetched: exactly as many as its width says.

    Raises:
        ProofError: `bad_tile`.
    """
    if len(data) != tile.width * HASH_SIZE:
        raise ProofError("bad_tile", f"`{tile}` has {len(data)} bytes, expected {tile.width * HASH_SIZE}")
    return data


def pack(entries: Iterable[bytes]) -> bytes:
    """An entry bundle: each leaf after its length in two bytes, big-endian.

    Raises:
        ProofError: `bad_tile` if a leaf is longer than 65,535 bytes.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > _MAX_ENTRY:
            raise ProofError("bad_tile", f"a leaf of {len(entry)} bytes fits no entry bundle")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def unpack(tile: Tile, data: bytes) -> list[bytes]:
    """The leaves of an entry bundle: exactly as many as its width says, and nothing after them.

    Raises:
        ProofError: `bad_tile`.
    """
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) < tile.width:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            break
        found.append(data[at + 2 : end])
        at = end
    if at != len(data) or len(found) != tile.width:
        raise ProofError("bad_tile", f"`{tile}` does not hold {tile.width} entries, each after its length")
    return found


def entries_of(tile: Tile, data: bytes, hashes: bytes) -> list[bytes]:
    """The leaves of an entry bundle, held against the hashes of its level 0 tile.

    Raises:
        ProofError: `bad_tile`, or `tile_differs` with the first leaf that is not the one hashed.
    """
    entries = unpack(tile, data)
    for at, entry in enumerate(entries):
        if leaf_hash(entry) != hashes[at * HASH_SIZE : (at + 1) * HASH_SIZE]:
            raise ProofError("tile_differs", f"leaf {tile.start + at} of `{tile}` is not the one in the tree")
    return entries


def fold(hashes: bytes) -> bytes:
    """Root of a complete subtree, from a power of two of its nodes of one height."""
    while len(hashes) > HASH_SIZE:
        pairs = range(0, len(hashes), 2 * HASH_SIZE)
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + 2 * HASH_SIZE]).digest() for at in pairs])
    return hashes


class Tree:
    """Proofs of the tree of `size` leaves, from its tiles; each needs a handful of them.

    Args:
        size: number of leaves.
        fetch: the bytes of a hash tile of this tree.
    """

    def __init__(self, size: int, fetch: Callable[[Tile], bytes]) -> None:
        self.size = size
        self._fetch = fetch
        self._tiles: dict[tuple[int, int], bytes] = {}

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of one tile, as wide as it is at this size.

        Raises:
            ProofError: `bad_tile`; what `fetch` raises.
        """
        found = self._tiles.get((level, index))
        if found is None:
            tile = Tile(level, index, min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH))
            found = self._tiles[level, index] = hashes_of(tile, self._fetch(tile))
        return found

    def leaf(self, index: int) -> bytes:
        """The hash of one leaf.

        Raises:
            ProofError: `bad_inclusion` if there is none; `bad_tile`.
        """
        if not 0 <= index < self.size:
            raise ProofError("bad_inclusion", f"leaf {index} is not in a tree of {self.size} leaves")
        return self._complete(0, index)

    def root(self, size: int | None = None) -> bytes:
        """Root of the first `size` leaves, or of all.

        Raises:
            ProofError: `bad_consistency` if there are fewer; `bad_tile`.
        """
        at = self._at_most(size)
        return self._root(0, at) if at else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Audit path of leaf `index` in the tree of the first `size` leaves, or of all.

        Raises:
            ProofError: `bad_inclusion` if there is no such leaf; `bad_tile`.
        """
        return audit_path(index, self._at_most(size), self._root)

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Proof that the first `new` leaves, or all, extend the first `old`.

        Raises:
            ProofError: `bad_consistency` if there are fewer leaves; `bad_tile`.
        """
        return extension(old, self._at_most(new), self._root)

    def check(self, root: bytes) -> None:
        """Do all tiles lead to this root, and each to its place in the tile above?

        Raises:
            ProofError: `tile_differs` or `bad_tile`.
        """
        if self.root() != root:
            raise ProofError("tile_differs", f"the tiles of {self.size} leaves do not lead to the checkpoint's root")
        for tile in tiles(self.size):
            if tile.width < WIDTH:
                continue
            above = self.tile(tile.level + 1, tile.index // WIDTH)
            at = tile.index % WIDTH * HASH_SIZE
            # not kept: a level 0 tile is looked at once
            if fold(hashes_of(tile, self._fetch(tile))) != above[at : at + HASH_SIZE]:
                raise ProofError("tile_differs", f"`{tile}` is not what the tile above it says")

    def _at_most(self, size: int | None) -> int:
        """A size that this tree has had.

        Raises:
            ProofError: `bad_consistency`.
        """
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise ProofError("bad_consistency", f"a tree of {self.size} leaves has no earlier size {size}")
        return size

    def _root(self, start: int, stop: int) -> bytes:
        """Root of the leaves from `start` to `stop`, a range that RFC 6962 splits off."""
        found: list[bytes] = []
        for height in spans(start, stop):
            found.append(self._complete(height, start >> height))
            start += 1 << height
        root = found.pop()
        while found:
            root = node_hash(found.pop(), root)
        return root

    def _complete(self, height: int, index: int) -> bytes:
        """Root of complete subtree `index` of this height."""
        level, rest = divmod(height, HEIGHT)
        at = (index << rest) % WIDTH
        hashes = self.tile(level, (index << rest) // WIDTH)
        return fold(hashes[at * HASH_SIZE : (at + (1 << rest)) * HASH_SIZE])


def leaf_tile(leaves: Iterable[bytes]) -> bytes:
    """The level 0 tile over these leaves."""
    return b"".join(map(leaf_hash, leaves))
