"""The fast tree against the slow one, and proofs against everything that is not one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from assent_verify.errors import ProofError
from assent_verify.merkle import Frontier, leaf_hash, root_of, spans, verify_consistency, verify_inclusion
from hypothesis import given, settings
from hypothesis import strategies as st

from assent.record.paths import Folded, consistency_proof, inclusion_proof
from tests.oracle import tree

logs = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


@given(logs, st.data())
@settings(max_examples=60, deadline=None)
def test_the_tree_and_its_proofs_are_those_of_the_oracle(leaves: list[bytes], data: st.DataObject) -> None:
    """Roots, audit paths and consistency proofs are RFC 6962's, at every size."""
    hashes = [leaf_hash(leaf) for leaf in leaves]
    index, old = data.draw(st.integers(0, len(leaves) - 1)), data.draw(st.integers(1, len(leaves)))
    root = tree.root(leaves)
    assert root_of(hashes) == root
    assert inclusion_proof(hashes, index) == tree.path(index, leaves)
    assert consistency_proof(hashes, old) == tree.proof(old, leaves)
    verify_inclusion(hashes[index], index, len(leaves), tree.path(index, leaves), root)
    verify_consistency(old, len(leaves), tree.root(leaves[:old]), root, tree.proof(old, leaves))


@given(logs, st.data())
@settings(max_examples=60, deadline=None)
def test_a_frontier_resumes_where_it_was_written_down(leaves: list[bytes], data: st.DataObject) -> None:
    """`from_bytes(to_bytes())` is the same tree; any other length is refused."""
    frontier = Frontier()
    cut = data.draw(st.integers(0, len(leaves)))
    for leaf in leaves[:cut]:
        frontier.append(leaf_hash(leaf))
    written = frontier.to_bytes()
    frontier = Frontier.from_bytes(written)
    for leaf in leaves[cut:]:
        frontier.append(leaf_hash(leaf))
    assert (frontier.size, frontier.root()) == (len(leaves), tree.root(leaves))
    for wrong in (written[:-1], written + b"\x00"):
        with pytest.raises(ProofError):
            Frontier.from_bytes(wrong)


@given(logs, st.data())
@settings(max_examples=80, deadline=None)
def test_leaves_folded_into_subtrees_give_the_same_root(leaves: list[bytes], data: st.DataObject) -> None:
    """Any ranges can be folded; the hashes are the fewest, and no other number of them is accepted."""
    hashes = [leaf_hash(leaf) for leaf in leaves]
    cuts = sorted({0, len(leaves), *data.draw(st.lists(st.integers(0, len(leaves)), max_size=6))})
    frontier = Frontier()
    for start, stop in pairwise(cuts):
        folded = Folded(start)
        for hash in hashes[start:stop]:
            folded.append(hash)
        found = folded.hashes()
        assert len(found) == len(list(spans(start, stop)))
        assert len(found) <= 2 * (stop - start).bit_length()
        for wrong in ([*found, found[0]], found[:-1], [*found[:-1], found[-1][:-1]]):
            with pytest.raises(ProofError):
                frontier.fold(stop, wrong)
        with pytest.raises(ProofError):
            frontier.fold(start, [])
        frontier.fold(stop, found)
        assert frontier.root() == tree.root(leaves[:stop])


@given(logs, st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_proof_does_not_hold(leaves: list[bytes], data: st.DataObject) -> None:
    """A proof with one bit flipped, one step more or less, or for another index or size is refused."""
    hashes = [leaf_hash(bytes([n]) + leaf) for n, leaf in enumerate(leaves)]
    size, root = len(hashes), root_of(hashes)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    inclusion, consistency = inclusion_proof(hashes, index), consistency_proof(hashes, old)
    for wrong in _changed(inclusion, data):
        with pytest.raises(ProofError):
            verify_inclusion(hashes[index], index, size, wrong, root)
    for wrong in _changed(consistency, data):
        with pytest.raises(ProofError):
            verify_consistency(old, size, root_of(hashes[:old]), root, wrong)
    with pytest.raises(ProofError):
        verify_inclusion(hashes[index], (index + 1) % (size + 1), size, inclusion, root)
    with pytest.raises(ProofError):
        verify_consistency(old, size, root_of(hashes[:old]), leaf_hash(root), consistency)


def _changed(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    more = [[*proof, bytes(32)], [bytes(32), *proof]]
    if not proof:
        return more
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    return [*more, proof[:-1], proof[1:], [*proof[:at], flipped, *proof[at + 1 :]]]
