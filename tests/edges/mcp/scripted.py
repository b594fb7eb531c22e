"""The gateway as a process, before a guard that follows a script: what the edge does with each verdict.

Run as `python scripted.py FOLDER SERVER…`. The verdict goes by the tool's name (`deny_…`,
`ask_…`, else allow); the folder holds the `log` of what the guard was asked, and files
that change its mind: `yes` and `no` (a person's answer), `full` (nothing can be settled),
`revoked` (no permit may begin),
`taken` (why what is under way may not go on) and `server_taken`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from assent.edges.mcp import launch, visible
from assent.enforce.broker import Broker
from assent.enforce.gather import Call
from assent.enforce.guard import Allowed, Refused
from assent.errors import RefusedError, UnavailableError
from assent.inform.watch import Watch
from assent.keys.seal import load_or_make
from assent.model.action import Action
from assent.model.decision import Decision, Reason, Verdict
from assent.model.outcome import Outcome
from assent.model.permit import Permit
from assent.record import leaves

FOLDER = Path(sys.argv[1])
STARTED = int(time.time() * 1000)


def note(event: str, **values: object) -> None:
    """One line of the log, complete before anything else happens."""
    with (FOLDER / "log").open("a") as log:
        log.write(json.dumps({"event": event, **values}) + "\n")


class Guard:
    """Says what the script says."""

    def __init__(self) -> None:
        self._count = 0

    async def authorize(self, call: Call) -> Allowed | Refused:
        self._count += 1
        note("authorize", method=call.method, tool=call.tool, params=call.params, barred=call.barred)
        if (FOLDER / "kept").exists() and not call.barred:
            (FOLDER / "kept").rename(FOLDER / "given")
            return Allowed(None, replayed=(FOLDER / "given").read_bytes())
        code = call.barred or (call.trouble[0] if call.trouble else "")
        if code or call.tool.startswith("deny") or (FOLDER / "no").exists():
            return self._refused("deny", code or "forbidden")
        if call.tool.startswith("ask") and not (FOLDER / "yes").exists():
            return self._refused("escalate", "asks", SimpleNamespace(id="apr_1"))
        digest = call.definition.digest if call.definition else None
        principal: Any = 'Agent::"x"'
        action = Action(principal, (), call.session, call.server.name, call.method, call.tool, digest, call.params)
        number: Any = self._count
        await asyncio.sleep(0.05 if call.tool == "slow_to_decide" else 0)
        return Allowed(Permit(f"prm_{number}", f"att_{number}", action, call.server.name, number, 0, 0))  # type: ignore[arg-type]

    def _refused(self, verdict: Verdict, code: str, approval: Any = None) -> Refused:
        decision = Decision(verdict, (Reason(code, "rule", "said by the script"),))
        return Refused(decision, f"Not done: {code}.", self._count, approval)  # type: ignore[arg-type]

    async def begin(self, permit: Permit, carried: object = ()) -> None:
        note("begin", permit=permit.id)
        if (FOLDER / "revoked").exists():
            raise RefusedError("revoked", "the permit no longer holds: revoked")

    def epoch(self) -> str:
        return str(int((FOLDER / "taken").exists()))

    def lapsed(self, permit: Permit) -> str:
        return (FOLDER / "taken").read_text()

    def stopped(self, server: str) -> str:
        return "revoked" if (FOLDER / "server_taken").exists() else ""

    async def settle(self, permit: Permit, outcome: Outcome, response: object = None) -> None:
        note("settle", permit=permit.id, status=outcome.status, detail=outcome.detail, reached=outcome.reached)
        if (FOLDER / "full").exists():
            raise UnavailableError("disk_full", "the disk is full")

    async def overdue(self, permit: Permit) -> None:
        note("overdue", permit=permit.id)

    def forgo(self, permit: Permit) -> None:
        note("forgo", permit=permit.id)

    async def heard(self, session: str, server: str, *said: object) -> None:
        """Labels are the real guard's."""

    async def keep(self, permit: Permit, result: bytes) -> None:
        note("keep", permit=permit.id, result=json.loads(result))

    async def answered(self, approval: str, timeout: float) -> bool:
        end = asyncio.get_running_loop().time() + timeout
        while not (FOLDER / "yes").exists() and not (FOLDER / "no").exists():
            if asyncio.get_running_loop().time() > end:
                return False
            await asyncio.sleep(0.02)
        return True


