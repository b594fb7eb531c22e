"""Forged evidence: files from a malicious operator, or a stranger, to which a verifier would say yes and should not."""

from __future__ import annotations

import base64
import json
import random
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from time import process_time
from types import SimpleNamespace

import pytest
from assent_verify import proof as proofs
from assent_verify import shares
from assent_verify.__main__ import main
from assent_verify.authority import Authority
from assent_verify.bundle import Export, tail_line, verify
from assent_verify.canonical import canonicalize, digest, parse
from assent_verify.checkpoint import Checkpoint, heads_line
from assent_verify.compare import compare, view
from assent_verify.cosignature import WitnessKey
from assent_verify.custody import Custody
from assent_verify.errors import ProofError
from assent_verify.evidence import archived_line
from assent_verify.merkle import leaf_hash, root_of
from assent_verify.note import Note, VerifierKey, sign, sign_all
from assent_verify.opening import open_alone, open_values
from assent_verify.part import Part
from assent_verify.policy import Policy, quorum_of
from assent_verify.proof import Proof
from assent_verify.receipt import System, commit, derived_salt
from assent_verify.report import Report
from assent_verify.statement import About
from assent_verify.statement import check as hold
from assent_verify.statement import text as statement
from assent_verify.trust import Trust
from assent_verify.verify import Verifier
from assent_verify.witnessed import Asked
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from assent.record.paths import Folded, inclusion_proof
from conformance.receipt.evidence import OPEN, bundle, check, sealed, with_open_session
from conformance.receipt.sample import ORIGIN, START, USER, SampleLog, identifier, private_key, time
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


# people and keys --------------------------------------------------------------------------


def test_one_key_of_two_names_is_one_person() -> None:
    """A quorum of two is not met by one key that was enrolled for one user, and then for another."""
    log, asked = begun(), [{"policy": "p", "digest": digest(b"p"), "group": "team", "quorum": 2}]
    approval, other = identifier("apr", "one"), 'User::"team/other"'
    log.decide(SESSION, ATTEMPT, "escalate")
    log.answer(SESSION, approval, ATTEMPT, asked=asked)
    log.enrol(log.operator, other, log.operator)
    log.answer(SESSION, approval, ATTEMPT, asked=asked, by=other)
    log.decide(SESSION, ATTEMPT, approvals=[approval])
    log.checkpoint()
    assert "quorum" in codes(export_of(log))


def test_an_approval_that_was_consumed_is_not_answered_anew() -> None:
    """Its id stands for one question, whoever signs a second one."""
    log, approval = begun(), identifier("apr", "one")
    for attempt in (ATTEMPT, SECOND):
        log.answer(SESSION, approval, attempt)
        log.decide(SESSION, attempt, approvals=[approval])
    log.checkpoint()
    assert "approval_twice" in codes(export_of(log))


