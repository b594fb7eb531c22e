"""Rules of group commit and checkpoints, on the store in memory and on wrapped ones."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from assent_verify.checkpoint import SYSTEM, Checkpoint, heads_line
from assent_verify.merkle import Frontier, leaf_hash
from assent_verify.note import Note, VerifierKey

from assent.errors import ConflictError, UnavailableError
from assent.ports import Transaction
from assent.record import log as log_module
from assent.record.log import Log
from assent.stores.memory import MemoryStore
from tests.stores.audit import audit
from tests.stores.world import RealClock, TestKey, a_session

ORIGIN = "assent/test"


class Watched(MemoryStore):
    """Counts batches, remembers which were durable, and fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[bool] = []
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()
        self._wanted = False

    def durable(self, wanted: bool) -> None:
        self._wanted = wanted

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        self.gate.wait()
        with super().begin() as tx:
            yield tx
            if self.broken:
                raise UnavailableError("store_full", "the disk is full", help="free space")
            self.batches.append(self._wanted)


class World:
    """A log with its store and key."""

    def __init__(self) -> None:
        self.store, self.signer = Watched(), TestKey()
        self.key = VerifierKey(ORIGIN, self.signer.public)
        self.log = Log(self.store, RealClock(), self.signer, origin=ORIGIN, node="node_1")


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.store.gate.set()
    world.log.close()
    audit(world.store, world.key)


class Slow:
    """A job that holds the writer until it is told to go."""

    def __init__(self) -> None:
        self.inside, self.go = threading.Event(), threading.Event()

    def __call__(self, tx: Transaction) -> None:
        self.inside.set()
        self.go.wait(5)


def test_jobs_that_arrive_together_are_one_batch(world: World) -> None:
    """Group commit: what waits while a batch is written shares the next flush."""
    world.store.gate.clear()
    futures = [world.log.submit(lambda tx: tx.append(b"x"), durable=True) for _ in range(50)]
    world.store.gate.set()
    assert sorted(future.result(5) for future in futures) == list(range(50))
    assert len(world.store.batches) <= 2


def test_a_job_that_raises_fails_alone(world: World) -> None:
    """Its caller gets its own error, its writes are dropped, the others' stay."""
    world.store.gate.clear()

    def bad(tx: Transaction) -> None:
        tx.append(b"bad")
        tx.put_state("key", "bad")
        raise ConflictError("moved", "decide again")

    first = world.log.submit(lambda tx: tx.append(b"a"), durable=True)
    failed = world.log.submit(bad, durable=True)
    second = world.log.submit(lambda tx: (tx.append(b"b"), tx.state("key")), durable=True)
    world.store.gate.set()
    with pytest.raises(ConflictError):
        failed.result(5)
    assert (first.result(5), second.result(5)) == (0, (1, None))


