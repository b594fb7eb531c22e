"""Audit: the log of a store, checked with the verifier's own primitives."""

from __future__ import annotations

from assent_verify.checkpoint import Checkpoint
from assent_verify.merkle import Frontier, leaf_hash
from assent_verify.note import Note, VerifierKey

from assent.ports import Store


def audit(store: Store, key: VerifierKey) -> int:
    """Every leaf is where it belongs and every checkpoint is signed over the right root; the size."""
    with store.read() as reader:
        notes = [(size, Note.parse(note)) for size, note in reader.checkpoints()]
        frontier, roots = Frontier(), {}
        for index, leaf in reader.leaves():
            assert index == frontier.size, f"leaf {frontier.size} is missing"
            frontier.append(leaf_hash(leaf))
            roots[frontier.size] = frontier.root()
        assert reader.size() == frontier.size
    for size, note in notes:
        note.verify([key])
        checkpoint = Checkpoint.parse(note.text)
        assert (checkpoint.size, checkpoint.root) == (size, roots[size])
        assert checkpoint.origin == key.name
    return frontier.size
