"""The leaves of the sample log, each with its proof, as the exports take them."""

from __future__ import annotations

import json

from assent_verify.checkpoint import Checkpoint
from assent_verify.merkle import leaf_hash
from assent_verify.note import Note

from assent.evidence.exports.form import Placed
from assent.record.paths import inclusion_proof
from conformance.receipt.sample import SampleLog, sample


def placed(log: SampleLog | None = None) -> list[Placed]:
    """Every leaf under the last checkpoint."""
    log = log or sample()
    size, note = log.checkpoints[-1]
    hashes = [leaf_hash(leaf) for leaf in log.leaves[:size]]
    root = Checkpoint.parse(Note.parse(note).text).root
    return [
        Placed(index, data, json.loads(data), note.decode(), size, root, tuple(inclusion_proof(hashes, index)))
        for index, data in enumerate(log.leaves[:size])
    ]
