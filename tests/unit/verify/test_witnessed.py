"""WITNESSED: what a policy from outside the log asks, and what two views of one log give away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from assent_verify.__main__ import main
from assent_verify.bundle import Export, verify
from assent_verify.checkpoint import Checkpoint
from assent_verify.cosignature import ED25519, ML_DSA_44, WitnessKey, cosignatures
from assent_verify.errors import ProofError
from assent_verify.note import Note, VerifierKey, encode_base64, sign
from assent_verify.policy import Policy, quorum_of
from assent_verify.report import Report
from assent_verify.witnessed import Asked

from conformance.receipt.sample import SampleLog, private_key, sample
from tests.unit.verify.witnesses import TestWitness, cosigned

W = [TestWitness("w.example/1"), TestWitness("w.example/2", ML_DSA_44), TestWitness("w.example/3")]
KEYS = [witness.key for witness in W]
TEXT = str(Checkpoint("example.com/log", 7, bytes(32), ("more",)))
T = 1_790_000_000


def log_with(times: Sequence[tuple[int, Sequence[TestWitness]]], *, more: int = 0) -> SampleLog:
    """The sample log, with one checkpoint and these witnesses for each of its last leaves."""
    found = sample()
    last, note = found.checkpoints[-1]
    assert last == len(found.leaves)
    found.checkpoints[-1] = (last, cosigned(note, times[-1][1], times[-1][0]))
    return found


def report(log: SampleLog, policy: Policy | None, **more: int) -> Report:
    data = log.export()
    return verify(Export(lambda: BytesIO(data)), log.key, [], Asked(policy, more.get("max_silence")))


@pytest.mark.parametrize("type", [ED25519, ML_DSA_44])
def test_a_cosignature_is_bound_to_text_time_name_and_key(type: int) -> None:
    """c2sp.org/tlog-cosignature: each of the four, changed, breaks it."""
    witness = TestWitness("w.example/one", type)
    line = witness.key.cosign(TEXT, T, witness.private.sign)
    assert witness.key.time(TEXT, line.raw) == T
    other = TestWitness("w.example/other", type)
    for key, text, raw in [
        (witness.key, TEXT.replace("\n7\n", "\n8\n"), line.raw),
        (witness.key, TEXT, (T + 1).to_bytes(8, "big") + line.raw[8:]),
        (other.key, TEXT, line.raw),
        (witness.key, TEXT, line.raw[:-1]),
        (witness.key, TEXT, line.raw + b"\0"),
        (witness.key, TEXT, b""),
        (witness.key, TEXT, (2**63).to_bytes(8, "big") + line.raw[8:]),
        (witness.key, TEXT, bytes(8) + line.raw[8:]),
    ]:
        with pytest.raises(ProofError, match="does not hold"):
            key.time(text, raw)


def test_only_an_ed25519_cosignature_covers_extension_lines() -> None:
    """An ML-DSA-44 one makes no statement about them, and one of a renamed key does not hold."""
    shorter = TEXT.replace("more\n", "")
    for witness, covered in ((W[0], True), (W[1], False)):
        raw = witness.key.cosign(TEXT, T, witness.private.sign).raw
        if covered:
            with pytest.raises(ProofError):
                witness.key.time(shorter, raw)
        else:
            assert witness.key.time(shorter, raw) == T
            with pytest.raises(ProofError):
                replace(witness.key, name="renamed").time(TEXT, raw)


def test_the_example_of_the_specification_has_the_key_id_that_it_shows() -> None:
    """A vkey is read in one spelling; other types, names and ids are refused."""
    key = W[0].key
    assert WitnessKey.parse(str(key)) == key
    assert WitnessKey.parse(str(W[1].key)) == W[1].key
    name, hint, public = str(key).split("+", 2)
    for wrong in [
        f"{name}+00000000+{public}",
        f"{name}+{hint.upper()}+{public}" if hint.upper() != hint else f"{name}++{public}",
        f"+{hint}+{public}",
        f"a b+{hint}+{public}",
        str(VerifierKey("log", key.public)),
        f"{name}+{hint}+{public}=",
        "",
    ]:
        with pytest.raises(ProofError):
            WitnessKey.parse(wrong)


def test_lines_of_strangers_are_passed_over_and_false_ones_of_known_witnesses_refused() -> None:
    """c2sp.org/signed-note: a name alone or an id alone makes nobody known."""
    log = VerifierKey("example.com/log", private_key("log").public_key().public_bytes_raw())
    note = sign(TEXT, log, private_key("log").sign)
    both = cosigned(note, W[:2], T)
    assert [one.key for one in cosignatures(Note.parse(both), KEYS[1:])] == [KEYS[1]]
    assert cosignatures(Note.parse(note), KEYS) == ()
    with pytest.raises(ProofError, match="twice"):
        cosignatures(Note.parse(W[0].cosign(both, T + 1)), KEYS)
    parsed = Note.parse(both)
    false = replace(parsed.signatures[1], raw=bytes(72))
    with pytest.raises(ProofError, match="does not hold"):
        cosignatures(Note(parsed.text, (parsed.signatures[0], false)), KEYS)


def test_without_a_policy_nothing_is_said() -> None:
    """What the log itself carries proves nothing: witnesses' keys are input."""
    found = report(log_with([(T, W)]), None)
    assert found.witnessed is None and found.holds and not found.policy


