"""Evidence bundles: what a stranger can tell from a part of the log, and what nobody can make him believe."""

from __future__ import annotations

import os
import random

import pytest
from assent_verify import note
from assent_verify.report import Report
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.receipt.evidence import NONE, OPEN, bundle, check, refolded, sealed, with_open_session
from conformance.receipt.sample import SampleLog, identifier, private_key, sample
from tests.signatures import remembered  # noqa: F401 - a fixture

ONE, TWO = identifier("ses", "one"), identifier("ses", "two")
SOAK = bool(os.environ.get("ASSENT_SOAK"))

pytestmark = pytest.mark.usefixtures("remembered")


def answers(report: Report) -> tuple[bool | None, bool | None, bool | None]:
    return report.sound, report.complete, report.disclosed


def codes(report: Report) -> list[str]:
    return [problem.code for problem in report.problems]


@pytest.mark.parametrize("session", [ONE, TWO, OPEN])
def test_a_session_is_proved_whole_and_no_other_is_shown(session: str) -> None:
    """Closed by its own leaf, or open with the head that the checkpoint commits to; keys from outside alone."""
    log = with_open_session()
    lines = bundle(log, session)
    report = check(lines, log)
    assert answers(report) == (True, True, True), report.problems
    assert report.strict
    assert report.leaves < report.size == 36
    shown = b"".join(line for line in lines if not line.startswith(b'{"fold'))
    others = {ONE, TWO, OPEN} - {session}
    assert not [other for other in others if f'"id":"{other}"'.encode() in shown]


def test_a_bundle_that_stops_early_says_after_which_leaf() -> None:
    """Sound, but what the session did later is not checked; `--strict` fails."""
    log = with_open_session()
    report = check(bundle(log, OPEN, stop=35), log)
    assert answers(report) == (True, None, True)
    assert report.open_after == 34
    assert any("OPEN AFTER LEAF 34" in line for line in report.lines())
    assert (report.holds, report.lacks) == (True, ["not_complete"])
    assert check(bundle(log, ONE, stop=10), log).complete is None, "it is closed later, which is not shown"


def test_nothing_is_disclosed_unless_asked_for() -> None:
    """Neither values nor salts nor policies."""
    log = sample()
    lines = bundle(log, ONE, disclosure=NONE)
    assert check(lines, log).disclosed is None
    assert not [line for line in lines if b'"salt"' in line or line.startswith(b'{"archived"')]
    archived = [line for line in bundle(log, ONE, policies=True) if line.startswith(b'{"archived"')]
    assert len(archived) == 1
    assert answers(check(bundle(log, ONE, policies=True), log)) == (True, True, True)


def test_a_hidden_system_leaf_is_found() -> None:
    """Who leaves out a revocation, or another mode, cannot call the bundle complete."""
    log = with_open_session()
    lines = bundle(log, OPEN)
    report = check(refolded(log, lines, lambda line: b'"event":"accept"' in line), log)
    assert (report.complete, codes(report)) == (False, ["system_missing"])
    no_head = sealed([line for line in lines if b'"id":"system"' not in line])
    report = check(no_head, log)
    assert (report.sound, report.complete) == (True, None)
    assert any("no system leaf" in one for one in report.notes)


def test_a_hidden_leaf_of_a_session_is_found() -> None:
    """From its first to its last: chain and head say how many there are."""
    log = with_open_session()
    lines = bundle(log, OPEN, disclosure=NONE)
    leaves = [line for line in lines if OPEN.encode() in line and not line.startswith(b'{"head"')]
    assert len(leaves) == 4
    for gone in leaves:
        report = check(refolded(log, lines, lambda line, gone=gone: line == gone), log)  # type: ignore[misc]
        assert report.complete is not True, gone
        assert not report.strict


def test_a_head_of_another_checkpoint_session_or_count_is_refused() -> None:
    """The path leads to the root that was signed, for one head only."""
    log = with_open_session()
    lines = bundle(log, OPEN)
    at = next(n for n, line in enumerate(lines) if line.startswith(b'{"head"'))
    for old, new in ((b'"leaves":4', b'"leaves":3'), (b'"index":0', b'"index":1'), (OPEN.encode(), ONE.encode())):
        assert old in lines[at]
        changed = [*lines[:at], lines[at].replace(old, new), *lines[at + 1 :]]
        assert "bad_inclusion" in codes(check(sealed(changed), log))


