"""The public RFC 6962 vectors of the certificate-transparency implementations."""

from __future__ import annotations

import pytest
from assent_verify.errors import ProofError
from assent_verify.merkle import EMPTY_ROOT, Frontier, leaf_hash, root_of, verify_consistency, verify_inclusion

from assent.record.paths import consistency_proof, inclusion_proof

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# inclusion: leaf index, tree size, path
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
]
# consistency: earlier size, later size, proof
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]

HASHES = [leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES]


def test_the_roots_of_the_public_vectors() -> None:
    """At every size from one leaf to eight, and of the empty tree."""
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for hash, expected in zip(HASHES, ROOTS, strict=True):
        frontier.append(hash)
        assert frontier.root().hex() == expected


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_the_inclusion_proofs_of_the_public_vectors(index: int, size: int, path: list[str]) -> None:
    """Made and verified."""
    assert [step.hex() for step in inclusion_proof(HASHES[:size], index)] == path
    steps = [bytes.fromhex(step) for step in path]
    verify_inclusion(HASHES[index], index, size, steps, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_the_consistency_proofs_of_the_public_vectors(old: int, new: int, proof: list[str]) -> None:
    """Made and verified."""
    assert [step.hex() for step in consistency_proof(HASHES[:new], old)] == proof
    steps = [bytes.fromhex(step) for step in proof]
    verify_consistency(old, new, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]), steps)


def test_sizes_and_indexes_that_cannot_be_are_refused() -> None:
    """No proof is made or believed for a leaf or size that the tree has not."""
    root = root_of(HASHES)
    for index in (-1, 8):
        with pytest.raises(ProofError):
            inclusion_proof(HASHES, index)
        with pytest.raises(ProofError):
            verify_inclusion(HASHES[0], index, 8, inclusion_proof(HASHES, 0), root)
    with pytest.raises(ProofError):
        consistency_proof(HASHES, 9)
    with pytest.raises(ProofError):
        verify_consistency(8, 4, root, root_of(HASHES[:4]), [])
    with pytest.raises(ProofError):
        verify_consistency(0, 8, root, root, [])
    with pytest.raises(ProofError):
        verify_consistency(8, 8, root_of(HASHES[:4]), root, [])
    verify_consistency(0, 8, EMPTY_ROOT, root, [])


def test_a_proof_for_another_size_is_refused_although_its_hashes_fit() -> None:
    """The size is part of what is proved: a path in the tree of four says nothing of a tree of eight."""
    four = root_of(HASHES[:4])
    with pytest.raises(ProofError):
        verify_inclusion(HASHES[0], 0, 8, inclusion_proof(HASHES[:4], 0), four)
    with pytest.raises(ProofError):
        verify_consistency(2, 8, root_of(HASHES[:2]), four, consistency_proof(HASHES[:4], 2))


def test_a_consistency_proof_is_about_both_roots() -> None:
    """Neither root may be another than the one that was seen."""
    proof, old, new = consistency_proof(HASHES, 3), root_of(HASHES[:3]), root_of(HASHES)
    verify_consistency(3, 8, old, new, proof)
    for wrong in ((EMPTY_ROOT, new), (old, EMPTY_ROOT)):
        with pytest.raises(ProofError):
            verify_consistency(3, 8, *wrong, proof)
