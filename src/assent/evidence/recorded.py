"""Recorded decisions: each decision leaf with the clear values that open it, from a log or an export file.

Streams in log order and keeps nothing. What is missing is said, never made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from assent_verify.bundle import EVIDENCE, MAX_LINE, Export, tail_line
from assent_verify.canonical import digest
from assent_verify.errors import ProofError
from assent_verify.merkle import leaf_hash

from assent.decide.recorded import flat
from assent.model.ids import Digest, LeafIndex
from assent.ports import Reader

#: Leaves that one process takes before the next takes as many.
STRIPE = 1_024
#: Bytes of policies and definitions that are kept of one export file.
MOST_ARCHIVED = 256 * 1024 * 1024
Absent = Literal["erased", "withheld", "not disclosed"]
_DECISION = b'{"action":{'
#: How every leaf that is no decision begins; other lines of a bundle begin with their kind.
_OTHER = (b'{"approval":"', b'{"assurance":"', b'{"attempt":"', b'{"event":"')
_FOLD = re.compile(rb'^\{"fold":\[.*\],"to":([0-9]{1,15})\}$')
_SIZE = re.compile(rb'"size":([0-9]{1,15})')
_HEADER = 16 * 1024
_TIME = re.compile(rb'"time":"([^"]*)"')
_DISCLOSED = re.compile(rb'\{"disclosed":\{"index":([0-9]{1,15}),')
_ACTIVATION = b'"event":"activation"'
_BUNDLE = re.compile(rb'"bundle":"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Recorded:
    """One decision as it was recorded.

    Args:
        index: where it stands in the log.
        data: the exact stored bytes of its leaf.
        salt: what opens its commitments; empty if its values are not there.
        values: its clear values, or their JSON text.
        absent: why there are none, else empty.
    """

    index: int
    data: bytes
    salt: bytes = b""
    values: bytes | Mapping[str, object] = b""
    absent: Absent | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions are wanted; what is empty asks for nothing.

    Args:
        start: index of the first leaf.
        stop: index after the last; None for the end of the log.
        since: RFC 3339 time or the beginning of one, as text.
        until: likewise; a leaf of that very time is not taken.
        stripe: which stripe of how many, for several processes.
    """

    start: int = 0
    stop: int | None = None
    session: str = ""
    attempt: str = ""
    hash: str = ""
    since: str = ""
    until: str = ""
    stripe: tuple[int, int] = (0, 1)

    def takes(self, index: int, data: bytes) -> bool:
        """Is this leaf a decision that is wanted?"""
        if not data.startswith(_DECISION) or index // STRIPE % self.stripe[1] != self.stripe[0]:
            return False
        if self.session and b'"session":{"id":"%s"' % self.session.encode() not in data:
            return False
        if self.attempt and b'"attempt":"%s"' % self.attempt.encode() not in data:
            return False
        if self.hash and "sha256:" + leaf_hash(data).hex() != self.hash:
            return False
        return not (self.since or self.until) or self._in_time(data)

    def _in_time(self, data: bytes) -> bool:
        found = _TIME.search(data)
        time = found[1].decode(errors="replace") if found else ""
        return self.since <= time and (not self.until or time < self.until)


class LogEvidence:
    """The decisions of a log, and the archive they were made by."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.size = reader.size()

    def decisions(self, wanted: Wanted) -> Iterator[Recorded]:
        """Those that are wanted, in log order."""
        number, many = wanted.stripe
        stop = min(self.size, self.size if wanted.stop is None else wanted.stop)
        at = wanted.start
        while at < stop:
            end = min(stop, (at // STRIPE + 1) * STRIPE)
            if at // STRIPE % many == number:
                for index, data in self._reader.leaves(at, end):
                    if wanted.takes(index, data):
                        yield self._recorded(index, data)
            at = end

    def _recorded(self, index: int, data: bytes) -> Recorded:
        kept = self._reader.sidecar(LeafIndex(index))
        if kept is None:
            return Recorded(index, data, absent="erased")
        return Recorded(index, data, kept.salt, kept.values.encode(errors="surrogatepass"))

    def archived(self, digest: Digest) -> bytes | None:
        """What has this digest, if the archive has it; not yet held against it."""
        return self._reader.archived(digest)

    def in_force(self) -> Digest:
        """The bundle in force at the end."""
        return Digest(self._reader.state("bundle") or "")


def _archived(line: bytes) -> bytes | None:
    """The archived text of a line after the leaves, not yet held against its digest; None if it is none."""
    found = _read(line, b'{"archived":')
    return found["data"] if found else None


def _given(line: bytes) -> tuple[bytes, Mapping[str, object]] | None:
    """Salt and values of a line that discloses some; None if it discloses none."""
    found = _read(line, b'{"disclosed":')
    return (found["salt"], found["values"]) if found else None


def _read(line: bytes, start: bytes) -> Any:
    if not line.startswith(start):
        return None
    try:
        return tail_line(line)[1]
    except ProofError:
        return None  # verifying the file says so


def names_of(values: Mapping[str, object]) -> Iterator[str]:
    """Digests of what a decision was made by, as its clear values name them: bundle, profile, definition."""
    facts = values.get("facts")
    if isinstance(facts, dict):
        facts = flat(facts)
        versions = facts.get("versions")
        found = [versions.get("bundle") if isinstance(versions, dict) else None]
        found += [facts.get("definition"), facts.get("profile")]
        yield from (named for named in found if isinstance(named, str))


class Archived:
    """What a file archives, by the digest of its bytes; held in memory, at most `MOST_ARCHIVED` bytes.

    Raises:
        ProofError: `too_large`, there are more.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._texts: dict[str, bytes] = {}
        held = 0
        for line in lines:
            content = _archived(line)
            if content is None:
                continue
            held += len(content)
            if held > MOST_ARCHIVED:
                raise ProofError("too_large", f"the file archives more than {MOST_ARCHIVED} bytes of policies")
            self._texts[digest(content)] = content

    def __call__(self, digest: Digest) -> bytes | None:
        return self._texts.get(digest)


