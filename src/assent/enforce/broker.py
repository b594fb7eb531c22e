"""The credential broker: opens an upstream secret for one session, once policy has let it be used.

The use of a secret is an action like any other: method `credentials/use`, decided, with a
receipt and an outcome. What was opened stands until the epoch moves; nothing here is
ever given to an agent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assent.catalog.detectors.held import Held
from assent.enforce.gather import Call
from assent.enforce.guard import Guard, Refused
from assent.errors import AssentError, RefusedError
from assent.model.credential import Credential, Secret
from assent.model.ids import SessionId
from assent.model.outcome import Outcome
from assent.model.principal import Enrolled
from assent.model.profile import Server
from assent.ports import Clock, Custody, Reader, Store, Transaction
from assent.record import epoch
from assent.record.log import Log

logger = logging.getLogger("assent.broker")

METHOD = "credentials/use"


@dataclass(frozen=True, slots=True)
class Granted:
    """A secret that a session may use.

    Args:
        credential: as it stood then.
        secret: opened.
        epoch: at which it was decided; in another one it is decided anew.
    """

    credential: Credential
    secret: Secret
    epoch: int


class Broker:
    """Opens credentials of one home.

    Args:
        guard: decides on each use and records it.
        store: where they lie, sealed.
        log: the door for what is noted of a use.
        clock: wall time.
        custody: opens them; asked for when the first one is to be opened.
    """

    def __init__(self, guard: Guard, store: Store, log: Log, clock: Clock, custody: Callable[[], Custody]) -> None:
        self._guard, self._store, self._log, self._clock = guard, store, log, clock
        self._custody = custody
        self._opened: dict[bytes, Secret] = {}
        self._seen: set[tuple[str, str]] = set()

    def epoch(self) -> int:
        """The epoch in force, read from the store."""
        with self._store.read() as reader:
            return epoch.current(reader)

    def of(self, server: str, principal: str) -> list[Credential]:
        """The credentials of a server that a principal may ask for, by name."""
        with self._store.read() as reader:
            return [one for one in _live(reader, server) if _may(reader, one, principal)]

    def find(self, name: str) -> Credential | None:
        """A credential that is held, whosever it is."""
        with self._store.read() as reader:
            found = reader.find(Credential, name)
        return found if found is not None and found.status == "live" else None

    def held(self) -> Held:
        """Every secret of this home, and all that this process has seen: none of them may reach an agent.

        Raises:
            UnavailableError: one cannot be opened, so nothing can be held against it.
        """
        with self._store.read() as reader:
            rows = _live(reader, "")
        self._seen |= {(row.name, self._open(row).text) for row in rows}
        return Held(frozenset(self._seen))

    def learn(self, name: str, text: str) -> None:
        """A token was issued in exchange for a credential: it is as secret as that."""
        self._seen.add((name, text))

    async def use(self, session: SessionId, principal: str, server: Server, name: str) -> Granted:
        """Decide whether a session may use a credential now, and open it if so.

        Raises:
            RefusedError: `credential_missing`, or `credential_refused` with what was decided.
            UnavailableError: it cannot be opened.
        """
        with self._store.read() as reader:
            row, now = reader.find(Credential, name), epoch.current(reader)
            mine = row is not None and _may(reader, row, principal)
        if row is None or row.status != "live" or row.server != server.name:
            raise RefusedError("credential_missing", "the credential that it needs is not held for this server")
        barred = "" if mine else "credential_not_yours"
        params = {"into": row.how, "name": row.name}
        ruling = await self._guard.authorize(Call(session, server, METHOD, METHOD, None, params, barred=barred))
        if isinstance(ruling, Refused) or ruling.permit is None:
            reasons = ruling.decision.reasons if isinstance(ruling, Refused) else ()
            why = reasons[0].message if reasons else "it was not decided"
            asked = ruling.approval if isinstance(ruling, Refused) else None
            more = f"; a person can answer: assent approve {asked.id}" if asked is not None else ""
            raise RefusedError("credential_refused", f"the credential `{name}` may not be used: {why}{more}")
        permit = ruling.permit
        await self._guard.begin(permit, frozenset({name}))
        try:
            secret = self._open(row)
        except AssentError as error:
            await self._guard.settle(permit, Outcome("failed", "gateway", reached=False, detail=error.code))
            raise
        await self._guard.settle(permit, Outcome("succeeded", "gateway", detail="injected"))
        self._log.submit(lambda tx: _count(tx, name, self._clock.now()), durable=False)
        return Granted(row, secret, now)

    def _open(self, row: Credential) -> Secret:
        known = self._opened.get(row.sealed)
        if known is None:
            known = self._opened[row.sealed] = self._custody().opened(row)
        return known


def _live(reader: Reader, server: str) -> Sequence[Credential]:
    rows = reader.find_all(Credential, "server", server) if server else reader.find_all(Credential)
    return sorted((one for one in rows if one.status == "live"), key=lambda one: one.name)


def _may(reader: Reader, one: Credential, principal: str) -> bool:
    """Is it everybody's, this principal's, or of a group that it is enrolled in?"""
    if not one.principals or principal in one.principals:
        return True
    enrolled = reader.find(Enrolled, principal)
    groups = enrolled.principal.groups if enrolled is not None else ()
    return any(f'Group::"{group}"' in one.principals for group in groups)


def _count(tx: Transaction, name: str, now: int) -> None:
    row = tx.find(Credential, name)
    if row is not None:
        tx.put(replace(row, last_used=now, uses=row.uses + 1))
