"""Governed actions per second with durable receipts: decision and outcome leaf each.

A closed loop of N sessions, each making one governed call after another through the
real guard, store and log: the decision is flushed before the allow, the outcome
is committed at once and flushed with the next batch. At one session the bare
`fdatasync` of the same number of bytes on the same disk is measured in the same run.

    python -m benchmarks.governed [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from functools import cache
from pathlib import Path

from assent_verify.canonical import canonicalize, digest

from assent import assembly
from assent.config import load
from assent.enforce.gather import Call
from assent.enforce.guard import Allowed
from assent.model.ids import SessionId
from assent.model.outcome import Outcome
from assent.model.profile import Server, ToolDefinition

TOOL = {
    "name": "list_items",
    "description": "List items.",
    "inputSchema": {
        "type": "object",
        "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
        "additionalProperties": False,
    },
}
SERVER = Server("bench", zone="local")
RESPONSE = b'{"content":[{"text":"nothing found","type":"text"}]}'


@cache
def definition() -> ToolDefinition:
    """The tool that every call is of."""
    return ToolDefinition("list_items", TOOL, digest(canonicalize(TOOL)))


async def opened(home: assembly.Home, number: int) -> SessionId:
    """A session of one of eight agents."""
    principal = home.principal(f"bench-{number % 8}")
    session = await home.sessions.join(principal, f"bench:{os.getpid()}:{number}", home.process)
    return session.id


async def one_action(home: assembly.Home, session: SessionId, done: int) -> None:
    """Decide, commit, begin and settle one call that must be allowed."""
    params = {"name": "list_items", "arguments": {"query": f"item {done}", "limit": 10}}
    ruling = await home.guard.authorize(Call(session, SERVER, "tools/call", "list_items", definition(), params))
    if not isinstance(ruling, Allowed) or ruling.permit is None:
        raise SystemExit(f"not allowed: {ruling}")
    await home.guard.begin(ruling.permit)
    await home.guard.settle(ruling.permit, Outcome("succeeded", "gateway", RESPONSE), json.loads(RESPONSE))


async def one_session(home: assembly.Home, end: float, number: int, took: list[float]) -> int:
    """Calls until `end`; how many were allowed and settled."""
    session, done = await opened(home, number), 0
    while time.perf_counter() < end:
        begun = time.perf_counter()
        await one_action(home, session, done)
        took.append(time.perf_counter() - begun)
        done += 1
    return done


def worker(path: str, sessions: int, seconds: float, start: float, out: multiprocessing.Queue[object]) -> None:
    """One process with its share of the sessions."""

    async def run() -> None:
        with assembly.open_home(load(Path(path), {})) as home:
            await asyncio.sleep(max(0.0, start - time.time()))
            took: list[float] = []
            begun = time.perf_counter()
            counts = await asyncio.gather(*(one_session(home, begun + seconds, n, took) for n in range(sessions)))
            elapsed = time.perf_counter() - begun
            out.put((sum(counts), elapsed, took))

    asyncio.run(run())


def bare_fdatasync(directory: Path, size: int, rounds: int) -> list[float]:
    """Append `size` bytes and flush, the least any durable receipt can cost."""
    took = []
    fd = os.open(directory / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    data = os.urandom(size)
    for _ in range(rounds):
        begun = time.perf_counter()
        os.write(fd, data)
        os.fdatasync(fd)
        took.append(time.perf_counter() - begun)
    os.close(fd)
    return took


async def flushed_per_action(path: Path) -> int:
    """Bytes that one action's decision and outcome add to the write-ahead log, which the next flush writes out."""
    wal, grown = path / "assent.db-wal", []
    with assembly.open_home(load(path, {})) as home:
        session = await opened(home, 0)
        for number in range(40):
            before = wal.stat().st_size
            await one_action(home, session, number)
            if wal.stat().st_size > before:  # else it was written over from its start
                grown.append(wal.stat().st_size - before)
    return int(statistics.median(grown)) if grown else 4096


def measure(sessions: int, processes: int, seconds: float) -> dict[str, object]:
    """One row: a fresh home, `sessions` spread over `processes`."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "home"
        assembly.open_home(load(path, {})).close()
        context = multiprocessing.get_context("spawn")
        out: multiprocessing.Queue[object] = context.Queue()
        start = time.time() + 1.5
        shares = [sessions // processes + (1 if n < sessions % processes else 0) for n in range(processes)]
        running = [context.Process(target=worker, args=(str(path), s, seconds, start, out)) for s in shares]
        for process in running:
            process.start()
        parts = [out.get(timeout=seconds + 60) for _ in running]
        for process in running:
            process.join()
        took = sorted(t for part in parts for t in part[2])
        with assembly.open_home(load(path, {})) as home, home.store.read() as reader:
            leaves = reader.size()
        total = sum(part[0] for part in parts)
        per_action = os.path.getsize(path / "assent.db") // max(1, total)
        row = {
            "sessions": sessions,
            "processes": processes,
            "actions": total,
            "leaves": leaves,
            "per_second": round(total / max(part[1] for part in parts)),
            "p50_ms": round(took[len(took) // 2] * 1000, 3),
            "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 3),
            "db_bytes_per_action": per_action,
        }
        if sessions == 1:
            flushed = asyncio.run(flushed_per_action(path))
            bare = bare_fdatasync(Path(scratch), flushed, 500)
            row["flushed_bytes_per_action"] = flushed
            row["bare_fdatasync_p50_ms"] = round(statistics.median(bare) * 1000, 3)
        return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seconds = 2.0 if options.quick else 8.0
    rows = [measure(n, min(n, 2), seconds) for n in (1, 8, 64, 256)]
    rows.insert(3, measure(64, 1, seconds))
    columns = list(rows[0])
    print("  ".join(f"{column:>22}" for column in columns))
    for row in rows:
        print("  ".join(f"{row.get(column, ''):>22}" for column in columns))
    if options.json:
        options.json.write_text(json.dumps({"benchmark": "governed", "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
