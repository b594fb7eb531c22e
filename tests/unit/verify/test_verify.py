"""The numbered verification: a sound log passes, and one with one thing broken says what and where."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from assent_verify.canonical import canonicalize, digest
from assent_verify.checkpoint import Checkpoint
from assent_verify.note import VerifierKey, sign
from assent_verify.report import MAX_PROBLEMS, Report
from assent_verify.verify import Verifier

from conformance.receipt.sample import AGENT, ORIGIN, START, USER, SampleLog, identifier, private_key, sample, time
from tests.verify_log import verify_log

SESSION, OTHER = identifier("ses", "one"), identifier("ses", "other")
ATTEMPT, SECOND = identifier("att", "one"), identifier("att", "second")
APPROVAL = identifier("apr", "one")
USER_TWO = 'User::"team/two"'


def verify(log: SampleLog, *, key: VerifierKey | None = None, roots: tuple[bytes, ...] = ()) -> Report:
    """Feed a whole log."""
    verifier = Verifier(key, roots)
    notes = dict(log.checkpoints)
    for index, leaf in enumerate(log.leaves):
        verifier.leaf(index, leaf)
        if index + 1 in notes:
            verifier.checkpoint(index + 1, notes.pop(index + 1))
    for size, note in notes.items():
        verifier.checkpoint(size, note)
    return verifier.finish()


def codes(report: Report) -> list[str]:
    return [problem.code for problem in report.problems]


def begun(*sessions: str) -> SampleLog:
    """A log with an operator, a bundle and open sessions."""
    log = SampleLog()
    log.begin()
    for session in sessions or (SESSION,):
        log.open(session)
    return log


def test_a_log_with_every_kind_of_leaf_is_sound_and_complete() -> None:
    """With keys from outside nothing is self-asserted, and every answer that can be is yes."""
    log = sample()
    report = verify_log(enumerate(log.leaves), log.checkpoints, log.key, reviewer_roots=[log.public])
    assert (report.sound, report.witnessed, report.complete, report.disclosed) == (True, None, True, None)
    assert report.strict
    assert report.leaves == 32
    assert report.root == "sha256:" + log.frontier.root().hex()
    assert report.notes == []


def test_keys_from_the_log_itself_are_reported_as_its_own_word() -> None:
    """`holds`, but not `strict`; each missing root is named on its own."""
    log = sample()
    report = verify(log)
    assert report.holds
    assert not report.strict
    assert sum(note.startswith("self-asserted") for note in report.notes) == 2
    assert verify(log, key=log.key).self_asserted
    assert verify(log, roots=(log.public,)).self_asserted


def test_another_log_key_or_reviewer_root_is_not_believed() -> None:
    """Keys are input: what the log says of itself does not count against them."""
    log = sample()
    stranger = private_key("stranger").public_key().public_bytes_raw()
    assert {"log_key_differs"} <= set(codes(verify(log, key=VerifierKey(log.key.name, stranger))))
    assert "key_untrusted" in codes(verify(log, roots=(stranger,)))


def test_a_log_without_a_checkpoint_is_not_checked() -> None:
    """Nothing anchors it: `not checked` is never a pass."""
    log = begun()
    report = verify(log)
    assert (report.sound, report.complete, report.holds) == (None, None, False)


def _allowed(log: SampleLog) -> None:
    log.decide(SESSION, ATTEMPT)
    log.settle(SESSION, ATTEMPT)


def _broken_bundle(log: SampleLog) -> None:
    log.activate("two")
    log.decide(
        SESSION,
        ATTEMPT,
        versions={
            **{"bundle": digest(b"bundle one"), "catalog": "", "schema": "", "session": 0},
            **{"epoch": 0, "engine": ""},
        },
    )


def _answered(log: SampleLog, **changes: object) -> None:
    log.decide(SESSION, ATTEMPT, "escalate")
    log.answer(SESSION, APPROVAL, ATTEMPT, **changes)  # type: ignore[arg-type]


def _consumed(log: SampleLog, attempt: str = ATTEMPT, session: str = SESSION) -> None:
    log.decide(session, attempt, approvals=[APPROVAL])
    log.settle(session, attempt)


def _quorum(log: SampleLog, *people: str) -> None:
    asked = [{"policy": "p", "digest": digest(b"p"), "group": "team", "quorum": 2}]
    log.enrol(private_key("two"), USER_TWO, log.operator)
    log.answer(SESSION, APPROVAL, ATTEMPT, asked=asked)
    for by in people:
        log.answer(SESSION, APPROVAL, ATTEMPT, asked=asked, by=by, signer=private_key("two"))
    _consumed(log)


UNTIL = time(START + 86_400_000)
OBSERVE = {"mode": "observe", "until": UNTIL}


def _observed(log: SampleLog, **members: object) -> None:
    log.decide(SESSION, ATTEMPT, decided="escalate", mode="observe", **members)
    log.settle(SESSION, ATTEMPT)


DELEGATION = identifier("dlg", "one")


def _granted(log: SampleLog, **changes: object) -> None:
    subject: dict[str, object] = {
        **{"delegation": DELEGATION, "session": SESSION, "principal": AGENT, "server": "files", "by": USER},
        **{"approval": APPROVAL, "facts": digest(b"facts"), "count": 1, "expires": time(log.now + 600_000)},
        "lifts": [{"id": "p", "digest": digest(b"p")}],
    }
    log.system("delegation", {**subject, **changes}, log.operator)


def _used(log: SampleLog, attempt: str = ATTEMPT, session: str = SESSION) -> None:
    log.decide(session, attempt, delegation=DELEGATION)
    log.settle(session, attempt)


BROKEN: dict[str, Callable[[SampleLog], object]] = {
    # (3)
    "genesis_twice": lambda log: log.genesis(),
    # (4)
    "session_not_open": lambda log: log.decide(OTHER, ATTEMPT, "deny"),
    "session_open_twice": lambda log: log.open(SESSION),
    "after_close": lambda log: (log.close(SESSION), log.decide(SESSION, ATTEMPT, "deny")),
    "seq": lambda log: log.decide(
        SESSION, ATTEMPT, "deny", session={"id": SESSION, "seq": 2, "prev": log.heads[SESSION][1]}
    ),
    "prev": lambda log: log.decide(
        SESSION, ATTEMPT, "deny", session={"id": SESSION, "seq": 1, "prev": digest(b"another")}
    ),
    "time_back": lambda log: log.decide(SESSION, ATTEMPT, "deny", time=time(START - 30_001)),
    # (5)
    "verdict_milder": lambda log: log.decide(SESSION, ATTEMPT, decided="escalate"),
    "permit_on_refusal": lambda log: log.decide(SESSION, ATTEMPT, "deny", permit=identifier("prm", "p")),
    "permit_missing": lambda log: log.decide(SESSION, ATTEMPT, audience="elsewhere"),
    "permit_life": lambda log: log.decide(SESSION, ATTEMPT, expires=time(log.now + 60_008)),
    "permit_twice": lambda log: [
        log.decide(SESSION, attempt, permit=identifier("prm", "p")) for attempt in (ATTEMPT, SECOND)
    ],
    "allowed_twice": lambda log: (_allowed(log), _allowed(log)),
    "outcome_twice": lambda log: (_allowed(log), log.settle(SESSION, ATTEMPT)),
    "outcome_without_allow": lambda log: (log.decide(SESSION, ATTEMPT, "deny"), log.settle(SESSION, ATTEMPT)),
    "outcome_elsewhere": lambda log: (
        log.decide(SESSION, ATTEMPT),
        log.settle(SESSION, ATTEMPT, decision=digest(b"another")),
    ),
    "tool_commitment": lambda log: log.decide(
        *(SESSION, ATTEMPT),
        action={
            **{"server": "files", "method": "tools/call", "tool": "?", "definition": "", "arguments": []},
            **{"digest": digest(b"a"), "referents": ""},
        },
    ),
    # (6)
    "approval_missing": _consumed,
    "approval_twice": lambda log: (_answered(log), _consumed(log), _consumed(log, SECOND)),
    "approval_elsewhere": lambda log: (_answered(log), _consumed(log, SECOND)),
    "denied_by_person": lambda log: (_answered(log, verdict="deny"), _consumed(log)),
    "quorum": lambda log: _quorum(log),
    "answered_twice": lambda log: _quorum(log, USER_TWO, USER_TWO),
    "answers_differ": lambda log: (_answered(log), log.answer(SESSION, APPROVAL, SECOND)),
    "statement_differs": lambda log: log.answer(SESSION, APPROVAL, ATTEMPT, approval=identifier("apr", "x")),
    "key_not_enrolled": lambda log: _answered(log, signer=private_key("stranger")),
    "fingerprint": lambda log: log.system(
        "enrol", {"user": USER_TWO, "key": "A" * 43 + "=", "fingerprint": digest(b"x")}, log.operator
    ),
    "unsigned": lambda log: log.system("revocation", {"key": "some"}),
    # (7)
    "bundle_not_in_force": _broken_bundle,
    "delegation_missing": _used,
    "delegation_elsewhere": lambda log: (_granted(log, server="mail"), _used(log)),
    "delegation_over": lambda log: (_granted(log), _used(log), _used(log, SECOND)),
    "delegation_twice": lambda log: (_granted(log), _granted(log)),
    "delegation_life": lambda log: _granted(log, expires=time(log.now + 2**28)),
    # (9)
    "not_observing": _observed,
    "mode_until": lambda log: log.system("mode", {"mode": "observe", "until": time(START + 2**32)}, log.operator),
    "guard_observed": lambda log: (
        log.system("mode", OBSERVE, log.operator),
        log.decide(
            SESSION,
            ATTEMPT,
            **{"decided": "deny", "mode": "observe", "policies": [{"id": "assent/guard", "digest": digest(b"g")}]},
        ),
    ),
    "activation_order": lambda log: (setattr(log, "bundle", digest(b"never")), log.activate("two")),
}


@pytest.mark.parametrize("code", BROKEN)
def test_one_thing_broken_is_found_where_it_is(code: str) -> None:
    """Every rule names the first leaf that breaks it, and nothing before it is blamed."""
    log = begun(SESSION)
    before = len(log.leaves)
    BROKEN[code](log)
    log.checkpoint()
    report = verify(log)
    problem = next((p for p in report.problems if p.axis == "sound"), None)
    assert problem is not None
    assert problem.code == code
    assert problem.leaf is not None
    assert before <= problem.leaf < len(log.leaves)
    assert report.sound is False
    assert not report.holds


def test_a_delegation_is_signed_and_ends() -> None:
    """It carries as many allows as it says, of its own session, until revoked; never unsigned, never late."""
    log = begun()
    _granted(log, count=2)
    _used(log)
    _used(log, SECOND)
    log.checkpoint()
    assert verify(log).sound
    log = begun()
    _granted(log)
    log.system("revocation", {"delegation": DELEGATION, "session": SESSION}, log.operator)
    _used(log)
    assert codes(verify(log))[0] == "delegation_missing"
    log = begun()
    _granted(log, expires=time(log.now + 1_000))
    log.now += 40_000
    _used(log)
    assert codes(verify(log))[0] == "delegation_over"
    log = begun()
    log.enrol(private_key("two"), USER_TWO, log.operator)
    _granted(log, by=USER_TWO)
    assert codes(verify(log))[0] == "key_not_enrolled"


def test_observing_is_the_operators_signed_word_and_ends() -> None:
    """A milder verdict is sound between `observe` and its end, is told, and never by an unsigned leaf."""
    log = begun()
    log.system("mode", OBSERVE, log.operator)
    _observed(log)
    log.checkpoint()
    report = verify(log)
    assert report.sound, report.problems
    assert any(note.startswith("OBSERVED ONLY: 1 ") for note in report.notes)
    log = begun()
    log.system("mode", OBSERVE, log.operator)
    log.system("mode", {"mode": "enforce", "until": ""}, log.operator)
    _observed(log)
    assert codes(verify(log))[0] == "not_observing"
    log = begun()
    log.system("mode", OBSERVE, log.operator)
    log.now = START + 86_400_000 + 40_000
    _observed(log)
    assert codes(verify(log))[0] == "not_observing"
    log = SampleLog()
    log.genesis()
    log.system("mode", OBSERVE)
    assert codes(verify(log))[0] == "unsigned"


def test_a_quorum_of_two_people_is_enough() -> None:
    """The same steps as `quorum` and `answered_twice`, with both people."""
    log = begun()
    _quorum(log, USER_TWO)
    log.checkpoint()
    assert codes(verify(log)) == []


def test_an_answer_for_another_person_needs_that_persons_key() -> None:
    """A key speaks for the user it was enrolled for."""
    log = begun()
    _answered(log, by=USER_TWO)
    log.checkpoint()
    assert codes(verify(log)) == ["key_not_enrolled"]


@pytest.mark.parametrize("signed_by", [None, "stranger"])
def test_enrolling_needs_a_key_that_is_enrolled(signed_by: str | None) -> None:
    """After the first, a key does not enrol itself."""
    log = begun()
    log.enrol(private_key("new"), USER_TWO, private_key(signed_by or "new"))
    log.checkpoint()
    assert codes(verify(log)) == ["key_not_enrolled"]


def test_an_unknown_outcome_may_become_known_once() -> None:
    """An `unknown` is superseded by a later outcome; a final one is not."""
    log = begun()
    log.decide(SESSION, ATTEMPT)
    log.settle(SESSION, ATTEMPT, "unknown")
    log.settle(SESSION, ATTEMPT)
    log.checkpoint()
    assert codes(verify(log)) == []
    log.settle(SESSION, ATTEMPT)
    assert codes(verify(log)) == ["outcome_twice"]


def test_a_confirmed_clock_may_stand_back() -> None:
    """Time runs back by more than 30 s only after an operator has confirmed it."""
    log = begun()
    log.now -= 60_000
    log.system("clock", {"confirmed": True}, log.operator)
    log.decide(SESSION, ATTEMPT, "deny")
    log.checkpoint()
    assert codes(verify(log)) == []


def test_an_allow_without_outcome_is_not_complete() -> None:
    """Sound, but COMPLETE is no, and the allow is listed; after the last checkpoint it is only a note."""
    log = begun()
    index = log.decide(SESSION, ATTEMPT)
    log.checkpoint()
    report = verify(log)
    assert (report.sound, report.complete) == (True, False)
    assert [(p.leaf, p.code) for p in report.problems] == [(index, "allow_open")]
    log.settle(SESSION, ATTEMPT)
    log.decide(SESSION, SECOND)
    report = verify(log)
    assert (report.sound, report.complete, report.open_after) == (True, None, index)
    assert any(f"OPEN AFTER LEAF {index}" in line for line in report.lines())
    assert report.holds
    assert not report.strict


def test_a_session_that_closed_over_an_open_allow_is_not_complete() -> None:
    """Closing does not settle."""
    log = begun()
    log.decide(SESSION, ATTEMPT)
    log.close(SESSION)
    log.checkpoint()
    assert codes(verify(log)) == ["allow_open"]


def test_a_checkpoint_beyond_the_leaves_means_that_some_are_missing() -> None:
    """COMPLETE is no: the log once had more leaves than are shown."""
    log = sample()
    log.leaves = log.leaves[:20]
    report = verify(log)
    assert (report.sound, report.complete, report.holds) == (True, False, False)
    assert codes(report) == ["truncated"]


def test_a_checkpoint_that_commits_to_other_sessions_is_found() -> None:
    """The open sessions and their heads are part of what was signed."""
    log = begun()
    log.heads[OTHER] = (3, digest(b"invented"))
    log.checkpoint()
    assert codes(verify(log)) == ["sessions_differ"]


def test_checkpoints_rise_and_come_before_what_follows_them() -> None:
    """Neither a repeated nor a late checkpoint counts."""
    log = begun()
    log.checkpoint()
    size, note = log.checkpoints[0]
    verifier = Verifier()
    for index, leaf in enumerate(log.leaves):
        verifier.leaf(index, leaf)
    verifier.checkpoint(size, note)
    verifier.checkpoint(size, note)
    verifier.checkpoint(size + 1, note)
    assert codes(verifier.finish()) == ["checkpoint_order"] * 2
    log.decide(SESSION, ATTEMPT, "deny")
    late = Verifier()
    for index, leaf in enumerate(log.leaves):
        late.leaf(index, leaf)
    late.checkpoint(size, note)
    assert codes(late.finish()) == ["checkpoint_order"]


def test_the_key_is_named_after_the_log() -> None:
    """A genesis that names another origin than its key, and checkpoints of the key's name, do not fit together."""
    log = SampleLog()
    log.system("genesis", {"origin": "assent/other", "log_key": str(log.key), "operator": 'User::"local/a"'})
    log.checkpoint()
    assert codes(verify(log)) == ["log_key_differs", "origin"]


