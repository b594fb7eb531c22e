"""Steps 2 to 4: who acts, what the tool does, in which context. Reads; decides nothing.

Everything that needs I/O is observed here, recorded in the receipt and handed to
the decision, so that the decision itself is a function of what stands in `Facts`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from assent.catalog.analysers import analyse, said_by
from assent.catalog.observation import SeenPath
from assent.decide.facts import Facts, Link, Snapshot, Versions
from assent.decide.flow import reaches_out
from assent.enforce import standing
from assent.enforce.rules import Described, Rules, Text
from assent.errors import ConflictError, RefusedError
from assent.inform.clock import jumped
from assent.inform.observe import Observer
from assent.inform.seen import Looked, Seen, sent
from assent.model.action import Action
from assent.model.approval import Approval
from assent.model.grant import Grant
from assent.model.ids import AttemptId, Digest, PrincipalId, SessionId
from assent.model.permit import Consumer
from assent.model.principal import KINDS, Enrolled, Principal, PrincipalKind
from assent.model.profile import Server, ToolDefinition, ToolProfile
from assent.model.session import Session
from assent.ports import Clock, Prior, Reader
from assent.record import epoch

#: Delegations for one tool that a decision looks at, the newest.
MOST_DELEGATIONS = 20
#: Elevations of one session that a decision tries, the newest.
MOST_ELEVATIONS = 8
#: Sessions remembered at most.
_SESSIONS = 4_096
_OVER = {
    "ended": "the session has ended",
    "expired": "the session's time is up",
    "idle": "the session has ended, for nothing was done in it for too long",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One intercepted call, as an edge saw it (step 1).

    Args:
        session: the session it was made in.
        server: the configured server it is addressed to.
        method: the MCP method.
        tool: the tool's name; the method itself for other methods.
        definition: the pinned tool definition; None for other methods and unknown tools.
        params: the request's params less transport keys, parsed from canonical bytes.
        barred: a code if the edge already knows that this can never be allowed
            (`unknown_tool`, `tool_changed`); the receipt is made all the same.
        trouble: codes of what the edge could not establish; each defers.
        trace: trace id and parent id of the W3C trace context that came with it, or empty.
        consumer: who consumes the permit, if it is allowed.
    """

    session: SessionId
    server: Server
    method: str
    tool: str
    definition: ToolDefinition | None
    params: Mapping[str, object]
    barred: str = ""
    trouble: tuple[str, ...] = ()
    trace: str = ""
    consumer: Consumer = ""


@dataclass
class Gathered:
    """What steps 2 to 4 found; `present` is the only thing that may still change it.

    What was not looked up for want of a snapshot stands as its worst, and `complete` is false.
    """

    session: Session
    action: Action
    profile: ToolProfile
    facts: Facts
    now: int
    seen: frozenset[str]
    priors: tuple[Prior, ...]
    known_tool: bool
    withheld: frozenset[str]
    nameless: bool
    refusal: Digest
    texts: tuple[Text, ...]
    looked: Looked | None = None
    complete: bool = True
    paths: tuple[SeenPath, ...] = ()
    trace: str = ""
    consumer: Consumer = ""
    read: Mapping[str, int] = field(default_factory=dict)

    def ages(self, now: int) -> dict[str, int]:
        """Source → milliseconds since it was read, at this steady time."""
        return {source: now - read for source, read in self.read.items()}

    def attach(self, approval: Approval) -> None:
        """This is the call that a question is open about: the same attempt, made again."""
        self.facts = replace(self.facts, attempt=approval.attempt)

    def present(self, approval: Approval) -> None:
        """Put a person's answer before the decision, for the attempt that it names."""
        self.facts = replace(self.facts, attempt=approval.attempt, approvals=(approval,))

    def under(self, chain: tuple[Link, ...]) -> None:
        """The same call on the word of another chain."""
        ids = tuple(link.grant.id for link in chain if link.grant is not None)
        self.action = replace(self.action, chain=ids)
        self.facts = replace(self.facts, action=self.action, chain=chain)

    def delegate(self, reader: Reader) -> bool:
        """Put before the decision what people have granted for this session and tool; False if nothing."""
        action = self.action
        known = (one for one in reader.delegations(self.session.id) if one.live(self.now))
        mine = [one for one in known if (one.server, one.tool) == (action.server, action.tool)]
        self.facts = replace(self.facts, delegations=tuple(mine[-MOST_DELEGATIONS:]))
        return bool(mine)

    def stand_on(self, delegation: str) -> None:
        """Record with the decision the one that it stands on, and no other: each holds a whole card."""
        given = tuple(one for one in self.facts.delegations if one.id == delegation)
        self.facts = replace(self.facts, delegations=given)


