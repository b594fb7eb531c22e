"""The straight line of one action: steps 2 to 6 and 8 of DESIGN §3, in this order.

Edges carry steps 1 and 7: they turn their native call into a `Call`, run exactly
the permitted action, and turn `Allowed` or `Refused` back. No flag skips a step.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from assent.approve.card import notice
from assent.approve.question import Question
from assent.catalog.external import external_id
from assent.catalog.labels import SECRET, brings_secret, labels_of
from assent.catalog.observation import SeenPath
from assent.decide import recorded
from assent.decide.chain import counted
from assent.decide.facts import Facts, shown
from assent.decide.pdp import decide
from assent.decide.tighten import CAPABLE, asked_again, tighten
from assent.enforce import commit as commits
from assent.enforce import consume, refusal, standing
from assent.enforce.chance import Chance
from assent.enforce.gather import Call, Gathered, Gatherer, chain_of, elevations
from assent.enforce.rules import Rules, RuleSource
from assent.errors import AssentError, ConflictError, ProofError, RefusedError, UnavailableError
from assent.inform.clock import reading
from assent.inform.observe import observe_again, unmoved
from assent.model.approval import Approval, Asked
from assent.model.decision import Decision, Reason
from assent.model.ids import ApprovalId, AttemptId, DelegationId, Digest, LeafIndex, PermitId, SessionId, new_id
from assent.model.outcome import Outcome
from assent.model.permit import AT_ONCE_MS, Permit
from assent.model.profile import ToolProfile
from assent.model.session import Session
from assent.ports import Clock, Kept, Notifier, Reader, Store, Transaction
from assent.record import epoch, gaps, leaves
from assent.record.log import Log

logger = logging.getLogger("assent.guard")

TRIES = 3
NOTE_MS = 1_000
_LAPSED = {
    "credential_missing": "the credential that it has to be made with is not here",
    "permit_expired": "too long has passed since it was decided",
    "referent_changed": "what it would run or send has changed since it was decided",
    "path_changed": "a path that it names no longer leads to what was looked at when it was decided",
    "revoked": "something it stood on has been revoked",
    "killed": "everything has been stopped by a person",
    "session_ended": "the session has ended",
}
POLL_S = 0.05
#: Code of an outcome that nobody waits for: its session has ended.
LOST = "attempt_lost"
_MOST_TOLD = 1_024


@dataclass(frozen=True, slots=True)
class Allowed:
    """The action may run once, against this permit; or its kept result, given out once."""

    permit: Permit | None
    replayed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The action may not run; what to tell the agent, and what may still lift it.

    Args:
        decision: the final verdict with its reasons.
        message: for the model; no rule text, no other session's data.
        receipt: index of its receipt, None if none could be made durable.
        approval: the question that waits, if the verdict is `escalate`.
    """

    decision: Decision
    message: str
    receipt: LeafIndex | None = None
    approval: Approval | None = None


Ruling = Allowed | Refused


