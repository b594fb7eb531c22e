"""Proofs of the log's tree, which `assent_verify.merkle` checks: audit paths, extensions, what is not shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assent_verify.errors import ProofError
from assent_verify.merkle import node_hash, root_of


class Folded:
    """Leaves that are not shown, as `Frontier.fold` takes them: feed them one by one from `start`."""

    __slots__ = ("_found", "stop")

    def __init__(self, start: int) -> None:
        self.stop = start
        self._found: list[tuple[int, bytes]] = []

    def append(self, hash: bytes) -> None:
        """Add one leaf by its leaf hash."""
        level = 0
        while self._found and self._found[-1][0] == level and self.stop >> level & 1:
            hash = node_hash(self._found.pop()[1], hash)
            level += 1
        self._found.append((level, hash))
        self.stop += 1

    def hashes(self) -> list[bytes]:
        """Roots of the fewest complete subtrees that hold them, left to right."""
        return [hash for _, hash in self._found]


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


#: Root of the leaves from one index to another, a range that RFC 6962 §2.1 splits off.
RangeRoot = Callable[[int, int], bytes]


def audit_path(index: int, size: int, root: RangeRoot) -> list[bytes]:
    """Audit path of leaf `index` in the tree of `size` leaves (RFC 9162 §2.1.3.1).

    Raises:
        ProofError: `bad_inclusion` if there is no such leaf; what `root` raises.
    """
    if not 0 <= index < size:
        raise ProofError("bad_inclusion", f"leaf {index} is not in a tree of {size} leaves")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(root(middle, stop))
            stop = middle
        else:
            path.append(root(start, middle))
            start = middle
    return path[::-1]


def inclusion_proof(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """`audit_path` in the tree over these leaf hashes.

    Raises:
        ProofError: `bad_inclusion` if there is no such leaf.
    """
    return audit_path(index, len(hashes), lambda start, stop: root_of(hashes[start:stop]))


def extension(old: int, new: int, root: RangeRoot) -> list[bytes]:
    """Proof that the tree of `new` leaves extends that of its first `old` (RFC 9162 §2.1.4.1).

    Raises:
        ProofError: `bad_consistency` if there are fewer leaves than `old`; what `root` raises.
    """
    if not 0 <= old <= new:
        raise ProofError("bad_consistency", f"a tree of {new} leaves has no earlier size {old}")
    proof: list[bytes] = []
    start, stop, whole = 0, new, True
    while old not in (start, stop):
        middle = start + _split(stop - start)
        if old <= middle:
            proof.append(root(middle, stop))
            stop = middle
        else:
            proof.append(root(start, middle))
            start, whole = middle, False
    if old and not whole:
        proof.append(root(start, stop))
    return proof[::-1]


def consistency_proof(hashes: Sequence[bytes], old: int) -> list[bytes]:
    """`extension` from the first `old` of these leaf hashes to all.

    Raises:
        ProofError: `bad_consistency` if there are fewer leaves than `old`.
    """
    return extension(old, len(hashes), lambda start, stop: root_of(hashes[start:stop]))
