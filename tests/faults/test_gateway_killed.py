"""kill -9 of the gateway at any instant: nothing executed without a receipt, nothing acknowledged lost.

100 rounds in the ordinary run, 1,000 with ASSENT_SOAK=1, on one home that grows.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assent import assembly
from assent.config import load
from tests.stores.places import durable_directory
from tests.verify_log import verify_log

ROUNDS = 1_000 if os.environ.get("ASSENT_SOAK") else 100
SERVER = Path(__file__).with_name("counting_server.py")
POLICY = '@id("all")\npermit (principal, action, resource);\n'


@pytest.fixture
def place() -> Iterator[Path]:
    """A home whose policy allows everything, on a durable disk."""
    with durable_directory() as folder:
        home = folder / "home"
        (home / "policy").mkdir(parents=True)
        os.chmod(home, 0o700)
        (home / "policy" / "all.cedar").write_text(POLICY)
        assembly.open_home(load(home, {})).close()
        yield folder


class Run:
    """One gateway: calls made as fast as it answers, until it is killed."""

    def __init__(self, place: Path, number: int) -> None:
        self.acknowledged: list[str] = []
        command = [sys.executable, "-m", "assent", "mcp", "--name", "counting", "--", sys.executable, str(SERVER)]
        environ = {**os.environ, "ASSENT_HOME": str(place / "home"), "ASSENT_APPROVAL_WAIT": "0"}
        self.process = subprocess.Popen(
            [*command, str(place / "executed")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ,
        )
        self.number = number
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._call, daemon=True)
        self.thread.start()

    def _call(self) -> None:
        info = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        try:
            self._ask(1, "initialize", info)
            self._say({"jsonrpc": "2.0", "method": "notifications/initialized"})
            for count in range(2, 100_000):
                line = f"{self.number}-{count}"
                answer = self._ask(count, "tools/call", {"name": "record", "arguments": {"line": line}})
                if not answer["result"].get("isError"):
                    self.acknowledged.append(line)
                self.ready.set()
        except (OSError, ValueError):
            return  # it was killed

    def _say(self, message: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def _ask(self, id: int, method: str, params: object) -> dict[str, dict[str, object]]:
        self._say({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        assert self.process.stdout is not None
        found: dict[str, dict[str, object]] = json.loads(self.process.stdout.readline())
        return found

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.thread.join(10)


@pytest.mark.timeout(3600 if ROUNDS > 100 else 600)
def test_a_gateway_killed_at_any_instant_leaves_no_execution_without_a_receipt(place: Path) -> None:
    """Every executed call has a durable allow; every acknowledged one an outcome; the rest is `unknown`."""
    chance = random.Random(20_261_124)
    acknowledged: list[str] = []
    for number in range(ROUNDS):
        run = Run(place, number)
        run.ready.wait(20)
        time.sleep(chance.uniform(0, 0.05))
        run.kill()
        acknowledged += run.acknowledged
    assert len(acknowledged) > ROUNDS / 2
    _judge(place, acknowledged)


def _judge(place: Path, acknowledged: list[str]) -> None:
    deadline = time.monotonic() + 10  # the last orphaned server ends when its input does
    executed = (place / "executed").read_text().split()
    while time.monotonic() < deadline and executed != (executed := (place / "executed").read_text().split()):
        time.sleep(0.2)
    with assembly.open_home(load(place / "home", {})) as home:
        home.log.checkpoint().result()
        with home.store.read() as reader:
            leaves = [(index, json.loads(data)) for index, data in reader.leaves()]
            attempts: dict[str, str] = {}
            for index, leaf in leaves:
                if leaf["kind"] == "decision" and leaf["verdict"] == "allow":
                    sidecar = reader.sidecar(index)  # type: ignore[arg-type]
                    assert sidecar is not None
                    attempts[json.loads(sidecar.values)["arguments"]["line"]] = leaf["attempt"]
            outcomes = {leaf["attempt"]: leaf["status"] for _, leaf in leaves if leaf["kind"] == "outcome"}
            report = verify_log(reader.leaves(), reader.checkpoints(), home.log_key)
    assert len(executed) == len(set(executed)), "a call was executed twice"
    assert set(executed) <= attempts.keys(), "executed without a receipt"
    assert set(acknowledged) <= set(executed)
    assert all(outcomes[attempts[line]] == "succeeded" for line in acknowledged)
    unsettled = {line: outcomes.get(attempt) for line, attempt in attempts.items() if line not in acknowledged}
    assert set(unsettled.values()) <= {"succeeded", "unknown"}, unsettled
    assert report.complete is not False
    nodes = [leaf["subject"] for _, leaf in leaves if leaf.get("event") == "node"]
    joined, left = ({one["node"] for one in nodes if one["event"] == event} for event in ("join", "leave"))
    assert joined == left, "a process that died was not said to have left"
    print(f"\n{ROUNDS} kills: {len(executed)} executed, {len(acknowledged)} acknowledged, "
          f"{sum(status == 'unknown' for status in unsettled.values())} unknown")  # fmt: skip
