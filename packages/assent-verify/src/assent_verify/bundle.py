"""Export files, format `assent-export/1`: header, leaves, checkpoints, disclosed values; one a line.

Reading takes a block of memory, and what remembers the place of each block.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from io import SEEK_END
from typing import Any, BinaryIO

from assent_verify.canonical import canonicalize, parse
from assent_verify.errors import ProofError
from assent_verify.note import VerifierKey, decode_base64, encode_base64
from assent_verify.report import Report
from assent_verify.verify import Verifier
from assent_verify.witnessed import Asked

FORMAT, EVIDENCE = "assent-export/1", "assent-evidence/1"
#: Longest line; only disclosed values come near it.
MAX_LINE = 64 * 1024 * 1024
#: A line may hold this many brackets and commas: what stands between them takes far more memory than on disk.
_MAX_PARTS = 1_000_000
_MAX_LEAVES = 2**40
_BLOCK = 1 << 20
_READ = 1 << 18  # stays in a cache of the processor


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: which log this is, and how many leaves follow."""

    origin: str
    log_key: str
    size: int
    format: str = FORMAT

    def line(self) -> bytes:
        """Its canonical form, without the newline."""
        return canonicalize({"format": self.format, "log_key": self.log_key, "origin": self.origin, "size": self.size})

    @classmethod
    def parse(cls, line: bytes, format: str = FORMAT) -> Header:
        """Read the first line of an export, or of a file of another format.

        Raises:
            ProofError: `not_an_export`.
        """
        try:
            value = parse(line, max_bytes=4096)
        except ProofError as error:
            raise ProofError("not_an_export", f"the first line is not a header: {error.message}") from error
        if not isinstance(value, dict) or value.get("format") != format:
            raise ProofError("not_an_export", f"the first line is not the header of `{format}`")
        origin, log_key, size = (value.get(name) for name in ("origin", "log_key", "size"))
        if not isinstance(origin, str) or not isinstance(log_key, str) or type(size) is not int:
            raise ProofError("not_an_export", "the header needs `origin`, `log_key` and `size`")
        header = cls(origin, log_key, size, format)
        if not 0 <= size <= _MAX_LEAVES or header.line() != line:
            raise ProofError("not_an_export", "the header is not in its one accepted spelling")
        return header


def write(
    header: Header,
    leaves: Iterable[bytes],
    checkpoints: Iterable[bytes] = (),
    disclosed: Iterable[tuple[int, bytes, Mapping[str, object]]] = (),
) -> Iterator[bytes]:
    """The lines of an export, each with its newline.

    Args:
        header: `size` must be the number of leaves.
        leaves: exact stored bytes, in log order.
        checkpoints: signed notes, oldest first.
        disclosed: leaf index, salt and clear values, in log order.
    """
    yield header.line() + b"\n"
    for leaf in leaves:
        yield leaf + b"\n"
    for note in checkpoints:
        yield checkpoint_line(note)
    for index, salt, values in disclosed:
        yield disclosed_line(index, salt, values)


def checkpoint_line(note: bytes) -> bytes:
    """A signed checkpoint, with its newline."""
    return canonicalize({"checkpoint": note.decode()}) + b"\n"


def disclosed_line(index: int, salt: bytes, values: Mapping[str, object]) -> bytes:
    """Clear values of a leaf, with its newline."""
    value = {"index": index, "salt": encode_base64(salt), "values": dict(values)}
    return canonicalize({"disclosed": value}) + b"\n"


def opened_line(index: int, values: Mapping[str, tuple[bytes, object]]) -> bytes:
    """Single values of a leaf, each with its derived salt, with its newline."""
    shown = {name: {"salt": encode_base64(salt), "value": value} for name, (salt, value) in values.items()}
    return canonicalize({"opened": {"index": index, "values": shown}}) + b"\n"


