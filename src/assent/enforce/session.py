"""Sessions: joined by every process of one client, closed when the last one leaves.

A session belongs to one client process (DESIGN §5), so a secret read through one
server is known when another sends. Its labels outlive it by an hour. One that a person
opened for an agent is used by one client at a time, and ends by their word or its time.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assent_verify.canonical import digest

from assent.catalog.analysis import SHARED
from assent.enforce.standing import may_open
from assent.errors import RefusedError, RequestError
from assent.identity import names
from assent.inform.seen import forget, open_shelf
from assent.model.grant import MOST_LINKS, Grant
from assent.model.ids import PrincipalId, SessionId, new_id
from assent.model.principal import Authenticator, Enrolled, Principal
from assent.model.session import Session
from assent.ports import Clock, Reader, Transaction
from assent.record import leaves, recovery
from assent.record.closing import end
from assent.record.log import Log

if TYPE_CHECKING:
    from assent.identity.presented import Presented

INHERIT_MS = 3_600_000
#: Begins the client key of a session that a person opened.
PERSON = "person:"
#: Begins the name of what belongs to this machine's user and needs no delegation.
LOCAL = "local/"


@dataclass(frozen=True, slots=True)
class Proven:
    """What whoever joins a session has proven, and what it stands on.

    Args:
        key: id of the authenticator that it has proven to hold; empty for none.
        delegation: the last link of the chain that it acts under; empty for the only one there is.
        session: the one that a person opened for it; empty for its client's own.
        token: what a token has proven, if one was shown; the other two follow from it.
    """

    key: str = ""
    delegation: str = ""
    session: str = ""
    token: Presented | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """What a person opens a session for an agent with.

    Args:
        task: what it is to do, in the person's words.
        expires: milliseconds since the epoch; 0 if it does not by itself.
        idle: milliseconds without a receipt after which it is over; 0 for any.
        delegation: the last link of the chain that it acts under.
        id: of the session, drawn before, for a delegation that names it.
    """

    task: str = ""
    expires: int = 0
    idle: int = 0
    delegation: str = ""
    id: str = ""


def task_digest(task: str) -> str:
    """What a session and a delegation know a task statement by; empty for none."""
    return digest(task.encode()) if task else ""


_NOTHING = Proven()


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

    async def join(self, principal: Principal, client: str, process: str, proven: Proven = _NOTHING) -> Session:
        """The open session of this client and principal, or a new one.

        Args:
            principal: who it says it is; what the home knows of it holds.
            client: key of the client process; sessions are never shared between clients.
            process: this process as `boot:pid:start`, registered so that its end is noticed.
            proven: how it has proven that, and what it stands on.

        Raises:
            UnavailableError: the session's opening cannot be made durable.
            RefusedError: `principal_not_active`, `unknown_principal`; `key_needed`, `not_proven`;
                `no_delegation`, `which_delegation`, `unknown_delegation`, `chain_broken`; `other_session`,
                `unknown_session`, `other_principal`, `session_ended`, `session_taken`;
                `killed`: everything is stopped; `revoked`: a session of this client was.
            RequestError: `looks_like_another`: a first name that is drawn like one that exists.
        """

        def job(tx: Transaction) -> Session:
            row = self._who(tx, principal)
            self._prove(tx, row, proven)
            if proven.session:
                session = self._persons(tx, row.id, client, proven)
            else:
                session = self._own(tx, row, client, proven)
            recovery.join(tx, self._node, self._clock.now(), process)
            self._attach(tx, session.id)
            return session

        return await self._log.commit(job, durable=True)

    def _who(self, tx: Transaction, principal: Principal) -> Enrolled:
        """The row of whoever joins, and that somebody answers for it; a local agent gets its row here."""
        now = self._clock.now()
        row = tx.find(Enrolled, principal.id)
        if row is None:
            if not (principal.kind == "Agent" and principal.name.startswith(LOCAL) and principal.owner):
                help = "enrol it: assent principals add"
                raise RefusedError("unknown_principal", f"`{principal.id}` is not enrolled", help=help)
            names.claim(tx, principal.id)
            row = Enrolled(principal.id, principal.owner, principal, now)
        owner = tx.find(Enrolled, row.owner)
        if owner is None and row.owner == principal.owner:  # the person whose home it is
            names.claim(tx, principal.owner)
            owner = Enrolled(principal.owner, "", Principal("User", names.parse(row.owner)[1], None), now)
            tx.put(owner)
        if row.principal.status != "active" or owner is None or owner.principal.status != "active":
            text = f"principal `{row.id}` or its owner is disabled, or it has none"
            raise RefusedError("principal_not_active", text, help="see: assent principals show")
        row = replace(row, last_used=now)
        tx.put(row)
        return row

    def _prove(self, tx: Transaction, row: Enrolled, proven: Proven) -> None:
        """Who has a way to prove who it is has to; what is proven is noted as used."""
        active = {one.id: one for one in tx.find_all(Authenticator, "principal", row.id) if one.status == "active"}
        if proven.token is not None:  # what it is bound to need not be enrolled
            if proven.token.principal != row.id:
                raise RefusedError("not_proven", f"the token does not stand for `{row.id}`")
            if proven.key in active:
                tx.put(replace(active[proven.key], last_used=self._clock.now()))
            return
        if active and not proven.key:
            help = "give its key with --key or ASSENT_KEY, or a token with --token"
            raise RefusedError("key_needed", f"principal `{row.id}` proves who it is with a key", help=help)
        if proven.key and proven.key not in active:
            help = "see: assent principals show"
            raise RefusedError("not_proven", f"what was shown does not prove `{row.id}`", help=help)
        if proven.key:
            tx.put(replace(active[proven.key], last_used=self._clock.now()))

    def _own(self, tx: Transaction, row: Enrolled, client: str, proven: Proven) -> Session:
        """The session of this client as this principal: the open one if it stands on the same, or a new one."""
        chain = _chain(tx, row, proven.delegation, self._clock.now())
        key = f"{client}|{row.id}"
        known = tx.session_of(key)
        if known is None or known.over(self._clock.now()):
            ends = [grant.expires for grant in chain] + ([proven.token.expires] if proven.token else [])
            expires = min(ends, default=0)
            ids = tuple(grant.id for grant in chain)
            return self._open(tx, row, key, Session(*_BLANK, chain=ids, key=proven.key, expires=expires))
        if (known.key, known.chain) != (proven.key, tuple(grant.id for grant in chain)):
            text = "this client has a session as this principal that stands on another key or delegation"
            raise RefusedError("other_session", text, help="give all servers of one client the same")
        return known

    def _persons(self, tx: Transaction, principal: PrincipalId, client: str, proven: Proven) -> Session:
        """A session that a person opened, for the one client that holds it."""
        session = tx.session(SessionId(proven.session))
        if session is None or not session.client.startswith(PERSON):
            raise RefusedError("unknown_session", "no person opened this session", help="see: assent sessions open")
        if session.principal != principal:
            raise RefusedError("other_principal", f"the session is not one of `{principal}`")
        if proven.delegation and proven.delegation not in session.chain[-1:]:
            text = "the session stands on another delegation than what was shown"
            raise RefusedError("other_session", text, help="name the one that it was opened with, or none")
        if session.over(self._clock.now()):
            raise RefusedError("session_ended", "the session is over", help="open another: assent sessions open")
        holder = tx.state(f"held:{session.id}") or ""
        if holder not in ("", client) and self._alive(holder):
            help = "end that one, or open another: assent sessions open"
            raise RefusedError("session_taken", "another program uses this session", help=help)
        tx.put_state(f"held:{session.id}", client)
        labels = session.labels | self._doubt(tx, proven.key, client, session.id)
        if labels != session.labels or session.key != proven.key:
            session = replace(session, labels=labels, key=proven.key, version=session.version + 1)
            tx.put_session(session)
        return session

    async def open_for(self, principal: PrincipalId, opening: Opening) -> Session:
        """Open a session for an agent, by a person's word: it starts without the labels of those before.

        The caller has had the person prove who they are.

        Raises:
            RefusedError: `unknown_principal`, `principal_not_active`, `no_delegation` or what the delegation lacks.
            UnavailableError: it cannot be made durable.
        """

        def job(tx: Transaction) -> Session:
            row = tx.find(Enrolled, principal)
            if row is None or row.principal.status != "active" or not row.owner:
                help = "see: assent principals list"
                raise RefusedError("unknown_principal", f"`{principal}` is no enrolled, active agent", help=help)
            chain = _chain(tx, row, opening.delegation, self._clock.now())
            ends = [one.expires for one in chain] + ([opening.expires] if opening.expires else [])
            blank = Session(*_BLANK, chain=tuple(one.id for one in chain), expires=min(ends, default=0))
            blank = replace(blank, id=SessionId(opening.id), idle=opening.idle, task=task_digest(opening.task))
            return self._open(tx, row, f"{PERSON}{secrets.token_hex(16)}|{row.id}", blank, opening.task)

        return await self._log.commit(job, durable=True)

    async def end(self, id: str) -> Session:
        """End an open session now; what still executes in it gets the outcome `unknown`.

        Raises:
            RequestError: `unknown_session`, `session_ended`.
            UnavailableError: it cannot be made durable.
        """

        def job(tx: Transaction) -> Session:
            session = tx.session(SessionId(id))
            if session is None:
                shown = ascii(id)[1:-1][:64]
                raise RequestError("unknown_session", f"there is no session `{shown}`", help="see: assent sessions")
            if session.status != "open":
                raise RequestError("session_ended", "the session has ended already")
            end(tx, session, self._node, self._clock.now(), "ended")
            return session

        return await self._log.commit(job, durable=True)

    async def lapse(self) -> int:
        """Close the sessions whose time is over, by expiry or because nothing happened; how many.

        What still executes in one is waited for: its outcome belongs before the end.
        """

        def job(tx: Transaction) -> int:
            now, busy = self._clock.now(), {attempt.session for attempt in tx.attempts_in("executing")}
            late = [(one, one.over(now)) for one in tx.sessions(open_only=True) if one.id not in busy]
            for session, why in late:
                if why:
                    end(tx, session, self._node, now, why)
            return sum(1 for _, why in late if why)

        return await self._log.commit(job, durable=False)

    async def leave(self, id: SessionId, *, reason: str = "ended") -> bool:
        """Detach this process; close the session if nobody is left. True if it was closed."""

        def job(tx: Transaction) -> bool:
            attached = set(_attached(tx, id)) - {self._node}
            nodes = tx.nodes()
            attached = {node for node in attached if node in nodes and self._alive(nodes[node])}
            tx.put_state(f"attached:{id}", json.dumps(sorted(attached)))
            session = tx.session(id)
            over = not attached and session is not None and session.status == "open"
            over = over and session is not None and not session.client.startswith(PERSON)
            if over and session is not None:
                end(tx, session, self._node, self._clock.now(), reason)
            recovery.leave(tx, self._node, self._clock.now(), self._node)
            return over

        return await self._log.commit(job, durable=True)

    def _open(self, tx: Transaction, row: Enrolled, key: str, blank: Session, task: str = "") -> Session:
        may_open(tx, key)
        now, principal = self._clock.now(), row.id
        person = key.startswith(PERSON)
        forerunner = None if person else _forerunner(tx, principal, key, now)
        session = replace(
            blank,
            id=blank.id or SessionId(new_id("ses", secrets.token_bytes(16))),
            principal=principal,
            owner=PrincipalId(row.owner),
            client=key,
            opened=now,
            used=now if blank.idle else 0,
            labels=(forerunner.labels if forerunner else frozenset()) | self._doubt(tx, blank.key, key, blank.id),
        )
        tx.put_session(session)
        before = [] if person else [one.id for one in _recent(tx, principal, key, now) if one.id != session.id]
        open_shelf(tx, session.id, before, secrets.token_bytes(16))
        inherits = forerunner.id if forerunner else ""
        draft = leaves.session_open(self._node, now, session, inherits=inherits, task=task)
        return leaves.append(tx, draft, session.id).session or session

    def _doubt(self, tx: Transaction, key: str, client: str, id: str) -> frozenset[str]:
        """`shared-key` if the key that is shown is in use by another program: one of the two may have stolen it."""
        if not key:
            return frozenset()
        now, mine = self._clock.now(), client.partition("|")[0]
        for other in tx.sessions(open_only=True):
            if other.key != key or other.id == id or other.over(now) or abandoned(tx, other, self._alive):
                continue
            holder = tx.state(f"held:{other.id}") or other.client.partition("|")[0]
            if holder != mine:
                return frozenset({SHARED})
        return frozenset()

    def _attach(self, tx: Transaction, id: SessionId) -> None:
        tx.put_state(f"attached:{id}", json.dumps(sorted({*_attached(tx, id), self._node})))


#: Id, principal, owner, client and time of a session that is still to be opened.
_BLANK = (SessionId(""), PrincipalId(""), PrincipalId(""), "", 0)


def _chain(tx: Transaction, row: Enrolled, wanted: str, now: int) -> tuple[Grant, ...]:
    """The links that a session of this principal acts under, root first.

    Args:
        wanted: the last of them; empty for the only one that was given to it, if there is one.

    Raises:
        RefusedError: `no_delegation`, `which_delegation`, `unknown_delegation` or `chain_broken`.
    """
    if not wanted:
        given = [one for one in tx.find_all(Grant, "subject", row.id) if _holds(one, now) and not one.session]
        if len(given) > 1:
            help = f"name one with --delegation: {', '.join(one.id for one in given[:4])}"
            raise RefusedError("which_delegation", f"`{row.id}` holds {len(given)} delegations", help=help)
        # one that was delegated to acts under that alone: with its end it holds nothing, not everything
        if not given and row.principal.name.startswith(LOCAL) and not _was_given(tx, row):
            return ()
        if not given:
            help = "give it one: assent delegations issue; only agents of this machine that never had one act without"
            raise RefusedError("no_delegation", f"no delegation to `{row.id}` holds", help=help)
        wanted = given[0].id
    links: list[Grant] = []
    while wanted and len(links) <= MOST_LINKS:
        link = tx.find(Grant, wanted)
        if link is None or not _holds(link, now):
            text = f"there is no delegation `{wanted[:64]}` that holds now"
            raise RefusedError("unknown_delegation", text, help="see: assent delegations list")
        links.insert(0, link)
        wanted = link.parent
    if wanted or links[-1].subject != row.id:
        text = f"the delegation is not one of `{row.id}`" if not wanted else f"it has more than {MOST_LINKS} links"
        raise RefusedError("chain_broken", text, help="see: assent delegations show")
    return tuple(links)


def _was_given(tx: Transaction, row: Enrolled) -> bool:
    """Was anything ever delegated to it, whichever session it is in?"""
    return any(not one.session for one in tx.find_all(Grant, "subject", row.id))


def _holds(link: Grant, now: int) -> bool:
    return link.status == "live" and link.not_before <= now < link.expires


def _attached(tx: Transaction, id: SessionId) -> list[str]:
    return list(json.loads(tx.state(f"attached:{id}") or "[]"))


def _recent(tx: Transaction, principal: PrincipalId, key: str, now: int) -> list[Session]:
    """Sessions of this client or principal that are open or ended under an hour ago."""
    recent = tx.recent_sessions(now - INHERIT_MS)
    return [session for session in recent if session.principal == principal or session.client == key]


def _forerunner(tx: Transaction, principal: PrincipalId, key: str, now: int) -> Session | None:
    """The latest labelled one of them, with the labels of all."""
    recent = [session for session in _recent(tx, principal, key, now) if session.labels - {SHARED}]
    if not recent:
        return None
    labels = frozenset().union(*(session.labels for session in recent)) - {SHARED}
    return replace(max(recent, key=lambda session: session.ended or now), labels=labels)


def forget_text(tx: Transaction, now: int) -> None:
    """Drop what servers gave to sessions that nobody can follow on any more."""
    forget(tx, [session.id for session in tx.recent_sessions(now - INHERIT_MS)])


def abandoned(reader: Reader, session: Session, alive: Callable[[str], bool]) -> bool:
    """Has everybody left an open session: its client, and every process that was attached?

    A person's session waits for its agent; its time ends it.
    """
    if session.client.startswith(PERSON):
        return False
    nodes = reader.nodes()
    attached = json.loads(reader.state(f"attached:{session.id}") or "[]")
    if any(node in nodes and alive(nodes[node]) for node in attached):
        return False
    return not alive(session.client.partition("|")[0])
