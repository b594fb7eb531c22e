"""How fast the log makes leaves durable: `python benchmarks/durable.py [--quick] [--json FILE]`.

Four tables: appends per second by concurrent writers; the same on a disk that takes 5 ms
to flush (`tests/faults/disk.c`, preloaded: each flush sleeps, whatever the machine's own
disk does); one writer beside a bare
`fdatasync` of the same bytes on the same disk, taken in turns; and what a main
thread that is busy deciding does to the writer thread, by switch interval
(docs/decisions/001-one-writer-thread.md).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from assent.keys import file
from assent.model.ids import ActionDigest, AttemptId, Digest, LeafIndex, PrincipalId, SessionId
from assent.model.session import Session
from assent.ports import Attempt, Sidecar, Transaction
from assent.record.log import Log
from assent.stores.sqlite import SqliteStore

LEAF = json.dumps({f"member-{n:02}": "sha256:" + "0123456789abcdef" * 2 for n in range(16)}).encode()
WRITERS = (1, 8, 64, 256)
SLOW_US = 5_000  # what one flush of a slow disk takes
DECIDING = 150e-6  # seconds of pure Python that stand for one decision


class Clock:
    """The machine's time."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def steady(self) -> int:
        return time.monotonic_ns() // 1_000_000


@contextmanager
def home(parent: Path) -> Iterator[tuple[Path, Log]]:
    """A fresh home and its log; both gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix=".bench-", dir=parent))
    store = SqliteStore(path / "home")
    log = Log(store, Clock(), file.create(path / "log.key"), origin="assent/bench", node="node_1")
    try:
        yield path, log
    finally:
        log.close()
        store.close()
        shutil.rmtree(path)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def appends(parent: Path, writers: int, seconds: float) -> dict[str, float]:
    """Raw durable appends of `writers` coroutines, each waiting for its own."""

    async def run(log: Log) -> list[float]:
        waits: list[float] = []
        end = time.perf_counter() + seconds

        async def writer() -> None:
            while (start := time.perf_counter()) < end:
                await log.commit(lambda tx: tx.append(LEAF), durable=True)
                waits.append(time.perf_counter() - start)

        await asyncio.gather(*(writer() for _ in range(writers)))
        return waits

    with home(parent) as (_, log):
        start = time.perf_counter()
        waits = asyncio.run(run(log))
        spent = time.perf_counter() - start
    return {
        "writers": writers,
        "per_second": len(waits) / spent,
        "p50_ms": 1e3 * percentile(waits, 0.5),
        "p99_ms": 1e3 * percentile(waits, 0.99),
    }


def slow_appends(parent: Path, writers: int, seconds: float) -> dict[str, float]:
    """`appends` in a process whose every flush takes `SLOW_US`."""
    from tests.faults.test_disk import compiler  # the tests' own disk

    with tempfile.TemporaryDirectory(dir=parent) as folder:
        library, source = Path(folder) / "disk.so", Path(__file__).parents[1] / "tests" / "faults" / "disk.c"
        flags = ["-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl", "-lpthread"]
        subprocess.run([*compiler(), *flags], check=True)
        disk = {"LD_PRELOAD": str(library), "FAULT_ROOT": str(parent.resolve()), "FAULT_FLUSH_US": str(SLOW_US)}
        command = [sys.executable, "-m", "benchmarks.durable", "--dir", str(parent), "--appends", str(writers)]
        done = subprocess.run(
            [*command, "--seconds", str(seconds)], env={**os.environ, **disk}, stdout=subprocess.PIPE, check=True
        )
        found: dict[str, float] = json.loads(done.stdout)
        return found


def beside_fdatasync(parent: Path, rounds: int) -> dict[str, float]:
    """One durable append and one bare write and `fdatasync` of the same bytes, in turns."""
    ours: list[float] = []
    bare: list[float] = []
    flush = getattr(os, "fdatasync", os.fsync)

    async def run(path: Path, log: Log) -> None:
        handle = os.open(path / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        for _ in range(rounds):
            start = time.perf_counter()
            os.write(handle, LEAF)
            flush(handle)
            bare.append(time.perf_counter() - start)
            start = time.perf_counter()
            await log.commit(lambda tx: tx.append(LEAF), durable=True)
            ours.append(time.perf_counter() - start)
        os.close(handle)

    with home(parent) as (path, log):
        asyncio.run(run(path, log))
    return {
        "bytes": len(LEAF),
        "rounds": rounds,
        "append_p50_ms": 1e3 * statistics.median(ours),
        "fdatasync_p50_ms": 1e3 * statistics.median(bare),
        "difference_ms": 1e3 * (statistics.median(ours) - statistics.median(bare)),
    }


def action(number: int, session: Session) -> tuple[object, object]:
    """The two jobs of one governed action: as many reads and rows as the guard's."""
    attempt = Attempt(
        id=AttemptId(f"att_{number:026}"),
        session=session.id,
        action=ActionDigest("sha256:a"),
        sameness=Digest(f"sha256:{number:064}"),
        server="files",
        tool="write",
        node="node_1",
        state="executing",
    )

    def receipt(tx: Transaction) -> None:
        now = tx.session(session.id) or session
        for key in ("bundle", "catalog", "epoch", "clock"):
            tx.state(key)
        tx.refused(session.id, Digest("sha256:r"))
        tx.attempts_like(attempt.sameness)
        index = tx.append(LEAF)
        tx.put_session(replace(now, seq=now.seq + 1))
        tx.put_sidecar(Sidecar(index, b"s" * 16, LEAF.decode(), 10**13))
        tx.put_attempt(replace(attempt, decision=index))

    def outcome(tx: Transaction) -> None:
        now = tx.session(session.id) or session
        found = tx.attempt(attempt.id) or attempt
        tx.append(LEAF)
        tx.put_session(replace(now, seq=now.seq + 1))
        tx.put_attempt(replace(found, state="succeeded"))
        tx.leaf(LeafIndex(0))

    return receipt, outcome