class Export:
    """An export file.

    Args:
        open: opens the file for reading from its start, each time it is called.

    Raises:
        ProofError: `not_an_export` if the first line is no header.
        OSError: what opening or reading raises.
    """

    def __init__(self, open: Callable[[], BinaryIO]) -> None:
        self._open = open
        self._blocks: list[tuple[int, int]] = []  # first leaf of a block that was read, and its place
        with open() as file:
            self.header = Header.parse(file.readline(MAX_LINE).removesuffix(b"\n"))
            self._first = file.tell()

    @cached_property
    def _measured(self) -> tuple[int, int, bool]:
        """How many of the promised leaves are there, where the lines after them start, and is the last line whole?"""
        with self._open() as file:
            file.seek(self._first)
            size, tail = self._measure(file)
            file.seek(-1, SEEK_END)
            return size, tail, file.read(1) == b"\n"

    @property
    def size(self) -> int:
        """How many leaves are there; at most as many as the header promises."""
        return self._measured[0]

    @property
    def whole(self) -> bool:
        """Does the file end with a newline?"""
        return self._measured[2]

    def _measure(self, file: BinaryIO) -> tuple[int, int]:
        found, at = 0, self._first
        while block := file.read(_BLOCK):
            lines = block.count(b"\n")
            if found + lines >= self.header.size:
                cut = 0
                for _ in range(self.header.size - found):
                    cut = block.index(b"\n", cut) + 1
                return self.header.size, at + cut
            found, at = found + lines, at + len(block)
        return found, at

    def leaves(self) -> Iterator[bytes]:
        """The stored bytes of each leaf; the place of the first of each block is remembered."""
        self._blocks.clear()
        with self._open() as file:
            file.seek(self._first)
            rest, at, left = b"", self._first, self.header.size
            while left and (block := file.read(_READ)):
                self._blocks.append((self.header.size - left, at))
                lines = (rest + block).split(b"\n")
                rest = lines.pop()
                if len(rest) > _BLOCK:  # no leaf is so long
                    lines.append(rest)
                    rest = b""
                at = file.tell() - len(rest)
                del lines[left:]
                left -= len(lines)
                yield from lines

    def tail(self) -> Iterator[bytes]:
        """The lines after the leaves."""
        with self._open() as file:
            file.seek(self._measured[1])
            while line := file.readline(MAX_LINE):
                yield line.removesuffix(b"\n")

    def notes(self) -> Iterator[bytes]:
        """The checkpoints, unverified.

        Raises:
            ProofError: a line after the leaves is none that may stand there.
        """
        for line in self.tail():
            kind, value = tail_line(line)
            if kind == "checkpoint":
                yield value.encode()

    def leaf(self, file: BinaryIO, index: int) -> bytes:
        """A leaf that `leaves` has given out before, from a handle of the caller."""
        first, at = self._blocks[bisect_right(self._blocks, index, key=lambda block: block[0]) - 1]
        file.seek(at)
        for _ in range(index - first):
            file.readline(MAX_LINE)
        return file.readline(MAX_LINE).removesuffix(b"\n")

    def open(self) -> BinaryIO:
        """Another handle."""
        return self._open()


def verify(
    export: Export,
    log_key: VerifierKey | Iterable[VerifierKey] | None = None,
    reviewer_roots: Iterable[bytes] = (),
    asked: Asked = Asked(),  # noqa: B008 - frozen
) -> Report:
    """Verify a whole export.

    Args:
        log_key, reviewer_roots, asked: as `Verifier` takes them.

    Raises:
        OSError: what reading the file raises.
    """
    verifier = Verifier(log_key, reviewer_roots, asked)
    feed(export, verifier)
    return verifier.finish()


def feed(export: Export, verifier: Verifier) -> None:
    """Feed a verifier with everything that stands in an export.

    Raises:
        OSError: what reading the file raises.
    """
    if export.size < export.header.size or not export.whole:
        message = f"the header promises {export.header.size} leaves and whole lines, the file holds {export.size}"
        verifier.problem(None, "truncated", message, "complete")
    with ExitStack() as stack:
        tail = _Tail(export, verifier)
        stack.callback(tail.close)
        for index, leaf in enumerate(export.leaves()):
            if index >= tail.due:
                tail.checkpoints(index)
            verifier.leaf(index, leaf)
        tail.checkpoints(None)
        tail.disclosed(stack.enter_context(export.open()))
    verifier.named(export.header.origin, export.header.log_key)


