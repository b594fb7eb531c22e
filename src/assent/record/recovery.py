"""Recovery: what a process that died left open is said to be so (DESIGN §3, §7).

Between an effect and its outcome a crash may fall. Whoever starts next writes the
outcome `unknown` for every attempt that was executing in a process that is gone,
so that a repeat asks a person instead of happening twice. Attempts that wait for
an answer stay: nothing of them was executed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from assent.model.ids import AttemptId, SessionId
from assent.model.outcome import Outcome
from assent.model.session import Session
from assent.ports import Attempt, Clock, Reader, Store, Transaction
from assent.record import gaps, leaves
from assent.record.log import Log

#: Attempts and sessions that one batch settles, so that other processes need not wait long.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Liveness:
    """How recovery tells what is over, and ends it.

    Args:
        alive: is the process that a node registered as (`boot id:pid:start time`) running?
        abandoned: has everybody left this open session?
        close: append the session's last leaf and end it.
    """

    alive: Callable[[str], bool]
    abandoned: Callable[[Reader, Session], bool]
    close: Callable[[Transaction, Session], None]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found open and settled."""

    unknown: tuple[AttemptId, ...] = ()
    abandoned: tuple[SessionId, ...] = ()


def recover(store: Store, log: Log, clock: Clock, liveness: Liveness) -> Recovered:
    """Settle what dead processes left: at start, and whenever asked.

    Several processes may do so at once: each attempt and session is settled by one.

    Raises:
        UnavailableError: the store cannot be read or written; what was settled stays so.
    """
    with store.read() as reader:
        nodes = dict(reader.nodes())
        executing = reader.attempts_in("executing")
        sessions = [session for session in reader.sessions(open_only=True) if liveness.abandoned(reader, session)]
    dead = {node: process for node, process in nodes.items() if node != log.node and not liveness.alive(process)}
    known = {log.node, *nodes} - dead.keys()
    lost = [attempt for attempt in executing if attempt.node not in known]
    unknown: list[AttemptId] = []
    for start in range(0, len(lost), _AT_ONCE):
        unknown += _settle(log, clock, lost[start : start + _AT_ONCE])
    closed: list[SessionId] = []
    for start in range(0, len(sessions), _AT_ONCE):
        closed += _close(log, liveness, sessions[start : start + _AT_ONCE])
    if dead:
        log.submit(lambda tx: _forget(tx, log.node, clock.now(), dead), durable=False).result()
    return Recovered(tuple(unknown), tuple(closed))


def lose(tx: Transaction, node: str, now: int, attempt: Attempt, why: str = "process_died") -> None:
    """The outcome leaf `unknown` of an attempt whose process is gone, or whose session is taken back.

    A session that is over takes no more leaves: whoever closed it has said so before.
    """
    session = tx.session(attempt.session)
    if session is not None and session.status == "open":
        lost = Outcome(status="unknown", attested="gateway", detail=why)
        draft = leaves.outcome(node, now, attempt.id, gaps.hash_of(tx, attempt.decision), lost)
        leaves.append(tx, draft, attempt.session)
    tx.put_attempt(replace(attempt, state="unknown"))


def _settle(log: Log, clock: Clock, lost: Sequence[Attempt]) -> list[AttemptId]:
    """Outcome leaves for attempts whose process is gone, unless they have one by now."""

    def job(tx: Transaction) -> list[AttemptId]:
        settled = []
        for attempt in lost:
            if tx.attempt(attempt.id) != attempt:
                continue
            lose(tx, log.node, clock.now(), attempt)
            settled.append(attempt.id)
        return settled

    return log.submit(job, durable=True).result()


def _close(log: Log, liveness: Liveness, sessions: Sequence[Session]) -> list[SessionId]:
    def job(tx: Transaction) -> list[SessionId]:
        closed = []
        for session in sessions:
            now = tx.session(session.id)
            if now is not None and now.status == "open" and liveness.abandoned(tx, now):
                liveness.close(tx, now)
                closed.append(now.id)
        return closed

    return log.submit(job, durable=True).result()


def _forget(tx: Transaction, by: str, now: int, dead: Mapping[str, str]) -> None:
    """Drop dead nodes last: until their attempts are settled, they are how one knows."""
    nodes = tx.nodes()
    for node, process in dead.items():
        if nodes.get(node) == process:
            leave(tx, by, now, node)


def join(tx: Transaction, node: str, now: int, process: str) -> None:
    """Register a process, whose id is `node`, once: its end is noticed from here on."""
    if node not in tx.nodes():
        leaves.append(tx, leaves.system(node, now, "node", {"event": "join", "node": node}), None)
    tx.put_node(node, process)


def leave(tx: Transaction, by: str, now: int, node: str) -> None:
    """A registered process has ended: by its own word, or as another one found it."""
    if node in tx.nodes():
        leaves.append(tx, leaves.system(by, now, "node", {"event": "leave", "node": node}), None)
        tx.drop_node(node)
