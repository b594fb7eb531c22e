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
from pathlib import Path

from assent import assembly
from assent.config import load
from assent.enforce.gather import Call
from assent.enforce.guard import Allowed
from assent.model.outcome import Outcome
from assent.model.profile import Server, ToolDefinition
from assent_verify.canonical import canonicalize, digest

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


def definition() -> ToolDefinition:
    return ToolDefinition("list_items", TOOL, digest(canonicalize(TOOL)))


async def one_session(home: assembly.Home, end: float, number: int, took: list[float]) -> int:
    """Calls until `end`; how many were allowed and settled."""
    session = await home.sessions.join(home.principal(f"bench-{number}"), f"bench:{os.getpid()}:{number}", home.process)
    tool, done = definition(), 0
    while time.perf_counter() < end:
        begun = time.perf_counter()
        params = {"name": "list_items", "arguments": {"query": f"item {done}", "limit": 10}}
        ruling = await home.guard.authorize(Call(session.id, SERVER, "tools/call", "list_items", tool, params))
        if not isinstance(ruling, Allowed) or ruling.permit is None:
            raise SystemExit(f"not allowed: {ruling}")
        await home.guard.begin(ruling.permit)
        await home.guard.settle(ruling.permit, Outcome("succeeded", "gateway", RESPONSE), json.loads(RESPONSE))
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
            bare = bare_fdatasync(Path(scratch), per_action, 500)
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