def busy(parent: Path, sessions: int, seconds: float, interval: float) -> dict[str, float]:
    """Whole actions (two leaves each) while the main thread spends `DECIDING` on each."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    done = 0

    async def run(log: Log) -> None:
        end = time.perf_counter() + seconds

        async def agent(number: int) -> None:
            nonlocal done
            person, agent = PrincipalId('User::"u"'), PrincipalId('Agent::"a"')
            session = Session(SessionId(f"ses_{number:026}"), agent, person, f"client {number}", 1)
            await log.commit(lambda tx: tx.put_session(session), durable=True)
            while time.perf_counter() < end:
                until = time.perf_counter() + DECIDING
                while time.perf_counter() < until:
                    pass
                receipt, outcome = action(done * sessions + number, session)
                done += 1
                await log.commit(receipt, durable=True)  # type: ignore[arg-type]
                await log.commit(outcome, durable=False)  # type: ignore[arg-type]

        await asyncio.gather(*(agent(number) for number in range(sessions)))

    try:
        with home(parent) as (_, log):
            start = time.perf_counter()
            asyncio.run(run(log))
            spent = time.perf_counter() - start
    finally:
        sys.setswitchinterval(before)
    return {"sessions": sessions, "switch_interval_ms": 1e3 * interval, "actions_per_second": done / spent}


def table(title: str, rows: list[dict[str, float]]) -> None:
    """Print rows of one shape."""
    print(f"\n{title}")
    names = list(rows[0])
    print("  ".join(f"{name:>20}" for name in names))
    for row in rows:
        print("  ".join(f"{row[name]:>20,.2f}" for name in names))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there as well")
    parser.add_argument("--dir", type=Path, default=Path.cwd(), help="a directory on the disk to measure")
    parser.add_argument("--appends", type=int, metavar="WRITERS", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=5.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.appends:
        print(json.dumps(appends(options.dir, options.appends, options.seconds)))
        return
    seconds = 0.5 if options.quick else 5.0
    results: dict[str, object] = {"processes": 1, "cores": os.cpu_count()}
    rows = [appends(options.dir, writers, seconds) for writers in WRITERS]
    table("durable appends", rows)
    slow = [slow_appends(options.dir, writers, seconds) for writers in (64, 256)]
    table("durable appends, each flush 5 ms", slow)
    beside = beside_fdatasync(options.dir, 300 if options.quick else 3000)
    table("one writer beside a bare fdatasync", [beside])
    deciding = [busy(options.dir, 64, seconds, interval) for interval in (0.005, 0.0005, 0.00005)]
    table("actions with a main thread that decides", deciding)
    results |= {"appends": rows, "slow": slow, "beside_fdatasync": beside, "deciding": deciding}
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
