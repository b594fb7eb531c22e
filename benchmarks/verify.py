"""`assent-verify` over a million receipts: seconds, microseconds for a leaf, and memory.

The synthetic log holds decision and outcome leaves of 64 sessions, written once to a
temporary file; a fresh process then verifies it, and what that process used is printed.

    python -m benchmarks.verify [--quick] [--leaves N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from assent_verify.bundle import Header, write

from conformance.receipt.sample import ORIGIN, SampleLog, identifier

SESSIONS = 64
CHECKPOINT_EVERY = 10_000  # leaves: one a second at 5,000 governed actions a second


def leaves_of(log: SampleLog, count: int) -> Iterator[bytes]:
    """The leaves of a log of `count`, one after another; checkpoints are left in `log`."""
    made = 0

    def fresh() -> Iterator[bytes]:
        nonlocal made
        made += len(log.leaves)
        yield from log.leaves
        log.leaves.clear()
        log.disclosed.clear()
        if log.frontier.size >= CHECKPOINT_EVERY * (len(log.checkpoints) + 1):
            log.checkpoint()

    log.begin()
    sessions = [identifier("ses", f"session {n}") for n in range(SESSIONS)]
    for session in sessions:
        log.open(session)
    yield from fresh()
    number = 0
    while made < count - SESSIONS - 1:
        attempt, session = identifier("att", f"attempt {number}"), sessions[number % SESSIONS]
        log.decide(session, attempt, permit=identifier("prm", f"permit {number}"))
        log.settle(session, attempt)
        log.allows.clear()
        number += 1
        yield from fresh()
    for session in sessions:
        log.close(session)
    log.checkpoint()
    yield from fresh()


def build(path: Path, count: int) -> int:
    """Write the log; how many bytes it has."""
    log = SampleLog()
    leaf_file = path.with_suffix(".leaves")
    size = 0
    with leaf_file.open("wb") as out:
        for leaf in leaves_of(log, count):
            out.write(leaf + b"\n")
            size += 1
    with path.open("wb") as out, leaf_file.open("rb") as leaves:
        header = Header(ORIGIN, str(log.key), size)
        out.writelines(write(header, (line[:-1] for line in leaves), (note for _, note in log.checkpoints)))
    leaf_file.unlink()
    return path.stat().st_size


def measure(path: Path) -> dict[str, float | int | bool]:
    """Verify in a process of its own; wall time includes its start."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "assent_verify", "--json", str(path)], stdout=subprocess.PIPE)
    output = process.stdout.read() if process.stdout else b""
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    report = json.loads(output)
    assert os.waitstatus_to_exitcode(status) == 0 and report["complete"] is True, report["problems"][:3]
    return {
        "leaves": report["leaves"],
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "us_per_leaf": round(seconds / report["leaves"] * 1e6, 2),
        # the largest of the processes, as if all were so large
        "peak_mib": round(used.ru_maxrss / 1024 * (os.cpu_count() or 1), 1),
    }


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description="time the offline verifier")
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="20,000 leaves")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    count = 20_000 if arguments.quick else arguments.leaves
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "log.jsonl"
        size = build(path, count)
        result = {**measure(path), "log_mib": round(size / 2**20, 1), "processes": os.cpu_count() or 1}
    print(f"{'leaves':>12}{'log MiB':>10}{'seconds':>10}{'CPU s':>8}{'us/leaf':>10}{'peak MiB':>10}")
    print(
        f"{result['leaves']:>12,}{result['log_mib']:>10}{result['seconds']:>10}{result['cpu_seconds']:>8}"
        f"{result['us_per_leaf']:>10}{result['peak_mib']:>10}"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps({"verify": result}, indent=2) + "\n")


if __name__ == "__main__":
    main()
