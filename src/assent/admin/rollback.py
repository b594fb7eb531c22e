"""A home put back from an older copy: what is said of it, and going on by the operator's word."""

from __future__ import annotations

from assent.admin import signed
from assent.errors import UnavailableError
from assent.ports import Reader, Signer, Transaction
from assent.record.log import Log

#: State key that is not empty once anybody, a witness too, has seen a later state of this log than it has.
#: Every decision compares it, and none is milder than deny until `accept`.
STATE = "rolled_back"


def check(reader: Reader, known: tuple[int, bytes] | None) -> bool:
    """Is the log at least what is known of it? False if nothing is known of a log that has been signed before.

    Args:
        known: size and root that were signed, and seen outside the home.

    Raises:
        UnavailableError: `rolled_back`.
    """
    if known is None:
        return not reader.last_checkpoint()
    size, root = known
    if reader.size() < size:
        raise refusal(f"this home has {reader.size():,} leaves, and {size:,} were signed on this machine")
    if reader.claimed(size) != root:
        raise refusal(f"this home has another history than the {size:,} leaves that were signed on this machine")
    return True


def refusal(what: str) -> UnavailableError:
    """The home is older than what was promised."""
    help = (
        "put the newest copy of the home back; if the later receipts are lost for good, run\n"
        "assent home accept-rollback, which records the loss: whoever holds a later checkpoint sees it"
    )
    return UnavailableError("rolled_back", what, help=help)


def accept(log: Log, signer: Signer, now: int, lost: tuple[int, bytes]) -> int:
    """Record what was lost, and go on from what is there. Index of the leaf.

    Args:
        lost: highest size and root that are known to have been signed.

    Raises:
        RequestError: the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """

    def job(tx: Transaction) -> int:
        size, root = tx.root()
        subject = {
            "lost_root": f"sha256:{lost[1].hex()}",
            "lost_size": lost[0],
            "root": f"sha256:{root.hex()}",
            "size": size,
        }
        signed.append(tx, log.node, now, "rollback", subject, signer)
        tx.put_state(STATE, "")
        return size

    return log.submit(job, durable=True).result()