@dataclass(frozen=True, slots=True)
class _Running:
    """What settling needs to know of a permit that was handed out."""

    leaf_hash: str
    profile: ToolProfile
    minted: int  # steady milliseconds
    private: bool  # it names private files
    paths: tuple[SeenPath, ...]  # what it names, as it was looked at
    given: str  # the delegation for its session that it stands on
    started: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator has set for every guard of a home."""

    keep_days: int = 30
    #: obligations that the edges of this process can carry out (DESIGN §4.6)
    capable: frozenset[str] = CAPABLE
    #: may notifications show argument values?
    show_values: bool = False


class Guard:
    """Decides, records and settles; holds no policy and speaks no protocol.

    Args:
        store: where facts are read from.
        log: the one door for every write.
        clock: wall time.
        rules: the active bundle and catalog, reloaded when they change.
        gatherer: steps 2 to 4.
        node: id of this process.
        notifier: tells people that something waits.
        limits: settings.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        clock: Clock,
        rules: RuleSource,
        gatherer: Gatherer,
        node: str,
        notifier: Notifier,
        limits: Limits,
    ) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._rules = rules
        self._gatherer = gatherer
        self._node = node
        self._notifier = notifier
        self._limits = limits
        self._running: dict[PermitId, _Running] = {}
        self._late: dict[PermitId, _Running] = {}  # overdue: nobody waits, but what comes is still recorded
        self._told: dict[tuple[SessionId, Digest], int] = {}
        self._epoch = (-1, "")  # number of the commit it was read after, and the epoch
        self._chance = Chance()
        self._busy = 0  # calls being decided
        self._archived: set[str] = set()
        self._noted_clock: dict[str, object] = {}
        self._noted = -NOTE_MS  # steady time at which the clock was last remembered

    # ---- authorize: steps 2 to 6 -------------------------------------------------

    async def authorize(self, call: Call) -> Ruling:
        """Decide one call and make the decision durable before it can matter.

        Returns `Allowed` with a permit that this process alone may use, once, or
        `Refused`. Never raises for an expected failure: every one of them is a refusal.
        """
        self._busy += 1
        await asyncio.sleep(0)  # whoever else has a call now is counted before this one thinks it is alone
        try:
            for tried in range(TRIES + 1):
                try:
                    return await self._attempt(call, fresh=tried > 0)
                except ConflictError:
                    continue  # a version moved between decision and commit: decide again
            return await self._give_up(call)
        except UnavailableError as error:
            # (6) not durable, so not allowed; the process says so
            logger.error("denied, no receipt could be made durable: %s: %s", error.code, error.message)
            return self._unrecorded(error)
        except AssentError as error:
            logger.error("denied: %s: %s", error.code, error.message)
            return self._unrecorded(error)
        finally:
            self._busy -= 1

    async def _attempt(self, call: Call, fresh: bool) -> Ruling:
        """Decide once; `fresh` reads everything anew, else what was seen last is compared at the commit."""
        rules = self._rules(fresh)
        if not fresh and self._gatherer.knows(call.session):
            gathered = self._gatherer.gather(call, rules, None, self._new_attempt())  # (2) (3) (4)
            decided = self._tightened(gathered, call, rules)  # (5)
            # what people have answered, confirmed or given is never remembered
            if gathered.complete and decided.verdict in ("allow", "deny") and not _beyond(decided):
                return await self._commit(rules, gathered, decided, (), looked=False)  # (6)
        with self._store.read() as reader:
            gathered = self._gatherer.gather(call, rules, reader, self._new_attempt())  # (2) (3) (4)
            kept = reader.kept(gathered.session.id, gathered.action.digest)
            decided, presented = self._decide(call, rules, gathered, reader)  # (5)
        if kept is not None and decided.verdict != "deny" and (result := await self._take(kept)) is not None:
            return Allowed(None, replayed=result)
        return await self._commit(rules, gathered, decided, presented, looked=True)  # (6)

    async def _give_up(self, call: Call) -> Ruling:
        """Versions moved under every try: defer, with a receipt that nothing needs to be compared for."""
        rules = self._rules(True)
        with self._store.read() as reader:
            gathered = self._gatherer.gather(
                replace(call, trouble=(*call.trouble, "moved")), rules, reader, self._new_attempt()
            )
        decided = self._tightened(gathered, call, rules)
        return await self._refuse(self._propose(rules, gathered, decided, ()))

    async def _refuse(self, proposal: commits.Proposal) -> Refused:
        def job(tx: Transaction) -> commits.Committed:
            return commits.record_refusal(tx, proposal, self._node, self._clock.now(), self._limits.keep_days)

        done = await self._log.commit(job, durable=False)
        decided = replace(proposal.decision, verdict=done.verdict)
        return Refused(decided, refusal.message(decided, None), done.receipt)

    def _decide(
        self, call: Call, rules: Rules, gathered: Gathered, reader: Reader
    ) -> tuple[Decision, tuple[Approval, ...]]:
        """(5) Decide; if people must be asked, decide afresh with what they have answered."""
        decided = self._tightened(gathered, call, rules)
        if _beyond(decided):
            decided = self._elevated(gathered, call, rules, reader) or decided
        if decided.verdict != "escalate":
            return decided, ()
        asked = reader.approval_for(gathered.session.id, gathered.action.digest)
        if (asked is None or asked.status == "pending") and gathered.delegate(reader):
            within = self._tightened(gathered, call, rules)
            gathered.stand_on(within.delegation)
            if within.verdict == "allow":
                return within, ()
        if asked is None:
            return decided, ()
        if asked.status == "pending" and asked.expires > gathered.now:
            gathered.attach(asked)  # the same call made again: the same attempt
            return decided, ()
        # an approval is an input to a fresh decision, never a resumption (DESIGN §4.7)
        gathered.present(asked)
        decided = self._tightened(gathered, call, rules)
        if asked.status == "approved" and decided.verdict == "escalate":
            decided = asked_again(decided)  # not what was said yes to any more
        return decided, (asked,)

    def _elevated(self, gathered: Gathered, call: Call, rules: Rules, reader: Reader) -> Decision | None:
        """The decision on the word of somebody who gave this session more; None if nothing given covers the call."""
        own = gathered.action, gathered.facts
        for given in elevations(reader, gathered.session, gathered.now):
            gathered.under(chain_of(reader, replace(gathered.session, chain=(given.id,))))
            decided = self._tightened(gathered, call, rules)
            if decided.verdict != "deny":
                return decided
        gathered.action, gathered.facts = own
        return None

    def _tightened(self, gathered: Gathered, call: Call, rules: Rules) -> Decision:
        """Decide; what the edge knows and cannot carry out may only make the verdict stricter (DESIGN §4.6)."""
        decided = decide(rules.bundle, gathered.facts)
        taken = rules.bars(call.server.name, call.tool, gathered.session.key)
        return tighten(decided, call.barred or rules.barred or taken, self._limits.capable)

    async def _commit(
        self, rules: Rules, gathered: Gathered, decided: Decision, presented: tuple[Approval, ...], *, looked: bool
    ) -> Ruling:
        proposal = replace(self._propose(rules, gathered, decided, presented), looked=looked)
        minted = 0  # when it was compared, not when it was flushed: an effect that starts soon after goes by it

        def job(tx: Transaction) -> commits.Committed:
            nonlocal minted
            minted = self._clock.steady()
            done = commits.commit(tx, proposal, self._node, gathered.now, self._limits.keep_days)
            self._note_time(tx, gathered)
            return done

        try:
            # persist before you permit: an allow waits for the flush, a refusal need not
            done = await self._log.commit(job, durable=decided.verdict == "allow", alone=self._alone)
        except ProofError:
            return await self._too_large(proposal)
        self._archived.update(text.digest for text in proposal.texts)
        if self._noted_clock:
            self._gatherer.learn_clock(self._noted_clock)
        self._gatherer.learn(gathered.session.version, done.session)
        if done.permit is not None:
            self._running[done.permit.id] = _Running(
                done.leaf_hash,
                gathered.profile,
                minted,
                gathered.facts.analysis.facts["private_path"],
                gathered.paths,
                decided.delegation,
            )
            self._carry_out(decided)
            return Allowed(done.permit)
        if done.stricter is not None:
            decided = replace(
                decided, verdict=done.verdict, reasons=(done.stricter, *decided.reasons), go_on=commits.GO_ON
            )
        if done.approval is not None:
            self._tell(done.approval)
        return Refused(decided, refusal.message(decided, done.approval), done.receipt, done.approval)

    def _note_time(self, tx: Transaction, gathered: Gathered) -> None:
        """Remember the clock about once a second, unless it has jumped: then a person confirms it first."""
        steady = self._clock.steady()
        if steady - self._noted >= NOTE_MS and "clock_jump" not in gathered.facts.trouble:
            self._noted = steady
            self._noted_clock = reading(gathered.now, steady, gathered.now)
            tx.put_state(leaves.CLOCK, json.dumps(self._noted_clock))

    def _propose(
        self, rules: Rules, gathered: Gathered, decided: Decision, presented: tuple[Approval, ...]
    ) -> commits.Proposal:
        facts = gathered.facts
        attempt = facts.attempt
        parts = leaves.DecisionParts(
            owner=gathered.session.owner,
            facts=recorded.parts(facts, decided.used, gathered.ages(self._clock.steady())),
            versions=_versions(facts),
            inferred=gathered.profile.inferred,
            known_tool=gathered.known_tool,
            withheld=gathered.withheld,
            nameless=gathered.nameless,
            salt=self._chance.draw(leaves.SALT),
            observing=facts.observing,
            trace=gathered.trace,
        )
        return commits.Proposal(
            action=gathered.action,
            decision=decided,
            session=gathered.session,
            attempt=attempt,
            draft=leaves.decision(self._node, gathered.now, attempt, gathered.action, decided, parts),
            versions=rules.versions,
            seen=gathered.seen,
            refusal=gathered.refusal,
            refused=facts.refused_by_person,
            approvals=presented,
            delegation=next((d for d in facts.delegations if d.id == decided.delegation), None),
            priors=gathered.priors,
            deadline_ms=gathered.profile.outcome_deadline * 1000,
            question=lambda: self._question(gathered, decided, attempt),
            permit=PermitId(new_id("prm", self._chance.draw(16))),
            texts=tuple(text for text in gathered.texts if text.digest not in self._archived),
            counts=rules.bundle.counts_calls,
            text=gathered.looked,
            bounded=counted(facts.chain),
            consumer=gathered.consumer,
            chain=facts.chain,
        )

    def _question(self, gathered: Gathered, decided: Decision, attempt: AttemptId) -> Question:
        asked = tuple(
            Asked(e.policy, e.digest, e.group, e.quorum, e.self_, e.assurance, e.grantable) for e in decided.escalations
        )
        return Question(
            attempt=attempt,
            session=gathered.session,
            action=gathered.action,
            asked=asked,
            card=shown(gathered.facts, decided),
            refusal=gathered.refusal,
            expires_s=min(e.expires for e in decided.escalations),
            now=gathered.now,
        )

    async def _too_large(self, proposal: commits.Proposal) -> Ruling:
        """The receipt does not fit its format: deny, with a receipt that says so (DESIGN §7)."""
        reason = Reason("receipt_too_large", "", "the receipt of this call would not fit its format")
        denied = Decision("deny", (reason,), effects=proposal.decision.effects)
        body = {**proposal.draft.body, "policies": [], "approvals": [], "obligations": [], "decided": "deny"}
        body["reasons"] = ["receipt_too_large"]
        return await self._refuse(replace(proposal, decision=denied, draft=replace(proposal.draft, body=body)))

    @property
    def _alone(self) -> bool:
        """Is one call all that goes on here? Then its commits need no batch to wait for."""
        return self._busy + len(self._running) <= 1

    def _new_attempt(self) -> AttemptId:
        return AttemptId(new_id("att", self._chance.draw(16)))

    def _unrecorded(self, error: AssentError) -> Refused:
        denied = Decision("deny", (refusal.spoken(error),), go_on="later")
        return Refused(denied, refusal.message(denied, None))

    async def _take(self, kept: Kept) -> bytes | None:
        """Hand a kept result out once; another process may be faster."""

        def job(tx: Transaction) -> Kept | None:
            if tx.state(f"kept:{kept.session}") == kept.attempt:
                tx.put_state(f"kept:{kept.session}", "")
            return tx.take_kept(kept.session, kept.action)

        taken = await self._log.commit(job, durable=True)
        return taken.result if taken else None

    # ---- the effect: step 7 is the edge's, between begin and settle --------------

    async def begin(self, permit: Permit, carried: Collection[str] = ()) -> None:
        """Consume the permit immediately before the effect; it works once.

        Args:
            carried: names of the credentials that go with it.

        Raises:
            RefusedError: used before, expired, revoked, session over, a referent changed, or a credential
                that policy wants with it is not carried. The attempt is settled as failed without effect.
            UnavailableError: the store cannot be asked.
        """
        running = self._running.get(permit.id)
        if running is None or running.started:
            raise RefusedError("permit_used", "the permit has been used or was never issued here")
        self._running[permit.id] = replace(running, started=True)
        wanted = {one.value for one in permit.obligations if one.kind == "credential"}
        why = "credential_missing" if wanted - set(carried) else self._still_good(permit)
        if why:
            try:
                await self.settle(permit, Outcome("failed", "gateway", reached=False, detail=why))
            except UnavailableError as error:
                if error.code != LOST:  # whoever ended its session has said what becomes of it
                    raise
            raise RefusedError(why, f"the permit no longer holds: {_LAPSED[why]}")

    def _still_good(self, permit: Permit) -> str:
        if self._clock.now() > permit.expires:
            return "permit_expired"
        if not observe_again(permit.action.referents):
            return "referent_changed"
        if not unmoved(self._running[permit.id].paths):
            return "path_changed"
        if self._clock.steady() - self._running[permit.id].minted <= AT_ONCE_MS:
            return ""  # epoch and session were compared in the transaction that minted and consumed it
        with self._store.read() as reader:
            if why := standing.lapsed(reader, permit, self._running[permit.id].given):
                return why
            session = reader.session(permit.action.session)
            if session is None or session.over(self._clock.now()):
                return "session_ended"
            if (reader.state(epoch.STATE) or "0") != str(permit.epoch):
                return "revoked"  # of whatever it was, so that nothing is consumed that was decided before
        return ""

    # ---- what is under way -------------------------------------------------------

    def epoch(self) -> str:
        """The revocation epoch as it stands; microseconds while nobody writes.

        Raises:
            UnavailableError: the store cannot be asked.
        """
        changed = self._store.changed()
        if changed != self._epoch[0]:
            with self._store.read() as reader:
                self._epoch = (changed, reader.state(epoch.STATE) or "0")
        return self._epoch[1]

    def lapsed(self, permit: Permit) -> str:
        """Why a call under way may not go on: `killed`, `revoked` or `session_ended`; empty if it may.

        Raises:
            UnavailableError: the store cannot be asked.
        """
        running = self._running.get(permit.id)
        with self._store.read() as reader:
            return standing.lapsed(reader, permit, running.given if running else "")

    def stopped(self, server: str) -> str:
        """Why nothing of a server may go on: `killed` or `revoked`; empty if it may.

        Raises:
            UnavailableError: the store cannot be asked.
        """
        with self._store.read() as reader:
            return standing.stopped(reader, server)

    async def overdue(self, permit: Permit) -> None:
        """The outcome deadline has passed: say so with a gap leaf, unless another process has.

        The attempt may still be settled: its outcome then supersedes the gap.

        Raises:
            UnavailableError: it cannot be recorded; `Home.watch` tries again.
        """
        if (running := self._running.pop(permit.id, None)) is not None:
            self._late[permit.id] = running

        def job(tx: Transaction) -> None:
            gaps.put(tx, self._node, self._clock.now(), permit.attempt)

        await asyncio.shield(self._log.commit(job, durable=False))

    def forgo(self, permit: Permit) -> None:
        """Nobody listens for an overdue answer any more: the gap stays."""
        self._late.pop(permit.id, None)

    # ---- settle: step 8 ----------------------------------------------------------

    async def settle(self, permit: Permit, result: Outcome, response: object = None) -> None:
        """Record what became of an attempt; labels are visible to all before this returns.

        Args:
            result: status, attestor and exact response bytes.
            response: the parsed response, from which labels are read; None if there is none.

        Raises:
            UnavailableError: the outcome cannot be stored: release nothing of the response.
        """
        running = self._running.pop(permit.id, None) or self._late.pop(permit.id, None)
        if running is None:
            raise RefusedError("permit_used", "the attempt has been settled")
        if response is not None:
            found = labels_of(running.profile, response, self._gatherer.watch.holds, private=running.private)
            known = "" if result.signed else external_id(running.profile.external, response)  # its own word stays
            result = replace(result, labels=result.labels | found, external=result.external or known)
        prints = self._gatherer.seen.prints(permit.action.session, response)
        salt = result.signed.salt if result.signed else self._chance.draw(leaves.SALT)
        alone = not self._busy and not self._running

        def job(tx: Transaction) -> tuple[int, Session | None]:
            now = self._clock.now()
            attempt = tx.attempt(permit.attempt)
            session = tx.session(permit.action.session)
            if attempt is None or session is None or session.status != "open":
                # nothing follows the close of a session: what closed it has said that the outcome is unknown
                raise UnavailableError(LOST, f"attempt `{permit.attempt}` can no longer be settled")
            fresh = result.labels - session.labels
            if fresh:
                labels = session.labels | fresh
                tx.put_session(replace(session, labels=labels, version=session.version + 1))
            self._gatherer.seen.put(tx, session.id, permit.action.server, prints)
            if not result.reached:
                # it provably never reached the server (DESIGN §5)
                commits.refund(tx, [DelegationId(id) for id in permit.action.chain])
            if permit.consumer and not consume.settled(tx, permit.id, answered=result.status == "succeeded"):
                logger.warning("server `%s` answered without consuming its permit: it can be bypassed", permit.audience)
            if result.status == "unknown":
                tx.put_attempt(replace(attempt, state="unknown", gap=-1))
            else:
                tx.drop_attempt(attempt.id)
            gap = gaps.hash_of(tx, attempt.gap)
            draft = leaves.outcome(self._node, now, permit.attempt, running.leaf_hash, result, gap=gap, salt=salt)
            return session.version, leaves.append(tx, draft, session.id, keep_days=self._limits.keep_days).session

        # a caller that goes away takes nothing back: what happened is recorded all the same
        self._gatherer.learn(*await asyncio.shield(self._log.commit(job, durable=False, alone=alone)))

    async def heard(self, id: SessionId, server: str, *said: object) -> None:
        """Label the session by what a server says outside an answer, before it is released (DESIGN §5).

        Args:
            said: messages, or parts of one that are each judged for themselves.

        Raises:
            UnavailableError: the label cannot be stored: release nothing of it.
        """
        secret = any(brings_secret(each, self._gatherer.watch.holds) for each in said)
        prints = self._gatherer.seen.prints(id, list(said))
        if not secret and not prints:
            return

        def job(tx: Transaction) -> None:
            session = tx.session(id)
            self._gatherer.seen.put(tx, id, server, prints)
            if secret and session is not None and SECRET not in session.labels:
                tx.put_session(replace(session, labels=session.labels | {SECRET}, version=session.version + 1))

        await asyncio.shield(self._log.commit(job, durable=False))

    async def keep(self, permit: Permit, result: bytes) -> None:
        """Keep a result whose caller has gone; the next identical call gets it, once.

        Raises:
            UnavailableError: it cannot be kept.
        """
        kept = Kept(permit.action.session, permit.action.digest, permit.attempt, result)

        def job(tx: Transaction) -> None:
            tx.put_kept(kept)
            tx.put_state(f"kept:{kept.session}", kept.attempt)  # from now on every call of the session looks

        await self._log.commit(job, durable=True)

    # ---- waiting for people ------------------------------------------------------

    async def answered(self, approval: ApprovalId, timeout: float) -> bool:
        """Wait up to `timeout` seconds until an approval is no longer pending."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        seen = -1
        while True:
            changed = self._store.changed()
            if changed != seen:
                seen = changed
                with self._store.read() as reader:
                    row = reader.approval(approval)
                if row is None or row.status != "pending" or row.expires <= self._clock.now():
                    return True
            left = end - loop.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(POLL_S, left))

    def _tell(self, approval: Approval) -> None:
        about = (approval.session, approval.refusal)  # variations are one question, and told once
        if self._told.get(about, 0) > approval.created:
            return
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told[about] = approval.expires
        body = notice(approval, values=self._limits.show_values)
        asyncio.get_running_loop().run_in_executor(None, self._notifier.notify, "Assent", body)

    def _carry_out(self, decided: Decision) -> None:
        for obligation in decided.obligations:
            if obligation.kind == "notify":
                body = f"an action was allowed that `{obligation.policy}` wants you to know of"
                asyncio.get_running_loop().run_in_executor(None, self._notifier.notify, "Assent", body)

    # ---- without effect ----------------------------------------------------------

    def now(self) -> int:
        """Wall time, milliseconds since the epoch."""
        return self._clock.now()

    def preview(self, call: Call, supposing: Callable[[Reader], Reader] = lambda reader: reader) -> Decision:
        """The decision without effect, receipt or question (`assent decide`).

        Args:
            supposing: what the caller wants to be supposed beside what is stored.

        Raises:
            AssentError: the facts cannot be gathered.
        """
        rules = self._rules(True)
        with self._store.read() as stored:
            reader = supposing(stored)
            gathered = self._gatherer.gather(call, rules, reader, self._new_attempt())
            decided, _ = self._decide(call, rules, gathered, reader)
        return decided


def _beyond(decided: Decision) -> bool:
    """Is it denied because it lies outside what was delegated?"""
    return decided.verdict == "deny" and bool(decided.reasons) and decided.reasons[0].code == "outside_delegation"


def _versions(facts: Facts) -> dict[str, object]:
    """The versions member of a decision leaf."""
    used = facts.versions
    return {
        "bundle": used.bundle,
        "catalog": used.catalog,
        "engine": used.engine,
        "epoch": used.epoch,
        "schema": used.schema,
        "session": used.session,
    }
