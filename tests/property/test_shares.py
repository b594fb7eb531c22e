"""Several processes give the answer of one: on logs that are sound, and on whatever is broken in them."""

from __future__ import annotations

import os
import random
from io import BytesIO

import pytest
from assent_verify import shares
from assent_verify.bundle import Export, verify
from assent_verify.errors import ProofError
from assent_verify.report import Report
from assent_verify.witnessed import Asked

from conformance.receipt.sample import SampleLog, identifier, sample
from tests.faults.test_mutations import MUTATIONS, cosigned, long_log
from tests.signatures import remembered  # noqa: F401 - a fixture
from tests.unit.verify.test_verify import ATTEMPT, BROKEN, OTHER, SECOND, SESSION, begun

ROUNDS = 2_000 if os.environ.get("ASSENT_SOAK") else 40


pytestmark = pytest.mark.usefixtures("remembered")


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share short logs too."""
    monkeypatch.setattr(shares, "FROM_LEAVES", 1)


def both(data: bytes, log: SampleLog, jobs: int = 2) -> tuple[Report, Report | None]:
    """The report of one process, and of several; None where they leave it to one."""
    export = Export(lambda: BytesIO(data))
    return verify(export, log.key, [log.public]), shares.verify(export, ([log.key], [log.public], Asked()), jobs)


@pytest.mark.parametrize("jobs", [2, 3, 8])
def test_a_sound_log_has_the_same_report(jobs: int) -> None:
    """Answers, notes, root, open sessions, disclosed values; and the fast way was taken."""
    open_ones = begun(SESSION, OTHER, identifier("ses", "third"))
    open_ones.decide(SESSION, ATTEMPT)
    open_ones.decide(OTHER, SECOND, "escalate")
    open_ones.checkpoint()
    open_ones.settle(SESSION, ATTEMPT)
    open_ones.decide(OTHER, SECOND)
    for log in (sample(), long_log(), open_ones):
        one, several = both(log.export(), log, jobs)
        assert several == one


@pytest.mark.parametrize("code", BROKEN)
@pytest.mark.parametrize("extra", [0, 1, 2])
def test_one_thing_broken_is_left_to_one_process(code: str, extra: int) -> None:
    """Whichever shares its sessions fall into: never a better report than that of one process."""
    sessions = [identifier("ses", f"before {n}") for n in range(extra)]
    log = begun(*sessions, SESSION, *([] if code in ("session_not_open",) else [identifier("ses", "after")]))
    BROKEN[code](log)
    log.checkpoint()
    one, several = both(log.export(disclose=False), log)
    assert not one.sound
    assert several is None


def test_what_crosses_sessions_is_compared() -> None:
    """A permit, an attempt, an approval, a no, a time: used in two sessions of two shares."""
    approval = identifier("apr", "one")

    def crossed(kind: str) -> SampleLog:
        log = begun(SESSION, OTHER)
        if kind == "permit":
            for session, attempt in ((SESSION, ATTEMPT), (OTHER, SECOND)):
                log.decide(session, attempt, permit=identifier("prm", "p"))
        elif kind == "attempt":
            log.decide(SESSION, ATTEMPT)
            log.decide(OTHER, ATTEMPT)
        elif kind == "answer":
            log.answer(SESSION, approval, ATTEMPT)
            log.answer(OTHER, approval, ATTEMPT)
        elif kind == "no":
            log.answer(SESSION, approval, ATTEMPT, "deny")
            log.decide(OTHER, ATTEMPT)
        elif kind == "time":
            log.decide(SESSION, ATTEMPT, "deny")
            log.now -= 40_000
            log.decide(OTHER, SECOND, "deny")
        else:
            log.decide(SESSION, ATTEMPT)
            log.settle(OTHER, ATTEMPT)
        log.checkpoint()
        return log

    for kind in ("permit", "attempt", "answer", "no", "time", "outcome"):
        log = crossed(kind)
        one, several = both(log.export(disclose=False), log)
        assert one.sound is False, kind
        assert several is None, kind


def test_a_mutated_log_has_the_same_report() -> None:
    """Seeded mutations: where several processes answer at all, it is the answer of one, to the word."""
    log = long_log()
    lines, rng, given = cosigned(log), random.Random(3), 0
    for round in range(ROUNDS):
        kind = list(MUTATIONS)[round % len(MUTATIONS)]
        try:
            one, several = both(b"".join(MUTATIONS[kind](rng, lines)), log)
        except ProofError:
            continue
        assert several is None or several == one, (round, kind)
        given += several is not None
    print(f"\n{ROUNDS} mutations, {given} answered by several processes")


def test_a_file_that_changes_under_the_readers_is_noticed() -> None:
    """A process follows the very leaves that went into the tree, or its word does not count."""
    log = long_log()
    true = log.export(disclose=False)
    lines = true.split(b"\n")
    opened, answers = os.getpid(), []
    places = [n for n, line in enumerate(lines) if b'"event":"close"' in line]  # nothing chains to them
    for at in places:
        changed = [*lines[:at], lines[at].replace(b'"ended"', b'"killed"'), *lines[at + 1 :]]
        false = b"\n".join(changed)
        here = Export(lambda false=false: BytesIO(true if os.getpid() == opened else false))  # type: ignore[misc]
        there = Export(lambda false=false: BytesIO(false if os.getpid() == opened else true))  # type: ignore[misc]
        answers.append(shares.verify(here, ([log.key], [log.public], Asked()), 2))
        assert shares.verify(there, ([log.key], [log.public], Asked()), 2) is None, "the tree is over another leaf"
    followed_there = sum(answer is None for answer in answers)
    assert 0 < followed_there < len(places)
