"""Sessions: joined by every process of one client, closed when the last one leaves.

A session belongs to one client process (DESIGN §5), so a secret read through one
server is known when another sends. Its labels outlive it by an hour.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import replace

from assent.errors import RefusedError
from assent.identity import names
from assent.inform.seen import forget, open_shelf
from assent.model.ids import PrincipalId, SessionId, new_id
from assent.model.principal import Authenticator, Enrolled, Principal
from assent.model.session import Session
from assent.ports import Clock, Reader, Transaction
from assent.record import leaves, recovery
from assent.record.closing import end
from assent.record.log import Log

INHERIT_MS = 3_600_000


class Sessions:
    """Opens, joins and leaves sessions.

    Args:
        log: where session leaves go.
        clock: wall time.
        node: id of this process.
        alive: is the process text that a node registered (`boot:pid:start`) running?
    """

    def __init__(self, log: Log, clock: Clock, node: str, alive: Callable[[str], bool]) -> None:
        self._log = log
        self._clock = clock
        self._node = node
        self._alive = alive

    async def join(self, principal: Principal, client: str, process: str) -> Session:
        """The open session of this client and principal, or a new one.

        Args:
            client: key of the client process; sessions are never shared between clients.
            process: this process as `boot:pid:start`, registered so that its end is noticed.

        Raises:
            UnavailableError: the session's opening cannot be made durable.
            RefusedError: the principal is disabled or has no owner.
        """
        if principal.status != "active" or principal.owner is None:
            raise RefusedError("principal_not_active", f"principal `{principal.id}` is disabled or has no owner")
        key = f"{client}|{principal.id}"
        owner = principal.owner

        def job(tx: Transaction) -> Session:
            _enrol(tx, principal, self._clock.now())
            session = tx.session_of(key) or self._open(tx, principal.id, owner, key)
            recovery.join(tx, self._node, self._clock.now(), process)
            self._attach(tx, session.id)
            return session

        return await self._log.commit(job, durable=True)

    async def leave(self, id: SessionId, *, reason: str = "ended") -> bool:
        """Detach this process; close the session if nobody is left. True if it was closed."""

        def job(tx: Transaction) -> bool:
            attached = set(_attached(tx, id)) - {self._node}
            nodes = tx.nodes()
            attached = {node for node in attached if node in nodes and self._alive(nodes[node])}
            tx.put_state(f"attached:{id}", json.dumps(sorted(attached)))
            session = tx.session(id)
            over = not attached and session is not None and session.status == "open"
            if over and session is not None:
                end(tx, session, self._node, self._clock.now(), reason)
            recovery.leave(tx, self._node, self._clock.now(), self._node)
            return over

        return await self._log.commit(job, durable=True)

    def _open(self, tx: Transaction, principal: PrincipalId, owner: PrincipalId, key: str) -> Session:
        now = self._clock.now()
        forerunner = _forerunner(tx, principal, key, now)
        session = Session(
            id=SessionId(new_id("ses", secrets.token_bytes(16))),
            principal=principal,
            owner=owner,
            client=key,
            opened=now,
            labels=forerunner.labels if forerunner else frozenset(),
        )
        tx.put_session(session)
        before = [one.id for one in _recent(tx, principal, key, now) if one.id != session.id]
        open_shelf(tx, session.id, before, secrets.token_bytes(16))
        inherits = forerunner.id if forerunner else ""
        appended = leaves.append(tx, leaves.session_open(self._node, now, session, inherits=inherits), session.id)
        return appended.session or session

    def _attach(self, tx: Transaction, id: SessionId) -> None:
        tx.put_state(f"attached:{id}", json.dumps(sorted({*_attached(tx, id), self._node})))


def _enrol(tx: Transaction, principal: Principal, now: int) -> None:
    """Know an agent of this machine from its first session on; who has a key must prove it has.

    Raises:
        RefusedError: `principal_not_active`, `key_needed`.
        RequestError: `looks_like_another`.
    """
    row = tx.find(Enrolled, principal.id)
    if row is None:
        names.claim(tx, principal.id)
        row = Enrolled(principal.id, principal.owner or "", principal, now)
    if row.principal.status != "active":
        raise RefusedError("principal_not_active", f"principal `{principal.id}` is disabled")
    if any(one.status == "active" for one in tx.find_all(Authenticator, "principal", principal.id)):
        help = "give its key with --key"
        raise RefusedError("key_needed", f"principal `{principal.id}` proves who it is with a key", help=help)
    tx.put(replace(row, last_used=now))


def _attached(tx: Transaction, id: SessionId) -> list[str]:
    return list(json.loads(tx.state(f"attached:{id}") or "[]"))


def _recent(tx: Transaction, principal: PrincipalId, key: str, now: int) -> list[Session]:
    """Sessions of this client or principal that are open or ended under an hour ago."""
    recent = tx.recent_sessions(now - INHERIT_MS)
    return [session for session in recent if session.principal == principal or session.client == key]


def _forerunner(tx: Transaction, principal: PrincipalId, key: str, now: int) -> Session | None:
    """The latest labelled one of them, with the labels of all."""
    recent = [session for session in _recent(tx, principal, key, now) if session.labels]
    if not recent:
        return None
    labels = frozenset().union(*(session.labels for session in recent))
    return replace(max(recent, key=lambda session: session.ended or now), labels=labels)


def forget_text(tx: Transaction, now: int) -> None:
    """Drop what servers gave to sessions that nobody can follow on any more."""
    forget(tx, [session.id for session in tx.recent_sessions(now - INHERIT_MS)])


def abandoned(reader: Reader, session: Session, alive: Callable[[str], bool]) -> bool:
    """Has everybody left an open session: its client, and every process that was attached?"""
    nodes = reader.nodes()
    attached = json.loads(reader.state(f"attached:{session.id}") or "[]")
    if any(node in nodes and alive(nodes[node]) for node in attached):
        return False
    return not alive(session.client.partition("|")[0])
