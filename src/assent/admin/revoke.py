"""Taking authority back: one transaction that every commit after it sees (DESIGN §6, invariant 6).

It moves the revocation epoch, writes the receipt that a person has signed, and marks the
rows: a principal disabled, sessions ended, a delegation revoked, permits void, questions
cancelled. A delegation below a revoked one need not be marked to be void, for every
decision looks at the whole chain; `sweep` marks it all the same, for whoever lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from assent_verify.canonical import canonicalize, digest

from assent.admin import signed
from assent.errors import RequestError
from assent.model.approval import Approval
from assent.model.delegation import Delegation
from assent.model.grant import Grant
from assent.model.ids import DelegationId, LeafIndex, PermitId, SessionId
from assent.model.permit import AT_ONCE_MS, Minted
from assent.model.principal import Authenticator, Enrolled
from assent.model.revocation import Revocation, RevokedKind
from assent.model.session import Session
from assent.ports import Clock, Reader, Signer, Store, Transaction
from assent.record import epoch
from assent.record.closing import end
from assent.record.log import Log

#: What a person can give again; a session, permit, delegation or key that was revoked stays so.
RESTORABLE: frozenset[RevokedKind] = frozenset({"tool", "server"})
#: Milliseconds beyond the time in which a permit is consumed without another look.
MARGIN_MS = 30
#: How far the clock of an executor that keeps a store of its own may be behind (ms).
EXECUTOR_CLOCK_MS = 5_000
#: Delegations that one transaction marks, so that nobody waits long.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be taken back, and why, as a code for the record."""

    kind: RevokedKind
    id: str
    reason: str = "asked"


@dataclass(frozen=True, slots=True)
class Revoked:
    """What a revocation has reached.

    Args:
        fresh: False if all of it had been revoked before.
        receipt: index of its leaf; -1 if there is none of this time.
        sessions: those that it ended.
        permits, questions: how many it made void and cancelled.
        until: when the last permit of an executor that does not ask this home has expired there (ms); 0 for none.
    """

    what: Revocation
    fresh: bool = True
    receipt: LeafIndex = LeafIndex(-1)  # noqa: RUF009 - a NewType is its value
    sessions: tuple[SessionId, ...] = ()
    permits: int = 0
    questions: int = 0
    until: int = 0


@dataclass(slots=True)
class Reach:
    """What hangs on a thing: rows as they are to be, and what ends with it."""

    rows: list[object] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    permits: list[Minted] = field(default_factory=list)
    questions: list[Approval] = field(default_factory=list)
    given: list[Delegation] = field(default_factory=list)


#: Told of a revocation inside its transaction, with the sessions that it ends: what others are to hear of it.
Tell = Callable[[Transaction, Revocation, tuple[Session, ...]], None]


def nobody(tx: Transaction, what: Revocation, ended: tuple[Session, ...]) -> None:
    """Nobody else is told."""


def revoke(log: Log, wanted: Wanted, signer: Signer | None, now: int, tell: Tell = nobody) -> Revoked:
    """Take something back, for every decision and every permit that is not consumed yet.

    Args:
        signer: the unlocked key of an enrolled person; None only while nobody is enrolled.
        tell: keeps in the same transaction what others are to hear.

    Raises:
        RequestError: `unknown_…`: there is no such thing; `already_over`: it has ended by itself;
            `not_enrolled`, `operator_key_needed`: nobody who may say so has signed.
        UnavailableError: it cannot be made durable, so it was not done.
    """

    def job(tx: Transaction) -> Revoked:
        before = tx.find(Revocation, wanted.kind, wanted.id)
        if before is not None:
            return Revoked(before, fresh=False)
        reach = _REACH[wanted.kind](tx, wanted.id)
        what = Revocation(wanted.kind, wanted.id, now, epoch.current(tx) + 1)
        subject = _subject(wanted, what, reach)
        leaf = signed.by_person(tx, log.node, now, ("revocation", subject), signer)
        return apply(tx, log.node, what, reach, (leaf.index, tell))

    return log.submit(job, durable=True).result()


def apply(
    tx: Transaction, node: str, what: Revocation, reach: Reach, how: tuple[LeafIndex, Tell] = (LeafIndex(-1), nobody)
) -> Revoked:
    """Do what a revocation says, in the transaction of its receipt."""
    receipt, tell = how
    epoch.move(tx)  # every decision under way and every permit not yet consumed sees it (invariant 6)
    tx.put(what)
    for row in reach.rows:
        tx.put(row)
    for given in reach.given:
        tx.put_delegation(replace(given, status="revoked"))
    ended = tuple(reach.sessions)
    for session in ended:
        reach.permits += tx.find_all(Minted, "session", session.id)
        holder = tx.state(f"held:{session.id}") or session.client  # of a session that a person opened
        for client in {session.client, f"{holder.partition('|')[0]}|{session.principal}"}:
            tx.put_state(f"revoked:{client}", session.id)
        end(tx, session, node, what.at, "revoked")
    questions = [one for one in reach.questions if one.status in ("pending", "approved")]
    for question in questions:
        tx.put_approval(replace(question, status="cancelled"))
    count, until = void(tx, reach.permits)
    tell(tx, what, ended)
    return Revoked(what, True, receipt, tuple(one.id for one in ended), count, len(questions), until)


