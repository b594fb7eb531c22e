"""The verification, step by step, as a state machine that is fed leaf by leaf.

1. every leaf is canonical and fits the format
2. the tree over the leaves has the root that each signed checkpoint says
3. the log starts with its genesis, once
4. the leaves of a session form a chain from open to close; time does not run back
5. every outcome belongs to an allow, every allow to one permit and one attempt
6. people's answers are signed by enrolled keys and consumed once, for their attempt
7. decisions were made under a policy bundle that had been activated
8. nothing that the last checkpoint commits to is missing
9. a verdict is milder than what was decided only while an operator's key says to observe

It does no I/O and keeps no leaf: memory grows with permits and open sessions only.
"""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from assent_verify.attempts import CLOCK_TOLERANCE, Allow, Attempts
from assent_verify.authority import Authority
from assent_verify.canonical import digest, parse
from assent_verify.checkpoint import SYSTEM, Checkpoint, Head
from assent_verify.custody import TILE, Custody
from assent_verify.errors import ProofError
from assent_verify.logkeys import LogKeys
from assent_verify.merkle import Frontier
from assent_verify.note import Note, VerifierKey
from assent_verify.opening import FACTS, names_of, open_alone, open_values, shows
from assent_verify.part import Part
from assent_verify.receipt import (
    Approval,
    Decision,
    Leaf,
    Outcome,
    SessionEvent,
    System,
    milliseconds,
    read,
)
from assent_verify.report import MAX_PROBLEMS, Axis, Problem, Report
from assent_verify.witnessed import Asked, Witnessed

#: A permit bounds the start of its effect, in ms.
PERMIT_LIFE = 60_000
#: Checkpoints that wait for their leaves; whoever feeds them in step has one.
_MAX_PENDING = 16
#: How the note on time stamps begins: checking them takes more than this package needs.
UNCHECKED = "time stamps, not checked"
_STRICTNESS = {b"allow": 0, b"escalate": 1, b"defer": 2, b"deny": 3}


class _Session:
    """What is followed of an open session: where its chain stands, and how many outcomes may still come."""

    __slots__ = ("due", "head", "last", "seq")

    def __init__(self) -> None:
        self.seq = 0
        self.head = b""
        self.last = 0  # index of its last leaf
        self.due = 0


