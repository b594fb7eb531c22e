"""Write the JSON Schemas and test vectors of receipts into this folder.

    python -m conformance.receipt.generate

`docs/receipts.md` says what they mean. The output is the same on every run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from assent_verify import receipt
from assent_verify.merkle import Frontier, leaf_hash
from assent_verify.note import encode_base64
from assent_verify.shape import Exactly, Flag, Many, Members, Number, Shape, Text

from assent.record.paths import consistency_proof, inclusion_proof
from conformance.receipt import vectors
from conformance.receipt.evidence import OPEN, bundle, with_open_session
from conformance.receipt.sample import SampleLog, sample

HERE = Path(__file__).parent
DRAFT = "https://json-schema.org/draft/2020-12/schema"
SHAPES = {
    "session_open": receipt.SESSION_OPEN,
    "session_close": receipt.SESSION_CLOSE,
    "decision_1": receipt.DECISION_1,
    "decision": receipt.DECISION,
    "outcome": receipt.OUTCOME,
    "approval": receipt.APPROVAL,
    "system": receipt.SYSTEM,
}


def schema(shape: Shape) -> dict[str, object]:
    """JSON Schema (2020-12) of a shape; of free JSON any object."""
    match shape:
        case Text():
            return {"type": "string", "pattern": f"^(?:{shape.regex}){'?' if shape.blank else ''}$"}
        case Number():
            return {"type": "integer", "minimum": 0, "maximum": 10**shape.digits - 1}
        case Flag():
            return {"type": "boolean"}
        case Exactly():
            return {"const": shape.value}
        case Many():
            return {"type": "array", "items": schema(shape.of), "maxItems": shape.most}
        case Members():
            return {
                "type": "object",
                "properties": {name: schema(member) for name, member in sorted(shape.shapes.items())},
                "required": sorted({*shape.shapes} - shape.optional),
                "additionalProperties": False,
            }
    return {"type": "object"}


def leaf_schema() -> dict[str, object]:
    """JSON Schema of a leaf; the order of sets and the calendar are beyond it."""
    definitions = {name: schema(shape) for name, shape in SHAPES.items()}
    subjects = [
        {
            "if": {"properties": {"event": {"const": event}}, "required": ["event"]},
            "then": {"properties": {"subject": schema(shape)}},
        }
        for event, shape in receipt.SUBJECTS.items()
    ]
    together = {name: ["key", "assurance", "signature"] for name in ("key", "assurance", "signature")}
    definitions["system"] |= {"allOf": subjects, "dependentRequired": together}
    return {
        "$schema": DRAFT,
        "title": "Assent receipt leaf",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in SHAPES],
        "$defs": definitions,
    }


def export_schema() -> dict[str, object]:
    """JSON Schema of a line of an export that is no leaf."""
    text: dict[str, object] = {"type": "string"}
    header = {"format": {"const": "assent-export/1"}, "origin": text, "log_key": text, "size": _count()}
    disclosed = {"index": _count(), "salt": {**text, "pattern": "^[A-Za-z0-9+/]{21}[AQgw]==$"}, "values": _object()}
    alone = _closed({"salt": {**text, "pattern": "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"}, "value": {}})
    opened = {"index": _count(), "values": {"type": "object", "additionalProperties": alone}}
    lines = {"checkpoint": text, "disclosed": _closed(disclosed), "opened": _closed(opened)}
    lines["archived"] = _closed({"data": text, "digest": text})
    return {
        "$schema": DRAFT,
        "title": "Assent export, format assent-export/1: header, checkpoint, disclosed, opened and archived lines",
        "oneOf": [_closed(header), *(_closed({name: shape}) for name, shape in lines.items())],
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


def tree(log: SampleLog) -> dict[str, object]:
    """Commitments and what opens them, checkpoints, hashes, roots and proofs."""
    hashes = [leaf_hash(leaf) for leaf in log.leaves]
    frontier, roots = Frontier(), []
    for hash in hashes:
        frontier.append(hash)
        roots.append(frontier.root().hex())
    return {
        "commitments": vectors.commitments(),
        "openings": vectors.openings(),
        "checkpoints": vectors.checkpoints(log),
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
    }


def files() -> dict[str, bytes]:
    """Name → content of every generated file."""
    log = sample()
    documents = {"leaf.schema.json": leaf_schema(), "export.schema.json": export_schema(), "vectors.json": tree(log)}
    documents["leaves.json"] = {"accepted": vectors.accepted(), "refused": vectors.refused()}
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
