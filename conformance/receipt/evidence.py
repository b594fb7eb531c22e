"""The sample log in a real store, and bundles of it, whole or made anew by somebody who lies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from io import BytesIO

from assent_verify.evidence import end_line, fold_line
from assent_verify.files import verify_file
from assent_verify.merkle import leaf_hash
from assent_verify.note import Note
from assent_verify.report import Report

from assent.evidence.bundle import Wanted, bundle_lines
from assent.evidence.disclosure import Disclosure
from assent.model.ids import Digest, LeafIndex
from assent.ports import Sidecar, Store
from assent.record.paths import Folded
from assent.stores.memory import MemoryStore
from conformance.receipt.sample import SampleLog, identifier, sample

OPEN = identifier("ses", "open")


def with_open_session() -> SampleLog:
    """The sample, and a session that is still open at the last checkpoint."""
    log, attempt = sample(), identifier("att", "open")
    log.open(OPEN)
    log.decide(OPEN, attempt)
    log.settle(OPEN, attempt)
    log.decide(OPEN, identifier("att", "later"), "deny")
    log.checkpoint()
    return log


def stored(log: SampleLog) -> Store:
    """The log as a store keeps it: leaves, signed checkpoints, clear values, an archived bundle."""
    store, notes = MemoryStore(), dict(log.checkpoints)
    kept = {index: (salt, values) for index, salt, values in log.disclosed}
    with store.begin() as tx:
        for index, leaf in enumerate(log.leaves):
            tx.append(leaf)
            if index in kept:
                salt, values = kept[index]
                tx.put_sidecar(Sidecar(LeafIndex(index), salt, json.dumps(values), 2**50))
            if index + 1 in notes:
                tx.claim_checkpoint(Note.parse(notes[index + 1]).text)
                tx.put_checkpoint(index + 1, notes[index + 1])
        tx.put_archive(Digest("sha256:" + sha256(b"bundle one").hexdigest()), "bundle", b"bundle one")
    return store


#: Disclose whatever is there, or nothing.
ALL, NONE = Disclosure(whole=True), Disclosure()


def bundle(
    log: SampleLog,
    *sessions: str,
    stop: int = 2**40,
    disclosure: Disclosure = ALL,
    policies: bool = False,
) -> list[bytes]:
    """The lines of a bundle of some sessions."""
    with stored(log).read() as reader:
        return list(bundle_lines(reader, Wanted(dict.fromkeys(sessions, stop), disclosure.line, policies)))


def check(lines: Iterable[bytes], log: SampleLog) -> Report:
    """What a stranger finds, with keys from outside."""
    data = b"".join(lines)
    return verify_file(lambda: BytesIO(data), log.key, [log.public])


def sealed(lines: list[bytes]) -> list[bytes]:
    """The same lines with a last line that agrees with them, as a liar would write it."""
    body = [line for line in lines if not line.startswith(b'{"end":')]
    return [*body, end_line(len(body), "sha256:" + sha256(b"".join(body)).hexdigest())]


def refolded(log: SampleLog, lines: list[bytes], hide: Callable[[bytes], bool]) -> list[bytes]:
    """The bundle with some of its leaves hidden as well, every hash right, the end sealed."""
    shown = {line for line in lines if not hide(line)}
    size = log.checkpoints[-1][0]
    out, folded = [lines[0]], Folded(0)
    for index, leaf in enumerate(log.leaves[:size]):
        if leaf + b"\n" in shown:
            out += [fold_line(folded.stop, folded.hashes())] if folded.hashes() else []
            out.append(leaf + b"\n")
            folded = Folded(index + 1)
        else:
            folded.append(leaf_hash(leaf))
    out += [fold_line(folded.stop, folded.hashes())] if folded.hashes() else []
    out += [line for line in lines if line.startswith((b'{"checkpoint":', b'{"head":'))]
    return sealed(out)
