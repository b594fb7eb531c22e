"""Rules of the proof of one receipt (c2sp.org/tlog-proof)."""

from __future__ import annotations

import json
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import pytest
from assent_verify import proof as proofs
from assent_verify.__main__ import main
from assent_verify.errors import ProofError
from assent_verify.files import verify_file
from assent_verify.note import VerifierKey
from assent_verify.proof import Proof

from assent.errors import RequestError, UnavailableError
from assent.evidence.proof import prove
from tests.unit.record.signed_log import SignedLog


@lru_cache
def a_proof() -> tuple[bytes, VerifierKey]:
    """Leaf 7 in a log of 300."""
    log = SignedLog(300)
    with log.store.read() as reader:
        return prove(reader, 7), log.key


def test_a_proof_has_the_lines_of_the_specification_and_holds() -> None:
    """First line, extra, index, path from the leaf's sibling up, an empty line, the checkpoint verbatim."""
    data, key = a_proof()
    lines = data.decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert (lines[1][:6], lines[2]) == ("extra ", "index 7")
    assert lines[3 + 9 :][:3] == ["", key.name, "300"]
    assert Proof.parse(data).verify([key]).size == 300
    report = verify_file(lambda: BytesIO(data), key)
    assert (report.sound, report.complete, report.leaves, report.size) == (True, None, 1, 300)


def test_without_the_key_nothing_is_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A checkpoint whose signature nobody looked at is never a pass, on the command line either."""
    data, key = a_proof()
    assert proofs.verify(data).sound is None
    file = tmp_path / "one.tlog-proof"
    file.write_bytes(data)
    assert main([str(file), "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["sound"] is None
    assert main([str(file), "--log-key", str(key)]) == 0
    assert "ONE RECEIPT: leaf 7 of 300" in capsys.readouterr().out
    assert main([str(file), "--log-key", str(SignedLog(1).key)]) == 4


def test_every_byte_counts() -> None:
    """Any bit changed anywhere is refused, or the file says it is no proof."""
    data, key = a_proof()
    for at in range(len(data)):
        broken = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            report = proofs.verify(broken, [key])
        except ProofError:
            continue
        assert report.sound is not True, f"byte {at}"


@pytest.mark.parametrize("change", ["cut", "swap", "double", "index", "leading zero", "no extra", "crlf", "long"])
def test_other_shapes_are_refused(change: str) -> None:
    """A path too short, too long or out of order, another place, and other spellings."""
    data, key = a_proof()
    lines = data.split(b"\n")
    match change:
        case "cut":
            del lines[5]
        case "swap":
            lines[4], lines[5] = lines[5], lines[4]
        case "double":
            lines.insert(5, lines[5])
        case "index":
            lines[2] = b"index 6"
        case "leading zero":
            lines[2] = b"index 07"
        case "no extra":
            del lines[1]
        case "crlf":
            lines[3] += b"\r"
        case "long":
            lines[3:3] = [lines[3]] * 70
    with pytest.raises(ProofError):
        Proof.parse(b"\n".join(lines)).verify([key])


def test_a_leaf_that_is_no_receipt_is_no_proof_of_one() -> None:
    """The leaf itself is checked, not only its place."""
    log = SignedLog(300)
    with log.store.read() as reader:
        report = proofs.verify(prove(reader, 200), [log.key])
    assert report.sound is False


def test_what_cannot_be_proved_is_said() -> None:
    """No such receipt, none signed yet, bytes in an archive alone."""
    log = SignedLog(300)
    with log.store.begin() as tx:
        tx.append(b"later")
        tx.drop_leaves(0, 256)
    with log.store.read() as reader:
        for index, code in ((301, "no_such_receipt"), (-1, "no_such_receipt"), (300, "not_covered")):
            with pytest.raises(RequestError) as refused:
                prove(reader, index)
            assert refused.value.code == code
        with pytest.raises(UnavailableError, match="archive"):
            prove(reader, 7)