def void(tx: Transaction, permits: Iterable[Minted]) -> tuple[int, int]:
    """Make permits void that executors hold; how many, and when the last that does not ask this home has expired."""
    found = {one.id: one for one in permits if one.state == "minted"}
    for permit in found.values():
        tx.put(replace(permit, state="void"))
    return len(found), max((one.expires + EXECUTOR_CLOCK_MS for one in found.values() if one.own), default=0)


def restore(log: Log, wanted: Wanted, signer: Signer, now: int) -> None:
    """Give a server or a tool back, from the next decision on.

    Args:
        signer: the operator's unlocked key.

    Raises:
        RequestError: `not_restorable`, `not_revoked`, or the key is not the operator's.
        UnavailableError: it cannot be made durable.
    """
    if wanted.kind not in RESTORABLE:
        help = "grant it anew; a principal: assent principals enable"
        raise RequestError("not_restorable", f"a {wanted.kind} that was revoked stays so", help=help)

    def job(tx: Transaction) -> None:
        before = tx.find(Revocation, wanted.kind, wanted.id)
        if before is None:
            raise RequestError("not_revoked", f"the {wanted.kind} `{wanted.id[:80]}` is not revoked")
        subject = {**_subject(wanted, replace(before, epoch=epoch.current(tx) + 1), Reach()), "state": "restored"}
        signed.append(tx, log.node, now, "revocation", subject, signer)
        epoch.move(tx)
        tx.drop(Revocation, wanted.kind, wanted.id)

    log.submit(job, durable=True).result()


def _subject(wanted: Wanted, what: Revocation, reach: Reach) -> dict[str, object]:
    """What is signed; names that a server or another issuer has made stand as digests."""
    foreign = wanted.kind in ("tool", "key")
    subject: dict[str, object] = {
        "epoch": what.epoch,
        "id": digest(canonicalize(wanted.id)) if foreign else wanted.id,
        "kind": wanted.kind,
        "reason": wanted.reason,
    }
    for given in reach.given:  # what a person granted for one session
        subject |= {"delegation": given.id, "session": given.session}
    return subject


# ---- what hangs on what ------------------------------------------------------------


def _principal(tx: Transaction, id: str) -> Reach:
    known = tx.find(Enrolled, id)
    if known is None:
        raise RequestError(
            "unknown_principal", f"there is no principal `{id[:80]}`", help="see: assent principals list"
        )
    row = replace(known, principal=replace(known.principal, status="disabled"))
    mine = [one for one in tx.sessions(open_only=True) if _acts_for(tx, one, id)]
    return Reach([row], mine, list(tx.find_all(Minted, "principal", id)))


def _acts_for(tx: Transaction, session: Session, id: str) -> bool:
    """Is this principal the actor, its owner, or anybody in the chain?"""
    if id in (session.principal, session.owner):
        return True
    links = (tx.find(Grant, one) for one in session.chain)
    return any(link is None or id in (link.issuer, link.subject) for link in links)


def _session(tx: Transaction, id: str) -> Reach:
    session = tx.session(SessionId(id))
    if session is None:
        raise RequestError("unknown_session", f"there is no session `{id[:64]}`", help="see: assent sessions")
    if session.status != "open":
        raise RequestError("already_over", "the session has ended")
    return Reach(sessions=[session])


def _delegation(tx: Transaction, id: str) -> Reach:
    link = tx.find(Grant, id)
    if link is not None:
        under = [one for one in tx.sessions(open_only=True) if id in one.chain]
        return Reach([replace(link, status="revoked")], under)
    given = tx.delegation(DelegationId(id))
    if given is None:
        help = "see: assent delegations list, and assent approvals delegations"
        raise RequestError("unknown_delegation", f"there is no delegation `{id[:64]}`", help=help)
    if given.status != "live":
        raise RequestError("already_over", f"the delegation is {given.status}")
    return Reach(given=[given])


def _permit(tx: Transaction, id: str) -> Reach:
    given = tx.find(Minted, id)
    if given is not None and given.state != "minted":
        raise RequestError("already_over", f"the permit is {given.state}")
    mine = any(one.permit == PermitId(id) for one in tx.attempts_in("executing"))
    if given is None and not mine:
        raise RequestError("unknown_permit", f"there is no permit `{id[:64]}` that could still be used")
    return Reach(permits=[given] if given else [])


def _tool(tx: Transaction, id: str) -> Reach:
    server, _, tool = id.partition("/")
    if tx.pin(server, tool) is None:
        raise RequestError(
            "unknown_tool", f"`{server[:40]}` has no such tool", help="write SERVER/TOOL; see: assent catalog"
        )
    permits = [one for one in tx.find_all(Minted, "audience", server) if _tool_of(tx, one) in (tool, None)]
    asked = [one for one in tx.approvals() if (one.server, one.tool) == (server, tool)]
    return Reach(permits=permits, questions=asked)