class _Tail:
    """Walks the lines after the leaves, one ahead, keeping step with the leaves."""

    def __init__(self, export: Export, verifier: Verifier) -> None:
        self._export = export
        self._verifier = verifier
        self._lines = export.tail()
        self._line = 0
        self._next: tuple[str, Any] | None = None
        self.due = 0  # leaves that come before the next checkpoint
        self._advance()

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()  # type: ignore[attr-defined]

    def _advance(self) -> None:
        self._next = None
        for line in self._lines:
            self._line += 1
            try:
                self._next = tail_line(line)
                return
            except ProofError as error:
                where = f"line {self._export.size + 1 + self._line}: "
                self._verifier.problem(None, error.code, where + error.message)

    def checkpoints(self, size: int | None) -> None:
        """Hand on the checkpoints up to a tree size; all that are left if None."""
        while self._next and self._next[0] == "checkpoint":
            note = self._next[1]
            promised = self.due = checkpoint_size(note)
            if size is not None and promised > size:
                return
            self._verifier.checkpoint(promised, note.encode())
            self._advance()
        self.due = _MAX_LEAVES

    def disclosed(self, file: BinaryIO) -> None:
        """Check the disclosed values, which come last."""
        while self._next:
            kind, value = self._next
            if kind == "timestamp":
                self._verifier.stamps += 1
            elif kind == "archived":
                self._verifier.archived(value["digest"], value["data"])
            elif kind == "checkpoint":
                self._verifier.problem(None, "tail_order", "a checkpoint stands after disclosed values")
            elif value["index"] >= self._export.size:
                message = f"values of leaf {value['index']} are disclosed, which is not in the file"
                self._verifier.problem(None, "not_opened", message, "disclosed")
            else:
                leaf = self._export.leaf(file, value["index"])
                self._verifier.disclosed(value["index"], leaf, value["salt"], value["values"])
            self._advance()


def checkpoint_size(note: str) -> int:
    """The tree size that a note claims; -1 if it claims none."""
    text = note.split("\n", 2)[1] if note.count("\n") > 1 else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else -1


def tail_line(line: bytes, most: int = MAX_LINE) -> tuple[str, Any]:
    """A checkpoint's note, disclosed values with their salt decoded (None if each has its own), or an archived text.

    Raises:
        ProofError: `too_large`, `tail_line`, `not_canonical`, `bad_base64`, or what `parse` raises.
    """
    if line.count(b",") + line.count(b"[") + line.count(b"{") > _MAX_PARTS:
        raise ProofError("too_large", f"disclosed values have more than {_MAX_PARTS} parts")
    value = parse(line, max_bytes=most)
    if canonicalize(value) != line:
        raise ProofError("not_canonical", "line is not in its canonical form")
    match value:
        case {"checkpoint": str(note), **rest} if not rest:
            return "checkpoint", note
        case {"disclosed": {"index": int(index), "salt": str(salt), "values": dict(values), **more}, **rest} if (
            not rest and not more and type(index) is int and index >= 0
        ):
            salted = decode_base64(salt, "salt")
            return "disclosed", {"index": index, "salt": salted, "values": values}
        case {"archived": {"data": str(data), "digest": str(name), **more}, **rest} if not rest and not more:
            return "archived", {"data": decode_base64(data, "archived text"), "digest": name}
        case {"opened": {"index": int(index), "values": dict(values), **more}, **rest} if (
            not rest and not more and type(index) is int and index >= 0
        ):
            alone = {name: _alone(value) for name, value in values.items()}
            return "disclosed", {"index": index, "salt": None, "values": alone}
        case {"timestamp": {"size": int(size), "token": str(token), **more}, **rest} if (
            not rest and not more and type(size) is int and size > 0
        ):
            return "timestamp", {"size": size, "token": decode_base64(token, "time stamp")}
    raise ProofError("tail_line", "expected a checkpoint, disclosed values, an archived text or a time stamp")


def timestamp_line(size: int, token: bytes) -> bytes:
    """What an authority answered for the checkpoint of this size (RFC 3161), with its newline."""
    return canonicalize({"timestamp": {"size": size, "token": encode_base64(token)}}) + b"\n"


def _alone(value: object) -> tuple[bytes, object]:
    match value:
        case {"salt": str(salt), "value": shown, **rest} if not rest:
            return decode_base64(salt, "salt"), shown
    raise ProofError("tail_line", "a value that is disclosed alone has `salt` and `value`")
