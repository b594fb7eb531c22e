"""Who may say so: enrolled keys, people's answers, and the policy bundles they activated."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from assent_verify.attempts import CLOCK_TOLERANCE
from assent_verify.breakglass import BreakGlass
from assent_verify.canonical import parse
from assent_verify.errors import ProofError
from assent_verify.events import ALWAYS_SIGNED, SIGNED
from assent_verify.note import ed25519_verifies
from assent_verify.people import Key, People
from assent_verify.receipt import (
    APPROVAL_PREFIX,
    Approval,
    Decision,
    Outcome,
    System,
    milliseconds,
    outcome_statement,
)

#: Longest time that policy may only be observed, in ms.
OBSERVE_LIFE = 30 * 86_400_000
#: Longest time that a delegation for one session may last, in ms.
DELEGATION_LIFE = 86_400_000


@dataclass(slots=True)
class _Question:
    """The answers to one approval so far."""

    session: bytes
    attempt: bytes
    shown: tuple[bytes, bytes, bytes]
    approved: dict[bytes, str] = field(default_factory=dict)  # who said yes → with which key


@dataclass(slots=True)
class _Delegation:
    """What a signed leaf granted, and how often it can still be used."""

    session: bytes
    principal: bytes
    server: bytes
    left: int
    expires: int
    key: str


class Authority:
    """Keys, answers and bundles as the leaves so far establish them.

    Args:
        roots: raw public keys that are trusted beforehand; without any, keys that
            enrol themselves are believed and reported as self-asserted.
        refuse: called with code and message for whatever does not hold.
    """

    def __init__(self, roots: Iterable[bytes], refuse: Callable[[str, str], None]) -> None:
        self._refuse = refuse
        self._people = People(roots, refuse)
        self._keys = self._people.keys
        self._glass = BreakGlass(refuse)
        self._questions: dict[bytes, _Question] = {}
        self._denied: set[bytes] = set()
        self._activated: set[bytes] = set()
        self._bundle = b""
        self._observe_until = 0
        self._delegations: dict[bytes, _Delegation] = {}
        self._of: dict[bytes, list[bytes]] = {}  # session → its approvals and delegations, some of them used up
        self.observed = 0
        self.unsigned_activation = False

    @property
    def self_asserted(self) -> bool:
        """Were people's keys taken from the log itself?"""
        return self._people.self_asserted

    def notes(self) -> list[str]:
        """What few have done, or what held for a time."""
        told = {"KEYS REMOVED": len(self._people.gone), "BREAK-GLASS, TIMES": self._glass.times}
        return [f"{word}: {many}" for word, many in told.items() if many]

    # (6) people ---------------------------------------------------------------------------

    def system(self, leaf: System) -> bool:
        """Check the signature of a system leaf and take over what it establishes; True if a trusted person signed."""
        signer = self._signer(leaf)
        self._people.follow(leaf, signer)
        if leaf.event == "breakglass":
            self._glass.follow(leaf, self._activated)
        elif leaf.event == "activation":
            if str(leaf.subject["previous"]).encode() != self._bundle:
                self._refuse("activation_order", "`previous` is not the bundle that was in force")
            self._bundle = str(leaf.subject["bundle"]).encode()
            self._activated.add(self._bundle)
            self.unsigned_activation |= not leaf.key
        elif leaf.event == "mode":
            self._mode(leaf)
        elif leaf.event == "delegation":
            self._delegate(leaf)
        elif leaf.event == "revocation":
            self._delegations.pop(str(leaf.subject.get("delegation", "")).encode(), None)
        return signer is not None and signer.trusted

    def _mode(self, leaf: System) -> None:
        until = str(leaf.subject["until"]).encode()
        if (leaf.subject["mode"] == "observe") is not bool(until):
            self._refuse("mode_until", "observing ends at a time, and enforcing has none")
        self._observe_until = milliseconds(until) if until else 0
        if self._observe_until > milliseconds(leaf.time) + OBSERVE_LIFE + CLOCK_TOLERANCE:
            self._refuse("mode_until", "policy is observed only for longer than 30 days")

    def _signer(self, leaf: System) -> Key | None:
        """The key that signed a system leaf, and may."""
        if leaf.key:
            return self._people.signer(leaf)
        over = leaf.event == "breakglass" and self._glass.over(leaf)  # it ends by itself, and says so
        weighty = leaf.event in ALWAYS_SIGNED or (leaf.event == "breakglass" and not over)
        if weighty or (self._keys and leaf.event in SIGNED):
            self._refuse("unsigned", f"a leaf of event `{leaf.event}` needs the operator's signature")
        return None

    def answer(self, leaf: Approval) -> None:
        """Check one person's answer and count it."""
        if (leaf.approval, leaf.attempt, leaf.by, leaf.verdict) != (
            *(leaf.s_approval, leaf.s_attempt, leaf.s_by, leaf.s_verdict),
        ):
            self._refuse("statement_differs", "the signed statement says something else than its leaf")
        milliseconds(leaf.s_time)
        key = self._keys.get(leaf.key.decode())
        by = leaf.by.replace(b'\\"', b'"').decode()
        if key is None or key.user != by or key.server:
            self._refuse("key_not_enrolled", f"the key was not enrolled for {by} before this leaf")
            return
        if not ed25519_verifies(key.public, APPROVAL_PREFIX + leaf.statement, base64.b64decode(leaf.signature)):
            self._refuse("bad_signature", f"the signature of {by} does not hold")
            return
        self._people.trust(key)
        self._count(leaf)

    def attested(self, leaf: Outcome, server: bytes, time: int) -> None:
        """Check the word of an executor: its server's key signed this outcome, exactly if it says so."""
        if leaf.executor is None or leaf.attested != b"executor":
            self._refuse("unsigned", "an outcome is attested by its executor exactly if the executor has signed it")
            return
        said = json.loads(leaf.executor)
        key = self._keys.get(said["key"])
        if key is None or not key.server or key.server.encode() != server:
            self._refuse("key_not_enrolled", f"the key was not enrolled for the executor of `{server.decode()}`")
            return
        if milliseconds(said["time"].encode()) > time + CLOCK_TOLERANCE:
            self._refuse("time_back", "the executor signed it after it was written down")
        if not ed25519_verifies(key.public, outcome_statement(leaf, said["time"]), base64.b64decode(said["signature"])):
            self._refuse("bad_signature", f"the signature of the executor of `{server.decode()}` does not hold")
            return
        self._people.trust(key)

    def _count(self, leaf: Approval) -> None:
        shown = (leaf.action, leaf.facts, leaf.asked)
        if leaf.approval not in self._questions:
            self._questions[leaf.approval] = _Question(leaf.session, leaf.attempt, shown)
            self._of.setdefault(leaf.session, []).append(leaf.approval)
        question = self._questions[leaf.approval]
        if (question.session, question.attempt, question.shown) != (leaf.session, leaf.attempt, shown):
            self._refuse("answers_differ", "two answers to one approval were shown different things")
        if leaf.by in question.approved:
            self._refuse("answered_twice", "one person answered one approval twice")
        if leaf.verdict == b"deny":
            self._denied.add(leaf.attempt)
        else:
            question.approved[leaf.by] = leaf.key.decode()

    def consume(self, leaf: Decision, used: set[bytes]) -> None:
        """Check the approvals that an allow consumes; each works once, for its own attempt."""
        if leaf.attempt in self._denied:
            self._refuse("denied_by_person", "a person said no to this attempt")
        for id in leaf.approvals[2:-2].split(b'","') if leaf.approvals != b"[]" else ():
            question, again = self._questions.pop(id, None), id in used
            if question is None or again:
                message = f"approval `{id.decode()}` was " + ("consumed before" if again else "never answered")
                self._refuse("approval_twice" if again else "approval_missing", message)
                continue
            used.add(id)
            if (question.attempt, question.session) != (leaf.attempt, leaf.session):
                self._refuse("approval_elsewhere", f"approval `{id.decode()}` was given for another attempt")
            if len({*question.approved.values()} - self._people.gone) < _quorum(question.shown[2]):
                self._refuse("quorum", f"approval `{id.decode()}` was not answered by enough people")

    def _delegate(self, leaf: System) -> None:
        given = {name: value.encode() for name, value in leaf.subject.items() if isinstance(value, str)}
        key = self._keys.get(leaf.key)
        if key is not None and key.user != leaf.subject["by"]:
            self._refuse("key_not_enrolled", "the delegation was signed with another person's key")
        if given["delegation"] in self._delegations:
            self._refuse("delegation_twice", f"delegation `{given['delegation'].decode()}` was granted before")
        expires = milliseconds(given["expires"])
        if expires > milliseconds(leaf.time) + DELEGATION_LIFE + CLOCK_TOLERANCE:
            self._refuse("delegation_life", "the delegation lasts longer than a day")
        principal = given["principal"].replace(b'"', b'\\"')
        left = int(str(leaf.subject["count"]))
        self._of.setdefault(given["session"], []).append(given["delegation"])
        self._delegations[given["delegation"]] = _Delegation(
            given["session"], principal, given["server"], left, expires, leaf.key
        )

    def spend(self, leaf: Decision, time: int) -> None:
        """Check the delegation that an allow stands on, and take one call off its count."""
        if leaf.delegation is None:
            return
        name = leaf.delegation.decode()
        given = self._delegations.get(leaf.delegation)
        if given is None or given.key in self._people.gone:
            self._refuse("delegation_missing", f"delegation `{name}` was never granted, or was revoked")
            return
        if (given.session, given.principal, given.server) != (leaf.session, leaf.principal, leaf.server):
            self._refuse("delegation_elsewhere", f"delegation `{name}` is for another session, principal or server")
        if given.left <= 0 or time > given.expires + CLOCK_TOLERANCE:
            self._refuse("delegation_over", f"delegation `{name}` was used up or had expired")
        given.left -= 1

    def join(self, observed: int, *, self_asserted: bool) -> None:
        """Take over what was followed elsewhere."""
        self.observed += observed
        self._people.self_asserted |= self_asserted

    def forget(self, session: bytes) -> None:
        """Drop the questions and delegations of a session that has ended; a no to an attempt stays one."""
        for id in self._of.pop(session, ()):
            if id in self._questions and self._questions[id].session == session:
                del self._questions[id]
            if id in self._delegations and self._delegations[id].session == session:
                del self._delegations[id]

    # (7) policy ---------------------------------------------------------------------------

    def in_force(self, leaf: Decision, time: int) -> None:
        """An allow used the bundle in force; any other verdict one that was, or none."""
        if leaf.bundle == (self._glass.bundle(time) or self._bundle) and leaf.bundle:
            return
        if leaf.verdict == b"allow":
            self._refuse("bundle_not_in_force", "the policy bundle of this allow was not the active one")
        elif leaf.bundle and leaf.bundle not in self._activated | self._glass.sealed:
            self._refuse("bundle_not_in_force", "the policy bundle was never activated before this leaf")

    # (9) mode ----------------------------------------------------------------------------

    def milder(self, leaf: Decision, time: int) -> None:
        """A verdict milder than what was decided: only what policy said, and only while it is observed."""
        if leaf.mode is None or leaf.verdict != b"allow":
            self._refuse("verdict_milder", "the final verdict is milder than what was decided")
        elif time > self._observe_until + CLOCK_TOLERANCE:
            self._refuse("not_observing", "it was allowed as observed only, and no operator's key said to observe")
        elif leaf.decided == b"deny" and b'"id":"assent/' in leaf.policies:
            self._refuse("guard_observed", "what guards Assent itself was observed only, and it never is")
        else:
            self.observed += 1


def _quorum(asked: bytes) -> int:
    rules = parse(asked)
    if not isinstance(rules, list):
        raise ProofError("leaf_schema", "`asked` is not an array")
    return max([1, *(int(rule["quorum"]) for rule in rules)])
