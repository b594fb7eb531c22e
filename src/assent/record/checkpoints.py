"""Checkpoints: persist, then sign (c2sp.org/tlog-checkpoint).

A process first claims a tree size in a durable batch, with the exact text that
will be signed; only then does it sign. A size can be claimed once on a home, so
that no two processes, and no process before and after a crash, can sign two
roots for one size.
"""

from __future__ import annotations

from assent_verify.checkpoint import SYSTEM, Checkpoint, Head, heads_line
from assent_verify.note import VerifierKey, sign

from assent.ports import Signer, Store, Transaction
from assent.record import leaves


def claim(tx: Transaction, origin: str) -> None:
    """Claim the tree as this transaction leaves it; nothing if there is nothing new.

    Runs after the last append of its transaction, which must become durable.
    """
    size, root = tx.root()
    if size > tx.last_checkpoint():
        heads: list[Head] = [(s.id, s.seq, s.head) for s in tx.sessions(open_only=True) if s.seq]
        systems = leaves.keep_systems(tx, size)
        heads.append((SYSTEM, systems.size, "sha256:" + systems.root().hex()))
        tx.claim_checkpoint(str(Checkpoint(origin, size, root, (heads_line(heads),))))


def sign_claimed(store: Store, signer: Signer, origin: str) -> None:
    """Sign every claim that waits for it, those of processes that died included.

    Raises:
        UnavailableError: the notes cannot be stored; they stay claimed.
    """
    key = VerifierKey(origin, signer.public)
    with store.begin() as tx:
        for size, body in tx.unsigned().items():
            tx.put_checkpoint(size, sign(body, key, signer.sign))
