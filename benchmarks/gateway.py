"""What the gateway costs: time per call, cold start, memory.

Direct and wrapped calls to the same trivial server alternate in one run, with a bare
`fdatasync` of a receipt's size on the home's disk in between, so that all three see
the same machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ECHO = [sys.executable, str(ROOT / "benchmarks" / "echo_server.py")]
ASSENT = [sys.executable, "-m", "assent"]
#: Bytes of a typical decision receipt.
RECEIPT = 1200
POLICY = '@id("bench-echo")\npermit (principal, action in Action::"server:echo", resource);\n'


class Peer:
    """A client that speaks to one server process, one call at a time."""

    def __init__(self, command: Sequence[str], environ: dict[str, str]) -> None:
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, bufsize=0
        )
        assert self.process.stdout is not None
        self._answers = os.fdopen(self.process.stdout.fileno(), "rb", closefd=False)
        self._id = 0
        hello = {"capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}, "protocolVersion": "2025-11-25"}
        self.ask("initialize", hello)
        self.ready = time.perf_counter() - self.started
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _write(self, message: dict[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    def ask(self, method: str, params: dict[str, object]) -> dict[str, object]:
        """The answer to one request."""
        self._id += 1
        self._write({"id": self._id, "jsonrpc": "2.0", "method": method, "params": params})
        while True:
            line = self._answers.readline()
            if not line:
                raise RuntimeError("the server has ended")
            answer: dict[str, object] = json.loads(line)
            if answer.get("id") == self._id:
                return answer

    def call(self, text: str) -> float:
        """Seconds of one call that must succeed."""
        start = time.perf_counter()
        answer = self.ask("tools/call", {"arguments": {"text": text}, "name": "echo"})
        taken = time.perf_counter() - start
        result = answer.get("result")
        if not isinstance(result, dict) or result.get("isError"):
            raise RuntimeError(f"the call was not carried out: {json.dumps(answer)[:500]}")
        return taken

    def resident(self) -> float:
        """Resident set of the process, MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("no resident set")

    def close(self) -> None:
        """End the session."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)


def make_home(folder: Path) -> dict[str, str]:
    """A home whose policy lets the echo server be called; the environment that names it."""
    environ = {**os.environ, "ASSENT_HOME": str(folder / "home")}
    key = str(folder / "operator.key")
    subprocess.run([*ASSENT, "init", "--yes", "--operator-key", key], env=environ, check=True, capture_output=True)
    for starter in (folder / "home" / "policy").glob("*.cedar"):
        starter.unlink()  # it would ask a person about a tool that nobody has reviewed
    (folder / "home" / "policy" / "bench.cedar").write_text(POLICY)
    activate = [*ASSENT, "policy", "activate", "--yes", "--key", key]
    subprocess.run(activate, env=environ, check=True, capture_output=True)
    return environ


def sync(file: int) -> float:
    """Seconds of a bare write and `fdatasync` of one receipt."""
    start = time.perf_counter()
    os.write(file, b"x" * RECEIPT)
    os.fdatasync(file)
    return time.perf_counter() - start


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile, milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return {"p50": cuts[49] * 1e3, "p95": cuts[94] * 1e3, "p99": cuts[98] * 1e3}


def overhead(wrapped: Sequence[str], environ: dict[str, str], folder: Path, calls: int) -> dict[str, object]:
    """Interleaved calls: direct, wrapped, bare sync."""
    direct, gated = Peer(ECHO, environ), Peer(wrapped, environ)
    file = os.open(folder / "sync", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    taken: dict[str, list[float]] = {"direct": [], "gateway": [], "fdatasync": []}
    for number in range(calls + 50):
        text = f"call {number}"
        found = {"direct": direct.call(text), "gateway": gated.call(text), "fdatasync": sync(file)}
        if number >= 50:  # the first ones load modules and fill caches
            for name, seconds in found.items():
                taken[name].append(seconds)
    os.close(file)
    direct.close()
    gated.close()
    added = [g - d - s for d, g, s in zip(taken["direct"], taken["gateway"], taken["fdatasync"], strict=True)]
    medians = {name: statistics.median(seconds) * 1e3 for name, seconds in taken.items()}
    return {
        "calls": calls,
        **{name: spread(seconds) for name, seconds in taken.items()},
        "added": spread(added),
        "added_of_medians": medians["gateway"] - medians["direct"] - medians["fdatasync"],
    }


def cold_start(wrapped: Sequence[str], environ: dict[str, str], rounds: int) -> dict[str, object]:
    """Seconds from start to the first answer, direct and wrapped."""
    found: dict[str, list[float]] = {"direct": [], "gateway": []}
    for _ in range(rounds):
        for name, command in (("direct", ECHO), ("gateway", wrapped)):
            peer = Peer(command, environ)
            found[name].append(peer.ready)
            peer.close()
    return {name: {"median": statistics.median(times), "worst": max(times)} for name, times in found.items()}


def memory(wrapped: Sequence[str], environ: dict[str, str], calls: int) -> dict[str, object]:
    """Resident set after 1,000 and after `calls` calls of one session."""
    peer = Peer(wrapped, environ)
    resident = 0.0
    for number in range(1, calls + 1):
        peer.call(f"call {number}")
        if number == 1000:
            resident = peer.resident()
    found = {"after_1000": resident, "after": peer.resident(), "calls": calls, "grown": peer.resident() - resident}
    peer.close()
    return found


def run(*, quick: bool = False, command: Sequence[str] = ()) -> dict[str, object]:
    """All three measurements.

    Args:
        quick: fewer calls.
        command: what wraps the echo server, for comparison; a fresh home and `assent mcp` if empty.
    """
    folder = Path(tempfile.mkdtemp(prefix="assent-bench-", dir=ROOT / "build" if (ROOT / "build").is_dir() else None))
    try:
        environ = dict(os.environ) if command else make_home(folder)
        wrapped = [*(command or [*ASSENT, "mcp", "--name", "echo", "--zone", "local", "--"]), *ECHO]
        return {
            "overhead_ms": overhead(wrapped, environ, folder, 300 if quick else 3000),
            "cold_start_s": cold_start(wrapped, environ, 5 if quick else 15),
            "memory_mib": memory(wrapped, environ, 3000 if quick else 100_000),
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def table(found: dict[str, object]) -> str:
    """The measurements for a person."""
    lines = []
    for title, values in found.items():
        lines.append(title)
        assert isinstance(values, dict)
        for name, value in values.items():
            if isinstance(value, dict):
                value = "  ".join(f"{key} {number:.3f}" for key, number in value.items())
            elif isinstance(value, float):
                value = f"{value:.3f}"
            lines.append(f"  {name:<18}{value}")
    return "\n".join(lines)


def main() -> None:
    """Print the table; `--json FILE` also writes the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer calls")
    parser.add_argument("--json", metavar="FILE", help="write the numbers as JSON")
    parser.add_argument("command", nargs="*", help="a wrapper to measure instead of `assent mcp`")
    options = parser.parse_args()
    found = run(quick=options.quick, command=options.command)
    print(table(found))
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
