"""Sealing: old leaves go to an archive, and only then leave the database; their hashes stay.

In this order, so that a crash anywhere loses nothing: the archive is written and read back, the
seal leaf names it durably, the archive is checked once more, the bodies go in short transactions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from assent.admin.signed import append
from assent.errors import ConflictError, RequestError
from assent.model.ids import LeafIndex
from assent.ports import AttemptState, Place, Reader, Signer, Store, Transaction
from assent.record import archive
from assent.record.archive import SEALED
from assent.record.holds import held
from assent.record.log import Log
from assent.record.tile import WIDTH
from assent.record.tiles import tree

_AT_ONCE = 8_192
_OPEN: tuple[AttemptState, ...] = ("executing", "gap", "unknown")


@dataclass(frozen=True, slots=True)
class Seal:
    """A range whose leaves lie in an archive.

    Args:
        first, size: leaves from `first` to `size` − 1.
        archive: digest of its manifest.
        gone: leaves before this one have left the database (leaf 0, whose log it is, stays).
    """

    first: int = 0
    size: int = 0
    archive: str = ""
    gone: int = 0


def last(reader: Reader) -> Seal:
    """The last seal; one of nothing if there is none."""
    return Seal(**json.loads(reader.state(SEALED) or "{}"))


def kept_here(reader: Reader, upto: int) -> tuple[int, str]:
    """The first leaf before `upto`, not sealed yet, that a legal hold keeps, and the hold; `upto` and nothing."""
    holds = held(reader)
    if holds.holds:
        for index in range(last(reader).size, upto):
            if name := holds.by(LeafIndex(index)):
                return index, name
    return upto, ""


def sealable(reader: Reader, upto: int) -> int:
    """How many leaves can be sealed, of those before `upto`: whole tiles, signed, not held, and nothing still open."""
    signed = (reader.newest_checkpoint() or (0, b""))[0]
    waiting = [attempt.decision for state in _OPEN for attempt in reader.attempts_in(state) if attempt.decision >= 0]
    free, _ = kept_here(reader, min(upto, signed))
    return min([free, *waiting]) // WIDTH * WIDTH


def before(reader: Reader, time: str) -> int:
    """Number of the first leaf at or after a time, spelled as leaves spell it."""
    for index, leaf in reader.leaves(max(1, last(reader).size)):
        if str(json.loads(leaf)["time"]) >= time:
            return index
    return reader.size()


def finish(log: Log, store: Store, place: Place) -> None:
    """Remove the bodies of what was sealed and is still there, after a look at the archive.

    Raises:
        ProofError: the archive at the place is not whole, or another; nothing is removed.
        UnavailableError: the place or the store does not answer.
    """
    with store.read() as reader:
        seal = last(reader)
        if seal.gone < seal.size:
            archive.check(place, tree(reader, seal.size), seal.first, seal.size, seal.archive)
    for start in range(max(seal.gone, 1), seal.size, _AT_ONCE):
        stop = min(start + _AT_ONCE, seal.size)
        log.submit(_remove(seal, start, stop), durable=True).result()


def seal(log: Log, store: Store, place: Place, upto: int, sign: Callable[[], tuple[int, Signer]]) -> Seal:
    """Move the leaves before `upto` to an archive.

    Args:
        sign: asked once the archive is there: the time in ms, and the operator's unlocked key.

    Raises:
        ConflictError: `sealed_meanwhile`, `held_meanwhile`; nothing is removed.
        RequestError: `nothing_to_seal`, or no operator's key.
        ProofError: what was archived is not what the log has; nothing is removed.
        UnavailableError: the place or the store does not answer.
    """
    log.checkpoint().result()
    log.keep_tiles()
    finish(log, store, place)
    with store.read() as reader:
        old = last(reader)
        size = sealable(reader, upto)
        if size <= old.size:
            raise _nothing(old, *kept_here(reader, min(upto, reader.size())))
        root = f"sha256:{tree(reader, size).root().hex()}"
        found = Seal(old.size, size, archive.write(reader, place, old.size, size), old.size)
    now, signer = sign()
    subject = {"archive": found.archive, "first": found.first, "root": root, "size": size}

    def job(tx: Transaction) -> None:
        if last(tx) != old:
            raise ConflictError("sealed_meanwhile", "another process has sealed leaves meanwhile")
        if hold := kept_here(tx, size)[1]:  # placed while the archive was written
            raise ConflictError("held_meanwhile", f"the hold `{hold}` keeps some of these leaves by now")
        append(tx, log.node, now, "seal", subject, signer)
        tx.put_state(SEALED, _text(found))

    log.submit(job, durable=True).result()
    log.checkpoint().result()
    finish(log, store, place)
    return found


def _nothing(old: Seal, kept: int, hold: str) -> RequestError:
    text = f"nothing can be sealed: leaves go in blocks of {WIDTH}, and {old.size} are sealed already"
    if hold:
        help = f"choose a later date, or first: assent receipts hold release {hold}"
        return RequestError("nothing_to_seal", f"{text}; the hold `{hold}` keeps leaf {kept} here", help=help)
    return RequestError("nothing_to_seal", text, help="choose a later date; open calls keep what follows them")


def _remove(seal: Seal, start: int, stop: int) -> Callable[[Transaction], None]:
    def job(tx: Transaction) -> None:
        now = last(tx)
        if (now.first, now.size) == (seal.first, seal.size) and now.gone < stop:
            tx.drop_leaves(start, stop)
            tx.put_state(SEALED, _text(Seal(seal.first, seal.size, seal.archive, stop)))

    return job


def _text(seal: Seal) -> str:
    return json.dumps({"archive": seal.archive, "first": seal.first, "gone": seal.gone, "size": seal.size})
