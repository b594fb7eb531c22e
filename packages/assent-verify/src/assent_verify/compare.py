"""Two views of one log held against each other: a fork shown to two auditors is found.

A view is what one auditor was given: an export, or a single checkpoint. Each is signed
by the log's key; where two signed roots cannot belong to one tree, both together are
the proof of it, whoever holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from assent_verify.bundle import Export
from assent_verify.checkpoint import Checkpoint
from assent_verify.errors import ProofError
from assent_verify.merkle import Frontier, leaf_hash
from assent_verify.note import MAX_NOTE, Note, VerifierKey


@dataclass(frozen=True, slots=True)
class View:
    """What one auditor was given of a log.

    Args:
        signed: size → root, of checkpoints that the log signed.
        hashes: leaf hashes, if the leaves were given.
    """

    signed: Mapping[int, bytes]
    hashes: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether two views are of one log, and in words why; `same` is False too where it cannot be told."""

    same: bool
    lines: list[str] = field(default_factory=list)


def view(open: Callable[[], BinaryIO], log_key: VerifierKey) -> View:
    """Read an export or a checkpoint note.

    Raises:
        ProofError: a checkpoint is not signed by this key or not of this log, or it is neither of both.
        OSError: what reading raises.
    """
    with open() as file:
        head = file.read(MAX_NOTE + 1)
    if not head.startswith(b"{"):
        return View(dict([_signed(head, log_key)]))
    export = Export(open)
    hashes = tuple(leaf_hash(leaf) for leaf in export.leaves())
    signed: dict[int, bytes] = {}
    for size, root in (_signed(note, log_key) for note in export.notes()):
        if signed.setdefault(size, root) != root:
            raise ProofError("root_differs", f"FORK: two roots are signed for {size} leaves in one file")
    if max(signed, default=0) > len(hashes):
        raise ProofError("truncated", f"a checkpoint covers {max(signed)} leaves, the export has {len(hashes)}")
    return View(signed, hashes)


def compare(a: View, b: View) -> Comparison:
    """Are these two views of one log?"""
    forks = [
        f"FORK: two roots are signed for {size} leaves: sha256:{a.signed[size].hex()} and sha256:{b.signed[size].hex()}"
        for size in sorted(a.signed.keys() & b.signed.keys())
        if a.signed[size] != b.signed[size]
    ]
    forks += [*_against("A", a, "B", b), *_against("B", b, "A", a), *_leaves(a, b)]
    forks += [*_against("A", a, "A", a), *_against("B", b, "B", b)]  # else its leaves are not those that were signed
    if forks:
        return Comparison(False, forks)
    held = [*(a.signed.keys() & b.signed.keys())]  # sizes at which the two have been held against each other
    held += [size for one, other in ((a, b), (b, a)) for size in one.signed if size <= len(other.hashes)]
    shortest = min(max(a.signed, default=0), max(b.signed, default=0))
    if not shortest or max(held, default=0) < shortest:
        text = "NOT TOLD: it takes a signed checkpoint on both sides, and an export of the longer log on one"
        return Comparison(False, [text])
    return Comparison(True, [f"the same log: the first {max(held)} leaves are those of both"])


def _against(mine: str, a: View, theirs: str, b: View) -> list[str]:
    """The checkpoints of one view against the leaves of the other."""
    frontier, found = Frontier(), []
    wanted = {size: root for size, root in b.signed.items() if size <= len(a.hashes)}
    for hash in a.hashes[: max(wanted, default=0)]:
        frontier.append(hash)
        if frontier.size in wanted and wanted[frontier.size] != frontier.root():
            found.append(
                f"FORK: the first {frontier.size} leaves of {mine} do not have the root that {theirs} has signed"
            )
    return found


def _leaves(a: View, b: View) -> list[str]:
    at = next((at for at, pair in enumerate(zip(a.hashes, b.hashes, strict=False)) if pair[0] != pair[1]), None)
    return [] if at is None else [f"FORK: leaf {at} is not the same"]


def _signed(data: bytes, log_key: VerifierKey) -> tuple[int, bytes]:
    note = Note.parse(data)
    note.verify([log_key])
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != log_key.name:
        raise ProofError("origin", f"a checkpoint is of the log `{checkpoint.origin}`, not of `{log_key.name}`")
    return checkpoint.size, checkpoint.root