class Gatherer:
    """Gathers facts for one home.

    What an action needs of the store was mostly seen with the one before it. It is
    taken as it was last seen, and the commit compares all of it: if anything has
    moved, the decision is made again from a snapshot read for it.

    Args:
        clock: wall time and a clock that only runs forward.
        observer: looks up paths, prior bytes and referents.
        engine: name and version of the policy engine.
        seen: what servers have given.
    """

    def __init__(self, clock: Clock, observer: Observer, engine: str, seen: Seen) -> None:
        self._clock = clock
        self._observer = observer
        self.watch = observer.watch
        self.seen = seen
        self._engine = engine
        self._sessions: dict[SessionId, Session] = {}
        self._read: dict[SessionId, int] = {}  # steady time at which each was seen last
        self._clock_state: Mapping[str, object] = {}
        self._chains: dict[SessionId, tuple[tuple[str, tuple[str, ...]], tuple[Link, ...]]] = {}

    def learn_clock(self, state: Mapping[str, object]) -> None:
        """Take over what a commit has recorded of the clock."""
        self._clock_state = state

    def knows(self, session: SessionId) -> bool:
        """Has this session been seen, so that its next call may go without a read?"""
        return session in self._sessions

    def learn(self, before: int, session: Session | None) -> None:
        """Take over a session as a commit left it, if what was known is what it started from."""
        if session is None:
            return
        known = self._sessions.get(session.id)
        if known is not None and known.version == before and known.seq <= session.seq:
            self._sessions[session.id] = session
            self._read[session.id] = self._clock.steady()

    def gather(self, call: Call, rules: Rules, reader: Reader | None, attempt: AttemptId) -> Gathered:
        """The facts of one call.

        Args:
            reader: a snapshot of the store; None to go by what was seen last, which
                the commit then compares.

        Raises:
            RefusedError: the session is unknown or over.
        """
        begun = self._clock.steady()
        session = self._identify(call, reader)  # (2)
        now, trouble = self._time(call, reader)
        trouble = (*trouble, "break_glass_over") if rules.over(now) else trouble
        if why := session.over(now):
            if reader is None:  # what was seen last may be older than its last call
                raise ConflictError("moved", "the session may be over")
            if taken := standing.ended(reader, session):
                raise RefusedError(taken, standing.WORDS[taken])
            raise RefusedError("session_ended", _OVER[why])
        known = rules.described(call.server, call.method, call.tool, call.definition)  # (3)
        profile = known.profile
        raw = Action(
            session.principal,
            session.chain,
            session.id,
            call.server.name,
            call.method,
            call.tool,
            call.definition.digest if call.definition else None,
            call.params,
        )
        observed = self._observer.observe(profile, raw, call.server)
        analysis = analyse(profile, raw, observed, call.server)
        looked = self._look(reader, raw) if reaches_out(call.server, analysis) else None
        if looked == "unread" or (looked is not None and looked.carries):
            analysis = replace(analysis, facts={**analysis.facts, "session_text_in_arguments": True})
        action = replace(raw, referents=analysis.referents) if analysis.referents else raw
        like = reader.attempts_like(action.sameness) if reader and analysis.effects != {"read"} else ()
        facts = Facts(
            action=action,
            attempt=attempt,
            chain=self._chain(session, rules, reader),  # (4)
            profile=profile,
            server=call.server,
            definition=call.definition,
            analysis=analysis,
            session=Snapshot(session.labels, session.seq, session.task),
            time=now,
            may_have_happened=bool(like),
            versions=self._versions(session, rules, known),
            observing=rules.observing(now),
            trouble=trouble,
        )
        refusal = facts.refusal
        if reader and reader.refused(session.id, refusal):
            facts = replace(facts, refused_by_person=True)
        wanted = ((path, observed.priors[path]) for path in analysis.wanted if path in observed.priors)
        return Gathered(
            session=session,
            action=action,
            profile=profile,
            facts=facts,
            now=now,
            seen=frozenset(a.id for a in like),
            priors=tuple(Prior(attempt, path, content) for path, content in wanted),
            known_tool=call.method != "tools/call" or call.definition is not None,
            withheld=profile.secret | analysis.secret_arguments,
            nameless=bool(analysis.secret_names),
            refusal=refusal,
            texts=known.texts,
            looked=looked if isinstance(looked, Looked) else None,
            complete=looked != "unread",
            paths=tuple(seen for seen in observed.paths if seen.declared or profile.inferred),
            trace=call.trace,
            consumer=call.consumer,
            read={
                "catalog": rules.read,
                "observation": begun,
                "session": begun if reader else self._read.get(session.id, begun),
            },
        )

    def _look(self, reader: Reader | None, action: Action) -> Looked | Literal["unread"] | None:
        """Does a call that leaves carry text that another server gave? None if it is too short to."""
        texts = sent(said_by(action))
        if texts and reader is None:
            return "unread"
        return self.seen.look(reader, action.session, action.server, texts) if texts and reader else None

    def _identify(self, call: Call, reader: Reader | None) -> Session:
        session = reader.session(call.session) if reader else self._sessions.get(call.session)
        if session is None:
            # an unknown id is refused, never created (DESIGN §5)
            raise RefusedError("unknown_session", "the session is not known here")
        if len(self._sessions) > _SESSIONS:
            self._sessions.clear()
            self._read.clear()
        self._sessions[session.id] = session
        if reader:
            self._read[session.id] = self._clock.steady()
        return session

    def _chain(self, session: Session, rules: Rules, reader: Reader | None) -> tuple[Link, ...]:
        """Who acts, on whose behalf: what was read for one epoch holds in that epoch."""
        now = (rules.versions["epoch"], session.chain)
        known = self._chains.get(session.id)
        if known is not None and known[0] == now:
            return known[1]
        if reader is None:
            raise ConflictError("moved", "something has been revoked, or somebody changed")
        if len(self._chains) > _SESSIONS:
            self._chains.clear()
        found = chain_of(reader, session)
        self._chains[session.id] = (now, found)
        return found

    def _time(self, call: Call, reader: Reader | None) -> tuple[int, tuple[str, ...]]:
        """max(clock, highest recorded), and `clock_jump` until an operator confirms it."""
        now, steady = self._clock.now(), self._clock.steady()
        if reader:
            self._clock_state = json.loads(reader.state("clock") or "{}")
        known = self._clock_state
        high = int(str(known.get("high", 0)))
        leapt = bool(known) and jumped(known, now, steady)
        return max(now, high), (*call.trouble, "clock_jump") if leapt else call.trouble

    def _versions(self, session: Session, rules: Rules, known: Described) -> Versions:
        return Versions(
            bundle=rules.bundle.digest,
            catalog=rules.versions["catalog"],
            session=session.version,
            epoch=epoch.number(rules.versions["epoch"]),
            engine=self._engine,
            schema=known.schema,
            profile=known.digest,
        )


