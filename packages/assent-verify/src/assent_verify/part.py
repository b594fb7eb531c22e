"""A part of a log: which leaves are not shown, and where its sessions stood at the last checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from assent_verify.checkpoint import SYSTEM, Checkpoint, Head, head_hash
from assent_verify.errors import ProofError
from assent_verify.merkle import verify_inclusion


class Chain(Protocol):
    """How far a session's leaves were followed."""

    seq: int
    head: bytes
    last: int


class Part:
    """What a bundle shows of a log, and what it proves of the rest."""

    def __init__(self) -> None:
        self.hidden = 0
        self._proven: dict[bytes, Head] = {}

    def prove(self, last: Checkpoint | None, head: Head, index: int, path: Sequence[bytes]) -> None:
        """Take in a head that a checkpoint commits to.

        Raises:
            ProofError: `tail_order`, `bad_checkpoint` or `bad_inclusion`.
        """
        if last is None:
            raise ProofError("tail_order", "no checkpoint by a key that is trusted says where sessions stood")
        count, root = last.heads_tree()
        verify_inclusion(head_hash(head), index, count, path, root)
        self._proven[head[0].encode()] = head

    def compare(self, sessions: Mapping[bytes, Chain], systems: Head, refuse: Callable[[str, str], None]) -> None:
        """Hold what was proved against the leaves that were shown; `refuse` takes code and message."""
        chains = {id: (chain.seq, chain.head.decode()) for id, chain in sessions.items()}
        chains[SYSTEM.encode()] = systems[1:]
        for id, (name, count, hash) in self._proven.items():
            found = chains.get(id, (-1, ""))
            if found[0] < 0 or found[0] > count or (found[0] == count and found[1] != hash):
                refuse("head_differs", f"the checkpoint says that `{name}` has {count} leaves, others are shown")
        proven = self._proven.get(SYSTEM.encode())
        if proven is not None and systems[1] < proven[1]:
            refuse("system_missing", f"{systems[1]} system leaves are shown, the log has {proven[1]}")

    def proves(self, id: bytes, count: int) -> bool:
        """Is it proved that this session, or `system`, had so many leaves and no more?"""
        proven = self._proven.get(id)
        return proven is not None and proven[1] == count

    def stopped(self, sessions: Mapping[bytes, Chain]) -> Iterator[bytes]:
        """Sessions that may go on after what is shown."""
        return (id for id, chain in sessions.items() if not self.proves(id, chain.seq))
