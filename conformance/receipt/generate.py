"""Write the JSON Schemas and test vectors of receipts into this folder.

    python -m conformance.receipt.generate

`docs/receipts.md` says what they mean. The output is the same on every run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from assent_verify import receipt
from assent_verify.canonical import canonicalize
from assent_verify.merkle import Frontier, consistency_proof, inclusion_proof, leaf_hash
from assent_verify.note import encode_base64

from conformance.receipt.evidence import OPEN, bundle, with_open_session
from conformance.receipt.sample import SampleLog, identifier, sample

HERE = Path(__file__).parent
DRAFT = "https://json-schema.org/draft/2020-12/schema"
SALT = bytes(range(16))
SHAPES = {
    "session_open": receipt.SESSION_OPEN,
    "session_close": receipt.SESSION_CLOSE,
    "decision_1": receipt.DECISION_1,
    "decision": receipt.DECISION,
    "outcome": receipt.OUTCOME,
    "approval": receipt.APPROVAL,
    "system": receipt.SYSTEM,
}


def leaf_schema() -> dict[str, object]:
    """JSON Schema of a leaf; the order of sets and the calendar are beyond it."""
    definitions = {name: shape.schema() for name, shape in SHAPES.items()}
    subjects = [
        {
            "if": {"properties": {"event": {"const": event}}, "required": ["event"]},
            "then": {"properties": {"subject": shape.schema()}},
        }
        for event, shape in receipt.SUBJECTS.items()
    ]
    together = {name: ["key", "assurance", "signature"] for name in ("key", "assurance", "signature")}
    definitions["system"] |= {"allOf": subjects, "dependentRequired": together}
    return {
        "$schema": DRAFT,
        "title": "Assent receipt leaf, version 1",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in SHAPES],
        "$defs": definitions,
    }


def export_schema() -> dict[str, object]:
    """JSON Schema of a line of an export that is no leaf."""
    text: dict[str, object] = {"type": "string"}
    header = {"format": {"const": "assent-export/1"}, "origin": text, "log_key": text, "size": _count()}
    disclosed = {"index": _count(), "salt": {**text, "pattern": "^[A-Za-z0-9+/]{21}[AQgw]==$"}, "values": _object()}
    return {
        "$schema": DRAFT,
        "title": "Assent export, format assent-export/1: header, checkpoint, disclosed and archived lines",
        "oneOf": [
            _closed(header),
            _closed({"checkpoint": text}),
            _closed({"disclosed": _closed(disclosed)}),
            _closed({"archived": _closed({"data": text, "digest": text})}),
        ],
    }


def _count() -> dict[str, object]:
    return {"type": "integer", "minimum": 0}


def _object() -> dict[str, object]:
    return {"type": "object"}


def _closed(properties: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": sorted(properties),
        "additionalProperties": False,
    }


def vectors(log: SampleLog) -> dict[str, object]:
    """Commitments, hashes, roots, proofs, and leaves that must be refused."""
    hashes = [leaf_hash(leaf) for leaf in log.leaves]
    frontier, roots = Frontier(), []
    for hash in hashes:
        frontier.append(hash)
        roots.append(frontier.root().hex())
    values: list[tuple[str, object]] = [("response", "sha256:00"), ("argument:path", ["path", "é\u2028😀"])]
    values += [("facts", {"b": 0.1, "a": [1e21, -0.0, None]}), ("task", "tidy up")]
    return {
        "commitments": [
            {
                **{"name": name, "value": value, "salt": encode_base64(SALT)},
                "derived_salt": receipt.derived_salt(SALT, name).hex(),
                "canonical": canonicalize(value).decode(),
                "commitment": receipt.commit(SALT, name, value),
            }
            for name, value in values
        ],
        "leaf_hashes": [hash.hex() for hash in hashes],
        "roots": roots,
        "inclusion": [
            {"index": index, "size": 32, "path": [step.hex() for step in inclusion_proof(hashes, index)]}
            for index in (0, 13, 31)
        ],
        "consistency": [
            {"old": old, "size": 32, "path": [step.hex() for step in consistency_proof(hashes, old)]}
            for old in (9, 16, 31)
        ],
        "accepted": accepted(log),
        "refused": refused(log),
    }


def accepted(log: SampleLog) -> list[dict[str, str]]:
    """Leaves with members that the sample log has no use for."""
    decision = next(leaf for leaf in log.leaves if b'"kind":"decision"' in leaf).decode()
    observed = decision.replace('"kind":"decision"', '"kind":"decision","mode":"observe"', 1)
    id = identifier("dlg", "one")
    granted = decision.replace('"effects"', f'"delegation":"{id}","effects"', 1)
    return [{"why": "policy is observed only", "leaf": observed}, {"why": "granted for a session", "leaf": granted}]


def refused(log: SampleLog) -> list[dict[str, str]]:
    """Leaves that differ from an accepted one in one thing."""
    decision = next(leaf for leaf in log.leaves if b'"kind":"decision"' in leaf).decode()
    edits = [
        ("unknown member", "leaf_schema", ('"errors":0', '"errors":0,"errors_more":1')),
        ("missing member", "leaf_schema", ('"errors":0,', "")),
        ("member named twice", "duplicate_key", ('"errors":0', '"errors":0,"errors":0')),
        ("members out of order", "not_canonical", ('"errors":0,"expires"', '"expires"')),
        ("white space", "not_canonical", ('"errors":0', '"errors": 0')),
        ("escape where none is needed", "not_canonical", ('"kind":"decision"', '"kind":"\\u0064ecision"')),
        ("float", "not_canonical", ('"errors":0', '"errors":0.0')),
        ("boolean for a number", "leaf_schema", ('"errors":0', '"errors":false')),
        ("hex in upper case", "leaf_schema", ('"definition":"sha256:', '"definition":"SHA256:')),
        ("seconds without milliseconds", "leaf_schema", ('Z","v"', '","v"')),
        ("another version", "leaf_schema", ('"v":1', '"v":2')),
        ("a mode that nobody knows", "leaf_schema", ('"kind":"decision"', '"kind":"decision","mode":"enforce"')),
        ("set out of order", "leaf_schema", ('"effects":["write"]', '"effects":["write","delete"]')),
    ]
    out = []
    for why, code, (old, new) in edits:
        changed = decision.replace(old, new, 1)
        if why == "members out of order":
            changed = changed.replace('"facts"', '"errors":0,"facts"', 1)
        out.append({"why": why, "code": code, "leaf": changed})
    return out


def files() -> dict[str, bytes]:
    """Name → content of every generated file."""
    log = sample()
    documents = {"leaf.schema.json": leaf_schema(), "export.schema.json": export_schema(), "vectors.json": vectors(log)}
    texts = {name: json.dumps(value, indent=2, ensure_ascii=True) + "\n" for name, value in documents.items()}
    keys = {"log_key": str(log.key), "reviewer": encode_base64(log.public)}
    return {
        **{name: text.encode() for name, text in texts.items()},
        "sample.jsonl": log.export(),
        "evidence.jsonl": b"".join(bundle(with_open_session(), OPEN, policies=True)),
        "sample.keys.json": json.dumps(keys, indent=2).encode() + b"\n",
    }


if __name__ == "__main__":
    for name, content in files().items():
        (HERE / name).write_bytes(content)
