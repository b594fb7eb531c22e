"""The log: jobs become durable in groups, on one writer thread (docs/decisions/001).

Whoever has something to record hands in a job, which reads and writes in one
transaction with the jobs that arrived meanwhile. A job that raises fails alone;
when the commit fails, every job of the batch does, and the next batch tries anew.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from assent.errors import UnavailableError
from assent.ports import Clock, LogSigner, Store, Transaction
from assent.record import checkpoints, tiles

T = TypeVar("T")
#: A batch ends after this many milliseconds or jobs: other processes wait behind it.
BATCH_MS = 10
BATCH_JOBS = 256
#: Milliseconds between checkpoints while leaves arrive.
CHECKPOINT_MS = 1_000
_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Job:
    """What is to be run, and who waits: a thread (`Future`) or a coroutine of `loop`."""

    run: Callable[[Transaction], Any]
    durable: bool
    waiter: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None = None
    signs: bool = False  # wants a signed checkpoint over everything before it
    result: Any = None
    error: BaseException | None = None

    def resolve(self) -> None:
        if self.waiter.done():
            return  # the caller has gone
        if self.error is None:
            self.waiter.set_result(self.result)
        else:
            self.waiter.set_exception(self.error)


class Log:
    """Group commit over a store, and checkpoints of what was committed.

    Args:
        store: where leaves and rows go; its `begin` belongs to this log alone.
        clock: only its steady time is read here.
        signer: the log's keys.
        origin: name of the log in checkpoints, `assent/HOME`.
        node: id of this process.

    Attributes:
        signed: called with size and root after each signed checkpoint.
    """

    def __init__(self, store: Store, clock: Clock, signer: LogSigner, *, origin: str, node: str) -> None:
        self.origin = origin
        self.node = node
        self.signed: Callable[[int, bytes], None] = _nobody
        self._store = store
        self._clock = clock
        self._signer = signer
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._held: _Job | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # who runs a batch: the writer thread, or a lone caller
        self._closed = False
        self._pid = os.getpid()
        self._grown = False  # leaves since the last checkpoint
        with store.read() as reader:
            self._covered = reader.last_checkpoint()  # as this process last saw it
        self._looked = clock.steady()
        self._thread = threading.Thread(target=self._work, name="assent-log", daemon=True)
        self._thread.start()

    # -- for callers

    def submit(self, job: Callable[[Transaction], T], *, durable: bool) -> Future[T]:
        """Run a job in the next batch; from any thread.

        Args:
            job: compares first, then writes; what it raises is the future's, its writes are dropped.
            durable: True: its result is given only when the batch has reached the disk.
                False: when all processes can see it; flushed with the next durable batch.

        Raises:
            UnavailableError: the log is closed, or was made before a fork; in the
                future, `store_…` if the batch could not be committed.
        """
        waiter: Future[T] = Future()
        self._put(_Job(job, durable, waiter))
        return waiter

    async def commit(self, job: Callable[[Transaction], T], *, durable: bool, alone: bool = False) -> T:
        """As `submit`, for a coroutine; a batch wakes each event loop once.

        Args:
            alone: nothing else goes on in this process, so the job may run on this thread:
                handing it over and back takes longer than its transaction.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[T] = loop.create_future()
        if not alone or not self._at_once(_Job(job, durable, waiter)):
            self._put(_Job(job, durable, waiter, loop))
        return await waiter

    def _at_once(self, job: _Job) -> bool:
        """Run a lone job now, unless the writer is at work or has work waiting."""
        self._check()
        if not self._writing.acquire(blocking=False):
            return False
        try:
            if self._held is not None or not self._jobs.empty():
                return False
            quiet = not self._grown
            self._batch([job], joins=False)
        finally:
            self._writing.release()
        if quiet and self._grown:  # the writer sleeps without a limit: it has a checkpoint to think of now
            self._put(_Job(lambda tx: None, False, Future()))
        return True

    def checkpoint(self) -> Future[None]:
        """Sign a checkpoint over everything submitted so far."""
        waiter: Future[None] = Future()
        self._put(_Job(lambda tx: None, True, waiter, signs=True))
        return waiter

    def keep_tiles(self) -> None:
        """Keep every tile that is whole, some at a time, so that proofs read a handful of rows.

        Raises:
            UnavailableError: the log is closed, or the store cannot be written.
        """
        while not self.submit(tiles.keep, durable=False).result():
            pass

    def close(self) -> None:
        """Finish what was submitted, sign a last checkpoint, and refuse anything more."""
        if os.getpid() != self._pid:
            return  # the thread is the parent's, and its lock may be held for ever here
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _put(self, job: _Job) -> None:
        self._check()
        with self._lock:
            if self._closed:
                raise UnavailableError("log_closed", "the log is closed")
            self._jobs.put(job)

    def _check(self) -> None:
        if os.getpid() != self._pid:  # before the lock, which may be held for ever here
            raise UnavailableError("forked", "the log was opened before a fork", help="open it in the new process")
        if self._closed:
            raise UnavailableError("log_closed", "the log is closed")

    # -- the writer thread

    def _work(self) -> None:
        try:
            self._write()
        finally:  # also after a bug: nobody is left waiting for a thread that is gone
            with self._lock:
                self._closed = True
            lost = [job for job in iter(self._waiting, None)] + ([self._held] if self._held else [])
            if lost:
                self._fail(lost, UnavailableError("log_closed", "the log is closed"))

    def _write(self) -> None:
        while True:
            try:
                job = self._held or self._jobs.get(timeout=self._patience())
            except Empty:
                with self._writing:
                    self._batch([])  # quiet for a while: only a checkpoint is due
                continue
            self._held = None
            if job is None:
                break
            with self._writing:
                self._batch(self._gather(job))
        if self._grown:
            with self._writing:
                self._batch([], last=True)

    def _patience(self) -> float | None:
        """Seconds until a checkpoint is due; None if no leaf came since the last."""
        if not self._grown:
            return None
        return max(0.0, self._looked + CHECKPOINT_MS - self._clock.steady()) / 1000

    def _gather(self, first: _Job) -> list[_Job]:
        """Jobs that already wait; only whether one of them is durable must be known before the batch."""
        batch = [first]
        while len(batch) < BATCH_JOBS and (job := self._waiting()):
            batch.append(job)
        return batch

    def _waiting(self) -> _Job | None:
        """The next job if one waits; the end of all jobs stays in the queue."""
        try:
            job = self._jobs.get_nowait()
        except Empty:
            return None
        if job is None:
            self._jobs.put(None)
        return job

    def _batch(self, jobs: list[_Job], *, last: bool = False, joins: bool = True) -> None:
        asked = last or any(job.signs for job in jobs)
        due = asked or self._patience() == 0
        if not jobs and not due:
            return
        durable = due or any(job.durable for job in jobs)
        try:
            self._store.durable(durable)
            with self._store.begin() as tx:
                self._run(tx, jobs, durable, joins)
                if due:
                    self._claim(tx, asked)
        except BaseException as error:  # nobody's to swallow: every job of the batch gets it
            self._fail(jobs, error)
            self._looked = self._clock.steady()  # a checkpoint that was due is tried again in a while
            return
        _deliver([job for job in jobs if not job.signs])
        self._sign([job for job in jobs if job.signs], due)
        if due:
            self._keep_tiles()

    def _run(self, tx: Transaction, jobs: list[_Job], durable: bool, joins: bool) -> None:
        """Run the batch, and what arrives meanwhile if it may join."""
        end = self._clock.steady() + BATCH_MS
        size, done = tx.size(), 0
        while done < len(jobs):
            _run_one(tx, jobs[done])
            done += 1
            if joins and done == len(jobs) < BATCH_JOBS and self._clock.steady() < end and (late := self._waiting()):
                if late.signs or (late.durable and not durable):
                    self._held = late  # the flush of this batch would not be enough for it
                    break
                jobs.append(late)
        self._grown = self._grown or tx.size() > size

    def _claim(self, tx: Transaction, asked: bool) -> None:
        """Claim this size, unless another process was at it a moment ago: then look again later."""
        self._looked = self._clock.steady()
        last = tx.last_checkpoint()
        if asked or last == self._covered:
            checkpoints.claim(tx, self.origin)
            last = tx.size()
        self._covered = last
        self._grown = tx.size() > last

    def _sign(self, jobs: Sequence[_Job], due: bool) -> None:
        """After the claim is durable, and never before."""
        try:
            if due:
                self._store.durable(False)
                highest = checkpoints.sign_claimed(self._store, self._signer, self.origin)
                if highest is not None:
                    self.signed(*highest)
        except BaseException as error:  # what was committed stays; whoever asked for the signature gets it
            _LOGGER.warning("checkpoint not signed: %s", error)
            for job in jobs:
                job.error = error
        _deliver(jobs)

    def _keep_tiles(self) -> None:
        """After the signature, when nobody waits: a proof makes what is not kept by itself."""
        try:
            tiles.fill(self._store)
        except UnavailableError as error:
            _LOGGER.warning("tiles not kept: %s", error)

    def _fail(self, jobs: Sequence[_Job], error: BaseException) -> None:
        """The batch is lost."""
        if not jobs:
            _LOGGER.warning("checkpoint not written: %s", error)
        for job in jobs:
            job.error = error
            if isinstance(error, UnavailableError):  # one each: a traceback grows where it is raised
                job.error = UnavailableError(error.code, error.message, help=error.help)
                job.error.__cause__ = error
        _deliver(jobs)


def _nobody(size: int, root: bytes) -> None:
    """Nobody asked to be told of checkpoints."""


def _run_one(tx: Transaction, job: _Job) -> None:
    """Run a job whose caller is still there; what it raises is its own, its writes are dropped."""
    waiter = job.waiter
    if waiter.cancelled() or (isinstance(waiter, Future) and not waiter.set_running_or_notify_cancel()):
        return
    try:
        with tx.savepoint():
            job.result = job.run(tx)
    except BaseException as error:  # handed to the caller, not swallowed
        job.error = error


def _deliver(jobs: Sequence[_Job]) -> None:
    """Give results out: threads one by one, each event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        if job.loop is None:
            job.resolve()
        else:
            loops.setdefault(job.loop, []).append(job)
    for loop, waiting in loops.items():
        with suppress(RuntimeError):  # the loop is closed: its callers have gone
            loop.call_soon_threadsafe(_resolve, waiting)


def _resolve(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        job.resolve()