def _tool_of(tx: Transaction, permit: Minted) -> str | None:
    attempt = tx.attempt(permit.attempt)
    return attempt.tool if attempt else None


def _server(tx: Transaction, id: str) -> Reach:
    if not tx.state(f"server:{id}"):
        raise RequestError("unknown_server", f"there is no server `{id[:40]}`", help="see: assent catalog")
    asked = [one for one in tx.approvals() if one.server == id]
    return Reach(permits=list(tx.find_all(Minted, "audience", id)), questions=asked)


def _key(tx: Transaction, id: str) -> Reach:
    known = tx.find(Authenticator, id)
    if known is None:
        help = "see: assent principals show; a person's key: assent keys remove"
        raise RequestError("unknown_key", f"no principal authenticates with `{id[:80]}`", help=help)
    mine = [one for one in tx.sessions(open_only=True) if one.key == id]
    # whoever has the key can sign further links below these, so they go with it
    held = [one for one in tx.find_all(Grant, "subject", known.principal) if one.key and f"key:{one.key}" == id]
    gone = {one.id for one in held}
    mine += [one for one in tx.sessions(open_only=True) if gone.intersection(one.chain) and one not in mine]
    return Reach([replace(known, status="disabled"), *(replace(one, status="revoked") for one in held)], mine)


_REACH: Mapping[RevokedKind, Callable[[Transaction, str], Reach]] = {
    "principal": _principal,
    "session": _session,
    "delegation": _delegation,
    "permit": _permit,
    "tool": _tool,
    "server": _server,
    "key": _key,
}


# ---- afterwards --------------------------------------------------------------------


def outstanding(reader: Reader, now: int) -> int:
    """When nothing that was made void can be consumed any more (ms since the epoch); 0 if nothing can be now.

    An executor that keeps a store of its own does not ask this home: there a permit ends with its time.
    """
    own = [one.expires for one in reader.find_all(Minted) if one.own and one.state == "void"]
    last = max(own, default=-EXECUTOR_CLOCK_MS) + EXECUTOR_CLOCK_MS
    return last if last > now else 0


def acknowledge(store: Store, clock: Clock, since: int, sleep: Callable[[float], None], until: int = 0) -> None:
    """Return when nothing permitted before can begin any more.

    A gateway begins what it permitted less than `AT_ONCE_MS` ago without another look.

    Args:
        since: steady time (ms) at which the revocation was durable.
        sleep: waits so many seconds.
        until: as `Revoked` says.

    Raises:
        UnavailableError: the store cannot be read, so that nobody can tell.
    """
    while (left := since + AT_ONCE_MS + MARGIN_MS - clock.steady()) > 0:
        sleep(left / 1000)
    while True:
        with store.read() as reader:
            last = max(until, outstanding(reader, clock.now()))
        if last <= clock.now():
            return
        sleep(min(1.0, max(0.01, (last - clock.now()) / 1000)))


def sweep(store: Store, log: Log, what: Revocation) -> int:
    """Mark every delegation that stood on what was revoked, a few in each transaction; how many there were.

    Raises:
        UnavailableError: the store cannot be read or written; what was marked stays so.
    """
    with store.read() as reader:
        found = _standing_on(reader, what)
    marked = 0
    for at in range(0, len(found), AT_ONCE):
        some = found[at : at + AT_ONCE]
        marked += log.submit(lambda tx, some=some: _mark(tx, some), durable=False).result()  # type: ignore[misc]
    return marked


def _standing_on(reader: Reader, what: Revocation) -> list[DelegationId]:
    """The delegations that a revocation takes with it, from the top."""
    front = [one.id for one in _first(reader, what)]
    seen = dict.fromkeys(front)
    while front:
        below = [one.id for parent in front for one in reader.find_all(Grant, "parent", parent)]
        front = [id for id in dict.fromkeys(below) if id not in seen]
        seen.update(dict.fromkeys(front))
    return list(seen)


def _first(reader: Reader, what: Revocation) -> list[Grant]:
    """The delegations that a revocation names or takes with it, before those below them."""
    if what.kind == "delegation":
        found = reader.find(Grant, what.id)
        return [found] if found else []
    if what.kind == "principal":
        return [*reader.find_all(Grant, "subject", what.id), *reader.find_all(Grant, "issuer", what.id)]
    if what.kind == "key":
        known = reader.find(Authenticator, what.id)
        mine = reader.find_all(Grant, "subject", known.principal) if known else ()
        return [one for one in mine if one.key and f"key:{one.key}" == what.id]
    return []


def _mark(tx: Transaction, batch: list[DelegationId]) -> int:
    found = [link for link in (tx.find(Grant, id) for id in batch) if link is not None and link.status == "live"]
    for link in found:
        tx.put(replace(link, status="revoked"))
    return len(found)