class Rows:
    """State and pins in memory."""

    def __init__(self) -> None:
        self._state: dict[str, str] = {}
        self._pins: dict[str, Any] = {}

    def state(self, key: str) -> str | None:
        return self._state.get(key)

    def put_state(self, key: str, value: str) -> None:
        self._state[key] = value

    def find_all(self, kind: type, by: str = "", value: object = "") -> list[Any]:
        return []

    def pins(self, server: str) -> list[Any]:
        return list(self._pins.values())

    def pin(self, server: str, tool: str) -> Any:
        return self._pins.get(tool)

    def put_pin(self, pin: Any) -> None:
        self._pins[pin.tool] = pin

    def attempt(self, id: str) -> Any:
        return SimpleNamespace(deadline=STARTED + int(os.environ.get("SCRIPT_DEADLINE", "300000")))


ROWS = Rows()


class Log:
    """Runs every job at once."""

    def submit(self, job: Callable[[Rows], Any], *, durable: bool) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_result(job(ROWS))
        return future

    async def commit(self, job: Callable[[Rows], Any], *, durable: bool) -> Any:
        return job(ROWS)


class Sessions:
    """One session."""

    async def join(self, principal: Any, client: str, process: str, proven: object = None) -> Any:
        note("join", principal=principal.id, client=client)
        return SimpleNamespace(id="ses_1", principal=principal.id, labels=frozenset(), chain=())

    async def leave(self, id: str) -> None:
        note("leave")


@contextmanager
def home() -> Iterator[Any]:
    """What the gateway needs of a home."""

    @contextmanager
    def read() -> Iterator[Rows]:
        yield ROWS

    guard: Any = Guard()
    yield SimpleNamespace(
        config=SimpleNamespace(
            home=FOLDER,
            user="someone",
            approval_wait=float(os.environ.get("SCRIPT_WAIT", "1")),
            max_body=int(os.environ.get("SCRIPT_LIMIT", str(1 << 24))),
            permits_home=(),
            permits_own=(),
        ),
        store=SimpleNamespace(read=read),
        log=Log(),
        clock=SimpleNamespace(now=lambda: int(time.time() * 1000)),
        guard=guard,
        sessions=Sessions(),
        notifier=SimpleNamespace(notify=lambda title, body: note("notify", body=body)),
        node="node_1",
        seal=lambda: load_or_make(FOLDER / "seal.key"),
        watch=lambda: asyncio.sleep(3600),  # there are no policy files to look after
        broker=Broker(guard, SimpleNamespace(read=read), Log(), None, lambda: None),  # type: ignore[arg-type]
        watched=Watch(),
        rules=lambda fresh=True: SimpleNamespace(
            versions={"epoch": ""},
            observing=lambda now: False,
            profiles=SimpleNamespace(
                roots_of=lambda package, arguments: None,
                steady=lambda server, tool: tool.digest,
                zone_of=lambda package: "",
            ),
        ),
    )


if __name__ == "__main__":
    leaves.append = lambda *_: None  # type: ignore[assignment]
    visible.visible = lambda rules, principal, server, tool: not tool.name.startswith("hidden")
    logging.basicConfig(level=logging.WARNING, format="assent: %(message)s")
    try:
        code = launch.run(
            launch.Options(tuple(sys.argv[2:]), name="odd"),
            os.environ,
            home,
        )
    finally:
        note("exit")
    sys.exit(code)
