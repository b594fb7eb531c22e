"""A foreign implementation of the tree agrees with ours."""

from __future__ import annotations

import random

import pymerkle
import pytest
from assent_verify.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion

from assent.record.paths import consistency_proof, inclusion_proof
from conformance.receipt.sample import sample


def _theirs(leaves: list[bytes]) -> pymerkle.InmemoryTree:
    return pymerkle.InmemoryTree.init_from_entries(leaves, algorithm="sha256")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 32])
def test_pymerkle_computes_the_same_root(size: int) -> None:
    """Over the leaves of a real log, cut at sizes around powers of two."""
    leaves = sample().leaves[:size]
    assert _theirs(leaves).get_root() == root_of([leaf_hash(leaf) for leaf in leaves])


def test_pymerkle_accepts_the_same_proofs_and_ours_its() -> None:
    """Every inclusion proof, and consistency from every earlier size, in both directions."""
    leaves = sample().leaves
    hashes = [leaf_hash(leaf) for leaf in leaves]
    theirs, root = _theirs(leaves), root_of(hashes)
    for index, leaf in enumerate(leaves):
        proof = theirs.prove_inclusion(index + 1)
        pymerkle.verify_inclusion(theirs.hash_buff(leaf), root, proof)
        verify_inclusion(hashes[index], index, len(leaves), inclusion_proof(hashes, index), root)
        assert set(inclusion_proof(hashes, index)) <= {bytes.fromhex(step) for step in proof.serialize()["path"]}
    for old in random.Random(6962).sample(range(1, len(leaves)), 12):
        proof = theirs.prove_consistency(old, len(leaves))
        pymerkle.verify_consistency(root_of(hashes[:old]), root, proof)
        verify_consistency(old, len(leaves), theirs.get_root(old), root, consistency_proof(hashes, old))
