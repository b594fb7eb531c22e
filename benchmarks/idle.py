"""Twenty wrapped servers that wait: how soon all are ready, and what each holds in memory.

All start at once on one fresh home. Ready is when the last has answered `initialize`
and `tools/list`. Resident counts every page a process has mapped, as `ps` does;
proportional shares the pages of common libraries among those who map them, so that
twenty times it is what the machine gives.

    python -m benchmarks.idle [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SERVERS = 20
SETTLED_S = 3.0
ECHO = Path(__file__).with_name("echo_server.py")
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}


def send(process: subprocess.Popen[bytes], message: dict[str, object]) -> None:
    """One line of JSON-RPC."""
    assert process.stdin
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    process.stdin.flush()


def memory(pid: int) -> tuple[float, float]:
    """Resident and proportional set size in MiB (proc(5), smaps_rollup)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return sizes["Rss"] / 1024, sizes["Pss"] / 1024


def start(home: Path, number: int) -> subprocess.Popen[bytes]:
    """One wrapped server."""
    assent = Path(sys.executable).with_name("assent")
    command = [str(assent), "--home", str(home), "mcp", "--name", f"echo-{number}", "--", sys.executable, str(ECHO)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def measure(count: int) -> dict[str, object]:
    """Start them, wait until all have listed their tools, and look at them."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        subprocess.run(
            [str(Path(sys.executable).with_name("assent")), "--home", str(home), "init", "--yes"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        begun = time.perf_counter()
        running = [start(home, number) for number in range(count)]
        for process in running:
            send(process, {"id": 1, "method": "initialize", "params": HELLO})
        for process in running:
            assert process.stdout and process.stdout.readline()
            send(process, {"method": "notifications/initialized"})
            send(process, {"id": 2, "method": "tools/list"})
        for process in running:
            assert process.stdout and b'"tools"' in process.stdout.readline()
        ready = time.perf_counter() - begun
        time.sleep(SETTLED_S)
        sizes = [memory(process.pid) for process in running]
        for process in running:
            assert process.stdin
            process.stdin.close()
        for process in running:
            process.wait(timeout=30)
    resident, proportional = [size[0] for size in sizes], [size[1] for size in sizes]
    return {
        "servers": count,
        "ready_s": round(ready, 3),
        "resident_mib": {"median": round(statistics.median(resident), 1), "max": round(max(resident), 1)},
        "proportional_mib": {"median": round(statistics.median(proportional), 1), "max": round(max(proportional), 1)},
    }


def main() -> None:
    """Print the table and write the numbers."""
    parser = argparse.ArgumentParser(description="wrapped servers that wait")
    parser.add_argument("--quick", action="store_true", help="five servers instead of twenty")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    found = measure(5 if options.quick else SERVERS)
    print(f"{found['servers']} servers on one home, all ready after {found['ready_s']} s ({os.cpu_count()} cores)")
    print(f"{'MiB each':<16}{'median':>9}{'max':>9}")
    for name in ("resident", "proportional"):
        sizes = found[f"{name}_mib"]
        assert isinstance(sizes, dict)
        print(f"{name:<16}{sizes['median']:>9}{sizes['max']:>9}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
