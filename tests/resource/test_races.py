"""Executors in processes of their own, on one home and beside a revocation."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from assent.assembly import open_home
from assent.config import load
from assent.enforce.gather import Call
from assent.enforce.guard import Allowed
from assent.errors import RefusedError
from assent.model.outcome import Outcome
from assent.model.profile import Server
from assent.record import epoch
from tests.edges.mcp.home import OPEN, Home
from tests.permits import desk, query
from tests.world import tool

ROOT = Path(__file__).parents[2]
_WORKER = """
import os, sys
from pathlib import Path
from assent.assembly import open_home
from assent.config import load
from assent.errors import RefusedError
from assent.identity.permits import Trust
from assent.resource.executor import Asked, Executor
from assent.resource.home import HomeConsumption
with open_home(load(Path(sys.argv[1]), os.environ)) as home:
    trust = Trust.parse(Path(sys.argv[2]).read_bytes())
    executor = Executor("files", trust, HomeConsumption(home.log, home.clock))
    print("ready", flush=True)
    for line in sys.stdin:
        number, token = line.split()
        try:
            executor.accept(token, Asked.of_tool("query", {"query": number}))
        except RefusedError as error:
            assert error.code == "permit_used", error.code
        else:
            print(number, flush=True)
"""


async def test_processes_race_at_the_home(tmp_path: Path) -> None:
    """Three processes present the same ten permits to one home: each runs once, and the log holds."""
    made = Home(tmp_path)
    made.policy(OPEN)
    (made.work / "keys").write_text(made.run("permits", "jwks"))
    with open_home(load(made.folder, os.environ)) as home:
        session = await home.sessions.join(home.principal("racer"), "boot:1:1", home.process)
        server, definition = Server("files", zone="local"), tool("query")
        lines, permits = "", []
        for n in range(10):
            params = {"name": "query", "arguments": {"query": str(n)}}
            call = Call(session.id, server, "tools/call", "query", definition, params, consumer="home")
            ruling = await home.guard.authorize(call)
            assert isinstance(ruling, Allowed) and ruling.permit is not None, ruling
            permits.append(ruling.permit)
            lines += f"{n} {home.mint(ruling.permit)}\n"
        told = _race(made, lines)
        assert sorted(told) == list(range(10))
        for permit in permits:
            await home.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"))
    made.end()


def _race(home: Home, lines: str) -> list[int]:
    """Which permits three processes could use up."""
    command = [sys.executable, "-c", _WORKER, str(home.folder), str(home.work / "keys")]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    outs: list[str] = []

    def feed(process: subprocess.Popen[str]) -> None:
        outs.append(process.communicate(lines, timeout=60)[0])

    threads = [threading.Thread(target=feed, args=(process,)) for process in started]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(process.returncode == 0 for process in started)
    return [int(line) for out in outs for line in out.split()]


async def test_none_is_taken_after_a_revocation_is_acknowledged(tmp_path: Path) -> None:
    """Executors take permits while something is revoked: what is presented after the acknowledgement runs nothing."""
    at = await desk(tmp_path)
    tokens = [(await at.minted(query=str(n)))[1] for n in range(60)]
    acknowledged, late, taken = threading.Event(), [], []

    def run(part: int) -> None:
        for n in range(part, len(tokens), 3):
            after = acknowledged.is_set()
            try:
                at.executor.accept(tokens[n], query(query=str(n)))
            except RefusedError as error:
                assert error.code == "revoked"
            else:
                taken.append(n)
                late.extend([n] if after else [])
            if n == 15:
                at.world.log.submit(epoch.move, durable=True).result()
                acknowledged.set()

    threads = [threading.Thread(target=run, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken and len(taken) < len(tokens) and late == []