def test_the_genesis_and_another_log_cannot_be_hidden() -> None:
    """Whose log it is stands in leaf 0; and another log's key is not believed."""
    log = with_open_session()
    lines = bundle(log, OPEN)
    assert check(refolded(log, lines, lambda line: b'"event":"genesis"' in line), log).sound is False
    stranger = SampleLog(log_private=private_key("stranger"))
    stranger.begin()
    stranger.checkpoint()
    assert check(lines, stranger).sound is False


def test_a_flipped_bit_in_any_byte_of_a_bundle_is_found() -> None:
    """Each byte, one of its bits chosen by a seed: never the answers of the true one."""
    log = with_open_session()
    data, rng, found = b"".join(bundle(log, OPEN, policies=True)), random.Random(5), 0
    for at in range(0, len(data), 1 if SOAK else 5):
        changed = bytearray(data)
        changed[at] ^= 1 << rng.randrange(8)
        try:
            report = check([bytes(changed)], log)
        except note.ProofError as error:
            assert error.code == "not_an_export"
            continue
        assert not report.holds, f"byte {at} changed, and nobody noticed"
        found += 1
    print(f"{found:,} of {found:,} flipped bits found")


def test_lines_gone_doubled_swapped_or_cut_are_found_even_if_the_end_agrees() -> None:
    """A liar writes the last line anew; what he can take away turns an answer to `not checked`, never to a lie."""
    log = with_open_session()
    lines = bundle(log, OPEN, policies=True)
    spare = (b'{"head"', b'{"archived"', b'{"disclosed"', b'{"end"')
    for at, line in enumerate(lines):
        gone = check(sealed(lines[:at] + lines[at + 1 :]), log) if at else None
        if gone is not None and line.startswith(spare):
            assert gone.sound
            assert not gone.strict or not line.startswith(b'{"head"')
        elif gone is not None:
            assert not gone.holds, f"line {at} is gone"
        if at and not line.startswith(b'{"end"'):
            assert not check(sealed(lines[: at + 1] + lines[at:]), log).holds, f"line {at} stands twice"
        if at > 1 and not line.startswith(b'{"end"'):
            swapped = [*lines[: at - 1], line, lines[at - 1], *lines[at + 1 :]]
            assert not check(sealed(swapped), log).holds, f"lines {at - 1} and {at} are swapped"
    whole = b"".join(lines)
    for at in range(200, len(whole), 1 if SOAK else 101):
        assert not check([whole[:at]], log).holds, f"cut after {at} bytes"


@settings(max_examples=3000 if SOAK else 150, deadline=2000)
@given(st.data())
def test_a_hostile_bundle_is_refused_in_words(data: st.DataObject) -> None:
    """Whatever a stranger sends: a report or `not an export`, no traceback, no long wait."""
    log = sample()
    lines = bundle(log, ONE)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(1, len(lines) - 1))
        kind = data.draw(st.sampled_from(["bytes", "line", "number", "nest"]))
        line = lines[at]
        if kind == "bytes":
            cut = data.draw(st.integers(0, len(line)))
            line = line[:cut] + data.draw(st.binary(max_size=20)) + line[cut:]
        elif kind == "number":
            digits = [n for n, byte in enumerate(line) if 48 <= byte < 58]
            number = str(data.draw(st.integers(-(2**70), 2**70))).encode()
            line = line.replace(line[digits[0] : digits[0] + 1], number, 1) if digits else line
        elif kind == "nest":
            start = data.draw(st.sampled_from([b'{"disclosed":', b'{"head":', b'{"fold":', b'{"archived":', b""]))
            line = start + data.draw(st.sampled_from([b"[" * 70_000, b'{"a":' * 500, b"[],", b"{}"])) + b"\n"
        else:
            line = data.draw(st.sampled_from(lines[1:]))
        lines[at] = line
    report = check(sealed(lines), log)
    assert report.holds or report.problems
