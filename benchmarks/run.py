"""Run every benchmark and hold the numbers against the goals.

    python -m benchmarks.run [--quick] [--json FILE] [NAME…]

A benchmark is a module of this folder that takes `--json FILE` and `--quick`;
each runs in a process of its own, one after the other, and prints its own
table. A missed goal is shown and fails nothing: speed depends on the machine,
and on whatever else it does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Goal:
    """A number that the project promises.

    Args:
        benchmark: module that measures it.
        least: True if more is better.
        found: from the JSON of the benchmark to the number.
    """

    benchmark: str
    name: str
    limit: float
    unit: str
    found: Callable[[Any], float]
    least: bool = False

    def held(self, number: float) -> bool:
        """Is the goal reached?"""
        return number >= self.limit if self.least else number <= self.limit


def _row(rows: Sequence[dict[str, Any]], **wanted: object) -> dict[str, Any]:
    """The first row with these members."""
    return next(row for row in rows if all(row.get(name) == value for name, value in wanted.items()))


def _over_fdatasync(data: dict[str, Any]) -> float:
    alone = _row(data["rows"], sessions=1)
    return float(alone["p50_ms"] - alone["bare_fdatasync_p50_ms"])


def _among_many(data: dict[str, Any]) -> float:
    empty, full = data["stores"]
    return float(full["consume"]["p50_us"] / empty["consume"]["p50_us"])


GOALS = (
    Goal("permits", "mint and verify a permit, p50", 250, "us", lambda d: d["computed"]["mint_and_verify"]["p50_us"]),
    Goal("permits", "use up a permit among a million, against none", 1.5, "x", _among_many),
    Goal("decision", "decision p50 at 10 policies", 150, "us", lambda data: data["rows"][0]["p50_us"]),
    Goal("decision", "decision p50 at 100,000 policies", 150, "us", lambda data: data["rows"][-1]["p50_us"]),
    Goal("decision", "  against 10 policies", 1.5, "x", lambda data: data["rows"][-1]["ratio"]),
    Goal(
        "governed",
        "governed actions at 64 sessions",
        5000,
        "/s",
        lambda data: max(row["per_second"] for row in data["rows"] if row["sessions"] == 64),
        least=True,
    ),
    Goal("governed", "action p50 over a bare fdatasync, 1 session", 0.5, "ms", _over_fdatasync),
    Goal(
        "gateway", "gateway p50 over direct and fdatasync", 0.6, "ms", lambda data: data["overhead_ms"]["added"]["p50"]
    ),
    Goal("gateway", "`assent mcp` ready", 0.5, "s", lambda data: data["cold_start_s"]["gateway"]["median"]),
    Goal("gateway", "memory grown by a long session", 50, "MiB", lambda data: data["memory_mib"]["grown"]),
    Goal(
        "revocation",
        "revocation to the last allow, 4 processes, p99",
        250,
        "ms",
        lambda data: data["rows"][0]["last_allow_p99_ms"],
    ),
    Goal("revocation", "  allows after it", 0, "", lambda data: data["rows"][0]["after_acknowledgement"]),
    Goal("idle", "twenty idle servers, resident each", 40, "MiB", lambda data: data["resident_mib"]["max"]),
    Goal("idle", "twenty servers ready", 4, "s", lambda data: data["ready_s"]),
    Goal(
        "durable",
        "raw log, 64 writers",
        50_000,
        "/s",
        lambda data: _row(data["appends"], writers=64)["per_second"],
        least=True,
    ),
    Goal(
        "durable",
        "raw log, 256 writers",
        50_000,
        "/s",
        lambda data: _row(data["appends"], writers=256)["per_second"],
        least=True,
    ),
    Goal(
        "durable",
        "  64 writers, flushes of 5 ms",
        10_000,
        "/s",
        lambda data: _row(data["slow"], writers=64)["per_second"],
        least=True,
    ),
    Goal("durable", "  their p99", 15, "ms", lambda data: _row(data["slow"], writers=64)["p99_ms"]),
    Goal("size", "decision and outcome on disk", 1536, "bytes", lambda data: data["bytes_per_call"]),
    Goal("analysers", "slowest analyser, p99", 2, "ms", lambda data: max(row["p99_ms"] for row in data["rows"])),
    Goal("analysers", "  of long arguments", 2, "ms", lambda data: max(row["long_ms"] for row in data["rows"])),
    Goal("quiet", "questions in fifty calls of ordinary work", 1, "", lambda data: data["per_fifty"]),
    Goal("quiet", "  for reads", 0, "", lambda data: data["asked_for_reads"]),
    Goal("quiet", "  calls wrongly stopped", 0, "", lambda data: data["stopped"]),
    Goal(
        "inference",
        "serious tools called harmless",
        0,
        "tools",
        lambda data: len(data["all"]["serious_called_harmless"]),
    ),
    Goal("dangerous", "dangerous calls that pass", 0, "", lambda data: len(data["passed"])),
    Goal(
        "chain",
        "a further link of a chain",
        100,
        "µs",
        lambda data: max(row["further_us"] for row in data["decided"][2:]),
    ),
    Goal("chain", "  among a million delegations", 1.5, "×", lambda data: data["ratio"]),
    Goal("proof", "inclusion proof in a million leaves, p50", 1, "ms", lambda data: data["inclusion_p50_ms"]),
    Goal("replay", "replayed", 5000, "/s", lambda data: max(row["per_second"] for row in data["rows"]), least=True),
    Goal("witnessed", "witnessed by two of three, one silent, the worst", 10, "s", lambda data: data["worst_s"]),
    Goal("startup", "`assent --help`", 0.25, "s", lambda data: data["startup"]["assent --help"]["median_s"]),
    Goal("verify", "verify, per million receipts", 5, "s", lambda data: data["verify"]["us_per_leaf"]),
    Goal("verify", "verify, peak memory", 200, "MiB", lambda data: data["verify"]["peak_mib"]),
)


def names() -> list[str]:
    """The benchmarks of this folder: modules that offer the common options."""
    sources = {path.stem: path.read_text("utf-8") for path in sorted(HERE.glob("*.py"))}
    return [name for name, text in sources.items() if name != "run" and '"--json"' in text and '"--quick"' in text]


def measure(name: str, *, quick: bool) -> Any:
    """Run one benchmark, its table on standard output; its JSON, or None if it failed.

    What it writes lies beside the checkout's own files: a flush into memory, where
    some systems keep `/tmp`, would measure nothing, and a home is refused there.
    """
    scratch = HERE.parent / "build"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=scratch) as folder:
        file = Path(folder) / "found.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(file), *(["--quick"] if quick else [])]
        done = subprocess.run(command, cwd=HERE.parent, env={**os.environ, "TMPDIR": folder}, check=False)
        if done.returncode != 0 or not file.exists():
            return None
        return json.loads(file.read_text("utf-8"))


def verdicts(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Each goal whose benchmark ran, with what was measured."""
    told = []
    for goal in GOALS:
        if results.get(goal.benchmark) is not None:
            number = round(float(goal.found(results[goal.benchmark])), 3)
            row = {"goal": goal.name.strip(), "limit": goal.limit, "unit": goal.unit, "measured": number}
            told.append({**row, "held": goal.held(number)})
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them, print the goals; 1 if a benchmark did not end."""
    parser = argparse.ArgumentParser(description="run the benchmarks")
    parser.add_argument("--quick", action="store_true", help="a minute instead of ten; the numbers are rough")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers as JSON")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    options = parser.parse_args(arguments)
    results: dict[str, Any] = {}
    for name in options.names or names():
        print(f"\n== {name}", flush=True)
        results[name] = measure(name, quick=options.quick)
    goals = verdicts(results)
    print(f"\n{'goal':<46}{'limit':>9}{'measured':>11}")
    for row in goals:
        told = f"{row['measured']:>11g} {row['unit']}"
        print(f"{row['goal']:<46}{row['limit']:>9g}{told}{'' if row['held'] else '  missed'}")
    failed = [name for name, result in results.items() if result is None]
    for name in failed:
        print(f"{name}: did not end as it should")
    if options.json:
        machine = {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        whole = {"machine": machine, "quick": options.quick, "goals": goals, "results": results}
        options.json.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