def test_a_checkpoint_that_commits_to_no_sessions_says_nothing_of_completeness() -> None:
    """Sound, but COMPLETE is no: sessions could be missing whole."""
    log = begun()
    text = str(Checkpoint(ORIGIN, len(log.leaves), log.frontier.root()))
    log.checkpoints.append((len(log.leaves), sign(text, log.key, log.log_private.sign)))
    report = verify(log)
    assert (report.sound, report.complete, codes(report)) == (True, False, ["sessions_missing"])


@pytest.mark.parametrize("kind", ["approval", "system"])
def test_a_persons_signature_is_over_what_the_leaf_says(kind: str) -> None:
    """Another signature of the same key, over something else, does not hold."""
    log = begun()
    _answered(log)
    log.system("accept", {"tool": "one"}, log.operator)
    at = max(i for i, leaf in enumerate(log.leaves) if f'"kind":"{kind}"'.encode() in leaf)
    value = json.loads(log.leaves[at])
    value["signature"] = base64.b64encode(log.operator.sign(b"something else")).decode()
    log.leaves[at] = canonicalize(value)
    first = verify(log).problems[0]
    assert (first.leaf, first.code) == (at, "bad_signature")


def test_the_first_key_enrols_itself_and_no_other() -> None:
    """Its own signature shows that its holder has it."""
    log = SampleLog()
    log.genesis()
    log.enrol(log.operator, 'User::"local/operator"', private_key("stranger"))
    log.checkpoint()
    assert codes(verify(log)) == ["key_not_enrolled"]


