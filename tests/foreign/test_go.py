"""Our published logs, proofs and signatures, judged by Go programs: of the checksum database, and of Trillian.

`golang.org/x/mod/sumdb` (note and tlog) and `github.com/transparency-dev/merkle` share nothing with us
but the specifications. Each must accept what is right and refuse what is broken.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from assent_verify.note import encode_base64

from assent.assembly import open_place
from assent.evidence.proof import prove
from assent.record.publish import publish
from assent.record.tiles import tree
from tests.unit.record.signed_log import SignedLog

PROGRAM = Path(__file__).parents[2] / ".servers" / "go" / "foreign"


def judged(*words: object) -> tuple[bool, str]:
    """Does the foreign program accept it, and what does it say?"""
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (0, 1), done.stderr  # a crash is no refusal
    return done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def log() -> SignedLog:
    """A log with full and partial tiles on two levels."""
    return SignedLog(700)


@pytest.fixture
def published(log: SignedLog, tmp_path: Path) -> Iterator[Path]:
    """It, published to a directory."""
    place = tmp_path / "log"
    with log.store.read() as reader:
        publish(reader, open_place(str(place)))
    yield place


def test_a_published_log_is_read_whole(log: SignedLog, published: Path) -> None:
    """Signature, every tile, every entry, inclusion and consistency, by both libraries."""
    assert judged("log", published, log.key) == (True, "700 leaves\n")
    assert not judged("log", published, SignedLog(1).key)[0]


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/001"])
def test_a_changed_file_is_refused(log: SignedLog, published: Path, name: str) -> None:
    """One bit anywhere in a file that is published."""
    file = published / name
    whole = file.read_bytes()
    for at in (0, len(whole) // 2, len(whole) - 2):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not judged("log", published, log.key)[0], at
    file.unlink()
    assert not judged("log", published, log.key)[0]


def test_an_entry_too_many_or_too_few_is_refused(log: SignedLog, published: Path) -> None:
    """A bundle has as many entries as its name says."""
    file = published / "tile" / "entries" / "002.p" / "188"
    whole = file.read_bytes()
    for broken in (whole + b"\0\0", whole[:-20]):
        file.write_bytes(broken)
        assert not judged("log", published, log.key)[0]


def test_a_proof_of_one_receipt_is_accepted_and_a_broken_one_is_not(log: SignedLog, tmp_path: Path) -> None:
    """c2sp.org/tlog-proof: leaf, path and signed checkpoint."""
    file = tmp_path / "one.tlog-proof"
    for index in (0, 31, 255, 256, 699):
        with log.store.read() as reader:
            data = prove(reader, index)
        file.write_bytes(data)
        assert judged("proof", file, log.key)[0]
        lines = data.split(b"\n")
        lines[2] = b"index %d" % (index ^ 1)
        file.write_bytes(b"\n".join(lines))
        assert not judged("proof", file, log.key)[0]
        file.write_bytes(data.replace(b"\n700\n", b"\n701\n"))
        assert not judged("proof", file, log.key)[0]


def test_consistency_is_accepted_and_another_history_is_not(log: SignedLog, tmp_path: Path) -> None:
    """Every proof that we make from tiles holds for both; none holds for a fork."""
    fork = SignedLog(700, salt=" forked")
    with log.store.read() as reader, fork.store.read() as other:
        ours, theirs = tree(reader), tree(other)
        for old in (1, 2, 40, 255, 256, 257, 512, 699):
            proof = [encode_base64(step) for step in ours.consistency(old)]
            for root, right in ((ours.root(), True), (theirs.root(), False)):
                file = tmp_path / "extends"
                words = [str(old), encode_base64(ours.root(old)), "700", encode_base64(root), *proof]
                file.write_text("\n".join(words))
                assert judged("extends", file)[0] is right


def test_the_program_is_no_yes_man(published: Path) -> None:
    """Nothing there is nothing proved."""
    shutil.rmtree(published)
    assert not judged("log", published, SignedLog(1).key)[0]
