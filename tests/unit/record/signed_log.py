"""A signed log in memory that can grow and fork, for tests of what is made of it."""

from __future__ import annotations

from assent_verify.note import VerifierKey

from assent.record import checkpoints, tiles
from assent.stores.memory import MemoryStore
from conformance.receipt.sample import ORIGIN, sample
from tests.stores.world import TestKey


class SignedLog:
    """The sample's receipts, then numbered leaves.

    Args:
        size: how many leaves there are at first, with a checkpoint over them.
        signer: the log's key; a new one if None.
        salt: what the numbered leaves hold, so that two logs differ.
    """

    def __init__(self, size: int, *, signer: TestKey | None = None, salt: str = "") -> None:
        self.store, self.signer, self.salt = MemoryStore(), signer or TestKey(), salt
        self.key = VerifierKey(ORIGIN, self.signer.public)
        self.grow(size)

    def leaf(self, index: int) -> bytes:
        """The bytes of a leaf."""
        receipts = sample().leaves
        return receipts[index] if index < len(receipts) else f"leaf {index}{self.salt}".encode()

    def grow(self, size: int) -> None:
        """Append up to a size, sign it, keep its tiles."""
        with self.store.begin() as tx:
            for index in range(tx.size(), size):
                tx.append(self.leaf(index))
            checkpoints.claim(tx, ORIGIN)
        checkpoints.sign_claimed(self.store, self.signer, ORIGIN)
        while not tiles.fill(self.store):
            pass
