"""Checkpoints of the log (c2sp.org/tlog-checkpoint): origin, size, root, extension lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assent_verify.canonical import canonicalize, digest
from assent_verify.errors import ProofError
from assent_verify.merkle import HASH_SIZE
from assent_verify.note import decode_base64, encode_base64

_SESSIONS = "sessions "
_MAX_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log promises about itself at one size; `str()` of it is the text of its note.

    Args:
        origin: name of the log, `assent/HOME`.
        size: number of leaves.
        root: 32 bytes, root hash at that size.
        extensions: further lines; Assent writes `sessions sha256:…`.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in (self.origin, self.size, encode_base64(self.root), *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a checkpoint note.

        Raises:
            ProofError: `bad_checkpoint` or `bad_base64`.
        """
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines):
            raise ProofError("bad_checkpoint", "expected the lines origin, size and root, and no empty line")
        origin, size, root, *extensions = lines
        if not (size.isascii() and size.isdecimal()) or len(size) > 19 or int(size) > _MAX_SIZE:
            raise ProofError("bad_checkpoint", f"size `{size[:40]}` is not a decimal number")
        checkpoint = cls(origin, int(size), decode_base64(root, "root hash"), tuple(extensions))
        if len(checkpoint.root) != HASH_SIZE:
            raise ProofError("bad_checkpoint", f"root hash has {len(checkpoint.root)} bytes, expected {HASH_SIZE}")
        if str(checkpoint) != text:
            raise ProofError("bad_checkpoint", "checkpoint is not in its one accepted spelling")
        return checkpoint

    @property
    def sessions(self) -> str:
        """Digest of the open sessions and their heads, `sha256:…`; empty if none is given.

        Raises:
            ProofError: `bad_checkpoint` if more than one is given.
        """
        found = [line.removeprefix(_SESSIONS) for line in self.extensions if line.startswith(_SESSIONS)]
        if len(found) > 1:
            raise ProofError("bad_checkpoint", "more than one line commits to the open sessions")
        return found[0] if found else ""


def sessions_line(heads: Iterable[tuple[str, int, str]]) -> str:
    """The extension line that commits to the open sessions at a checkpoint's size.

    Args:
        heads: for each open session its id, how many leaves it has, and the leaf
            hash (`sha256:…`) of the last of them.
    """
    return _SESSIONS + digest(canonicalize([list(head) for head in sorted(heads)]))