def chain_of(reader: Reader, session: Session) -> tuple[Link, ...]:
    """The principals of a session's chain, root first, each with what was delegated to it.

    A delegation that is not there leaves its place to nobody, which no decision admits.
    """
    grants = [reader.find(Grant, id) for id in session.chain]
    if not grants:
        return (Link(_principal(reader, session.principal, session.owner)),)
    if any(one is None for one in grants):
        return ()
    found = [replace(one, token="") for one in grants if one is not None]
    links = [Link(_principal(reader, found[0].issuer, ""), "delegator", 0)]
    for depth, grant in enumerate(found, 1):
        last = depth == len(found)  # whom a session was opened for has its owner, enrolled or not
        who = _principal(reader, grant.subject, session.owner if last else "")
        links.append(Link(who, "actor" if last else "delegator", depth, grant))
    return tuple(links)


def elevations(reader: Reader, session: Session, now: int) -> tuple[Grant, ...]:
    """What people have given this session beside its chain, and still holds, the newest first."""
    found = [
        one
        for one in reader.find_all(Grant, "session", session.id)
        if not one.parent and one.subject == session.principal and one.id not in session.chain
        if one.status == "live" and one.not_before <= now < one.expires
    ]
    return tuple(sorted(found, key=lambda one: (-one.created, one.id))[:MOST_ELEVATIONS])


def _principal(reader: Reader, id: PrincipalId, owner: str) -> Principal:
    """Who this is now; stopped with their owner. One who is not enrolled has the given owner, or none."""
    kind, _, name = id.partition("::")
    known: PrincipalKind = next(k for k in KINDS if k == kind)
    row = reader.find(Enrolled, id)
    found = row.principal if row else Principal(known, name[1:-1], PrincipalId(owner) if owner else None)
    above = reader.find(Enrolled, found.owner) if found.owner else None
    return replace(found, status="disabled") if above and above.principal.status != "active" else found
