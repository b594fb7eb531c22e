"""The published schemas and vectors are what the verifier does."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from pathlib import Path

import jsonschema_rs
import pytest
from assent_verify import receipt
from assent_verify.bundle import Export, verify
from assent_verify.canonical import canonicalize
from assent_verify.checkpoint import Checkpoint, heads_line
from assent_verify.errors import ProofError
from assent_verify.events import EVENTS
from assent_verify.note import Note, VerifierKey, decode_base64
from assent_verify.opening import open_alone, open_values
from assent_verify.receipt import commit, read

from conformance.receipt import generate
from conformance.receipt.sample import sample

FOLDER = Path(generate.__file__).parent
DOCUMENT = FOLDER.parents[1] / "docs" / "receipts.md"


@pytest.mark.parametrize("name", generate.files())
def test_the_published_files_are_those_the_generator_writes(name: str) -> None:
    """`python -m conformance.receipt.generate` was run after the last change."""
    assert (FOLDER / name).read_bytes() == generate.files()[name]


def test_the_schemas_accept_the_sample_and_refuse_what_is_not_in_the_format() -> None:
    """A reader with nothing but the JSON Schema sees the same leaves."""
    leaf = jsonschema_rs.validator_for(json.loads((FOLDER / "leaf.schema.json").read_text()))
    line = jsonschema_rs.validator_for(json.loads((FOLDER / "export.schema.json").read_text()))
    lines = sample().export().splitlines()
    for text in lines[1:33]:
        assert leaf.is_valid(json.loads(text)), text
        assert not line.is_valid(json.loads(text))
        assert not leaf.is_valid({**json.loads(text), "more": 1})
    for text in (lines[0], *lines[33:]):
        assert line.is_valid(json.loads(text)), text
    broken = json.loads(lines[1])
    broken["subject"]["more"] = 1
    assert not leaf.is_valid(broken)


def test_the_vectors_hold() -> None:
    """Commitments are recomputed, and values open a leaf or do not, as the vectors say."""
    vectors = json.loads((FOLDER / "vectors.json").read_text())
    for vector in vectors["commitments"]:
        salt = decode_base64(vector["salt"], "salt")
        assert commit(salt, vector["name"], vector["value"]) == vector["commitment"]
        assert canonicalize(vector["value"]).decode() == vector["canonical"]
    for vector in vectors["openings"]:
        leaf = json.loads(vector["leaf"])
        with nullcontext() if vector["opens"] else pytest.raises(ProofError, match=""):
            if "alone" in vector:
                each = vector["alone"].items()
                open_alone(leaf, {name: (decode_base64(one["salt"], "salt"), one["value"]) for name, one in each})
            else:
                open_values(leaf, decode_base64(vector["salt"], "salt"), vector["values"])
    for vector in vectors["checkpoints"]:
        if "heads" in vector:
            assert heads_line([tuple(head) for head in vector["heads"]]) == vector["line"]
            assert str(Checkpoint.parse(vector["text"])) == vector["text"]
        else:
            Note.parse(vector["note"].encode()).verify([VerifierKey.parse(vector["key"])])


def test_leaves_are_accepted_and_refused_as_published() -> None:
    """A leaf of every kind and event is read; each refused one differs in one thing and gets its code."""
    leaves = json.loads((FOLDER / "leaves.json").read_text())
    for vector in leaves["accepted"]:
        assert read(vector["leaf"].encode()), vector["why"]
    assert {json.loads(vector["leaf"]).get("event") for vector in leaves["accepted"]} >= {*EVENTS}
    assert len(leaves["refused"]) >= 150
    for vector in leaves["refused"]:
        with pytest.raises(ProofError) as caught:
            read(vector["leaf"].encode())
        assert caught.value.code == vector["code"], vector["why"]


@pytest.mark.parametrize("name", generate.SHAPES)
def test_the_document_names_every_member(name: str) -> None:
    """docs/receipts.md describes each member of each leaf."""
    text = DOCUMENT.read_text()
    shape = generate.SHAPES[name]
    missing = [member for member in shape.shapes if f"`{member}`" not in text]
    assert missing == []


def test_the_document_names_every_problem_code() -> None:
    """Each code that a report can carry is explained."""
    source = Path(receipt.__file__).parent
    found: set[str] = set()
    for file in ("verify.py", "attempts.py", "authority.py", "bundle.py", "custody.py", "receipt.py"):
        text = (source / file).read_text()
        found |= set(re.findall(r'(?:_refuse\(|ProofError\(|problem\([^,()]*, )\s*"([a-z_]+)"', text))
    text = DOCUMENT.read_text()
    assert len(found) > 35
    assert sorted(code for code in found if f"`{code}`" not in text) == []


def test_an_export_of_the_first_version_is_verified_for_ever() -> None:
    """Written by the code of then, with approvals, a delegation, observing and withheld values; every value opens."""
    keys = json.loads((FOLDER / "v1" / "keys.json").read_text())
    export = Export(lambda: (FOLDER / "v1" / "export.jsonl").open("rb"))
    report = verify(export, VerifierKey.parse(keys["log_key"]), [decode_base64(keys["reviewer"], "reviewer")])
    assert (report.sound, report.complete, report.disclosed) == (True, True, True), report.problems
    assert report.leaves == 40
    assert any(note.startswith("OBSERVED ONLY: 2") for note in report.notes)
    assert all(json.loads(leaf)["v"] == 1 for leaf in export.leaves())