def test_a_bug_in_a_job_is_the_callers(world: World) -> None:
    """What is not an expected error surfaces as itself, and the log goes on."""
    with pytest.raises(ZeroDivisionError):
        world.log.submit(lambda tx: 1 // 0, durable=True).result(5)
    assert world.log.submit(lambda tx: tx.append(b"x"), durable=True).result(5) == 0


def test_a_failed_commit_fails_every_job_and_the_next_batch_tries_again(world: World) -> None:
    """No job of a lost batch is acknowledged; when the disk is back, work goes on by itself."""
    world.store.gate.clear()
    world.store.broken = True
    futures = [world.log.submit(lambda tx: tx.append(b"lost"), durable=True) for _ in range(3)]
    world.store.gate.set()
    errors = [future.exception(5) for future in futures]
    assert [getattr(error, "code", "") for error in errors] == ["store_full"] * 3
    assert len({id(error) for error in errors}) == 3
    world.store.broken = False
    assert world.log.submit(lambda tx: tx.append(b"kept"), durable=True).result(5) == 0


def test_durable_wins_in_a_mixed_batch(world: World) -> None:
    """A batch with one durable job is flushed; one without any is not."""
    slow = Slow()
    world.log.submit(slow, durable=False)
    slow.inside.wait(5)
    futures = [world.log.submit(lambda tx: tx.append(b"x"), durable=each) for each in (False, True, False)]
    time.sleep(0.02)  # longer than a batch lasts: they make one of their own
    slow.go.set()
    for future in futures:
        future.result(5)
    assert world.store.batches == [False, True]


def test_a_durable_job_never_joins_a_batch_that_is_not_flushed(world: World) -> None:
    """A job that arrives while a batch runs may join it only if the batch's flush is enough for it."""
    slow = Slow()
    world.log.submit(slow, durable=False)
    slow.inside.wait(5)
    late = world.log.submit(lambda tx: tx.append(b"x"), durable=True)
    slow.go.set()
    late.result(5)
    assert world.store.batches == [False, True]


def test_a_batch_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes wait behind a batch, so it ends after a number of jobs."""
    monkeypatch.setattr(log_module, "BATCH_JOBS", 10)
    world.store.gate.clear()
    futures = [world.log.submit(lambda tx: tx.append(b"x"), durable=True) for _ in range(35)]
    world.store.gate.set()
    for future in futures:
        future.result(5)
    assert len(world.store.batches) >= 4


async def test_coroutines_get_results_and_errors(world: World) -> None:
    """`commit` is `submit` for a coroutine."""
    assert sorted(await asyncio.gather(*(world.log.commit(lambda tx: tx.append(b"x"), durable=True) for _ in range(9))))
    with pytest.raises(ZeroDivisionError):
        await world.log.commit(lambda tx: 1 // 0, durable=False)


async def test_a_cancelled_caller_does_not_stop_the_log(world: World) -> None:
    """Nothing is run for a caller that went before its turn, and the rest of the batch is."""
    world.store.gate.clear()
    gone = asyncio.create_task(world.log.commit(lambda tx: tx.append(b"gone"), durable=True))
    stays = asyncio.create_task(world.log.commit(lambda tx: tx.append(b"stays"), durable=True))
    await asyncio.sleep(0.05)
    late = asyncio.create_task(world.log.commit(lambda tx: tx.append(b"late"), durable=True))
    await asyncio.sleep(0.05)
    late.cancel()
    await asyncio.sleep(0)
    world.store.gate.set()
    await asyncio.gather(gone, stays)
    with world.store.read() as reader:
        assert b"late" not in dict(reader.leaves()).values()


def test_after_close_the_log_refuses_and_everything_submitted_is_there(world: World) -> None:
    """`close` finishes what was handed in, signs it, and lets nothing more in."""
    futures = [world.log.submit(lambda tx: tx.append(b"x"), durable=False) for _ in range(20)]
    world.log.close()
    world.log.close()
    assert all(future.done() for future in futures)
    with pytest.raises(UnavailableError) as caught:
        world.log.submit(lambda tx: None, durable=False)
    assert caught.value.code == "log_closed"
    with world.store.read() as reader:
        assert [size for size, _ in reader.checkpoints()][-1] == 20


def test_after_a_fork_the_log_refuses(world: World) -> None:
    """The writer thread did not come along: a job would wait for ever."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            world.log.submit(lambda tx: None, durable=True)
        except UnavailableError as error:
            code = 0 if error.code == "forked" else 2
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_checkpoint_on_request_covers_what_came_before(world: World) -> None:
    """Its future is done only when a signed note over at least these leaves is stored."""
    for _ in range(3):
        world.log.submit(lambda tx: tx.append(b"x"), durable=False)
    world.log.checkpoint().result(5)
    with world.store.read() as reader:
        assert [size for size, _ in reader.checkpoints()] == [3]
    world.log.checkpoint().result(5)
    assert len(world.signer.signed) == 1, "nothing new, nothing signed"


def test_a_checkpoint_commits_to_the_open_sessions(world: World) -> None:
    """Id, count and head of every open session with a leaf, and of no other; and the tree of the system leaves."""

    def job(tx: Transaction) -> None:
        tx.append(b"x")
        tx.put_session(a_session("b"))
        tx.put_session(a_session("a"))
        tx.put_session(a_session("c", status="ended"))

    world.log.submit(job, durable=True).result(5)
    world.log.checkpoint().result(5)
    with world.store.read() as reader:
        note = Note.parse(reader.checkpoints()[0][1])
    heads = [(s.id, s.seq, s.head) for s in (a_session("a"), a_session("b"))]
    systems = Frontier()
    systems.append(leaf_hash(b"x"))
    heads.append((SYSTEM, systems.size, f"sha256:{systems.root().hex()}"))
    assert Checkpoint.parse(note.text).extensions == (heads_line(heads),)


def test_checkpoints_come_by_themselves_while_leaves_arrive(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves do not stay uncovered for longer than the interval, and a quiet log signs nothing."""
    monkeypatch.setattr(log_module, "CHECKPOINT_MS", 50)
    world.log.submit(lambda tx: tx.append(b"x"), durable=True).result(5)
    deadline = time.monotonic() + 5
    while not world.signer.signed and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    assert len(world.signer.signed) == 1


def test_nothing_is_signed_before_its_claim_is_durable(world: World) -> None:
    """Persist, then sign: the batch that claims is flushed, and a lost claim is never signed."""
    world.log.submit(lambda tx: tx.append(b"x"), durable=False).result(5)
    world.store.broken = True
    assert getattr(world.log.checkpoint().exception(5), "code", "") == "store_full"
    assert world.signer.signed == []
    world.store.broken = False
    world.log.checkpoint().result(5)
    assert world.store.batches[-2:] == [True, False]


def test_a_claim_of_a_process_that_died_is_signed_by_the_next(world: World) -> None:
    """The claimed text is signed as it was claimed, though the log has grown."""

    def claim(tx: Transaction) -> None:
        tx.append(b"x")
        tx.claim_checkpoint(str(Checkpoint(ORIGIN, *tx.root())))

    world.log.submit(claim, durable=True).result(5)
    world.log.submit(lambda tx: tx.append(b"y"), durable=True).result(5)
    world.log.checkpoint().result(5)
    with world.store.read() as reader:
        assert [size for size, _ in reader.checkpoints()] == [1, 2]
        assert dict(reader.unsigned()) == {}


def test_a_signer_that_fails_stops_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receipts are acknowledged without it; who asked for the signature is told, and the claim waits."""

    def broken(message: bytes) -> bytes:
        raise OSError("the key is on a card that was pulled")

    with monkeypatch.context() as patched:
        patched.setattr(world.signer, "sign", broken)
        assert world.log.submit(lambda tx: tx.append(b"x"), durable=True).result(5) == 0
        assert isinstance(world.log.checkpoint().exception(5), OSError)
        assert world.log.submit(lambda tx: tx.append(b"y"), durable=True).result(5) == 1
    world.log.checkpoint().result(5)
    with world.store.read() as reader:
        assert [size for size, _ in reader.checkpoints()] == [1, 2]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nobody_waits_for_a_writer_that_died() -> None:
    """A bug that ends the writer thread ends the log: waiting and later jobs are refused, none hangs."""

    class Broken(RealClock):
        broken = False

        def steady(self) -> int:
            if self.broken:
                raise ArithmeticError
            return super().steady()

    store, clock = Watched(), Broken()
    log = Log(store, clock, TestKey(), origin=ORIGIN, node="node_1")
    store.gate.clear()
    first = log.submit(lambda tx: tx.append(b"x"), durable=True)
    time.sleep(0.05)  # the writer waits for the store with the first
    second = log.submit(lambda tx: tx.append(b"x"), durable=True)
    clock.broken = True
    store.gate.set()
    for future in (first, second):
        assert future.exception(5) is not None
    with pytest.raises(UnavailableError):
        while True:
            log.submit(lambda tx: None, durable=True).exception(5)
    log.close()
