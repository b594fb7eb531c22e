"""Rules of people's keys in a log: who signs what alone, what takes two, and what a removed key is still good for."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest
from assent_verify.canonical import digest
from assent_verify.people import second_statement
from assent_verify.report import Report
from assent_verify.verify import Verifier
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.receipt.sample import ORIGIN, SampleLog, identifier, private_key, time

DAY, HOUR = 86_400_000, 3_600_000
BOB, EVE, CAT = (f'User::"local/{name}"' for name in ("bob", "eve", "cat"))
SEALED, NEW = private_key("sealed"), private_key("new operator")
REVIEWER, OTHER, THIEF = private_key("bob"), private_key("cat"), private_key("thief")
ONE, ATTEMPT, YES = identifier("ses", "one"), identifier("att", "one"), identifier("apr", "one")


def fingerprint(key: Ed25519PrivateKey) -> str:
    """Of the public half."""
    return digest(key.public_key().public_bytes_raw())


class Team(SampleLog):
    """A log with an operator, two reviewers, a sealed recovery key, and a day gone by."""

    def __init__(self, *, settled: bool = True) -> None:
        super().__init__()
        self.begin()
        self.person(REVIEWER, BOB, self.operator)
        self.person(OTHER, CAT, self.operator)
        self.seal(SEALED, self.operator)
        if settled:
            self.now += DAY + 1

    def person(
        self,
        key: Ed25519PrivateKey,
        user: str,
        by: Ed25519PrivateKey,
        second: Ed25519PrivateKey | None = None,
        role: str = "reviewer",
    ) -> int:
        """Enrol a key."""
        public = key.public_key().public_bytes_raw()
        subject = {"user": user, "key": base64.b64encode(public).decode(), "fingerprint": digest(public)}
        return self.both("enrol", subject | ({"role": role} if role == "reviewer" else {}), by, second)

    def seal(self, key: Ed25519PrivateKey, by: Ed25519PrivateKey, second: Ed25519PrivateKey | None = None) -> int:
        """Seal a recovery key."""
        public = key.public_key().public_bytes_raw()
        told = {"change": "sealed", "fingerprint": digest(public), "key": base64.b64encode(public).decode()}
        return self.both("recovery", told, by, second)

    def remove(
        self,
        key: Ed25519PrivateKey,
        by: Ed25519PrivateKey,
        second: Ed25519PrivateKey | None = None,
        why: str = "stolen",
    ) -> int:
        """A key counts no more."""
        return self.both("removal", {"fingerprint": fingerprint(key), "reason": why, "user": BOB}, by, second)

    def glass(self, bundle: str, by: Ed25519PrivateKey, second: Ed25519PrivateKey | None = None, hours: int = 1) -> int:
        """Another bundle stands in."""
        until = time(self.now + hours * HOUR)
        told = {"state": "on", "bundle": digest(bundle.encode()), "until": until, "reason": "locked_out"}
        return self.both("breakglass", told, by, second)

    def both(
        self, event: str, subject: Mapping[str, object], by: Ed25519PrivateKey, second: Ed25519PrivateKey | None
    ) -> int:
        """A leaf that one person signs, and a second beside them."""
        return self.system(event, {**subject, **({"second": self.word(event, subject, second)} if second else {})}, by)

    def word(
        self, event: str, subject: Mapping[str, object], key: Ed25519PrivateKey, origin: str = ORIGIN, ago: int = 0
    ) -> dict[str, str]:
        """What a second person signs."""
        at = time(self.now - ago)
        signature = base64.b64encode(key.sign(second_statement(event, subject, origin, at))).decode()
        return {"assurance": "passphrase", "key": fingerprint(key), "signature": signature, "time": at}

    def report(self, *, root: bool = True) -> Report:
        """What the verifier says, given the first operator's key or nothing."""
        self.checkpoint()
        verifier = Verifier([self.key], [self.public] if root else [])
        waiting = list(self.checkpoints)
        for index, leaf in enumerate(self.leaves):
            while waiting and waiting[0][0] <= index:
                verifier.checkpoint(*waiting.pop(0))
            verifier.leaf(index, leaf)
        for note in waiting:
            verifier.checkpoint(*note)
        return verifier.finish()

    def codes(self) -> set[str]:
        """What was refused."""
        return {problem.code for problem in self.report().problems}


