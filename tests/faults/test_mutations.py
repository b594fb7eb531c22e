"""Whatever is changed in an export of a log is found: 100 % of seeded mutations of 1,000 leaves.

A mutation that changes no meaning is refused as well, because every value has one
spelling. One thing lies outside of what is signed: signature lines of keys that the
auditor did not give. They are changed too, and change no answer.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from assent_verify import note
from assent_verify.bundle import Export, feed
from assent_verify.canonical import canonicalize
from assent_verify.errors import ProofError
from assent_verify.files import verify_file
from assent_verify.merkle import Frontier, leaf_hash, verify_consistency
from assent_verify.note import Note, VerifierKey
from assent_verify.report import Axis
from assent_verify.verify import Verifier
from assent_verify.witnessed import Asked

from assent.record.paths import consistency_proof
from conformance.receipt.sample import SampleLog, identifier, private_key
from tests.signatures import remembered  # noqa: F401 - a fixture

ROUNDS = 20_000 if os.environ.get("ASSENT_SOAK") else 400
LEAVES, SESSIONS, EVERY = 1_000, 8, 250

pytestmark = pytest.mark.usefixtures("remembered")


def long_log(seed: str = "", fork_at: int = LEAVES) -> SampleLog:
    """1,000 leaves of eight sessions, with answers, refusals and checkpoints; another seed forks it at a leaf."""
    log, number = SampleLog(), 0
    log.begin()
    sessions = [identifier("ses", f"many {n}") for n in range(SESSIONS)]
    for session in sessions:
        log.open(session)
    while len(log.leaves) < LEAVES:
        name = f"{number}{seed if len(log.leaves) >= fork_at else ''}"
        session, attempt = sessions[number % SESSIONS], identifier("att", name)
        if number % 11 == 5:
            log.decide(session, attempt, "escalate")
            log.answer(session, identifier("apr", name), attempt)
            log.decide(session, attempt, approvals=[identifier("apr", name)])
        else:
            log.decide(session, attempt, *(["deny"] if number % 7 == 3 else []))
        if number % 11 == 5 or number % 7 != 3:
            log.settle(session, attempt)
        number += 1
        if len(log.leaves) // EVERY > len(log.checkpoints):
            log.checkpoint()
    for session in sessions:
        log.close(session)
    log.checkpoint()
    return log


def cosigned(log: SampleLog) -> list[bytes]:
    """The lines of its export; its notes carry the line of a witness too."""
    private = private_key("witness")
    key = VerifierKey("witness.example", private.public_key().public_bytes_raw())
    for at, (size, data) in enumerate(log.checkpoints):
        text = Note.parse(data).text
        line = note.sign(text, key, private.sign)[len(text) + 1 :]
        log.checkpoints[at] = size, data + line
    return list(log.lines(disclose=False))


def _flip(rng: random.Random, line: bytes) -> bytes:
    changed = bytearray(line)
    changed[rng.randrange(len(line))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _value(rng: random.Random, line: bytes) -> bytes:
    """Another value somewhere, in its canonical spelling, as one who knows the format would write it."""
    leaf = json.loads(line)
    at: Any = leaf
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = rng.choice(keys)
        if isinstance(at[key], dict | list) and at[key]:
            at = at[key]
            continue
        old = at[key]
        if isinstance(old, bool) or not isinstance(old, int | str):
            at[key] = not old
        elif isinstance(old, int):
            at[key] = old + rng.choice([-1, 1])
        else:
            place = rng.randrange(len(old) + 1)
            at[key] = old[:place] + rng.choice("aeimq2Z0=") + old[place + rng.randrange(2) :]
        changed = canonicalize(leaf) + b"\n"
        return changed if changed != line else _flip(rng, line)


def _spelling(rng: random.Random, line: bytes) -> bytes:
    """The same meaning in other bytes: white space, an escape, another order."""
    way = rng.randrange(4)
    if way == 0:
        return line.replace(b":", b": ", 1)
    if way == 1:
        return line.replace(b"a", b"\\u0061", 1)
    if way == 2:
        value = json.loads(line)
        return json.dumps(dict(reversed(value.items())), separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    return line[:-1] + rng.choice([b" \n", b"\r\n", b"\t\n"])


def _in_leaf(change: Callable[[random.Random, bytes], bytes], rng: random.Random, lines: list[bytes]) -> list[bytes]:
    at = rng.randrange(1, 1 + LEAVES)
    return [*lines[:at], change(rng, lines[at]), *lines[at + 1 :]]


def _note(signature: int | None, rng: random.Random, lines: list[bytes]) -> list[bytes]:
    """A byte of a checkpoint: of its text, or of one of its signature lines."""
    at = rng.choice([n for n, line in enumerate(lines) if line.startswith(b'{"checkpoint"')])
    value = json.loads(lines[at])["checkpoint"]
    text, _, tail = value.rpartition("\n\n")
    if signature is None:
        place = rng.randrange(len(text))
        changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :] + "\n\n" + tail
    else:
        signed = tail.split("\n")
        place = rng.randrange(len(signed[signature]))
        letter = chr(ord(signed[signature][place]) ^ 1)
        signed[signature] = signed[signature][:place] + letter + signed[signature][place + 1 :]
        changed = f"{text}\n\n" + "\n".join(signed)
    return [*lines[:at], canonicalize({"checkpoint": changed}) + b"\n", *lines[at + 1 :]]


def _delete(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    at = rng.randrange(1, 1 + LEAVES)
    return lines[:at] + lines[at + rng.choice([1, 1, 1, 5]) :]


def _insert(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    at = rng.randrange(1, 2 + LEAVES)
    return [*lines[:at], lines[rng.randrange(1, 1 + LEAVES)], *lines[at:]]


def _reorder(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    one, two = sorted(rng.sample(range(1, 1 + LEAVES), 2))
    return [*lines[:one], lines[two], *lines[one + 1 : two], lines[one], *lines[two + 1 :]]


def _truncate(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    whole = b"".join(lines)
    return [whole[: rng.randrange(len(whole))]]


def _header(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    return [_flip(rng, lines[0]), *lines[1:]]


MUTATIONS: dict[str, Callable[[random.Random, list[bytes]], list[bytes]]] = {
    "a bit of a leaf": partial(_in_leaf, _flip),
    "a value of a leaf": partial(_in_leaf, _value),
    "the spelling of a leaf": partial(_in_leaf, _spelling),
    "a byte of a checkpoint's text": partial(_note, None),
    "a byte of the log's signature": partial(_note, 0),
    "deletion": _delete,
    "insertion": _insert,
    "reordering": _reorder,
    "truncation": _truncate,
    "a bit of the header": _header,
}


class _DoubtError(Exception):
    """The first problem, at which 20,000 verifications may stop."""


class _Hasty(Verifier):
    """The verifier, up to the first problem."""

    def problem(self, leaf: int | None, code: str, message: str, axis: Axis = "sound") -> None:
        raise _DoubtError(code)


def still_holds(data: bytes, log: SampleLog, asked: Asked = Asked()) -> bool:  # noqa: B008 - frozen
    """Does an export hold? Says no at the first problem."""
    verifier = _Hasty(log.key, [log.public], asked)
    try:
        feed(Export(lambda: BytesIO(data)), verifier)
        return verifier.finish().holds
    except (_DoubtError, ProofError):
        return False


def whole_report_holds(data: bytes, log: SampleLog, asked: Asked = Asked()) -> bool:  # noqa: B008 - frozen
    """The same, of the report that a user gets."""
    try:
        return verify_file(lambda: BytesIO(data), log.key, [log.public], asked).holds
    except ProofError:
        return False


def test_every_seeded_mutation_of_a_long_log_is_found() -> None:
    """Entries, checkpoints, signatures; deletion, insertion, reordering, truncation; also what keeps the meaning."""
    log = long_log()
    lines, rng, found, missed = cosigned(log), random.Random(6962), Counter[str](), []
    assert verify_file(lambda: BytesIO(b"".join(lines)), log.key, [log.public]).strict
    kinds = list(MUTATIONS)
    for round in range(ROUNDS):
        kind = kinds[round % len(kinds)]
        changed = MUTATIONS[kind](rng, lines)
        if changed == lines:
            continue
        data = b"".join(changed)
        holds = still_holds(data, log)
        if round % 100 < len(kinds):  # one in ten: the whole report says the same
            assert holds is whole_report_holds(data, log), (round, kind)
        found[kind] += not holds
        missed += [(round, kind)] if holds else []
    print(f"\n{found.total():,} of {found.total() + len(missed):,} mutations found: {dict(found)}")
    assert not missed


def test_what_is_outside_of_what_was_signed_changes_no_answer() -> None:
    """The line of a key that nobody gave is passed over, or makes the note unreadable; it never helps."""
    log = long_log()
    lines, rng = cosigned(log), random.Random(7)
    root = "sha256:" + log.frontier.root().hex()
    outside = 0
    for _ in range(ROUNDS // 20):
        data = b"".join(_note(1, rng, lines))
        report = verify_file(lambda data=data: BytesIO(data), log.key, [log.public])  # type: ignore[misc]
        assert report.witnessed is None
        assert not report.holds or report.root == root
        outside += report.holds
    print(f"\n{outside} of {ROUNDS // 20} changes of a stranger's signature line passed over")


def test_a_log_forked_to_two_auditors_is_found_when_they_compare() -> None:
    """Each log is sound alone; one checkpoint of the other beside it is not, and no proof joins the two."""
    one, two = long_log(), long_log("fork", LEAVES // 2)
    for log in (one, two):
        assert verify_file(lambda log=log: BytesIO(log.export()), log.key, [log.public]).strict  # type: ignore[misc]
    shared = len([1 for first, second in zip(one.leaves, two.leaves, strict=False) if first == second])
    assert LEAVES // 4 < shared < LEAVES
    for (size, _), (other, note_of_two) in zip(one.checkpoints, two.checkpoints, strict=True):
        mixed = SampleLog(leaves=one.leaves, checkpoints=[*one.checkpoints[:-1], (other, note_of_two)])
        mixed.checkpoints.sort()
        data = b"".join(mixed.lines(disclose=False))
        report = verify_file(lambda data=data: BytesIO(data), one.key, [one.public])  # type: ignore[misc]
        assert report.holds is False or size <= shared
    hashes = [leaf_hash(leaf) for leaf in one.leaves]
    frontier = Frontier()
    for leaf in two.leaves[:LEAVES]:
        frontier.append(leaf_hash(leaf))
    with pytest.raises(ProofError):
        verify_consistency(LEAVES, len(hashes), frontier.root(), one.frontier.root(), consistency_proof(hashes, LEAVES))