def test_a_refusal_may_be_older_than_the_bundle_but_not_invented() -> None:
    """A deny under an earlier bundle, or none, is in order; under one never activated it is not."""
    versions: dict[str, object] = {"catalog": "", "schema": "", "session": 0, "epoch": 0, "engine": ""}
    log = begun()
    log.activate("two")
    for bundle in (digest(b"bundle one"), digest(b"two"), ""):
        log.decide(SESSION, ATTEMPT, "deny", versions={**versions, "bundle": bundle})
    log.checkpoint()
    assert codes(verify(log)) == []
    log.decide(SESSION, ATTEMPT, "deny", versions={**versions, "bundle": digest(b"never")})
    assert codes(verify(log)) == ["bundle_not_in_force"]


def test_a_permit_expires_after_its_decision() -> None:
    """One that was never valid is no permit."""
    log = begun()
    log.decide(SESSION, ATTEMPT, expires=time(log.now + 7))
    assert codes(verify(log))[0] == "permit_life"


def test_answers_end_with_their_session() -> None:
    """All privilege is session-scoped: what was approved in one does not outlive it."""
    log = begun(SESSION, OTHER)
    _answered(log)
    log.close(SESSION)
    _consumed(log, SECOND, OTHER)
    log.checkpoint()
    assert codes(verify(log)) == ["approval_missing"]