def test_a_log_does_not_witness_itself() -> None:
    """Its key under another name and type is no witness, in a log and in the proof of one receipt."""
    log = begun()
    log.checkpoint()
    (size, note), own = log.checkpoints.pop(), WitnessKey("witness.example/w", log.key.public)
    parsed = Note.parse(note)
    line = own.cosign(parsed.text, START // 1000, log.log_private.sign)
    cosigned = bytes(Note(parsed.text, (*parsed.signatures, line)))
    log.checkpoints.append((size, cosigned))
    asked = Asked(quorum_of([own], 1))
    assert witnessed(log, asked).witnessed is False
    proof = Proof(log.leaves[0], 0, tuple(inclusion_proof([*map(leaf_hash, log.leaves)], 0)), cosigned)
    assert proofs.verify(bytes(proof), [log.key], asked).witnessed is False


def test_a_policy_that_asks_nobody_makes_nothing_witnessed() -> None:
    """An operator without witnesses publishes `quorum none`: not checked, and no statement says that others signed."""
    log = begun()
    log.checkpoint()
    report = witnessed(log, Asked(Policy.parse(b"quorum none\n")))
    assert (report.witnessed, report.policy) == (None, False)
    assert "WITNESSED: NOT CHECKED" in statement(report, ABOUT)


def test_where_sessions_stood_is_not_proved_if_no_key_signs_that_line() -> None:
    """ML-DSA-44 signs three lines of a checkpoint: a stranger writes the others as he likes."""
    log, quantum = with_open_session(), MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    key = VerifierKey(ORIGIN, quantum.public_key().public_bytes_raw(), 6)
    verifier = Verifier(key, [log.public])
    genesis = log.leaves[0].replace(str(log.key).encode(), str(key).encode())
    verifier.leaf(0, genesis)
    folded = Folded(1)
    for leaf in log.leaves[1:]:
        folded.append(leaf_hash(leaf))
    verifier.fold(folded.stop, folded.hashes())
    root = root_of([leaf_hash(leaf) for leaf in (genesis, *log.leaves[1:])])
    heads = [("system", 1, f"sha256:{root_of([leaf_hash(genesis)]).hex()}")]  # as if there were no other system leaf
    text = str(Checkpoint(ORIGIN, len(log.leaves), root, (heads_line(heads),)))
    verifier.checkpoint(len(log.leaves), sign(text, key, quantum.sign))
    verifier.head(heads[0], 0, ())
    report = verifier.finish()
    assert (report.sound, report.complete) == (True, None)


def test_one_of_two_keys_makes_no_proof_of_a_receipt() -> None:
    """All keys that were given must have signed, as on every checkpoint."""
    log = begun()
    log.checkpoint()
    second = VerifierKey(ORIGIN, private_key("second log").public_key().public_bytes_raw())
    proof = Proof(log.leaves[0], 0, tuple(inclusion_proof([*map(leaf_hash, log.leaves)], 0)), log.checkpoints[0][1])
    assert proofs.verify(bytes(proof), [log.key]).sound
    assert proofs.verify(bytes(proof), [log.key, second]).sound is False


def test_views_that_contradict_themselves_are_not_of_one_log() -> None:
    """Leaves of a fork beside true checkpoints: cut short before them, at them, or with both roots in one file."""
    true, false = begun(), begun(OTHER)
    for log in (true, false):
        log.checkpoint()
    note = true.checkpoints[0]
    single = view(lambda: BytesIO(note[1]), true.key)

    def forged(leaves: int, *notes: tuple[int, bytes]) -> Callable[[], BytesIO]:
        log = SampleLog(leaves=false.leaves[:leaves], checkpoints=list(notes))
        return lambda: BytesIO(log.export(disclose=False))

    for opened in (forged(3, note), forged(4, false.checkpoints[0], note)):
        with pytest.raises(ProofError):
            view(opened, true.key)
    assert not compare(view(forged(4, note), true.key), view(forged(4, note), true.key)).same
    assert not compare(view(forged(4, note), true.key), single).same


def test_a_quorum_is_not_passed_over_for_a_published_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--quorum` without `--witness` is wrong usage, with --trust as without."""
    key, log = private_key("operator"), SampleLog()
    person = VerifierKey(ORIGIN, key.public_key().public_bytes_raw())
    trust = Trust("2026-11-24T08:30:00.123Z", (log.key,), (), (person,), "", ("quorum none",))
    signers = [(person, key.sign), (log.key, log.log_private.sign)]
    (tmp_path / "trust").write_bytes(sign_all(str(trust), signers))
    with pytest.raises(SystemExit):
        main([str(tmp_path / "none"), "--trust", str(tmp_path / "trust"), "--quorum", "2"])
    assert "--quorum needs --witness" in capsys.readouterr().err


def test_a_statement_about_a_part_claims_nothing_of_the_rest() -> None:
    """A bundle shows some sessions, a proof one record: neither says that no record is missing."""
    log = with_open_session()
    report = check(bundle(log, OPEN), log)
    assert report.complete
    assert "No record that the last signature covers is missing" not in statement(report, ABOUT)
    assert "Of the sessions that are shown no record is missing" in statement(report, ABOUT)
    path = tuple(inclusion_proof([*map(leaf_hash, log.leaves)], 4))
    proof = proofs.verify(bytes(Proof(log.leaves[4], 4, path, log.checkpoints[-1][1])), [log.key])
    assert proof.sound
    assert "fit each other" not in statement(proof, ABOUT)


def witnessed(log: SampleLog, asked: Asked) -> Report:
    """The report with witnesses asked for."""
    data = log.export(disclose=False)
    return verify(Export(lambda: BytesIO(data)), log.key, [log.public], asked)


ABOUT = About("file", digest(b""), "2026-11-24T08:30:00.123Z", "0", ())


# time and memory --------------------------------------------------------------------------


def seconds(work: Callable[[], object]) -> float:
    """Processor time of this process, whatever else the machine does."""
    begun_at = process_time()
    work()
    return process_time() - begun_at


def test_a_thousand_holds_do_not_stop_a_verifier() -> None:
    """Each redaction is held against all ranges on hold in a moment; a quarter of a million of them took seconds."""
    found: list[str] = []
    custody = Custody(lambda code, message: found.append(code), {})
    ranges = [{"first": 4 * n, "last": 4 * n + 1} for n in range(256)]
    free = [{"first": 4 * n + 2, "last": 4 * n + 2} for n in range(256)]
    hold = {"ranges": ranges, "reason": "court", "subject": "", "state": "on"}
    redaction = {"ranges": free, "reason": "asked", "subject": "", "what": []}

    def work() -> None:
        for n in range(1_000):
            custody.system(System(b"", "hold", hold | {"hold": f"case-{n}"}, "", ""), 5_000)
        for _ in range(50):
            custody.system(System(b"", "redaction", redaction, "", ""), 5_000)

    assert seconds(work) < 10
    assert found == []


def test_holds_that_overlap_hold_what_each_of_them_does() -> None:
    """A leaf is on hold exactly if one of the holds that are on names it."""
    rng = random.Random(7)
    for _ in range(200):
        found: list[str] = []
        custody = Custody(lambda code, message, found=found: found.append(code), {})  # type: ignore[misc]
        on = [sorted(rng.sample(range(40), 2)) for _ in range(rng.randrange(1, 5))]
        for n, (first, last) in enumerate(on):
            subject = {"hold": f"h{n}", "ranges": [{"first": first, "last": last}], "subject": "", "state": "on"}
            custody.system(System(b"", "hold", subject, "", ""), 100)
        off = rng.randrange(len(on))
        if rng.random() < 0.5:
            subject = {"hold": f"h{off}", "ranges": [], "subject": "", "state": "off"}
            custody.system(System(b"", "hold", subject, "", ""), 100)
            del on[off]
        first, last = sorted(rng.choices(range(40), k=2))
        custody.system(System(b"", "redaction", {"ranges": [{"first": first, "last": last}]}, "", ""), 100)
        assert found == ["held"] * any(one <= last and first <= two for one, two in on)


def test_ending_sessions_takes_no_longer_the_more_is_granted() -> None:
    """What is left over of other sessions is not gone through at each end."""
    authority = Authority([], lambda code, message: None)
    many = 12_000
    granted = {"principal": 'Agent::"a/b"', "server": "files", "by": USER, "count": 1, "expires": time(START)}

    def work() -> None:
        for n in range(many):
            subject = granted | {"delegation": identifier("dlg", str(n)), "session": identifier("ses", str(n))}
            authority.system(System(time(START).encode(), "delegation", subject, "", ""))
        for n in range(many):
            authority.forget(b"%d" % n)

    assert seconds(work) < 4


def test_a_no_outlives_its_session() -> None:
    """An attempt that a person refused is not allowed in another session after the first has closed."""
    log = begun(SESSION, OTHER)
    log.answer(SESSION, identifier("apr", "one"), ATTEMPT, "deny")
    log.close(SESSION)
    log.decide(OTHER, ATTEMPT)
    log.checkpoint()
    assert codes(export_of(log))[:1] == ["denied_by_person"]


def test_a_line_of_brackets_is_not_taken_apart() -> None:
    """Sixty megabytes of them would become gigabytes."""
    line = b'{"disclosed":{"index":0,"salt":"","values":{"task":[' + b"[]," * 1_000_000 + b"[]]}}}"
    with pytest.raises(ProofError) as caught:
        tail_line(line)
    assert caught.value.code == "too_large"


def test_checkpoints_beyond_the_end_are_not_kept() -> None:
    """A file may promise any number of them."""
    log = begun()
    filler = "".join(f"{'x' * 100} {n}\n" for n in range(500))
    notes = [sign(f"{ORIGIN}\n{n}\n{'A' * 43}=\n{filler}", log.key, log.log_private.sign) for n in range(5, 305)]
    verifier = Verifier(log.key, [log.public])
    for index, leaf in enumerate(log.leaves):
        verifier.leaf(index, leaf)
    tracemalloc.start()
    for size, note in enumerate(notes, 5):
        verifier.checkpoint(size, note)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 4_000_000
    assert verifier.finish().complete is False


# what no test held ------------------------------------------------------------------------


def test_a_session_shown_longer_than_its_head_is_refused() -> None:
    """A checkpoint that says of a session fewer leaves than are shown was not made of this log."""
    head, found = (OPEN, 3, digest(b"third leaf")), list[str]()
    part = Part()
    part.prove(Checkpoint(ORIGIN, 9, bytes(32), (heads_line([head]),)), head, 0, ())
    chain = SimpleNamespace(seq=4, head=digest(b"fourth leaf").encode(), last=8)
    part.compare({OPEN.encode(): chain}, ("system", 1, ""), lambda code, message: found.append(code))
    assert found == ["head_differs"]


def test_values_do_not_move_to_another_leaf_of_a_bundle() -> None:
    """The number that they name is that of the leaf they stand behind."""
    log = with_open_session()
    lines = bundle(log, OPEN)
    at = next(n for n, line in enumerate(lines) if line.startswith(b'{"disclosed"'))
    index = json.loads(lines[at])["disclosed"]["index"]
    lines[at] = lines[at].replace(b'"index":%d' % index, b'"index":%d' % (index - 1))
    assert codes(check(sealed(lines), log))[0] == "tail_order"


def test_an_outcome_is_of_the_session_that_allowed_it() -> None:
    """Another session's leaf does not close an attempt, whatever hash it names."""
    log = begun(SESSION, OTHER)
    log.decide(SESSION, ATTEMPT)
    log.settle(OTHER, ATTEMPT)
    log.checkpoint()
    assert codes(export_of(log)) == ["outcome_twice", "allow_open"]


def test_a_longer_salt_does_not_swallow_the_beginning_of_a_value() -> None:
    """Salt and value are hashed one behind the other: the length of the salt keeps `12` from being `2`."""
    salt = bytes(16)
    leaf = {"kind": "session", "task": commit(salt, "task", 12)}
    open_alone(leaf, {"task": (derived_salt(salt, "task"), 12)})
    with pytest.raises(ProofError):
        open_alone(leaf, {"task": (derived_salt(salt, "task") + b"1", 2)})


def test_the_key_of_an_executor_answers_nothing() -> None:
    """It signs outcomes of its server, whoever it was enrolled for."""
    log, executor = begun(), private_key("executor")
    log.enrol(executor, USER, log.operator, "files")
    log.answer(SESSION, identifier("apr", "one"), ATTEMPT, signer=executor)
    log.checkpoint()
    assert codes(export_of(log)) == ["key_not_enrolled"]


def test_a_policy_in_which_a_log_witnesses_itself_is_refused() -> None:
    """Its key stands there twice, as the log's and as a witness's."""
    log = SampleLog()
    own = WitnessKey("witness.example/w", log.key.public)
    with pytest.raises(ProofError) as caught:
        Policy.parse(f"log {log.key}\nwitness w {own}\nquorum w\n".encode())
    assert caught.value.code == "bad_policy"


def test_a_checkpoint_of_another_log_proves_no_receipt_of_this_one() -> None:
    """Even if the key of this log has signed it."""
    log = begun()
    root = root_of([*map(leaf_hash, log.leaves)])
    note = sign(str(Checkpoint("assent/other", len(log.leaves), root)), log.key, log.log_private.sign)
    proof = Proof(log.leaves[0], 0, tuple(inclusion_proof([*map(leaf_hash, log.leaves)], 0)), note)
    assert [one.code for one in proofs.verify(bytes(proof), [log.key]).problems] == ["origin"]


def test_a_statement_that_leaves_out_its_end_is_refused() -> None:
    """What was not proved stands last: a signer may not keep quiet about it."""
    log = begun()
    log.checkpoint()
    report, key = export_of(log), private_key("signer")
    signer = VerifierKey("auditor", key.public_key().public_bytes_raw())
    said = statement(report, ABOUT)
    hold(sign(said, signer, key.sign), signer, report, ABOUT)
    short = said[: said.index("\nWhat this does not prove")]
    with pytest.raises(ProofError) as caught:
        hold(sign(short, signer, key.sign), signer, report, ABOUT)
    assert caught.value.code == "statement_differs"
