"""Export files: whatever is changed in one is found."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from assent_verify import note
from assent_verify.__main__ import main
from assent_verify.bundle import Export, Header, verify
from assent_verify.errors import ProofError

from conformance.receipt.sample import SampleLog, sample
from tests.signatures import remembered  # noqa: F401 - a fixture

ROUNDS = 3000 if os.environ.get("ASSENT_SOAK") else 300


def holds(data: bytes) -> bool:
    try:
        return verify(Export(lambda: BytesIO(data))).holds
    except ProofError:
        return False


def test_an_export_reads_back() -> None:
    """Sound, complete, and every disclosed value opens."""
    report = verify(Export(lambda: BytesIO(sample().export())))
    assert (report.sound, report.complete, report.disclosed, report.problems) == (True, True, True, [])
    assert verify(Export(lambda: BytesIO(sample().export(disclose=False)))).disclosed is None


PARTS = 6


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.usefixtures("remembered")
def test_a_flipped_bit_in_any_byte_is_found(part: int) -> None:
    """Each byte of an export of 32 leaves, one of its bits chosen by a seed."""
    data = sample().export(disclose=False)
    rng = random.Random(part)
    for at in range(part, len(data), PARTS):
        changed = bytearray(data)
        changed[at] ^= 1 << rng.randrange(8)
        assert not holds(bytes(changed)), f"byte {at} changed, and nobody noticed"


@pytest.mark.usefixtures("remembered")
def test_a_flipped_bit_in_disclosed_values_is_found() -> None:
    """The same for the lines of disclosed values, at places chosen by a seed."""
    data, rng = sample().export(), random.Random(8785)
    start = len(sample().export(disclose=False))
    for at in rng.sample(range(start, len(data)), ROUNDS):
        changed = bytearray(data)
        changed[at] ^= 1 << rng.randrange(8)
        assert not holds(bytes(changed)), f"byte {at} changed, and nobody noticed"


@pytest.mark.usefixtures("remembered")
def test_lines_that_are_gone_doubled_swapped_or_cut_are_found() -> None:
    """Deletion, repetition, reordering of any line; truncation at any of many places."""
    lines = list(sample().lines(disclose=False))
    first, last = 33, 35  # the checkpoints; what the earlier ones say, the last one says too
    for at in range(len(lines)):
        if at < first:
            assert not holds(b"".join(lines[:at] + lines[at + 1 :])), f"line {at} is gone"
        assert not holds(b"".join(lines[: at + 1] + lines[at:])), f"line {at} stands twice"
        if at:
            swapped = [*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]]
            assert not holds(b"".join(swapped)), f"lines {at - 1} and {at} are swapped"
    whole, rng = b"".join(lines), random.Random(6962)
    for at in [*rng.sample(range(len(b"".join(lines[:first]))), ROUNDS // 3), len(whole) - 1]:
        assert not holds(whole[:at]), f"cut after {at} bytes"
    report = verify(Export(lambda: BytesIO(b"".join(lines[:last]))))
    assert (report.complete, report.open_after, report.strict) == (None, 18, False)


@pytest.mark.usefixtures("remembered")
def test_random_changes_are_found() -> None:
    """Seeded mutations: bytes inserted, removed, overwritten, blocks moved."""
    data, rng = sample().export(disclose=False), random.Random(1)
    for _ in range(ROUNDS):
        at, length = rng.randrange(len(data)), rng.randrange(1, 40)
        piece = data[at : at + length]
        to = rng.randrange(len(data))
        changed = rng.choice(
            [
                data[:at] + rng.randbytes(length) + data[at:],
                data[:at] + data[at + length :],
                data[:at] + rng.randbytes(length) + data[at + length :],
                data[:to] + piece + data[to:],
            ]
        )
        assert changed == data or not holds(changed)


@pytest.mark.parametrize("member", ["checkpoint", "disclosed"])
def test_the_lines_after_the_leaves_have_one_spelling(member: str) -> None:
    """White space, or a further member, is refused there too."""
    data, name = sample().export(), f'{{"{member}"'.encode()
    assert holds(data)
    assert not holds(data.replace(name, name.replace(b"{", b"{ "), 1))
    assert not holds(data.replace(name, b'{"a":1,' + name[1:], 1))


@pytest.mark.parametrize("log", [SampleLog(), sample()])
def test_the_header_must_be_that_of_the_log(log: SampleLog) -> None:
    """Origin and log key of the file are those of its genesis."""
    data = log.export(disclose=False).split(b"\n", 1)[1]
    for header in (Header("assent/other", str(log.key), 32), Header("assent/sample", str(log.key)[:-4] + "AAA=", 32)):
        assert not holds(header.line() + b"\n" + data)


@pytest.mark.parametrize(
    "first",
    [
        *(b"", b"{}", b"[]", b"\x00" * 100),
        b'{"format":"assent-export/2","log_key":"k","origin":"o","size":1}',
        b'{"format":"assent-export/1","log_key":"k","origin":"o","size":-1}',
        b'{"format":"assent-export/1","log_key":"k","origin":"o","size":true}',
        b'{"format": "assent-export/1","log_key":"k","origin":"o","size":1}',
    ],
)
def test_what_is_no_export_is_refused_as_a_whole(first: bytes) -> None:
    """A reader can tell another file from a broken log."""
    with pytest.raises(ProofError) as refused:
        Export(lambda: BytesIO(first + b"\n"))
    assert refused.value.code == "not_an_export"


def test_the_command_line_says_it_in_its_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 held, 4 a proof did not hold, 1 unreadable, 2 wrong usage; `--strict` wants keys from outside."""
    log = sample()
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(log.export())
    bad.write_bytes(log.export().replace(b'"verdict":"deny"', b'"verdict":"allow"', 1))
    assert main([str(good)]) == 0
    out = capsys.readouterr().out
    assert "SOUND      yes\nWITNESSED  not checked\nCOMPLETE   yes\nDISCLOSED  yes\nREPLAYED   not checked\n" in out
    assert "self-asserted" in out
    assert "does not prove" in out
    assert main([str(good), "--strict"]) == 4
    keys = ["--log-key", str(log.key), "--reviewer", note.encode_base64(log.public)]
    assert main([str(good), "--strict", *keys]) == 0
    assert main([str(bad)]) == 4
    assert "SOUND      no           leaf 10:" in capsys.readouterr().out
    assert main([str(bad), "--json"]) == 4
    report = json.loads(capsys.readouterr().out)
    assert report["sound"] is False
    assert report["problems"][0]["leaf"] == 10
    assert main([str(tmp_path / "none")]) == 1
    assert main([str(tmp_path)]) == 1
    assert main([__file__]) == 1
    for wrong in (["--log-key", "x"], ["--reviewer", "AAAA"], ["--unknown"]):
        with pytest.raises(SystemExit) as exit:
            main([str(good), *wrong])
        assert exit.value.code == 2


def test_the_verifier_loads_nothing_of_assent() -> None:
    """A small program that needs `cryptography` alone."""
    code = (
        "import assent_verify.__main__, sys; print([m for m in sys.modules if m.split('.')[0] in ('assent', 'click')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