class Verifier:
    """Checks one log; feed leaves in order, and each checkpoint before the leaf after it.

    Args:
        log_key: a key that signs checkpoints, or several; None takes those of the policy of
            witnesses, if it names logs, else the log's own word for it.
        reviewer_roots: raw public keys of people who are trusted beforehand.
        asked: what witnesses are asked for.
    """

    def __init__(
        self,
        log_key: VerifierKey | Iterable[VerifierKey] | None = None,
        reviewer_roots: Iterable[bytes] = (),
        asked: Asked = Asked(),  # noqa: B008 - frozen
    ) -> None:
        given = [log_key] if isinstance(log_key, VerifierKey) else log_key or ()
        self._keys = LogKeys(given, self._refuse)
        self._frontier = Frontier()
        self._systems = Frontier()  # the tree over the system leaves alone
        self._problems: list[Problem] = []
        self._failed: set[Axis] = set()
        self._more = 0
        self._sessions: dict[bytes, _Session] = {}
        self._closed: set[bytes] = set()
        self._late: dict[bytes, _Session] = {}  # closed, with outcomes that may still come
        self._used: set[bytes] = set()  # permits, allowed attempts and approvals; each works once
        self._latest = 0
        self._origin = ""
        self._pending: dict[int, Note] = {}
        self._announced = 0
        self._last: Checkpoint | None = None
        self._disclosed = 0
        self._named: set[str] = set()  # digests of texts that were in force, or that disclosed decisions name
        self._part = Part()
        self._roots: dict[int, bytes] = {}  # of the tree at each whole tile
        self._authority = Authority(reviewer_roots, self._refuse)
        self._attempts = Attempts(self._refuse, self._authority.attested)
        self._custody = Custody(self._refuse, self._roots)
        self._witnessed = Witnessed(asked, self._not_witnessed)
        self._given = bool(given)
        self.stamps = 0  # time stamps beside the log, which whoever feeds this has counted

    def _not_witnessed(self, leaf: int | None, code: str, message: str) -> None:
        self.problem(leaf, code, message, "witnessed")

    def _refuse(self, code: str, message: str, axis: Axis = "sound") -> None:
        """Note a problem at the leaf in hand, which the tree has not taken in yet."""
        self.problem(self._frontier.size, code, message, axis)

    def problem(self, leaf: int | None, code: str, message: str, axis: Axis = "sound") -> None:
        """Note something that does not hold; a reader of files adds its own with this."""
        self._failed.add(axis)
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(Problem(leaf, code, message, axis))
        else:
            self._more += 1

    def leaf(self, index: int, data: bytes) -> None:
        """Take in the exact stored bytes of the next leaf."""
        frontier = self._frontier
        size = frontier.size
        if index != size:
            self._refuse("leaf_missing", f"expected leaf {size}, found leaf {index}")
        hash = sha256(b"\x00" + data).digest()
        try:
            leaf = read(data)  # (1)
            if not size:
                self._first(leaf)
            self._follow(leaf, hash)
        except ProofError as error:
            self._refuse(error.code, error.message)
        self._grow(hash)

    def _grow(self, hash: bytes) -> None:
        """The tree takes in the leaf in hand."""
        frontier = self._frontier
        frontier.append(hash)
        size = frontier.size
        if not size % TILE:
            self._roots[size] = frontier.root()
        if self._pending and size in self._pending:
            self._reach(size)

    # (2) the tree -------------------------------------------------------------------------

    def checkpoint(self, size: int, note: bytes) -> None:
        """Take in a signed checkpoint; sizes rise, and none is behind the leaves."""
        try:
            parsed = Note.parse(note)
            found = Checkpoint.parse(parsed.text).size
        except ProofError as error:
            self.problem(None, error.code, f"checkpoint of size {size}: {error.message}")
            return
        if found != size or size <= self._announced or size < self._frontier.size:
            self.problem(None, "checkpoint_order", f"checkpoint of size {found} is out of order")
            return
        self._announced = size
        if len(self._pending) >= _MAX_PENDING:  # far beyond the leaves: they cannot all be kept
            self.problem(None, "truncated", f"a checkpoint covers {size} leaves, the log has fewer", "complete")
            return
        self._pending[size] = parsed
        if size == self._frontier.size:
            self._reach(size)

    def _reach(self, size: int) -> None:
        """The leaves have come to where a checkpoint stands."""
        note = self._pending.pop(size)
        try:
            checkpoint = Checkpoint.parse(note.text)
            anchors = self._keys.check(note, checkpoint)
            if checkpoint.root != self._frontier.root():
                raise ProofError("root_differs", "the leaves do not have the root that it says")
            if not self._part.hidden and not checkpoint.commits_to(self._heads()):
                raise ProofError("sessions_differ", "the open sessions are not those that it commits to")
            if anchors:
                self._last = checkpoint
                self._witnessed.take(checkpoint, note, self._keys.ever)
        except ProofError as error:
            self.problem(size - 1, error.code, f"checkpoint of size {size}: {error.message}")

    def _heads(self) -> list[Head]:
        heads = [(id.decode(), session.seq, session.head.decode()) for id, session in self._sessions.items()]
        return [*heads, (SYSTEM, self._systems.size, "sha256:" + self._systems.root().hex())]

    # a part of a log ----------------------------------------------------------------------

    @property
    def size(self) -> int:
        """How many leaves were fed or passed over."""
        return self._frontier.size

    def fold(self, stop: int, hashes: Sequence[bytes]) -> None:
        """Pass over the leaves up to `stop`, which are not shown, by the subtrees that hold them.

        Raises:
            ProofError: `bad_fold`.
        """
        size = self._frontier.size
        if not size:
            self._refuse("no_genesis", "the first leaf, the genesis, is not shown")
        self._frontier.fold(stop, hashes)
        self._part.hidden += stop - size

    def head(self, head: Head, index: int, path: Sequence[bytes]) -> None:
        """Take in where a session stood at the last checkpoint, with its path in the tree of heads.

        Raises:
            ProofError: `tail_order`, `bad_checkpoint` or `bad_inclusion`.
        """
        last = self._last if self._last and self._last.size == self._frontier.size else None
        if last is None or self._keys.signs_lines:  # else nobody has signed where sessions stood
            self._part.prove(last, head, index, path)

    def archived(self, name: str, data: bytes) -> None:
        """Check that a text is the one that a leaf, or a value which was disclosed before, names by its digest."""
        self._disclosed += 1
        if name not in self._named:
            message = f"the archived text `{name[:80]}` is none that was in force, nor that a disclosed decision names"
            self.problem(None, "not_opened", message, "disclosed")
        if digest(data) != name:
            self.problem(None, "not_opened", f"the archived text is not that of `{name[:80]}`", "disclosed")

    # (3) the beginning --------------------------------------------------------------------

    def _first(self, leaf: Leaf) -> None:
        if not isinstance(leaf, System) or leaf.event != "genesis":
            self._refuse("no_genesis", "the log does not start with its genesis")
            return
        self._origin = str(leaf.subject["origin"])
        policy = self._witnessed.policy
        if policy is not None and policy.logs and not self._given:
            own = [key for key in policy.logs if key.name == self._origin]
            if not own:
                self._refuse("log_not_in_policy", "the policy names logs, and this is none of them")
            self._keys = LogKeys(own, self._refuse)
        self._keys.begin(self._origin, str(leaf.subject["log_key"]))

    def named(self, origin: str, log_key: str) -> None:
        """Compare what a file says of its log with the genesis; call after the leaves."""
        if origin != self._origin or not self._keys.named(log_key):
            self.problem(None, "header_differs", "the file names another log than the genesis in it")

    # (4) sessions -------------------------------------------------------------------------

    def _follow(self, leaf: Leaf, hash: bytes) -> None:
        time = milliseconds(leaf.time)
        if time > self._latest:
            self._latest = time
        elif self._latest - time > CLOCK_TOLERANCE and getattr(leaf, "event", "") != "clock":
            self._refuse("time_back", f"its time is {self._latest - time} ms before an earlier leaf's")
        if isinstance(leaf, System):
            self._systems.append(hash)
            self._system(leaf, time, hash)
            return
        session = self._sessions.get(leaf.session)
        if session is None:
            session = self._opened(leaf)
        elif isinstance(leaf, SessionEvent) and leaf.event == b"open":
            self._refuse("session_open_twice", f"session `{leaf.session.decode()}` is open already")
        if int(leaf.seq) != session.seq:
            self._refuse("seq", f"`session.seq` is {leaf.seq.decode()}, expected {session.seq}")
        if leaf.prev != session.head:
            self._refuse("prev", "`session.prev` is not the hash of the session's previous leaf")
        session.seq = int(leaf.seq) + 1
        session.head = b"sha256:" + hexlify(hash)
        session.last = self._frontier.size
        if isinstance(leaf, Decision):
            self._decision(leaf, session, time)
        elif isinstance(leaf, Outcome):
            self._outcome(leaf, session, time)
        elif isinstance(leaf, Approval):
            self._answer(leaf)
        elif leaf.event == b"close":
            self._close(leaf.session, session)

    def _opened(self, leaf: Decision | Outcome | SessionEvent | Approval) -> _Session:
        late = self._late.get(leaf.session) if isinstance(leaf, Outcome) else None
        if late is not None:
            return late  # what was under way when the session closed may still come to its end
        if leaf.session in self._closed:
            self._refuse("after_close", f"session `{leaf.session.decode()}` was closed before")
        elif not isinstance(leaf, SessionEvent) or leaf.event != b"open":
            self._refuse("session_not_open", f"session `{leaf.session.decode()}` was never opened")
        return self._sessions.setdefault(leaf.session, _Session())

    def _close(self, id: bytes, session: _Session) -> None:
        del self._sessions[id]
        self._closed.add(id)
        if session.due:
            self._late[id] = session
        self._authority.forget(id)

    # (5) attempts, permits, outcomes ------------------------------------------------------

    def _decision(self, leaf: Decision, session: _Session, time: int) -> None:
        if _STRICTNESS[leaf.verdict] < _STRICTNESS[leaf.decided]:
            self._authority.milder(leaf, time)  # (9)
        if (leaf.tool == b"?") is (leaf.tool_commitment is None):
            self._refuse("tool_commitment", "a tool is named in the clear or committed to, one of the two")
        self._authority.in_force(leaf, time)  # (7)
        if leaf.verdict != b"allow":
            if leaf.permit or leaf.audience or leaf.expires:
                self._refuse("permit_on_refusal", f"a permit stands on a decision that is `{leaf.verdict.decode()}`")
            return
        if not leaf.permit or leaf.audience != leaf.server or not leaf.expires:
            self._refuse("permit_missing", "an allow needs a permit for its own server that expires")
        elif not 0 < milliseconds(leaf.expires) - time <= PERMIT_LIFE:
            self._refuse("permit_life", f"the permit does not expire within {PERMIT_LIFE // 1000} s")
        used = self._used
        if leaf.permit in used:
            self._refuse("permit_twice", f"permit `{leaf.permit.decode()}` was minted before")
        if leaf.attempt in used:
            self._refuse("allowed_twice", f"attempt `{leaf.attempt.decode()}` was allowed before")
        used.add(leaf.permit)
        used.add(leaf.attempt)
        self._authority.consume(leaf, used)  # (6)
        self._authority.spend(leaf, time)
        self._attempts.allow(leaf.attempt, Allow(leaf.session, session.head, self._frontier.size, leaf.server))
        session.due += 1

    def _outcome(self, leaf: Outcome, session: _Session, time: int) -> None:
        session.due -= self._attempts.outcome(leaf, time, known=leaf.attempt in self._used)
        if not session.due:
            self._late.pop(leaf.session, None)

    def _system(self, leaf: System, time: int, hash: bytes) -> None:
        vouched = self._of_sessions(leaf, time, hash)
        if leaf.event == "genesis" and self._frontier.size:
            self._refuse("genesis_twice", "the log starts a second time")
        self._custody.system(leaf, self._frontier.size)
        if leaf.event == "rotation" and self._keys.rotate(
            leaf, self._frontier.size, self._frontier.root(), vouched=vouched
        ):
            self._last = None  # a thief may have signed it

    def _of_sessions(self, leaf: System, time: int, hash: bytes) -> bool:
        """What it establishes for sessions, which is all that a share of the log (`shares.py`) needs."""
        if leaf.event == "clock":
            self._latest = time  # an operator has confirmed what time it is
        elif leaf.event == "gap":
            self._gap(leaf, time, hash)
        elif leaf.event == "activation":
            self._named.update((str(leaf.subject["bundle"]), str(leaf.subject["catalog"])))
        return self._authority.system(leaf)  # (6), (7)

    def _gap(self, leaf: System, time: int, hash: bytes) -> None:
        if not self._part.hidden or self._attempts.knows(leaf):  # of a part of a log, only if its session is shown
            self._attempts.gap(leaf, time, hash)

    def _answer(self, leaf: Approval) -> None:
        self._authority.answer(leaf)

    # disclosure ---------------------------------------------------------------------------

    def disclosed(self, index: int, leaf: bytes, salt: bytes | None, values: Mapping[str, Any]) -> None:
        """Check that clear values open the commitments of a leaf that was fed before.

        Args:
            salt: of the leaf; None if each value comes with a derived salt, and opens one commitment alone.
        """
        self._disclosed += bool(values) if salt is None else shows(values)
        try:
            read(leaf)  # what is no receipt commits to nothing
            found = parse(leaf)
            committed = found if isinstance(found, dict) else {}
            if salt is None:
                open_alone(committed, values)
                facts = {name.removeprefix(FACTS): one[1] for name, one in values.items() if name.startswith(FACTS)}
                values = {"facts": facts}
            else:
                open_values(committed, salt, values)
            self._named.update(names_of(found, values))
        except ProofError as error:
            self.problem(index, error.code, error.message, "disclosed")

    # (8) completeness ---------------------------------------------------------------------

    def finish(self) -> Report:
        """The report over everything that was fed."""
        size = self._frontier.size
        for promised in sorted(self._pending):
            self.problem(None, "truncated", f"a checkpoint covers {promised} leaves, the log has {size}", "complete")
        if not size:
            self.problem(None, "no_genesis", "the log has no leaves")
        self._keys.finish(lambda code, message: self.problem(0, code, message))
        notes: list[str] = []
        open_after = self._last.size - 1 if self._last and self._last.size < size else None
        if self._part.hidden:
            complete, open_after = self._complete_part(notes)
        else:
            complete = self._complete(notes)
        witnessed = self._witnessed.finish(size, notes)
        sound = False if "sound" in self._failed else True if self._last else None
        if self._more:
            notes.append(f"{self._more} more problems are not listed")
        notes += self._keys.notes()
        if self._keys.self_asserted:
            notes.append("self-asserted: the log key was taken from the log itself; pass --log-key")
        if self._authority.self_asserted:
            notes.append("self-asserted: people's keys were taken from the log itself; pass --reviewer")
        if self._authority.observed:
            many = self._authority.observed
            notes.append(f"OBSERVED ONLY: {many:,} allowed because observing; policy would have asked or stopped")
        if self._authority.unsigned_activation:
            notes.append("policy was in force before an operator's key was enrolled to sign for it")
        notes += self._authority.notes()
        notes += self._custody.notes()
        if self.stamps:
            notes.append(f"{UNCHECKED}: {self.stamps}")
        return Report(
            sound=sound,
            witnessed=witnessed,
            complete=complete,
            disclosed=(None if not self._disclosed else "disclosed" not in self._failed),
            leaves=size - self._part.hidden,
            size=size,
            root="sha256:" + self._frontier.root().hex(),
            problems=self._problems,
            notes=notes,
            self_asserted=self._keys.self_asserted or self._authority.self_asserted,
            open_after=open_after,
            witnessed_to=self._witnessed.size - 1 if 0 < self._witnessed.size < size else None,
            policy=self._witnessed.asks,
        )

    def _complete(self, notes: list[str]) -> bool | None:
        """Relative to the last checkpoint: every allow before it has come to an outcome.

        None if leaves follow it: how many more there were, nothing in hand can tell.
        """
        if self._last is None:
            notes.append("no checkpoint anchors the leaves")
            return False if "complete" in self._failed else None
        covered = self._last.size
        if covered < self._frontier.size:
            notes.append(f"leaves after {covered - 1} follow each other, but nothing signed vouches for them yet")
        if not self._last.heads:
            self.problem(covered - 1, "sessions_missing", "the last checkpoint commits to no sessions", "complete")
        for attempt, allow in self._attempts.open():
            if allow.at < covered:
                self.problem(allow.at, "allow_open", f"ALLOW of `{attempt.decode()}` has no outcome", "complete")
            else:
                notes.append(f"ALLOW open at leaf {allow.at}, after the last checkpoint")
        notes += self._attempts.notes()
        if self._open_sessions():
            notes.append(f"{self._open_sessions()} sessions are still open")
        if "complete" in self._failed:
            return False
        return None if "sound" in self._failed or covered < self._frontier.size else True

    def _open_sessions(self) -> int:
        return len(self._sessions)

    def _complete_part(self, notes: list[str]) -> tuple[bool | None, int | None]:
        """Relative to the last checkpoint, for the sessions that are shown; and after which leaf one is open."""
        part, size = self._part, self._frontier.size
        notes.append("a part of the log: that no permit, attempt or approval was used outside of it is not proved")
        part.compare(self._sessions, self._heads()[-1], self._refuse_last)
        stopped = set(part.stopped(self._sessions))
        for id in stopped:
            notes.append(f"session `{id.decode()}`: OPEN AFTER LEAF {self._sessions[id].last}")
        for attempt, allow in self._attempts.open():
            if allow.session not in stopped:
                self.problem(allow.at, "allow_open", f"ALLOW of `{attempt.decode()}` has no outcome", "complete")
        notes += self._attempts.notes()
        proved = part.proves(SYSTEM.encode(), self._systems.size)
        if not proved:
            notes.append("that no system leaf (a revocation, another mode) was left out is not proved")
        vouched = self._last.size if self._last is not None else 0
        ends = [self._sessions[id].last for id in stopped]
        if 0 < vouched < size:  # a liar can add whole sessions there
            notes.append(f"leaves after {vouched - 1} follow each other, but nothing signed vouches for them yet")
            ends.append(vouched - 1)
        if "complete" in self._failed:
            return False, min(ends, default=None)
        if ends or not proved or "sound" in self._failed or not vouched:
            return None, min(ends, default=None)
        return True, None

    def _refuse_last(self, code: str, message: str) -> None:
        self.problem(None, code, message, "complete" if code == "system_missing" else "sound")
