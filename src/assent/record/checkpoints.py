"""Checkpoints: persist, then sign (c2sp.org/tlog-checkpoint).

A process first claims a tree size in a durable batch, with the exact text that
will be signed; only then does it sign. A size can be claimed once on a home, so
that no two processes, and no process before and after a crash, can sign two
roots for one size.
"""

from __future__ import annotations

from dataclasses import replace

from assent_verify.checkpoint import SYSTEM, Checkpoint, Head, heads_line
from assent_verify.note import VerifierKey, sign_all

from assent.errors import UnavailableError
from assent.ports import LogSigner, Store, Transaction
from assent.record import leaves, logkeys


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


def sign_claimed(store: Store, signer: LogSigner, origin: str) -> tuple[int, bytes] | None:
    """Sign every claim that waits for it, those of processes that died included; the highest signed, with its root.

    Raises:
        UnavailableError: the notes cannot be stored, or a key is missing; they stay claimed.
    """
    with store.begin() as tx:
        signed, missing = _sign(tx, signer, origin)
    if missing:
        help = "restore its key file from a backup, or run: assent keys rotate --lost"
        raise UnavailableError("log_key_lost", f"the log's key `{missing}` is not there", help=help)
    return signed


def _sign(tx: Transaction, signer: LogSigner, origin: str) -> tuple[tuple[int, bytes] | None, str]:
    """The highest signed, and the id of a key in force that is missing."""
    spans = logkeys.spans(tx) if tx.state(logkeys.STATE) else []  # without it the log has the key of its genesis
    own = str(VerifierKey(origin, signer.public)) if not spans else ""
    highest = None
    for size, body in tx.unsigned().items():
        at, vkeys = logkeys.signers_of(spans, size) if spans else (0, (own,))
        found = [(VerifierKey.parse(vkey), signer.find(vkey)) for vkey in vkeys]
        pairs = [(key, one.sign) for key, one in found if one is not None]
        if len(pairs) < len(found):
            if at == len(spans) - 1:  # later ones come after it; an older key that was lost signs nothing any more
                return highest, next(key.id.hex() for key, one in found if one is None)
            continue
        tx.put_checkpoint(size, sign_all(body, pairs))
        highest = size, Checkpoint.parse(body).root
        if spans and spans[at].leaving:
            spans[at] = replace(spans[at], leaving=())
            tx.put_state(logkeys.STATE, logkeys.text_of(spans))
    return highest, ""
