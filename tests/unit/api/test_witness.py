"""A witness never signs two trees, whatever it is sent and however it dies (c2sp.org/tlog-witness)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
import urllib3
from assent_verify.checkpoint import Checkpoint
from assent_verify.cosignature import WitnessKey, cosignatures
from assent_verify.merkle import root_of
from assent_verify.note import Note, VerifierKey, encode_base64, sign
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.api.witness import MAX_BODY, SIZE_TYPE, Answer, Witness
from assent.model.witness import Seen
from assent.record.paths import consistency_proof
from assent.stores.book import WitnessBook

LOG = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEY = VerifierKey("example.com/log", LOG.public_key().public_bytes_raw())
OWN = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
OWN_KEY = WitnessKey("witness.example/w", OWN.public_key().public_bytes_raw())
NOW = 1_790_000_000


def hashes(count: int, fork: int = 1 << 60) -> list[bytes]:
    return [sha256(b"%d%d" % (at, at >= fork)).digest() for at in range(count)]


def body(old: int, new: int, *, fork: int = 1 << 60, proof: list[bytes] | None = None, key: VerifierKey = KEY) -> bytes:
    tree = hashes(new, fork)
    note = sign(str(Checkpoint(key.name, new, root_of(tree))), key, LOG.sign)
    proof = consistency_proof(tree, old) if proof is None and 0 < old <= new else proof or []
    lines = "".join(f"{encode_base64(hash)}\n" for hash in proof)
    return f"old {old}\n{lines}\n".encode() + note


@pytest.fixture
def book(tmp_path: Path) -> WitnessBook:
    book = WitnessBook(tmp_path / "w")
    book.trust(KEY)
    return book


@pytest.fixture
def witness(book: WitnessBook) -> Witness:
    ticks = iter(range(NOW, NOW + 10**9))
    return Witness(OWN_KEY, OWN.sign, book, lambda: next(ticks))


def signed(answer: Answer, submitted: bytes) -> int:
    """The time of the cosignature, which must hold over what was submitted."""
    note = Note.parse(submitted.partition(b"\n\n")[2] + answer.body.encode())
    (found,) = cosignatures(note, [OWN_KEY])
    return found.time


def test_it_signs_what_extends_what_it_signed(witness: Witness, book: WitnessBook) -> None:
    """From nothing, on, again the same with a fresh time; the response is signature lines alone."""
    times = []
    for old, new in ((0, 3), (3, 3), (3, 8), (8, 21), (21, 21)):
        answer = witness.add(body(old, new))
        assert answer.status == 200, answer
        times.append(signed(answer, body(old, new)))
    assert times == sorted(set(times)) and book.latest(KEY.name).size == 21 and not book.evidence()


def test_each_refusal_has_the_status_of_the_specification(witness: Witness, book: WitnessBook) -> None:
    """404, 403, 400, 409 with the size, 422; nothing of them moves the state."""
    assert witness.add(body(0, 5)).status == 200
    stranger = VerifierKey("example.com/stranger", KEY.public)
    other = Ed25519PrivateKey.generate()
    note = Checkpoint(KEY.name, 6, bytes(32))
    unsigned = b"old 5\n\n" + sign(str(note), VerifierKey(KEY.name, other.public_key().public_bytes_raw()), other.sign)
    for sent, status in [
        (body(0, 5, key=stranger), 404),
        (unsigned, 403),
        (body(6, 5, proof=[]), 400),
        (body(5, 9, proof=[]), 422),
        (body(5, 9, proof=hashes(3)), 422),
        (body(5, 5, proof=hashes(1)), 422),
        (body(5, 9, fork=2), 422),
    ]:
        assert witness.add(sent).status == status, sent
    for sent in (body(0, 9), body(4, 9), body(4, 4), body(5, 5, fork=2), body(8, 9)):
        assert witness.add(sent) == Answer(409, "5\n", SIZE_TYPE)
    assert book.latest(KEY.name).size == 5
    assert {why for _, why, _ in book.evidence()} == {"fork", "inconsistent"}


def test_a_proof_from_nothing_must_be_empty(witness: Witness) -> None:
    """Old size zero takes no proof lines, and none verifies."""
    assert witness.add(body(0, 4, proof=hashes(1))).status == 422


GOOD = body(0, 5)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"old 0\n",
        b"\n\n",
        GOOD.replace(b"old 0", b"old 00"),
        GOOD.replace(b"old 0", b"old +0"),
        GOOD.replace(b"old 0", b"old -1"),
        GOOD.replace(b"old 0", b"old  0"),
        GOOD.replace(b"old 0", b"old 0 "),
        GOOD.replace(b"old 0", b"Old 0"),
        GOOD.replace(b"old 0", "old \u0660".encode()),
        GOOD.replace(b"old 0", b"old " + b"9" * 5000),
        GOOD.replace(b"old 0\n", b"old 0\r\n"),
        GOOD.replace(b"old 0\n", b"old 0\nAAAA\n"),
        GOOD.replace(b"old 0\n", b"old 0\n" + b"A" * 42 + b"==\n"),
        GOOD.replace(b"old 0\n", b"old 0\n" + (encode_base64(bytes(32)).encode() + b"\n") * 64),
        GOOD.replace(b"\n5\n", b"\n05\n"),
        GOOD[:-1],
        GOOD + b"x",
        b"\xff" + GOOD,
        GOOD.replace(b"example.com/log", b"example.com\x00/log", 1),
    ],
)
def test_what_is_malformed_is_400_and_never_an_exception(witness: Witness, book: WitnessBook, sent: bytes) -> None:
    """Any body has an answer; nothing is remembered of it."""
    assert witness.add(sent).status == 400
    assert book.latest(KEY.name).size == 0


def test_every_byte_changed_has_an_answer_and_only_the_true_one_is_signed(book: WitnessBook) -> None:
    """A changed byte gives 400, 403, 404, 409 or 422; a signature is given for the text that the log signed alone."""
    clock = iter(range(NOW, NOW + 10**9))
    witness = Witness(OWN_KEY, OWN.sign, book, lambda: next(clock))
    sent = body(0, 5)
    for at in range(len(sent)):
        changed = sent[:at] + bytes([sent[at] ^ 1]) + sent[at + 1 :]
        assert witness.add(changed).status in (400, 403, 404, 409, 422), changed
    assert book.latest(KEY.name).size == 0


def test_a_clock_set_back_does_not_date_backwards(book: WitnessBook) -> None:
    """The time of a cosignature never falls behind one that was given."""
    clock = [NOW, NOW, NOW - 500, NOW - 500, NOW - 500]
    witness = Witness(OWN_KEY, OWN.sign, book, lambda: clock.pop(0) if len(clock) > 1 else clock[0])
    first, second = (witness.add(sent) for sent in (body(0, 3), body(3, 4)))
    assert signed(second, body(3, 4)) >= signed(first, body(0, 3)) == NOW


def test_of_racing_forks_exactly_one_wins(book: WitnessBook, tmp_path: Path) -> None:
    """Sixteen trees at once, by several witnesses on one file: one is signed, the others hear its size."""
    witnesses = [Witness(OWN_KEY, OWN.sign, WitnessBook(tmp_path / "w"), lambda: NOW) for _ in range(4)]
    start = threading.Barrier(16)

    def race(number: int) -> int:
        start.wait()
        return witnesses[number % 4].add(body(0, 20 + number, fork=number)).status

    with ThreadPoolExecutor(16) as pool:
        found = sorted(pool.map(race, range(16)))
    assert found == [200, *[409] * 15]


def test_a_log_that_floods_is_told_so_and_harms_no_other(book: WitnessBook) -> None:
    """More than the rate is 429; another log is answered."""
    second = VerifierKey("example.com/second", KEY.public)
    book.trust(second)
    witness = Witness(OWN_KEY, OWN.sign, book, lambda: NOW)
    assert 429 in [witness.add(body(0, 5)).status for _ in range(60)]
    assert witness.add(body(0, 5, key=second)).status == 200


def test_strangers_do_not_use_up_what_a_log_may_ask(book: WitnessBook) -> None:
    """What the log has not signed is refused, as often as it comes, and the log is answered."""
    witness = Witness(OWN_KEY, OWN.sign, book, lambda: NOW)
    forged = body(0, 5).replace(b"\xe2\x80\x94 example.com/log ", b"\xe2\x80\x94 example.com/log A", 1)
    assert {witness.add(forged).status for _ in range(80)} <= {400, 403}
    stranger = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
    key = VerifierKey(KEY.name, stranger.public_key().public_bytes_raw())
    note = sign(str(Checkpoint(KEY.name, 5, root_of(hashes(5)))), key, stranger.sign)
    assert {witness.add(b"old 0\n\n" + note).status for _ in range(80)} == {403}
    assert witness.add(body(0, 5)).status == 200


def test_what_was_seen_is_on_the_disk_before_it_is_signed(book: WitnessBook) -> None:
    """SQLite flushes at each commit: FULL is 2 (sqlite.org/pragma.html)."""
    with book._open() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_evidence_is_bounded(book: WitnessBook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that forks without end does not fill the disk, and the same request is kept once."""
    monkeypatch.setattr("assent.stores.book.MAX_EVIDENCE", 3)
    for number in range(9):
        book.keep(KEY.name, "fork", b"%d" % (number // 2))
    assert len(book.evidence()) == 3


# -- the real server ---------------------------------------------------------------------


@contextmanager
def server(state: Path) -> Iterator[tuple[subprocess.Popen[str], WitnessKey, str]]:
    """`assent witness serve` as its user runs it."""
    assent = str(Path(sys.executable).parent / "assent")
    process = subprocess.Popen(
        [assent, "witness", "serve", "--state", str(state), "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        key = WitnessKey.parse(process.stdout.readline().split()[1])
        yield process, key, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def post(url: str, sent: bytes) -> urllib3.BaseHTTPResponse:
    # the socket is bound before it is served: what connects early waits in its queue
    return urllib3.request("POST", f"{url}/add-checkpoint", body=sent, retries=False, timeout=30)


def test_over_http_it_answers_as_the_specification_says(tmp_path: Path) -> None:
    """Status, content type, size bound and method, from another process."""
    WitnessBook(tmp_path / "w").trust(KEY)
    with server(tmp_path / "w") as (_, key, url):
        good = post(url, body(0, 5))
        assert good.status == 200
        assert cosignatures(Note.parse(body(0, 5).partition(b"\n\n")[2] + good.data), [key])
        stale = post(url, body(0, 9))
        assert (stale.status, stale.data, stale.headers["content-type"]) == (409, b"5\n", SIZE_TYPE)
        assert post(url, b"x" * (MAX_BODY + 1)).status == 413
        assert urllib3.request("GET", f"{url}/add-checkpoint", retries=False).status == 405


@pytest.mark.soak
def test_killed_at_any_time_it_never_signs_two_trees(tmp_path: Path) -> None:
    """kill -9 while two forks are pushed: whatever was signed, before and after, is of one tree."""
    state = tmp_path / "w"
    WitnessBook(state).trust(KEY)
    given: dict[int, bytes] = {}
    for round in range(40 if os.environ.get("ASSENT_SOAK") else 3):
        with server(state) as (process, key, url), ThreadPoolExecutor(2) as pool:
            threading.Timer(0.4 + 0.05 * (round % 7), process.send_signal, [signal.SIGKILL]).start()
            list(pool.map(lambda fork, key=key, url=url: push(url, key, fork, given), (1 << 60, 7)))
    assert given
    book = WitnessBook(state)
    assert book.latest(KEY.name) != Seen(0, b"", 0)
    assert max(given) <= book.latest(KEY.name).size


def push(url: str, key: WitnessKey, fork: int, given: dict[int, bytes]) -> None:
    """Submit one fork as fast as it goes until the server is gone."""
    old = 0
    for new in range(8, 400):
        sent = body(old, new, fork=fork)
        try:
            answer = post(url, sent)
        except urllib3.exceptions.HTTPError:
            return
        if answer.status == 200:
            note = Note.parse(sent.partition(b"\n\n")[2] + answer.data)
            assert cosignatures(note, [key])
            root = Checkpoint.parse(note.text).root
            assert given.setdefault(new, root) == root, "two trees of one size were signed"
        elif answer.status == 409:
            old = int(answer.data)
        elif answer.status == 422:
            return
