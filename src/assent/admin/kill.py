"""The kill switch: everything stops with one state that every commit compares, until the operator says to go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from assent.admin import signed
from assent.admin.revoke import Revoked, Tell, nobody, void
from assent.errors import RequestError
from assent.model.ids import SessionId
from assent.model.permit import Minted
from assent.model.revocation import Revocation
from assent.ports import Reader, Signer, Store, Transaction
from assent.record import epoch
from assent.record.closing import end
from assent.record.log import Log

#: State key: since when (ms) everything is stopped; empty if it is not.
STATE = "killed"
#: Sessions that one transaction ends, so that nobody waits long.
AT_ONCE = 100
State = Literal["on", "off"]


def since(reader: Reader) -> int:
    """Since when everything is stopped (ms since the epoch); 0 if it is not."""
    return int(reader.state(STATE) or "0")


def kill(log: Log, signer: Signer | None, now: int, reason: str, tell: Tell = nobody) -> Revoked:
    """Stop everything, from the next commit of any process on. `end_sessions` must follow.

    Args:
        signer: the unlocked key of an enrolled person; None only while nobody is enrolled.
        reason: a code for the record.

    Raises:
        RequestError: nobody who may say so has signed.
        UnavailableError: it cannot be made durable, so it was not done.
    """

    def job(tx: Transaction) -> Revoked:
        what = Revocation("server", "*", now, epoch.current(tx) + 1)
        if since(tx):
            return Revoked(replace(what, at=since(tx), epoch=what.epoch - 1), fresh=False)
        leaf = signed.by_person(tx, log.node, now, ("kill", {"reason": reason, "state": "on"}), signer)
        epoch.move(tx)
        tx.put_state(STATE, str(now))
        count, until = void(tx, tx.find_all(Minted))
        tell(tx, what, ())
        return Revoked(what, True, leaf.index, (), count, 0, until)

    return log.submit(job, durable=True).result()


def end_sessions(store: Store, log: Log, now: int) -> tuple[SessionId, ...]:
    """End every open session, a few in each transaction; those that were ended.

    Nothing is decided in them meanwhile: that everything is stopped stands already.

    Raises:
        UnavailableError: the store cannot be read or written.
    """
    with store.read() as reader:
        open_ones = [one.id for one in reader.sessions(open_only=True)]

    def job(tx: Transaction, some: list[SessionId]) -> list[SessionId]:
        found = [one for one in map(tx.session, some) if one is not None and one.status == "open"]
        for session in found:
            end(tx, session, log.node, now, "killed")
        return [one.id for one in found]

    ended: list[SessionId] = []
    for at in range(0, len(open_ones), AT_ONCE):
        some = open_ones[at : at + AT_ONCE]
        ended += log.submit(lambda tx, some=some: job(tx, some), durable=True).result()  # type: ignore[misc]
    return tuple(ended)


def lift(store: Store, log: Log, signer: Signer, now: int, reason: str) -> None:
    """Let decisions be made again. Every session from before stays ended: agents start anew.

    Args:
        signer: the operator's unlocked key.

    Raises:
        RequestError: `not_killed`, or the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """
    with store.read() as reader:
        if not since(reader):
            raise RequestError("not_killed", "nothing is stopped", help="see: assent kill")
    end_sessions(store, log, now)  # whoever stopped everything may not have come to the end

    def job(tx: Transaction) -> None:
        signed.append(tx, log.node, now, "kill", {"reason": reason, "state": "off"}, signer)
        epoch.move(tx)
        tx.put_state(STATE, "")

    log.submit(job, durable=True).result()