def test_the_recovery_key_replaces_a_lost_operator_and_trust_follows() -> None:
    """Whoever trusts the first operator's key follows its seal to the recovery key, and that to the new operator."""
    log = Team()
    log.person(NEW, BOB, SEALED, role="operator")
    log.remove(log.operator, SEALED, why="lost")
    log.operator, first = NEW, log.public
    log.activate("bundle two")
    log.operator = private_key("operator")
    report = log.report()
    assert (report.strict, report.problems) == (True, [])
    assert first == log.public
    assert any(note.startswith("KEYS REMOVED: 1") for note in report.notes)


def test_two_people_do_what_the_recovery_key_does() -> None:
    """Two reviewers of two names, a day after they were enrolled, replace the operator's key; one of them does not."""
    log = Team()
    log.person(NEW, BOB, REVIEWER, OTHER, role="operator")
    log.remove(log.operator, OTHER, REVIEWER)
    assert log.report().strict
    for second in (None, REVIEWER):
        log = Team()
        log.person(NEW, BOB, REVIEWER, second, role="operator")
        assert log.codes() == {"second_person"}


@pytest.mark.parametrize("signer", [private_key("operator"), REVIEWER])
def test_one_person_alone_does_nothing_that_takes_two(signer: Ed25519PrivateKey) -> None:
    """Not the operator either: with a stolen key a thief would shut the owner out, and break glass."""
    for what in ("remove", "seal", "glass"):
        log = Team()
        if what == "remove":
            log.person(NEW, EVE, log.operator, role="operator")
            log.remove(NEW, signer)
        elif what == "seal":
            log.seal(THIEF, signer)
        else:
            log.glass("bundle one", signer)
        assert log.codes() == {"second_person"}, what


def test_a_thief_with_the_operators_key_cannot_make_the_second_person() -> None:
    """A key that was enrolled less than a day before does not count as one of two."""
    log = Team()
    log.person(THIEF, EVE, log.operator)
    log.seal(private_key("thief's"), log.operator, THIEF)
    assert log.codes() == {"second_person"}
    log = Team(settled=False)
    log.remove(log.operator, REVIEWER, OTHER)
    assert log.codes() == {"second_person"}


@pytest.mark.parametrize("flaw", ["origin", "subject", "stale", "early", "key", "recovery key", "again"])
def test_the_word_of_a_second_person_is_for_this_act_today_and_once(flaw: str) -> None:
    """Moved to another log, act or day, signed by somebody else, or used again, it is nothing."""
    log = Team()
    told = {"fingerprint": fingerprint(OTHER), "reason": "left", "user": CAT}
    word = log.word("removal", told, log.operator)
    if flaw == "origin":
        word = log.word("removal", told, log.operator, origin="assent/other")
    elif flaw == "subject":
        word = log.word("removal", {**told, "reason": "lost"}, log.operator)
    elif flaw == "stale":
        word = log.word("removal", told, log.operator, ago=DAY + 60_000)
    elif flaw == "early":
        word = log.word("removal", told, log.operator, ago=-60_000)
    elif flaw == "key":
        word = {**log.word("removal", told, THIEF), "key": fingerprint(log.operator)}
    elif flaw == "recovery key":
        word = log.word("removal", told, SEALED)
    if flaw == "again":
        until = time(log.now + HOUR)
        told = {"state": "on", "bundle": digest(b"bundle one"), "until": until, "reason": "locked_out"}
        word = log.word("breakglass", told, OTHER)
        log.system("breakglass", {**told, "second": word}, REVIEWER)
        log.system("breakglass", {**told, "second": word}, REVIEWER)
    else:
        log.system("removal", {**told, "second": word}, REVIEWER)
    assert log.codes() == {"second_person"}


def test_a_removed_key_signs_nothing_and_never_comes_back() -> None:
    """Not even as a root that was given: what it signed before stays."""
    log = Team()
    log.person(NEW, BOB, SEALED, role="operator")
    log.remove(log.operator, SEALED)
    log.activate("bundle two")
    assert log.codes() == {"key_not_enrolled"}
    log = Team()
    log.remove(REVIEWER, log.operator)
    log.person(REVIEWER, EVE, log.operator)
    assert log.codes() == {"key_removed"}


def test_an_answer_of_a_removed_key_is_good_where_it_was_used_and_nowhere_else() -> None:
    """A thief's yes lifts nothing from the removal on; what passed before it stays proved."""
    for late in (False, True):
        log = Team()
        log.open(ONE)
        log.decide(ONE, ATTEMPT, "escalate")
        log.answer(ONE, YES, ATTEMPT)
        if not late:
            log.decide(ONE, ATTEMPT, approvals=[YES])
            log.settle(ONE, ATTEMPT)
        log.person(NEW, BOB, SEALED, role="operator")
        log.remove(log.operator, SEALED)
        if late:
            log.decide(ONE, ATTEMPT, approvals=[YES])
            log.settle(ONE, ATTEMPT)
        assert log.codes() == ({"quorum"} if late else set())


