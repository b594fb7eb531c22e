"""How attempts end, and what becomes of the log: gaps, late outcomes, executors, seals, redactions, holds, nodes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from assent_verify.canonical import digest
from assent_verify.custody import TILE
from assent_verify.merkle import leaf_hash

from conformance.receipt.sample import USER, SampleLog, identifier, private_key, time
from tests.unit.verify.test_verify import ATTEMPT, OTHER, SECOND, SESSION, begun, codes, verify

EXECUTOR = private_key("executor")
NODE = identifier("node", "two")


def ended(log: SampleLog) -> list[str]:
    log.checkpoint()
    return codes(verify(log))


def open_attempt() -> SampleLog:
    """A log with an allow that has no outcome."""
    log = begun()
    log.decide(SESSION, ATTEMPT)
    return log


def test_an_attempt_with_only_a_gap_is_complete_and_named() -> None:
    """COMPLETE counts a gap as an end, and the report says where nothing but a gap leaf tells how it ended."""
    log = open_attempt()
    index = len(log.leaves) - 1
    log.gap(ATTEMPT)
    log.checkpoint()
    report = verify(log)
    assert (report.sound, report.complete) == (True, True)
    assert f"GAP: 1 allowed without an outcome in time, nor since: leaf {index}" in report.notes


def test_a_late_outcome_names_the_gap_that_it_ends() -> None:
    """Then nothing is left to note; the final outcome stays the only one."""
    log = open_attempt()
    log.settle(SESSION, ATTEMPT, supersedes=log.gap(ATTEMPT))
    log.checkpoint()
    report = verify(log)
    assert (codes(report), report.complete) == ([], True)
    assert not any(note.startswith("GAP") for note in report.notes)
    log.settle(SESSION, ATTEMPT)
    assert "outcome_twice" in codes(verify(log))


def test_an_unknown_outcome_after_a_gap_may_still_become_known() -> None:
    """The gap is named once, by the outcome that follows it."""
    log = open_attempt()
    log.settle(SESSION, ATTEMPT, "unknown", supersedes=log.gap(ATTEMPT))
    log.settle(SESSION, ATTEMPT)
    assert ended(log) == []


@pytest.mark.parametrize("with_gap", [True, False])
def test_outcomes_of_what_was_under_way_follow_a_close(with_gap: bool) -> None:
    """They go on in the chain of their session; nothing else does, and then it is over."""
    log = open_attempt()
    seq, _ = log.heads[SESSION]
    log.close(SESSION)
    log.heads[SESSION] = (seq + 1, "sha256:" + leaf_hash(log.leaves[-1]).hex())
    gap = {"supersedes": log.gap(ATTEMPT)} if with_gap else {}
    log.settle(SESSION, ATTEMPT, **gap)
    saved = log.heads.pop(SESSION)
    assert ended(log) == []
    log.heads[SESSION] = saved
    log.decide(SESSION, SECOND, "deny")
    assert "after_close" in codes(verify(log))


def _executor(log: SampleLog, server: str = "files") -> None:
    log.enrol(EXECUTOR, USER, log.operator, server)


def test_an_executor_vouches_with_its_own_key() -> None:
    """Enrolled by a person for the server; what it signed opens, its own id of the effect included."""
    log = open_attempt()
    _executor(log)
    log.attest(SESSION, ATTEMPT, EXECUTOR)
    assert ended(log) == []


BREACHES: dict[str, tuple[str, Callable[[SampleLog], object]]] = {
    "a gap without an allow": ("gap_without_allow", lambda log: (log.gap(ATTEMPT), log.gap(ATTEMPT))),
    "a gap after the outcome": ("gap_without_allow", lambda log: (log.settle(SESSION, ATTEMPT), log.gap(ATTEMPT))),
    "a gap with another decision": (
        "gap_elsewhere",
        lambda log: log.system("gap", {"attempt": ATTEMPT, "deadline": time(log.now), "decision": digest(b"")}),
    ),
    "a gap before its time": (
        "gap_early",
        lambda log: log.system(
            "gap", {"attempt": ATTEMPT, "deadline": time(log.now + 60_000), "decision": log.allows[ATTEMPT]}
        ),
    ),
    "a late outcome that does not name the gap": (
        "gap_differs",
        lambda log: (log.gap(ATTEMPT), log.settle(SESSION, ATTEMPT)),
    ),
    "an outcome that names a gap that is none": (
        "gap_differs",
        lambda log: log.settle(SESSION, ATTEMPT, supersedes=digest(b"")),
    ),
    "an executor's word without signature": ("unsigned", lambda log: log.settle(SESSION, ATTEMPT, attested="executor")),
    "a signature that nobody claims": (
        "unsigned",
        lambda log: (_executor(log), log.attest(SESSION, ATTEMPT, EXECUTOR, attested="gateway")),
    ),
    "an executor of another server": (
        "key_not_enrolled",
        lambda log: (_executor(log, "mail"), log.attest(SESSION, ATTEMPT, EXECUTOR)),
    ),
    "a person in place of the executor": (
        "key_not_enrolled",
        lambda log: log.attest(SESSION, ATTEMPT, log.operator),
    ),
    "an executor in place of a person": (
        "key_not_enrolled",
        lambda log: (_executor(log), log.settle(SESSION, ATTEMPT), log.system("accept", {}, EXECUTOR)),
    ),
    "another status than was signed": (
        "bad_signature",
        lambda log: (_executor(log), log.attest(SESSION, ATTEMPT, EXECUTOR, signing={"status": "failed"})),
    ),
}


@pytest.mark.parametrize("why", BREACHES)
def test_what_does_not_end_an_attempt_is_refused(why: str) -> None:
    """One thing is wrong with each."""
    code, breach = BREACHES[why]
    log = open_attempt()
    breach(log)
    assert code in ended(log), why


def _range(*pairs: tuple[int, int]) -> list[dict[str, int]]:
    return [{"first": first, "last": last} for first, last in pairs]


def _redact(log: SampleLog, *pairs: tuple[int, int], signed: bool = True) -> None:
    subject = {"ranges": _range(*pairs), "reason": "erasure_request", "subject": "", "what": ["values"]}
    log.system("redaction", subject, log.operator if signed else None)


def _hold(log: SampleLog, state: str, *pairs: tuple[int, int], subject: str = "") -> None:
    said = {"hold": "case", "ranges": _range(*pairs), "reason": "litigation", "state": state, "subject": subject}
    log.system("hold", said, log.operator)


def _node(log: SampleLog, *events: str) -> None:
    for event in events:
        log.system("node", {"event": event, "node": NODE})


def test_erasing_under_signature_keeps_everything_sound_and_is_told() -> None:
    """Redactions, holds that went on and off, nodes that joined and left."""
    log = begun()
    _hold(log, "on", (0, 1))
    _redact(log, (2, 3))
    _hold(log, "off")
    _redact(log, (0, 0), (2, 3))
    _hold(log, "on", subject=digest(b"whose"))
    _redact(log, (0, 0))
    _node(log, "join", "leave", "join")
    log.checkpoint()
    report = verify(log)
    assert codes(report) == []
    assert "REDACTED: values of 6 leaves were erased, by 3 signed leaves" in report.notes
    assert "ON HOLD: 1 legal holds are on" in report.notes


CUSTODY: dict[str, tuple[str, Callable[[SampleLog], object]]] = {
    "not signed": ("unsigned", lambda log: _redact(log, (0, 1), signed=False)),
    "ahead of itself": ("range_order", lambda log: _redact(log, (0, 90))),
    "backwards": ("range_order", lambda log: _redact(log, (2, 1))),
    "out of order": ("range_order", lambda log: _redact(log, (2, 2), (0, 0))),
    "touching": ("range_order", lambda log: _redact(log, (0, 1), (2, 2))),
    "of nothing": ("range_order", _redact),
    "on hold": ("held", lambda log: (_hold(log, "on", (1, 2)), _redact(log, (0, 1)))),
    "while everything is on hold": ("held", lambda log: (_hold(log, "on"), _redact(log, (0, 1)))),
    "a hold twice": ("hold_order", lambda log: (_hold(log, "on"), _hold(log, "on"))),
    "off before on": ("hold_order", lambda log: _hold(log, "off")),
    "joined twice": ("node_order", lambda log: _node(log, "join", "join")),
    "left before it joined": ("node_order", lambda log: _node(log, "leave")),
}


@pytest.mark.parametrize("why", CUSTODY)
def test_what_may_not_become_of_a_log_is_refused(why: str) -> None:
    """One thing is wrong with each."""
    code, breach = CUSTODY[why]
    log = begun()
    breach(log)
    assert code in ended(log), why


def _long() -> tuple[SampleLog, bytes]:
    """A log of more than a tile, and its root there."""
    log = begun()
    for number in range(TILE - len(log.leaves)):
        log.decide(SESSION, identifier("att", f"{number}"), "deny")
    root = log.frontier.root()
    log.decide(SESSION, ATTEMPT, "deny")
    return log, root


def _seal(log: SampleLog, root: bytes, first: int = 0, size: int = TILE) -> None:
    subject = {"archive": digest(b"archive"), "first": first, "root": f"sha256:{root.hex()}", "size": size}
    log.system("seal", subject)


def test_a_seal_names_the_root_of_what_it_seals() -> None:
    """At whole tiles; the next goes on where the last one ended."""
    log, root = _long()
    _seal(log, root)
    assert ended(log) == []
    _seal(log, root)
    assert "seal_order" in codes(verify(log))


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("seal_differs", {"root": bytes(32)}),
        ("seal_order", {"size": 200}),
        ("seal_order", {"size": 2 * TILE}),
        ("seal_order", {"first": 1}),
        ("seal_order", {"first": TILE}),
    ],
)
def test_a_seal_of_something_else_is_refused(code: str, changes: dict[str, int | bytes]) -> None:
    """Another root, no whole tile, what is not there yet, another start."""
    log, root = _long()
    _seal(log, **{"root": root, **changes})  # type: ignore[arg-type]
    assert ended(log) == [code]


def test_an_outcome_of_another_session_does_not_end_an_attempt() -> None:
    """Nor does it stop the right one from being recorded."""
    log = open_attempt()
    log.open(OTHER)
    log.settle(OTHER, ATTEMPT)
    log.settle(SESSION, ATTEMPT)
    assert ended(log) == ["outcome_twice"]
