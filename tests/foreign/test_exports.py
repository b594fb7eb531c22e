"""Foreign readers accept what is exported, and refuse it once a bit of it is another."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import cbor2
import pytest
from assent_verify.merkle import leaf_hash, verify_inclusion
from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementPb
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from assent.evidence.exports import attestation, scitt
from conformance.receipt.sample import sample
from tests.unit.evidence.exporting import placed

LOG = sample()
READER = Path(__file__).with_name("cose.mjs")
INSTALLED = Path(__file__).parents[2] / ".servers" / "foreign"
DECISION = 5


def _cose(statement: bytes, root: bytes) -> dict[str, object]:
    given = {"public": LOG.key.public, "statement": statement, "root": root}
    text = json.dumps({name: base64.b64encode(value).decode() for name, value in given.items()})
    ran = subprocess.run(["node", READER, INSTALLED], input=text, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("index", [0, DECISION])
def test_a_foreign_cose_reader_accepts_statement_and_receipt(index: int) -> None:
    """Both signatures hold, the payload is the leaf, and the proof leads from it to the signed root."""
    one = placed()[index]
    found = _cose(scitt.transparent(one, LOG.key.name, LOG.key.id, LOG.log_private.sign), one.root)
    assert base64.b64decode(str(found["payload"])) == one.data
    assert found["structure"] == scitt.RFC9162_SHA256
    size, position, path = cbor2.loads(base64.b64decode(str(found["proof"])))
    assert (size, position) == (one.size, index)
    verify_inclusion(leaf_hash(one.data), position, size, path, one.root)


def test_a_foreign_cose_reader_refuses_another_leaf_and_another_root() -> None:
    """A statement over a changed leaf, and a receipt for a root that the log never signed."""
    one = placed()[DECISION]
    statement = scitt.transparent(one, LOG.key.name, LOG.key.id, LOG.log_private.sign)
    assert "refused" in _cose(statement.replace(b'"allow"', b'"allov"', 1), one.root)
    assert "refused" in _cose(statement, bytes(32))


def test_a_foreign_dsse_reader_accepts_the_envelope_and_in_toto_its_statement() -> None:
    """`securesystemslib` checks the signature, the attestation library reads the statement."""
    one = placed()[DECISION]
    key = SSlibKey("log", "ed25519", "ed25519", {"public": LOG.key.public.hex()})
    envelope = Envelope.from_dict(json.loads(attestation.envelope(one, LOG.key.name, "log", LOG.log_private.sign)))
    assert envelope.verify([key], 1)
    found = json.loads(envelope.payload)
    Statement.copy_from_pb(ParseDict(found, StatementPb())).validate()
    envelope.payload = envelope.payload.replace(b'"allow"', b'"allov"', 1)
    with pytest.raises(VerificationError):
        envelope.verify([key], 1)