def test_a_quorum_is_counted_over_distinct_witnesses() -> None:
    """Two of three: yes with any two, no with one."""
    policy = quorum_of(KEYS, 2)
    for some, answer in ((W[:2], True), (W[1:], True), (W, True), (W[:1], False), ([], False)):
        found = report(log_with([(T, some)]), policy)
        assert found.witnessed is answer, some
        assert found.holds is answer
        if not answer:
            assert [problem.code for problem in found.problems] == ["not_witnessed"]


def test_leaves_after_the_last_witnessed_checkpoint_are_named() -> None:
    """It is never yes for leaves that nobody vouched for; --strict fails then."""
    log = sample()
    size, note = log.checkpoints[0]
    assert size < len(log.leaves)
    log.checkpoints[0] = (size, cosigned(note, W, T))
    found = report(log, quorum_of(KEYS, 2))
    assert found.witnessed is None and found.witnessed_to == size - 1 and found.holds and not found.strict
    assert any(f"WITNESSED UP TO LEAF {size - 1}" in line for line in found.lines())
    assert found.as_json()["witnessed_to"] == size - 1


def test_a_checkpoint_that_the_leaves_contradict_is_not_witnessed() -> None:
    """Cosignatures on another tree vouch for that tree, not for these leaves."""
    log = sample()
    other = Checkpoint("assent/sample", len(log.leaves), bytes(32))
    log.checkpoints[-1] = (other.size, cosigned(sign(str(other), log.key, log.log_private.sign), W, T))
    found = report(log, quorum_of(KEYS, 2))
    assert found.witnessed is False and found.sound is False


def test_a_false_cosignature_is_no_and_not_overlooked() -> None:
    """A known witness's line that does not hold turns the answer, whoever else signed."""
    log = log_with([(T, W)])
    size, note = log.checkpoints[-1]
    parsed = Note.parse(note)
    broken = replace(parsed.signatures[-1], raw=parsed.signatures[-1].raw[:-1] + b"\1")
    log.checkpoints[-1] = (size, bytes(Note(parsed.text, (*parsed.signatures[:-1], broken))))
    found = report(log, quorum_of(KEYS, 2))
    assert found.witnessed is False and found.problems[0].code == "bad_cosignature"


