"""Proof of one receipt in a file of its own (c2sp.org/tlog-proof): leaf, place, path and signed checkpoint.

The leaf stands in the `extra` line. It is believed only because its hash leads to the root
that the log's key signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assent_verify.checkpoint import Checkpoint
from assent_verify.errors import ProofError
from assent_verify.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from assent_verify.note import MAX_NOTE, Note, VerifierKey, decode_base64, encode_base64
from assent_verify.receipt import read
from assent_verify.report import Problem, Report
from assent_verify.witnessed import Asked, Witnessed

FORMAT = "c2sp.org/tlog-proof@v1"
#: The longest that is read: a leaf, a path of 63 hashes and a checkpoint are shorter.
MAX_PROOF = 2 * MAX_NOTE
_MAX_PATH = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Proof:
    """That one leaf is in the log.

    Args:
        leaf: its exact bytes.
        index: its number.
        path: inclusion proof, from the leaf's sibling up (RFC 6962 §2.1.1).
        checkpoint: the signed note of the tree that it leads to.
    """

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def __bytes__(self) -> bytes:
        path = map(encode_base64, self.path)
        lines = (FORMAT, f"extra {encode_base64(self.leaf)}", f"index {self.index}", *path, "", "")
        return "\n".join(lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Proof:
        """Take a proof apart without verifying anything.

        Raises:
            ProofError: `bad_proof` or `bad_base64`.
        """
        head, gap, checkpoint = data.partition(b"\n\n")
        lines = head.decode("ascii", "replace").split("\n")
        index = _INDEX.fullmatch(lines[2]) if len(lines) > 2 else None
        if len(data) > MAX_PROOF or not gap or lines[0] != FORMAT or index is None or len(lines) > 3 + _MAX_PATH:
            raise ProofError("bad_proof", f"expected `{FORMAT}`, `extra`, `index`, the path and a checkpoint, in lines")
        word, _, extra = lines[1].partition(" ")
        path = tuple(decode_base64(line, "a line of the path") for line in lines[3:])
        if word != "extra" or any(len(hash) != HASH_SIZE for hash in path):
            raise ProofError("bad_proof", "expected the leaf in the line `extra`, and hashes of 32 bytes")
        proof = cls(decode_base64(extra, "the leaf"), int(index[1]), path, checkpoint)
        if bytes(proof) != data:
            raise ProofError("bad_proof", "proof is not in its one accepted spelling")
        return proof

    def verify(self, keys: Iterable[VerifierKey] = ()) -> Checkpoint:
        """The checkpoint that the leaf is proved to be in.

        Args:
            keys: the log's keys in force, all of which must have signed it; none: signatures are not looked at.

        Raises:
            ProofError: the leaf is no receipt, the path does not lead to the root, or a key has not signed.
        """
        note = Note.parse(self.checkpoint)
        checkpoint = Checkpoint.parse(note.text)
        for key in keys:
            note.verify([key])  # all of them: one stolen key of two makes no proof
            if key.name != checkpoint.origin:
                raise ProofError("origin", f"the checkpoint is of the log `{checkpoint.origin}`, not of `{key.name}`")
        verify_inclusion(leaf_hash(self.leaf), self.index, checkpoint.size, self.path, checkpoint.root)
        read(self.leaf)
        return checkpoint


def verify(data: bytes, log_keys: Sequence[VerifierKey] = (), asked: Asked = Asked()) -> Report:  # noqa: B008 - frozen
    """The report on a proof of one receipt: it says nothing about any other leaf.

    Without the log's key there is nobody whose word it is, so that nothing is `sound`.

    Raises:
        ProofError: `bad_proof`, `bad_base64` if it is none.
    """
    proof = Proof.parse(data)
    try:
        checkpoint = proof.verify(log_keys)
    except ProofError as error:
        return Report(False, None, None, None, 1, "", [Problem(proof.index, error.code, error.message)])
    problems: list[Problem] = []
    notes = [f"ONE RECEIPT: leaf {proof.index} of {checkpoint.size} in the log `{checkpoint.origin}`, and nothing else"]
    if not log_keys:
        notes.append("the checkpoint's signature was not checked: the log's key must be given, from outside the proof")
    witnessed = Witnessed(asked, lambda leaf, code, text: problems.append(Problem(leaf, code, text, "witnessed")))
    witnessed.take(checkpoint, Note.parse(proof.checkpoint), log_keys)
    seen = witnessed.finish(checkpoint.size, notes)
    root = f"sha256:{checkpoint.root.hex()}"
    return Report(
        True if log_keys else None, seen, None, None, 1, root, problems, notes, size=checkpoint.size, alone=True
    )
