"""How long the command line takes to answer: `python -m benchmarks.startup [--quick] [--json FILE]`.

`assent --help`, beside a Python that starts and ends, interleaved. Whether the
first reading of files is part of it is up to the page cache: the worst shows it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = {
    "python": (sys.executable, "-c", ""),
    "assent --help": (str(Path(sys.executable).with_name("assent")), "--help"),
    "assent-verify --help": (str(Path(sys.executable).with_name("assent-verify")), "--help"),
}


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Seconds from start to end of each command, median and worst."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASSENT_")}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            begun = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environ)
            taken[name].append(time.perf_counter() - begun)
    return {name: {"median_s": statistics.median(times), "worst_s": max(times)} for name, times in taken.items()}


def main() -> None:
    """Print the table; `--json FILE` also writes the numbers."""
    parser = argparse.ArgumentParser(description="time the start of the command line")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers as JSON")
    options = parser.parse_args()
    found = measure(5 if options.quick else 30)
    for name, times in found.items():
        print(f"{name:<22} median {times['median_s'] * 1000:6.0f} ms   worst {times['worst_s'] * 1000:6.0f} ms")
    if options.json:
        options.json.write_text(json.dumps({"startup": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