class FileEvidence:
    """The decisions of an export file, with what it discloses.

    Raises:
        ProofError: `too_large`, it archives too much.
    """

    def __init__(self, export: Export) -> None:
        self._export = export
        self.size = export.size
        self.archived = Archived(export.tail())

    def decisions(self, wanted: Wanted) -> Iterator[Recorded]:
        """Those that are wanted, in log order; values out of order are taken as not there."""
        disclosed = self._disclosed()
        index, line = next(disclosed, (-1, b""))
        for at, data in enumerate(self._export.leaves()):
            if wanted.stop is not None and at >= wanted.stop:
                return
            if at < wanted.start or not wanted.takes(at, data):
                continue
            while 0 <= index < at:
                index, line = next(disclosed, (-1, b""))
            found = _given(line) if index == at else None
            if found is None:
                yield Recorded(at, data, absent="not disclosed")
            else:
                yield Recorded(at, data, *found)

    def _disclosed(self) -> Iterator[tuple[int, bytes]]:
        """Index and whole line, which is read only if its leaf is wanted."""
        for line in self._export.tail():
            if found := _DISCLOSED.match(line):
                yield int(found[1]), line

    def in_force(self) -> Digest:
        """The bundle that the last activation in the file put in force."""
        return _last_bundle(self._export.leaves())


class BundleEvidence:
    """The decisions of an evidence bundle, which shows some sessions of a log.

    Args:
        open: opens the file for reading from its start, each time it is called.

    Raises:
        ProofError: `too_large`, it archives too much.
    """

    def __init__(self, open: Callable[[], BinaryIO]) -> None:
        self._open = open
        with open() as file:
            found = _SIZE.search(file.readline(_HEADER))
        self.size = int(found[1]) if found else 0
        self.archived = Archived(self._lines())

    def _lines(self) -> Iterator[bytes]:
        with self._open() as file:
            file.readline(MAX_LINE)
            while line := file.readline(MAX_LINE):
                yield line.removesuffix(b"\n")

    def decisions(self, wanted: Wanted) -> Iterator[Recorded]:
        """Those that are wanted, in log order."""
        index, waiting = 0, None
        for line in self._lines():
            if line.startswith(_DECISION) or line.startswith(_OTHER):
                if waiting is not None:
                    yield waiting
                waiting = Recorded(index, line, absent="not disclosed") if wanted.takes(index, line) else None
                index += 1
            elif waiting is not None and (found := _given(line)) and waiting.absent:
                waiting = Recorded(waiting.index, waiting.data, *found)
            elif fold := _FOLD.match(line):
                index = int(fold[1])
        if waiting is not None:
            yield waiting

    def in_force(self) -> Digest:
        """The bundle that the last activation in the file put in force."""
        return _last_bundle(self._lines())


def _last_bundle(leaves: Iterable[bytes]) -> Digest:
    last = b""
    for data in leaves:
        if _ACTIVATION in data and (found := _BUNDLE.search(data)):
            last = found[1]
    return Digest(last.decode(errors="replace"))


def is_bundle(start: bytes) -> bool:
    """Does a file that starts like this show evidence about some sessions?"""
    return start.startswith(b'{"format":"%s"' % EVIDENCE.encode())


Evidence = LogEvidence | FileEvidence | BundleEvidence
