"""A second reader of leaves, made of foreign parts: JSON Schema by jsonschema-rs, RFC 8785 by the `rfc8785` package."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import rfc8785

from conformance.receipt import generate

FOLDER = Path(generate.__file__).parent
SETS = ("approvals", "effects", "labels")


@cache
def schema() -> jsonschema_rs.Validator:
    """The published schema of a leaf."""
    return jsonschema_rs.validator_for(json.loads((FOLDER / "leaf.schema.json").read_text()))


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose members have a name each."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a member twice")
    return dict(pairs)


def accepts(leaf: str) -> bool:
    """What docs/receipts.md says of a leaf, with nothing of ours."""
    try:
        value = json.loads(leaf, object_pairs_hook=once)
        whole = rfc8785.dumps(value) == leaf.encode() and len(leaf.encode()) <= 16_384
    except (ValueError, rfc8785.CanonicalizationError):
        return False
    ordered = all(one[name] == sorted(set(one[name])) for one in [value] if isinstance(one, dict)
                  for name in SETS if isinstance(one.get(name), list))  # fmt: skip
    ascii_subject = not isinstance(value, dict) or json.dumps(value.get("subject"), ensure_ascii=False).isascii()
    return whole and ordered and ascii_subject and schema().is_valid(value)


def leaves(which: str) -> Iterator[Any]:
    """The published vectors."""
    yield from json.loads((FOLDER / "leaves.json").read_text())[which]


def test_the_foreign_reader_accepts_what_ours_accepts() -> None:
    """Every leaf of the vectors, of the sample log, and of the log that the first version wrote."""
    for vector in leaves("accepted"):
        assert accepts(vector["leaf"]), vector["why"]
    for name in ("sample.jsonl", "v1/export.jsonl"):
        header, *lines = (FOLDER / name).read_text().splitlines()
        for line in lines[: json.loads(header)["size"]]:
            assert accepts(line), line


def test_the_foreign_reader_refuses_what_ours_refuses() -> None:
    """And where the schema alone can know, it alone refuses."""
    for vector in leaves("refused"):
        assert not accepts(vector["leaf"]), vector["why"]
        try:
            fits = schema().is_valid(json.loads(vector["leaf"]))
        except ValueError:
            fits = False
        assert fits is vector["parsed"], vector["why"]


def _commit(derived: bytes, value: object) -> str:
    return "sha256:" + hashlib.sha256(derived + rfc8785.dumps(value)).hexdigest()


@pytest.mark.parametrize("alone", [False, True])
def test_commitments_are_recomputed_with_nothing_of_ours(alone: bool) -> None:
    """The page says how: facts part by part, one argument, one value alone."""
    vectors = json.loads((FOLDER / "vectors.json").read_text())
    for vector in vectors["commitments"]:
        derived = hashlib.sha256(b64decode(vector["salt"]) + vector["name"].encode()).digest()
        assert (derived.hex(), _commit(derived, vector["value"])) == (vector["derived_salt"], vector["commitment"])
    shown = [vector for vector in vectors["openings"] if ("alone" in vector) is alone and vector["opens"]]
    assert len(shown) >= 3
    for vector in shown:
        leaf = json.loads(vector["leaf"])
        named = {
            **{"action": leaf["action"]["digest"], "facts": leaf["facts"], "resource": leaf["resource"]},
            **{f"argument:{n}": c for n, c in zip(["content", "path"], leaf["action"]["arguments"], strict=True)},
        }
        if alone:
            for name, one in vector["alone"].items():
                expected = vector["alone"]["facts"]["value"][name[6:]] if name.startswith("facts:") else named[name]
                assert _commit(b64decode(one["salt"]), one["value"]) == expected, name
            continue
        for name, value in _committed(vector["values"]):
            salt = b64decode(vector["salt"])
            if name == "facts":
                value = {part: _commit(_derived(salt, f"facts:{part}"), of) for part, of in value.items()}
            assert _commit(_derived(salt, name), value) == named[name], name


def _derived(salt: bytes, name: str) -> bytes:
    return hashlib.sha256(salt + name.encode()).digest()


def _committed(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values by the names of their commitments; the tool stands in the clear."""
    for name, value in values.items():
        if name == "arguments":
            yield from ((f"argument:{argument}", [argument, of]) for argument, of in value.items())
        elif name not in ("tool", "withheld"):
            yield name, value