def test_silence_is_measured_between_witnessed_checkpoints() -> None:
    """The longest time for which no quorum vouched is named, and fails above what was asked."""
    log = sample()
    for number, (size, note) in enumerate(log.checkpoints):
        log.checkpoints[number] = (size, cosigned(note, W[:2], T + 600 * number))
    assert len(log.checkpoints) > 1
    policy = quorum_of(KEYS, 2)
    assert report(log, policy, max_silence=600).witnessed is True
    found = report(log, policy, max_silence=599)
    assert found.witnessed is False and [problem.code for problem in found.problems] == ["silence"]
    assert any("longest silence unproved 600 s" in note for note in found.notes)


def vkeys() -> dict[str, str]:
    return {"A": str(KEYS[0]), "B": str(KEYS[1]), "C": str(KEYS[2]), "L": str(sample().key)}


GOOD = [
    "witness a {A}\nquorum a\n",
    "quorum none\n",
    "# comment\n\n \t# another\nlog {L} https://log.example\n\twitness  a \t{A} https://w.example/\nquorum a\n",
    "witness a {A}\nwitness b {B}\nwitness c {C}\ngroup x 2 a b\ngroup y any c\ngroup z all x y\nquorum z\n",
    "witness K {A}\nwitness \u212a {B}\ngroup g any K \u212a\nquorum g\n",
    "quorum none\nwitness a {A}\n",
]
BAD = [
    "witness a {A}\n",
    "witness a {A}\nquorum a",
    "witness a {A}\nquorum b\n",
    "quorum a\nwitness a {A}\n",
    "witness a {A}\nquorum a\nquorum a\n",
    "witness a {A}\nwitness a {B}\nquorum a\n",
    "witness a {A}\nwitness b {A}\nquorum a\n",
    "witness none {A}\nquorum none\n",
    "witness a {A}\ngroup none any a\nquorum none\n",
    "witness a {A}\ngroup g 2 a\nquorum g\n",
    "witness a {A}\ngroup g 0 a\nquorum g\n",
    "witness a {A}\ngroup g 01 a\nquorum g\n",
    "witness a {A}\ngroup g +1 a\nquorum g\n",
    "witness a {A}\ngroup g any\nquorum g\n",
    "witness a {A}\ngroup g any a a\nquorum g\n",
    "witness a {A}\ngroup g any a\ngroup h any a\nquorum g\n",
    "witness a {A}\ngroup g any none a\nquorum g\n",
    "group g any g\nquorum g\n",
    "witness a {L}\nquorum a\n",
    "log {A}\nquorum none\n",
    "log {L}\nlog {L}\nquorum none\n",
    "witness a {A} https://x y\nquorum a\n",
    "witness a {A}\r\nquorum a\n",
    "witness a\u00a0{A}\nquorum a\n",
    "Witness a {A}\nquorum a\n",
    "quorum none\n\0\n",
    "",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_policy_is_read(text: str) -> None:
    """What c2sp.org/tlog-policy allows is taken."""
    Policy.parse(text.format(**vkeys()).encode())


@pytest.mark.parametrize("text", BAD)
def test_a_policy_is_read_strictly(text: str) -> None:
    """What it does not allow is refused, with the line where there is one."""
    with pytest.raises(ProofError):
        Policy.parse(text.format(**vkeys()).encode())


def test_groups_count_as_they_are_written() -> None:
    """The example of the specification: two of X and one of Y."""
    keys = [TestWitness(f"w{number}").key for number in range(6)]
    names = [*("X1", "X2", "X3"), *("Y1", "Y2", "Y3")]
    lines = [f"witness {name} {key}" for name, key in zip(names, keys, strict=True)]
    lines += ["group X 2 X1 X2 X3", "group Y any Y1 Y2 Y3", "group both all X Y", "quorum both"]
    policy = Policy.parse("".join(f"{line}\n" for line in lines).encode())
    assert policy.met([keys[0], keys[2], keys[4]])
    assert not policy.met(keys[:3]) and not policy.met([keys[0], *keys[3:]]) and not policy.met([])


def test_a_policy_names_the_logs_it_is_for() -> None:
    """Its log key is from outside; another log is refused."""
    log = log_with([(T, W)])
    policy = Policy.parse(f"log {log.key}\nwitness a {KEYS[0]}\nquorum a\n".encode())
    data = log.export()
    assert not any("log key" in note for note in verify(Export(lambda: BytesIO(data)), None, [], Asked(policy)).notes)
    other = VerifierKey("other", private_key("other").public_key().public_bytes_raw())
    policy = Policy.parse(f"log {other}\nwitness a {KEYS[0]}\nquorum a\n".encode())
    found = verify(Export(lambda: BytesIO(data)), None, [], Asked(policy))
    assert found.sound is False and "log_not_in_policy" in [problem.code for problem in found.problems]


def test_the_command_takes_keys_or_a_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--witness … --quorum N` and `--policy FILE` say the same; contradictions are wrong usage."""
    log = log_with([(T, W[:2])])
    place, policy = tmp_path / "log.jsonl", tmp_path / "policy"
    place.write_bytes(log.export())
    policy.write_text(f"witness a {KEYS[0]}\nquorum a\n")
    keys = [f"--witness={key}" for key in KEYS]
    assert main([str(place), *keys, "--quorum", "2"]) == 0
    assert "WITNESSED  yes" in capsys.readouterr().out
    assert main([str(place), *keys]) == 4
    assert main([str(place), "--policy", str(policy)]) == 0
    for wrong in (["--quorum", "1"], ["--policy", str(policy), *keys], [*keys, "--quorum", "4"], ["--policy", "/none"]):
        with pytest.raises(SystemExit) as stopped:
            main([str(place), *wrong])
        assert stopped.value.code == 2


def test_a_fork_shown_to_two_is_found_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each view alone is sound; together they are the proof of the fork, as exports and as bare checkpoints."""
    a, b = sample(), sample()
    key = f"--log-key={a.key}"
    tree = Checkpoint.parse(Note.parse(b.checkpoints[-1][1]).text)
    forged = sign(str(replace(tree, root=b"\1" * 32)), b.key, b.log_private.sign)
    files = {}
    for name, data in {
        "a": a.export(),
        "b": b.export(),
        "note": a.checkpoints[-1][1],
        "early": a.checkpoints[0][1],
        "forged": forged,
        "later": sign(str(replace(tree, size=tree.size + 9)), b.key, b.log_private.sign),
        "stranger": sign(str(tree), VerifierKey("assent/sample", W[0].key.public), W[0].private.sign),
    }.items():
        files[name] = str(tmp_path / name)
        (tmp_path / name).write_bytes(data)
    for one, other, code in [
        ("a", "b", 0),
        ("a", "note", 0),
        ("early", "a", 0),
        ("note", "note", 0),
        ("a", "forged", 4),
        ("forged", "note", 4),
        ("early", "note", 4),  # nothing links them
        ("a", "later", 4),  # longer than any export here
        ("note", "a", 0),
        ("a", "stranger", 4),
    ]:
        assert main(["compare", key, files[one], files[other]]) == code, (one, other)
    assert "FORK" in capsys.readouterr().out
    assert main(["compare", key, files["a"], "/none"]) == 1


def test_one_leaf_changed_is_a_fork(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two exports that differ in their leaves name the first."""
    a = sample()
    lines = a.export().split(b"\n")
    lines[3] = lines[3].replace(b'"time"', b'"tome"')
    for name, data in (("a", a.export()), ("b", b"\n".join(lines))):
        (tmp_path / name).write_bytes(data)
    arguments = ["compare", f"--log-key={a.key}", str(tmp_path / "a"), str(tmp_path / "b")]
    assert main(arguments) == 4
    assert "FORK: leaf 2 is not the same" in capsys.readouterr().out


def test_base64_of_a_cosignature_has_one_spelling() -> None:
    """A line spelled in two ways would be two lines of one witness."""
    line = str(W[0].key.cosign(TEXT, T, W[0].private.sign))
    assert line.rpartition(" ")[2] == encode_base64(W[0].key.id + W[0].key.cosign(TEXT, T, W[0].private.sign).raw)
