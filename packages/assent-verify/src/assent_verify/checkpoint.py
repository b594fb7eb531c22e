"""Checkpoints of the log (c2sp.org/tlog-checkpoint): origin, size, root, extension lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from assent_verify.canonical import canonicalize, digest
from assent_verify.errors import ProofError
from assent_verify.merkle import HASH_SIZE, leaf_hash, root_of
from assent_verify.note import decode_base64, encode_base64

#: Stands for the system leaves among the heads of sessions, after which it is sorted.
SYSTEM = "system"
_HEADS, _SESSIONS = "heads ", "sessions "
_HEADS_LINE = re.compile("heads [1-9][0-9]{0,14} sha256:[0-9a-f]{64}")
_MAX_SIZE = 2**63 - 1
#: Of each open session its id, how many leaves it has, and the leaf hash (`sha256:…`) of the last of them;
#: of the system leaves `system`, how many there are, and the root of the tree over them.
Head = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log promises about itself at one size; `str()` of it is the text of its note.

    Args:
        origin: name of the log, `assent/HOME`.
        size: number of leaves.
        root: 32 bytes, root hash at that size.
        extensions: further lines; Assent writes `heads N sha256:…`, and wrote `sessions sha256:…`.
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
    def heads(self) -> str:
        """The line that commits to the open sessions; empty if there is none.

        Raises:
            ProofError: `bad_checkpoint` if there is more than one.
        """
        found = [line for line in self.extensions if line.startswith((_HEADS, _SESSIONS))]
        if len(found) > 1:
            raise ProofError("bad_checkpoint", "more than one line commits to the open sessions")
        return found[0] if found else ""

    def commits_to(self, heads: Iterable[Head]) -> bool:
        """Is `heads`, `system` included, what its line commits to? Without a line it commits to none.

        Raises:
            ProofError: `bad_checkpoint`.
        """
        line = self.heads
        if line.startswith(_SESSIONS):
            return line == _SESSIONS + digest(canonicalize([list(h) for h in sorted(heads) if h[0] != SYSTEM]))
        return not line or line == heads_line(heads)

    def heads_tree(self) -> tuple[int, bytes]:
        """Size and root of the tree of heads; a checkpoint of the old form, or without heads, has none: `(0, b"")`.

        Raises:
            ProofError: `bad_checkpoint` or `bad_base64`.
        """
        count, _, root = self.heads.removeprefix(_HEADS).partition(" ")
        if not self.heads.startswith(_HEADS):
            return 0, b""
        if not _HEADS_LINE.fullmatch(self.heads):
            raise ProofError("bad_checkpoint", "the line `heads` is not a count and a digest")
        return int(count), bytes.fromhex(root.removeprefix("sha256:"))


def head_hash(head: Head) -> bytes:
    """A head as a leaf of the tree of heads."""
    return leaf_hash(canonicalize(list(head)))


def heads_line(heads: Iterable[Head]) -> str:
    """The extension line that commits to the open sessions and the system leaves at a checkpoint's size.

    It is the root of a tree (RFC 6962 §2.1) over the heads by rising id, so that one session's
    head is proved by a path and says nothing about the others.
    """
    hashes = [head_hash(head) for head in sorted(heads)]
    return f"{_HEADS}{len(hashes)} sha256:{root_of(hashes).hex()}"