@pytest.mark.parametrize("event", ["activation", "enrol", "mode", "rotation", "hold"])
def test_a_reviewer_governs_nothing(event: str) -> None:
    """Its key answers; it activates, enrols and weakens nothing."""
    log = Team()
    if event == "activation":
        log.operator = REVIEWER
        log.activate("bundle two")
        log.operator = private_key("operator")
    elif event == "enrol":
        log.person(THIEF, EVE, REVIEWER)
    elif event == "mode":
        log.system("mode", {"mode": "observe", "until": time(log.now + HOUR)}, REVIEWER)
    elif event == "hold":
        told = {"hold": "x", "state": "on", "ranges": [], "reason": "why", "subject": ""}
        log.system("hold", told, REVIEWER)
    else:
        root = "sha256:" + log.frontier.root().hex()
        told = {"origin": ORIGIN, "added": [str(log.key)], "removed": [], "reason": "planned", "root": root}
        log.system("rotation", {**told, "size": len(log.leaves)}, REVIEWER)
    assert log.codes() & {"role_exceeded", "second_person"}


def test_the_recovery_key_recovers_and_governs_nothing() -> None:
    """Whoever opens the safe still has to make an operator first, which stands in the log."""
    log = Team()
    log.operator = SEALED
    log.activate("bundle two")
    log.operator = private_key("operator")
    assert log.codes() == {"role_exceeded"}
    log = Team()
    log.open(ONE)
    log.decide(ONE, ATTEMPT, "escalate")
    log.operator = SEALED
    log.answer(ONE, YES, ATTEMPT)
    log.operator = private_key("operator")
    assert "key_not_enrolled" in log.codes()


def test_break_glass_stands_in_until_its_end_and_no_longer() -> None:
    """An allow goes by the bundle that stands in while it does, by the active one before and after."""
    for hours, bundle, wrong in ((0, "bundle one", False), (0, "bundle two", True), (2, "bundle two", False)):
        log = Team()
        log.activate("bundle two")
        log.glass("bundle one", SEALED)
        log.now += hours * HOUR
        log.bundle = digest(bundle.encode())
        log.open(ONE)
        log.decide(ONE, ATTEMPT)
        log.settle(ONE, ATTEMPT)
        assert log.codes() == ({"bundle_not_in_force"} if wrong else set()), (hours, bundle)
    log = Team()
    log.activate("bundle two")
    log.glass("bundle one", SEALED)
    log.now += 2 * HOUR
    log.bundle = digest(b"bundle one")
    log.open(ONE)
    log.decide(ONE, ATTEMPT)
    log.settle(ONE, ATTEMPT)
    assert log.codes() == {"bundle_not_in_force"}


def test_break_glass_is_short_known_and_said_off() -> None:
    """Eight hours at most, a bundle that was in force or sealed, and off without a signature only when it is over."""
    log = Team()
    log.glass("bundle one", SEALED, hours=9)
    assert log.codes() == {"breakglass_until"}
    log = Team()
    log.glass("never seen", SEALED)
    assert log.codes() == {"breakglass_bundle"}
    off = {"state": "off", "bundle": "", "until": "", "reason": "expired"}
    for later, wanted in ((0, {"unsigned"}), (HOUR, set())):
        log = Team()
        log.glass("bundle one", SEALED)
        log.now += later
        log.system("breakglass", off)
        assert log.codes() == wanted
    log = Team()
    log.system("breakglass", {**off, "state": "sealed", "bundle": digest(b"kept"), "reason": "night"}, log.operator)
    log.glass("kept", SEALED)
    log.system("breakglass", off, REVIEWER)  # whoever counts may end it
    report = log.report()
    assert report.strict
    assert any(note.startswith("BREAK-GLASS, TIMES: 1") for note in report.notes)


def test_the_sealed_key_is_replaced_by_itself_and_tried_by_itself() -> None:
    """A rehearsal is the recovery key's own word; a new seal ends the old key."""
    log = Team()
    log.system("recovery", {"change": "rehearsed", "fingerprint": fingerprint(SEALED)}, SEALED)
    log.seal(THIEF, SEALED)
    assert log.report().strict
    log.person(NEW, EVE, SEALED, role="operator")
    assert "key_not_enrolled" in log.codes()
    log = Team()
    log.system("recovery", {"change": "rehearsed", "fingerprint": fingerprint(SEALED)}, log.operator)
    assert log.codes() == {"role_exceeded"}