def test_policy_that_was_in_force_before_anybody_signed_is_noted() -> None:
    """The starter policy of a home without operator key."""
    log = SampleLog()
    log.genesis()
    operator, log.operator = log.operator, private_key("none")
    subject = {"bundle": digest(b"s"), "catalog": digest(b"c"), "previous": ""}
    log.system("activation", subject)
    log.enrol(operator, 'User::"local/operator"', operator)
    log.checkpoint()
    report = verify(log)
    assert report.sound
    assert any("before an operator's key was enrolled" in note for note in report.notes)


def test_a_missing_leaf_is_noticed_by_its_index() -> None:
    """A store that skips an index has lost a leaf."""
    log = begun()
    verifier = Verifier()
    verifier.leaf(0, log.leaves[0])
    verifier.leaf(2, log.leaves[2])
    assert codes(verifier.finish())[0] == "leaf_missing"


def test_a_log_that_is_broken_throughout_is_reported_in_bounded_space() -> None:
    """The first problems are listed, the rest are counted."""
    verifier = Verifier()
    for index in range(300):
        verifier.leaf(index, b"not json")
    report = verifier.finish()
    assert len(report.problems) == MAX_PROBLEMS
    assert any("more problems" in note for note in report.notes)
    assert report.sound is False


def test_an_empty_log_is_no_log() -> None:
    """It has no genesis."""
    assert codes(Verifier().finish()) == ["no_genesis"]


def test_the_json_form_is_exactly_what_scripts_rely_on() -> None:
    """Keys and types are stable; `null` is `not checked`."""
    report = verify(begun()).as_json()
    stable = ["sound", "witnessed", "complete", "disclosed", "replayed", "leaves", "root", "problems"]
    assert list(report) == [*stable, "holds", "lacks", "size", "open_after", "witnessed_to", "notes"]
    assert report["lacks"] == ["not_sound", "not_complete", "self_asserted"]
    assert report["sound"] is None
    assert report["problems"] == []
