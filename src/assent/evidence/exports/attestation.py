"""A receipt as an in-toto attestation in a DSSE envelope.

Statement: in-toto Attestation Framework v1; envelope: DSSE v1.0. The subject is the
leaf by the SHA-256 of its stored bytes, so that `sha256sum` finds it again; the
predicate holds the leaf, its place in the log and the signed checkpoint that covers it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from hashlib import sha256

from assent_verify.canonical import canonicalize

from assent.evidence.exports.form import Placed, leaf_digest

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:assent:receipt:1"


def statement(placed: Placed, origin: str) -> Mapping[str, object]:
    """The in-toto statement of one leaf."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": f"{origin}/{placed.index}", "digest": {"sha256": sha256(placed.data).hexdigest()}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "leaf": dict(placed.leaf),
            "leafHash": leaf_digest(placed.data),
            "log": {
                "origin": origin,
                "index": placed.index,
                "size": placed.size,
                "inclusion": [base64.b64encode(step).decode() for step in placed.path],
                "checkpoint": placed.note,
            },
        },
    }


def encoding(payload: bytes) -> bytes:
    """What is signed: the pre-authentication encoding (DSSE v1.0).

    It can never be taken for a checkpoint: a note ends in a newline and its second
    line is a number, and an in-toto payload in canonical form holds no newline at all.
    """
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def envelope(placed: Placed, origin: str, keyid: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The envelope of one leaf, canonical JSON without a newline.

    Args:
        keyid: how a reader finds the key: the log's vkey name and id.
        sign: raw signature of the log key over a message.
    """
    payload = canonicalize(statement(placed, origin))
    return canonicalize(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": keyid, "sig": base64.b64encode(sign(encoding(payload))).decode()}],
        }
    )
