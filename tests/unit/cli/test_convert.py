"""Rules of `assent receipts convert`: every receipt in each form, signed and proved where the form can say so."""

from __future__ import annotations

import base64
import csv
import io
import json

import cbor2
from assent_verify.checkpoint import Checkpoint
from assent_verify.merkle import leaf_hash, verify_inclusion
from assent_verify.note import Note, VerifierKey
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from assent.evidence.exports import scitt
from tests.unit.cli.world import World


def _public(world: World) -> bytes:
    """The log's raw public key, from the genesis."""
    genesis = json.loads(world.run("receipts", "convert", "in-toto", "0").out)
    leaf = json.loads(base64.b64decode(genesis["payload"]))["predicate"]["leaf"]
    return VerifierKey.parse(leaf["subject"]["log_key"]).public


def test_tables_and_events_have_every_receipt(world: World) -> None:
    """One row and one event for each, in log order, with the tools of outcomes named."""
    count = len(world.run("receipts", "list", "--json").json)
    rows = list(csv.DictReader(io.StringIO(world.run("receipts", "convert", "csv").out)))
    events = [json.loads(line) for line in world.run("receipts", "convert", "ocsf").out.splitlines()]
    assert len(rows) >= count and len(events) >= count
    assert [int(row["index"]) for row in rows[:count]] == list(range(count))
    outcomes = [event["api"]["service"]["name"] for event in events if event["metadata"]["event_code"] == "outcome"]
    assert set(outcomes) == {"sqlite"}


def test_an_attestation_is_signed_by_the_log_and_proves_where_the_receipt_stands(world: World) -> None:
    """The signature holds under the genesis key, and the path leads from the leaf to the checkpoint's root."""
    line = world.run("receipts", "convert", "in-toto", "--kind", "decision").out.splitlines()[0]
    envelope = Envelope.from_dict(json.loads(line))
    [keyid] = envelope.signatures
    assert envelope.verify([SSlibKey(keyid, "ed25519", "ed25519", {"public": _public(world).hex()})], 1)
    log = json.loads(envelope.payload)["predicate"]["log"]
    checkpoint = Checkpoint.parse(Note.parse(log["checkpoint"].encode()).text)
    path = [base64.b64decode(step) for step in log["inclusion"]]
    digest = json.loads(envelope.payload)["predicate"]["leafHash"]
    verify_inclusion(bytes.fromhex(digest[7:]), log["index"], log["size"], path, checkpoint.root)


def test_statements_come_as_a_sequence_with_receipts(world: World) -> None:
    """RFC 8742: one CBOR item after the other; each payload is a leaf of the log, and its receipt proves that."""
    path = world.folder / "statements.cbor"
    assert world.run("receipts", "convert", "scitt", "--kind", "decision", "-o", str(path)).code == 0
    stream, found = io.BytesIO(path.read_bytes()), []
    while stream.tell() < path.stat().st_size:
        found.append(cbor2.load(stream))
    rows = [row for row in world.run("receipts", "list", "--kind", "decision", "--json").json]
    assert len(found) == len(rows) and path.stat().st_mode & 0o077 == 0
    for item, row in zip(found, rows, strict=True):
        _, unprotected, payload, _ = item.value
        assert "sha256:" + leaf_hash(payload).hex() == row["leaf_hash"]
        _, proofs, root, _ = cbor2.loads(unprotected[scitt.RECEIPTS][0]).value
        size, index, _ = cbor2.loads(proofs[scitt.VDP][scitt.INCLUSION][0])
        assert (index, root) == (row["index"], None) and size > index


def test_an_id_that_nothing_has_is_refused(world: World) -> None:
    """As everywhere else, and nothing is written."""
    path = world.folder / "none"
    done = world.run("receipts", "convert", "ocsf", "att_nobody", "-o", str(path))
    assert done.code == 1 and "unknown_id" in done.err and not path.exists()
