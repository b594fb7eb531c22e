"""Forged evidence: files from a malicious operator, or a stranger, to which a verifier would say yes and should not."""

from __future__ import annotations

import base64
import json
from io import BytesIO

import pytest
from assent_verify import shares
from assent_verify.bundle import Export, verify
from assent_verify.canonical import canonicalize, digest, parse
from assent_verify.errors import ProofError
from assent_verify.evidence import archived_line
from assent_verify.opening import open_values
from assent_verify.report import Report
from assent_verify.witnessed import Asked

from conformance.receipt.evidence import OPEN, bundle, check, sealed, with_open_session
from conformance.receipt.sample import SampleLog, identifier, time
from tests.unit.verify.test_verify import ATTEMPT, OTHER, SECOND, SESSION, begun, codes

NEW = identifier("ses", "forged")


def export_of(log: SampleLog, *more: object, keep: bool = False) -> Report:
    """The report on the log's export, with these lines after it."""
    data = log.export(disclose=keep) + b"".join(canonicalize(line) + b"\n" for line in more)
    return verify(Export(lambda: BytesIO(data)), log.key, [log.public])


# disclosed values -------------------------------------------------------------------------


def test_many_names_do_not_open_one_commitment() -> None:
    """What one commitment covers opens whole or not at all: beside a withheld name anything could be claimed."""
    log = begun()
    log.decide(SESSION, ATTEMPT, "deny")
    leaf = json.loads(log.leaves[-1])
    leaf["action"]["arguments"] = [digest(b"of one argument, or of all of more than 64")]
    forged = {f"argument {n}": "false" for n in range(70)}
    with pytest.raises(ProofError) as caught:
        open_values(leaf, bytes(16), {"arguments": forged, "withheld": ["!"]})
    assert caught.value.code == "not_opened"
    open_values(leaf, bytes(16), {"arguments": {}, "withheld": sorted(forged)})  # shows nothing


@pytest.mark.parametrize(
    "line",
    [
        {"disclosed": {"index": 4, "salt": base64.b64encode(bytes(16)).decode(), "values": {}}},
        {"disclosed": {"index": 4, "salt": base64.b64encode(bytes(16)).decode(), "values": {"withheld": []}}},
        {"opened": {"index": 4, "values": {}}},
    ],
)
def test_what_shows_nothing_discloses_nothing(line: object) -> None:
    """DISCLOSED is not checked if no value is shown, whatever lines there are."""
    log = begun()
    log.decide(SESSION, ATTEMPT, "deny")
    log.checkpoint()
    report = export_of(log, line)
    assert (report.sound, report.disclosed, report.problems) == (True, None, [])


def test_a_policy_that_was_never_in_force_is_not_shown_as_one() -> None:
    """An archived text that has its own digest, and that no leaf and no disclosed decision names, is not evidence."""
    false = b"permit(principal, action, resource);"
    log = with_open_session()
    lines = [line for line in bundle(log, OPEN, policies=True) if not line.startswith(b'{"archived"')]
    report = check(sealed([*lines[:-1], archived_line(false), lines[-1]]), log)
    assert (report.disclosed, codes(report)) == (False, ["not_opened"])
    archived = {"archived": {"data": base64.b64encode(false).decode(), "digest": digest(false)}}
    assert export_of(log, archived, keep=True).disclosed is False


# bundles ----------------------------------------------------------------------------------


def test_sessions_added_after_the_last_checkpoint_are_not_vouched_for() -> None:
    """A stranger without any key adds a whole session to a true bundle: the report says where the signed part ends."""
    log = with_open_session()
    lines = bundle(log, OPEN)
    size = len(log.leaves)
    log.open(NEW)
    log.decide(NEW, identifier("att", "forged"))
    log.settle(NEW, identifier("att", "forged"))
    log.close(NEW)
    heads = [n for n, line in enumerate(lines) if line.startswith(b'{"head"')]
    header = lines[0].replace(b'"size":%d' % size, b'"size":%d' % len(log.leaves))
    added = [leaf + b"\n" for leaf in log.leaves[size:]]
    report = check(sealed([header, *lines[1 : heads[0]], *added]), log)
    assert (report.complete, report.open_after) == (None, size - 1)
    assert any(f"OPEN AFTER LEAF {size - 1}" in line for line in report.lines())
    assert any(f"leaves after {size - 1}" in note for note in report.notes)


# the report -------------------------------------------------------------------------------


def test_a_file_cannot_write_into_the_report() -> None:
    """Neither a new line nor an escape code gets from a file to the reader's terminal."""
    log = begun()
    log.checkpoint()
    name = "x`\n\x1b[2J\x9b2JSOUND      yes\u202e"
    report = export_of(log, {"archived": {"data": "", "digest": name}})
    lines = report.lines()
    assert sum(line.startswith("SOUND") for line in "\n".join(lines).splitlines()) == 1
    assert all(char.isprintable() for line in lines[:-1] for char in line)


# several processes ------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-600_000, 600_000])
def test_several_processes_read_the_time_of_an_answer_and_not_of_its_statement(
    monkeypatch: pytest.MonkeyPatch, jump: int
) -> None:
    """An approval leaf holds two times; the one that must not run back is the leaf's own."""
    monkeypatch.setattr(shares, "FROM_LEAVES", 1)
    for sessions in ((SESSION, OTHER), (OTHER, SESSION)):
        log = begun(*sessions)
        log.decide(SESSION, ATTEMPT, "escalate")
        log.now += 700_000
        log.decide(OTHER, SECOND, "deny")
        log.answer(SESSION, identifier("apr", "one"), ATTEMPT, time=time(log.now))
        wrong = json.loads(log.leaves.pop())
        log = rewritten(log, wrong | {"time": time(log.now + jump)})
        log.decide(OTHER, SECOND, "deny")
        log.checkpoint()
        data = log.export(disclose=False)
        one = verify(Export(lambda data=data: BytesIO(data)), log.key, [log.public])  # type: ignore[misc]
        assert codes(one) == ["time_back"]
        given = ([log.key], [log.public], Asked())
        assert shares.verify(Export(lambda data=data: BytesIO(data)), given, 2) is None  # type: ignore[misc]


def rewritten(log: SampleLog, last: dict[str, object]) -> SampleLog:
    """The log with another last leaf."""
    new = SampleLog(now=log.now, bundle=log.bundle, disclosed=log.disclosed)
    for leaf in [*(parse(leaf) for leaf in log.leaves), last]:
        assert isinstance(leaf, dict)
        new.add(leaf, leaf["session"]["id"] if "session" in leaf else "")
    new.now = log.now
    return new
