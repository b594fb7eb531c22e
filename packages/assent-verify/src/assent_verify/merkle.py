"""The Merkle tree of the log: SHA-256, RFC 6962 §2.1 (the same tree as RFC 9162 §2.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from assent_verify.errors import ProofError

#: Root of the tree without leaves (RFC 6962 §2.1).
EMPTY_ROOT = sha256(b"").digest()
HASH_SIZE = 32
_MAX_SIZE = 2**63 - 1


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of one leaf's exact stored bytes (RFC 6962 §2.1)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node (RFC 6962 §2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: roots of its complete subtrees, largest first.

    Appending costs one node hash on average and `log2(size)` hashes of memory.
    """

    __slots__ = ("_edge", "size")

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def append(self, hash: bytes) -> None:
        """Add one leaf by its leaf hash."""
        edge = self._edge
        size = self.size
        while size & 1:
            hash = sha256(b"\x01" + edge.pop() + hash).digest()
            size >>= 1
        edge.append(hash)
        self.size += 1

    def fold(self, stop: int, hashes: Sequence[bytes]) -> None:
        """Grow to `stop` leaves by the roots of the complete subtrees that make up the difference.

        Raises:
            ProofError: `bad_fold` if they are not the fewest that do, left to right.
        """
        if not self.size < stop <= _MAX_SIZE or any(len(hash) != HASH_SIZE for hash in hashes):
            raise ProofError("bad_fold", f"leaves {self.size} to {stop} cannot be folded")
        levels = list(spans(self.size, stop))
        if len(levels) != len(hashes):
            raise ProofError("bad_fold", f"{len(hashes)} hashes stand for leaves {self.size} to {stop}")
        for level, hash in zip(levels, hashes, strict=True):
            size = self.size >> level
            while size & 1:
                hash = node_hash(self._edge.pop(), hash)
                size >>= 1
            self._edge.append(hash)
            self.size += 1 << level

    def root(self) -> bytes:
        """Root hash at the present size."""
        if not self._edge:
            return EMPTY_ROOT
        root = self._edge[-1]
        for left in self._edge[-2::-1]:
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """Size as 8 bytes, big-endian, then the hashes of the edge."""
        return self.size.to_bytes(8, "big") + b"".join(self._edge)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """The inverse of `to_bytes`.

        Raises:
            ProofError: `bad_frontier` if the length does not fit the size.
        """
        frontier = cls()
        frontier.size = int.from_bytes(data[:8], "big")
        expected = 8 + HASH_SIZE * frontier.size.bit_count()
        if len(data) != expected or frontier.size > _MAX_SIZE:
            raise ProofError("bad_frontier", f"frontier has {len(data)} bytes, expected {expected}")
        frontier._edge = [data[at : at + HASH_SIZE] for at in range(8, len(data), HASH_SIZE)]
        return frontier


def spans(start: int, stop: int) -> Iterator[int]:
    """Heights of the fewest complete subtrees that hold exactly the leaves from `start` to `stop`."""
    while start < stop:
        level = (stop - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level
        start += 1 << level


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Root of the tree over these leaf hashes."""
    frontier = Frontier()
    for hash in hashes:
        frontier.append(hash)
    return frontier.root()


def verify_inclusion(hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Is the leaf with this hash number `index` of the tree? (RFC 9162 §2.1.3.2)

    Raises:
        ProofError: `bad_inclusion`.
    """
    fn, sn, computed = index, size - 1, hash
    fits = 0 <= index < size <= _MAX_SIZE and all(len(step) == HASH_SIZE for step in (hash, root, *proof))
    for step in proof if fits else ():
        if not sn:
            fits = False
            break
        if fn & 1 or fn == sn:
            computed = node_hash(step, computed)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            computed = node_hash(computed, step)
        fn, sn = fn >> 1, sn >> 1
    if not fits or sn or computed != root:
        raise ProofError("bad_inclusion", f"the path does not lead from leaf {index} to the root of {size} leaves")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Does the tree of `new` leaves extend the tree of `old` leaves? (RFC 9162 §2.1.4.2)

    The empty tree and the tree itself need an empty proof.

    Raises:
        ProofError: `bad_consistency`.
    """
    if not _consistent(old, new, old_root, new_root, list(proof)):
        raise ProofError("bad_consistency", f"the tree of {new} leaves is not shown to extend that of {old}")


def _consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> bool:
    if not 0 <= old <= new <= _MAX_SIZE or any(len(step) != HASH_SIZE for step in proof):
        return False
    if old == new:
        return not proof and old_root == new_root
    if not old:
        return not proof and old_root == EMPTY_ROOT
    if not old & (old - 1):
        proof.insert(0, old_root)
    if not proof:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = proof[0]
    for step in proof[1:]:
        if not sn:
            return False
        if fn & 1 or fn == sn:
            first, second = node_hash(step, first), node_hash(step, second)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, step)
        fn, sn = fn >> 1, sn >> 1
    return not sn and first == old_root and second == new_root
