"""Kill -9 at any instant loses nothing that was acknowledged; eight processes share one home."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from assent_verify.note import VerifierKey

from assent.keys import file
from assent.model.ids import LeafIndex
from assent.stores.sqlite import SqliteStore
from tests.faults.worker import ORIGIN, commit_some, commit_until_killed, prepared
from tests.stores.audit import audit
from tests.stores.places import durable_directory

ROUNDS = 1000 if os.environ.get("ASSENT_SOAK") else 100


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path, VerifierKey]]:
    """A home, the log key and its public half."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]))
    with durable_directory() as path:
        signer = file.create(path / "log.key")
        yield path / "home", path / "log.key", VerifierKey(ORIGIN, signer.public)


def drain(acks: Connection) -> dict[int, bytes]:
    """What a process that is dead had said."""
    found: dict[int, bytes] = {}
    with suppress(EOFError, ConnectionError):
        while True:
            index, text = acks.recv()
            found[index] = text
    return found


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_kill_9_loses_nothing_that_was_acknowledged(place: tuple[Path, Path, VerifierKey]) -> None:
    """Round after round on one home: every acknowledged leaf stands at its index, every checkpoint holds."""
    home, key, public = place
    context, chance = prepared(), random.Random(9)
    acknowledged = 0
    for _ in range(ROUNDS):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=commit_until_killed, args=(home, key, theirs))
        process.start()
        theirs.close()
        if chance.random() < 0.7:
            ours.poll(10)  # the others are killed while they open the home
        time.sleep(chance.uniform(0.0, 0.06))
        process.kill()
        process.join()
        promised = drain(ours)
        ours.close()
        store = SqliteStore(home)
        with store.read() as reader:
            lost = {index for index, text in promised.items() if reader.leaf(LeafIndex(index)) != text}
        store.close()
        assert not lost
        acknowledged += len(promised)
    store = SqliteStore(home)
    size = audit(store, public)
    with store.read() as reader:
        signed = len(reader.checkpoints())
    store.close()
    print(f"{ROUNDS} rounds, {acknowledged} acknowledged, {size} leaves, {signed} checkpoints")
    assert acknowledged > ROUNDS and signed > 0


def test_eight_processes_work_on_one_home(place: tuple[Path, Path, VerifierKey]) -> None:
    """All of them commit, in one log without a fork or a hole; what they waited is printed, not judged."""
    home, key, public = place
    context, each = prepared(), 50
    pipes, processes = [], []
    for _ in range(8):
        ours, theirs = context.Pipe()
        process = context.Process(target=commit_some, args=(home, key, theirs, each))
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    assert [pipe.recv() for pipe in pipes] == ["ready"] * 8
    for pipe in pipes:
        pipe.send("go")
    results = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join(30)
    seconds = sorted(wait for result in results for _, wait in result)
    print(
        f"8 processes: p50 {seconds[len(seconds) // 2] * 1e3:.1f} ms, p99 {seconds[-len(seconds) // 100] * 1e3:.1f} ms"
    )
    assert sorted(index for result in results for index, _ in result) == list(range(8 * each))
    assert [process.exitcode for process in processes] == [0] * 8
    store = SqliteStore(home)
    assert audit(store, public) == 8 * each
    store.close()
