"""Replay: recorded decisions made again, per second of CPU and of the clock.

A home with calls whose arguments all differ is made through the real guard, once;
then `assent replay`'s own code replays it in one process and in as many as there
are cores. CPU time is what holds on a machine that does other things as well.

    python -m benchmarks.replay [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import tempfile
import time
from pathlib import Path

from assent import assembly
from assent.cli.replaying import Job, cores, run
from assent.config import load
from assent.evidence.recorded import Wanted
from assent.evidence.tally import Tally
from benchmarks.governed import one_action, opened

SESSIONS = 16


async def fill(path: Path, count: int) -> None:
    """Decisions of sixteen sessions, no two of them alike."""
    with assembly.open_home(load(path, {})) as home:

        async def live(number: int) -> None:
            session = await opened(home, number)
            for at in range(count // SESSIONS):
                await one_action(home, session, number * count + at)

        await asyncio.gather(*(live(number) for number in range(SESSIONS)))


def cpu() -> float:
    """CPU seconds of this process and of those that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(path: Path, jobs: int) -> dict[str, float | int]:
    """Replay everything; the start of the processes counts."""
    begun, before = time.perf_counter(), cpu()
    found = run(Job(path, Wanted()), jobs, lambda done: None)
    seconds, used = time.perf_counter() - begun, cpu() - before
    assert isinstance(found, Tally) and found.agree == found.decisions, found.as_json()
    return {
        "processes": jobs,
        "decisions": found.decisions,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used, 2),
        "per_second": round(found.decisions / seconds),
        "per_cpu_second": round(found.decisions / used),
    }


def main() -> None:
    """Fill, replay, print."""
    parser = argparse.ArgumentParser(description="time replay")
    parser.add_argument("--quick", action="store_true", help="a tenth of the decisions")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "home"
        asyncio.run(fill(path, 4_800 if arguments.quick else 48_000))
        rows = [measure(path, jobs) for jobs in sorted({1, cores()})]
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(f"{'processes':>10}{'decisions':>11}{'seconds':>9}{'CPU s':>8}{'/s':>9}{'/CPU s':>9}")
    for row in rows:
        print(
            f"{row['processes']:>10}{row['decisions']:>11,}{row['seconds']:>9}{row['cpu_seconds']:>8}"
            f"{row['per_second']:>9,}{row['per_cpu_second']:>9,}"
        )
    if arguments.json:
        result = {"rows": rows, "peak_mib": round(peak, 1), "cores": os.cpu_count()}
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
