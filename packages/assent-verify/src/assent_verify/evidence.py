"""Evidence bundles, format `assent-evidence/1`: whole sessions of a log, and what they rest on.

A bundle is the log up to a signed checkpoint, one line for each leaf in it, where
every run of leaves that is not shown is folded into the roots of the complete
subtrees that hold it. Reading takes one pass, and one line of memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any, BinaryIO

from assent_verify.bundle import EVIDENCE, Header, checkpoint_size, tail_line
from assent_verify.canonical import MAX_LEAF, canonicalize, digest, parse
from assent_verify.checkpoint import Head
from assent_verify.errors import ProofError
from assent_verify.note import decode_base64, encode_base64
from assent_verify.report import Report
from assent_verify.verify import Verifier

#: Longest line: clear values of one leaf, or an archived bundle of policies.
MAX_LINE = 24 * 1024 * 1024
_SHORT = 128 * 1024  # of lines that hold hashes or a note


def fold_line(stop: int, hashes: Iterable[bytes]) -> bytes:
    """The leaves up to `stop` are not shown; roots of the fewest complete subtrees that hold them."""
    return canonicalize({"fold": [encode_base64(hash) for hash in hashes], "to": stop}) + b"\n"


def head_line(head: Head, index: int, path: Iterable[bytes]) -> bytes:
    """Where a session stood at the last checkpoint, with its path in the tree of heads."""
    id, leaves, hash = head
    value = {"hash": hash, "id": id, "index": index, "leaves": leaves, "path": [encode_base64(step) for step in path]}
    return canonicalize({"head": value}) + b"\n"


def archived_line(data: bytes) -> bytes:
    """A text that was in force, by its digest."""
    return canonicalize({"archived": {"data": encode_base64(data), "digest": digest(data)}}) + b"\n"


def end_line(lines: int, running: str) -> bytes:
    """The last line: how many came before it, and the digest of all their bytes."""
    return canonicalize({"end": {"digest": running, "lines": lines}}) + b"\n"


def verify(open: Callable[[], BinaryIO], verifier: Verifier) -> Report:
    """Verify a whole bundle.

    Args:
        open: opens the file for reading from its start.
        verifier: fresh, with the keys that are trusted.

    Raises:
        ProofError: `not_an_export` if the first line is no header.
        OSError: what reading the file raises.
    """
    with open() as file:
        first = file.readline(_SHORT)
        reading = _Reading(Header.parse(first.removesuffix(b"\n"), EVIDENCE), verifier)
        reading.count(first)
        try:
            for line in _lines(file):
                reading.take(line)
        except ProofError as error:
            verifier.problem(None, error.code, f"line {reading.lines + 1}: {error.message}")
    reading.finish()
    return verifier.finish()


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE):
        if not line.endswith(b"\n"):
            raise ProofError("truncated", f"the line does not end, or has more than {MAX_LINE} bytes")
        yield line


class _Reading:
    """Where in a bundle the reader stands; what is out of its place is refused."""

    def __init__(self, header: Header, verifier: Verifier) -> None:
        self._header = header
        self._verifier = verifier
        self._kinds = {b'{"archived":': self._archived, b'{"checkpoint"': self._checkpoint}
        self._kinds |= {b'{"disclosed":': self._disclosed, b'{"end":': self._end, b'{"fold":': self._fold}
        self._kinds |= {b'{"head":': self._head, b'{"opened":': self._disclosed}
        self._sha = sha256()
        self.lines = 0
        self._leaf = b""  # the leaf just before, which values may follow
        self._folded = False  # is a fold just before?
        self._after = (0, "")  # the head or archived text just before, which rise
        self._ended = False

    def count(self, line: bytes) -> None:
        """Take a line into what the last line says of the whole."""
        self._sha.update(line)
        self.lines += 1

    def take(self, line: bytes) -> None:
        """The next line, with its newline."""
        if self._ended:
            raise ProofError("tail_order", "a line stands after the end")
        data = line[:-1]
        special = next((take for start, take in self._kinds.items() if data.startswith(start)), None)
        if special is not None:
            special(data)
        else:
            if self._verifier.size >= self._header.size:
                raise ProofError("tail_line", f"a leaf stands after the {self._header.size} of the header")
            self._verifier.leaf(self._verifier.size, data)
            self._leaf, self._folded = data[: MAX_LEAF + 1], False
        self.count(line)

    def finish(self) -> None:
        """What the end of the file says."""
        if not self._ended or self._verifier.size != self._header.size:
            message = f"the bundle stops at leaf {self._verifier.size} of {self._header.size}, or lacks its last line"
            self._verifier.problem(None, "truncated", message, "complete")
        self._verifier.named(self._header.origin, self._header.log_key)

    def _fold(self, data: bytes) -> None:
        match _parsed(data):
            case {"fold": list(hashes), "to": int(to), **rest} if not rest and not self._folded:
                if not 0 <= to <= self._header.size:
                    raise ProofError("bad_fold", f"it folds to leaf {to} of {self._header.size}")
                self._verifier.fold(to, [_hash(hash) for hash in hashes])
                self._leaf, self._folded = b"", True
            case _:
                raise ProofError("bad_fold", "expected hashes and a size, and no fold before it")

    def _checkpoint(self, data: bytes) -> None:
        _, note = tail_line(data, _SHORT)
        if checkpoint_size(note) != self._verifier.size:
            raise ProofError("checkpoint_order", "the checkpoint does not stand where its leaves end")
        self._verifier.checkpoint(self._verifier.size, note.encode())
        self._leaf, self._folded = b"", False

    def _disclosed(self, data: bytes) -> None:
        _, value = tail_line(data, MAX_LINE)
        if not self._leaf or value["index"] != self._verifier.size - 1:
            raise ProofError("tail_order", "disclosed values do not stand right after their leaf")
        self._verifier.disclosed(value["index"], self._leaf, value["salt"], value["values"])
        self._leaf = b""

    def _head(self, data: bytes) -> None:
        match _parsed(data):
            case {"head": dict(head), **rest} if not rest and {*head} == {"hash", "id", "index", "leaves", "path"}:
                id, count, at = (head[name] for name in ("id", "leaves", "index"))
            case _:
                raise ProofError("tail_line", "expected the head of a session")
        fits = isinstance(id, str) and isinstance(head["hash"], str) and isinstance(head["path"], list)
        if not fits or type(count) is not int or type(at) is not int:
            raise ProofError("tail_line", "expected the head of a session")
        if self._verifier.size != self._header.size or (1, id) <= self._after:
            raise ProofError("tail_order", "heads stand after the leaves, in the order of their sessions")
        self._after = (1, id)
        self._verifier.head((id, count, head["hash"]), at, [_hash(step) for step in head["path"]])

    def _archived(self, data: bytes) -> None:
        match _parsed(data, MAX_LINE):
            case {"archived": {"data": str(text), "digest": str(name), **more}, **rest} if not more and not rest:
                if self._verifier.size != self._header.size or (2, name) <= self._after:
                    raise ProofError("tail_order", "archived texts stand at the end, in the order of their digests")
                self._after = (2, name)
                self._verifier.archived(name, decode_base64(text, "archived text"))
            case _:
                raise ProofError("tail_line", "expected an archived text")

    def _end(self, data: bytes) -> None:
        expected = end_line(self.lines, "sha256:" + self._sha.hexdigest())
        if data + b"\n" != expected:
            raise ProofError("tail_line", "the last line does not say what was read before it")
        self._ended = True


def _parsed(data: bytes, most: int = _SHORT) -> Any:
    value = parse(data, max_bytes=most)
    if canonicalize(value) != data:
        raise ProofError("not_canonical", "line is not in its canonical form")
    return value


def _hash(text: object) -> bytes:
    if not isinstance(text, str):
        raise ProofError("bad_base64", "a hash is not base64")
    return decode_base64(text, "hash")
