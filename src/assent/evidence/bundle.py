"""Evidence bundles (`assent-evidence/1`): whole sessions as one file that a stranger verifies.

The log is read twice, line by line: once to find the sessions, once to write them with
the system leaves and the folded rest. Memory grows with sessions that are open only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from assent_verify.bundle import EVIDENCE, Header, checkpoint_line
from assent_verify.checkpoint import SYSTEM, Checkpoint, Head, head_hash
from assent_verify.evidence import archived_line, end_line, fold_line, head_line
from assent_verify.merkle import Frontier, leaf_hash, root_of
from assent_verify.note import Note

from assent.errors import ProofError, RequestError, UnavailableError
from assent.model.ids import Digest, LeafIndex
from assent.ports import Reader, Sidecar
from assent.record.paths import Folded, inclusion_proof
from assent.record.vouched import vouched

#: What of a leaf's clear values goes along: the line that discloses it, and what that names by digest.
Disclose = Callable[[int, Sidecar], tuple[bytes, frozenset[str]] | None]
_SYSTEM = b',"kind":"system",'  # no other kind of leaf can hold this text, and every system leaf does
_CHAINED = re.compile(rb'"session":\{"id":"(ses_[a-z2-7]{26})","prev":"[^"]*","seq":([0-9]+)\}')
_CLOSE = b'{"event":"close",'
_ROTATION = b'"event":"rotation"'  # where it is another member, one checkpoint more is shown
_ARCHIVED = re.compile(rb'"(?:bundle|catalog)":"(sha256:[0-9a-f]{64})"')


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions a bundle shows, each up to a leaf (exclusive), and with what beside the leaves.

    Args:
        stops: session → index of the first leaf that is not shown any more.
        disclose: the values to disclose of a leaf.
        policies: with the policies and catalogs that were in force.
    """

    stops: Mapping[str, int]
    disclose: Disclose
    policies: bool = False


@dataclass(slots=True)
class _Heads:
    """Where every session stands, and the tree over the system leaves."""

    open: dict[str, tuple[int, str]] = field(default_factory=dict)
    systems: Frontier = field(default_factory=Frontier)

    def take(self, session: tuple[str, int] | None, leaf: bytes, hash: bytes) -> None:
        if session is None:
            self.systems.append(hash)
        elif leaf.startswith(_CLOSE):
            self.open.pop(session[0], None)
        elif not session[1] or session[0] in self.open:  # what comes after a close changes no head
            self.open[session[0]] = (session[1] + 1, f"sha256:{hash.hex()}")

    def all(self) -> list[Head]:
        heads = [(id, count, hash) for id, (count, hash) in self.open.items()]
        return sorted([*heads, (SYSTEM, self.systems.size, f"sha256:{self.systems.root().hex()}")])


def session_of(leaf: bytes) -> tuple[str, int] | None:
    """Session and number in it of a stored leaf; None for a system leaf."""
    found = None if _SYSTEM in leaf else _CHAINED.search(leaf)
    return (found[1].decode(), int(found[2])) if found else None


def anchor(reader: Reader) -> int:
    """The size of the last signed checkpoint, which a bundle ends at.

    Raises:
        UnavailableError: nothing is signed yet.
    """
    signed = reader.checkpoints()
    if not signed:
        raise UnavailableError("not_signed_yet", "no checkpoint is signed yet", help="try again in a second")
    return signed[-1][0]


def bundle_lines(reader: Reader, wanted: Wanted) -> Iterator[bytes]:
    """The lines of the bundle, each with its newline.

    Raises:
        UnavailableError: nothing is signed yet.
        RequestError: a session has no leaf before the last checkpoint.
        ProofError: the log is not what its checkpoint says; run `assent verify`.
    """
    running, count = sha256(), 0
    for line in _body(reader, wanted):
        running.update(line)
        count += 1
        yield line
    yield end_line(count, f"sha256:{running.hexdigest()}")


def _body(reader: Reader, wanted: Wanted) -> Iterator[bytes]:
    notes = dict(reader.checkpoints())
    size = anchor(reader)
    checkpoint = Checkpoint.parse(Note.parse(notes[size]).text)
    tree, heads, folded, named = Frontier(), _Heads(), Folded(0), set[str]()
    missing, rotated, witnessed = set(wanted.stops), False, vouched(reader)
    for index, leaf in reader.leaves(0, size):
        if not index:
            yield _header(leaf, size)
        session, hash = session_of(leaf), leaf_hash(leaf)
        tree.append(hash)
        heads.take(session, leaf, hash)
        if session is not None and index >= wanted.stops.get(session[0], 0):
            folded.append(hash)
        else:
            missing -= {session[0]} if session else set()
            rotated |= session is None and _ROTATION in leaf
            yield from _fold(folded)
            folded = Folded(index + 1)
            yield leaf + b"\n"
            yield from _values(reader, index, wanted.disclose, named)
            named.update(match.decode() for match in _ARCHIVED.findall(leaf))
        # the keys that leave sign the next checkpoint; and what witnesses have signed goes along with what is newer
        if index + 1 < size and index + 1 in notes and (rotated or index + 1 == witnessed):
            yield from _fold(folded)
            folded, rotated = Folded(index + 1), False
            yield checkpoint_line(notes[index + 1])
    if missing:
        id = min(missing)
        raise RequestError("unknown_id", f"session `{id}` has no leaf in the first {size}", help="see: assent sessions")
    yield from _fold(folded)
    if tree.size != size or tree.root() != checkpoint.root:
        raise ProofError("root_differs", "the log is not what its last checkpoint says", help="run: assent verify")
    yield checkpoint_line(notes[size])
    yield from _proofs(heads.all(), checkpoint, {*wanted.stops, SYSTEM})
    if wanted.policies:
        yield from archived_lines(reader, named)


def archived_lines(reader: Reader, named: Iterable[str]) -> Iterator[bytes]:
    """What has these digests, as far as it is archived, by rising digest; each with its newline."""
    for digest in sorted(named):
        data = reader.archived(Digest(digest))
        if data is not None:
            yield archived_line(data)


def _fold(folded: Folded) -> Iterator[bytes]:
    hashes = folded.hashes()
    if hashes:
        yield fold_line(folded.stop, hashes)


def _values(reader: Reader, index: int, disclose: Disclose, named: set[str]) -> Iterator[bytes]:
    """What is disclosed of a leaf; what that names by digest is added to `named`."""
    kept = reader.sidecar(LeafIndex(index))
    given = disclose(index, kept) if kept is not None else None
    if given is not None:
        named.update(given[1])
        yield given[0]


def _proofs(heads: list[Head], checkpoint: Checkpoint, wanted: set[str]) -> Iterator[bytes]:
    """Where the sessions stood; a checkpoint of the older form can prove it of none."""
    hashes = [head_hash(head) for head in heads]
    if checkpoint.heads_tree() != (len(hashes), root_of(hashes)):
        return
    for at, head in enumerate(heads):
        if head[0] in wanted:
            yield head_line(head, at, inclusion_proof(hashes, at))


def _header(genesis: bytes, size: int) -> bytes:
    """Whose log it is, by its own first leaf."""
    leaf = json.loads(genesis)
    subject = leaf.get("subject") if isinstance(leaf, dict) else None
    if not isinstance(subject, dict) or not {"origin", "log_key"} <= subject.keys():
        raise ProofError("leaf_schema", "leaf 0 does not say whose log it is", help="run: assent verify")
    return Header(str(subject["origin"]), str(subject["log_key"]), size, EVIDENCE).line() + b"\n"
