"""Revocations between decisions, permits and effects in any order (invariant 6), against a model of a few lines.

The real guard, log and policy. After a revocation no allow is committed and no earlier permit is
consumed, in any session that stands on what was taken back. The whole log is verified at the end.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from assent.admin import kill as kills
from assent.admin.revoke import Wanted, restore, revoke
from assent.enforce.guard import Allowed
from assent.errors import RefusedError
from assent.model.ids import Digest, SessionId
from assent.model.outcome import Outcome
from assent.model.permit import AT_ONCE_MS, Permit
from assent.model.profile import Server
from assent.ports import Pin
from tests.world import World, tool

T = TypeVar("T")
READ = tool("read_file", path={"type": "string"})
AGENTS = ("one", "two")
SERVERS = ("files", "mail")
NOTHING = Digest("sha256:" + "0" * 64)
agents, servers = st.sampled_from(AGENTS), st.sampled_from(SERVERS)


class Revoking(RuleBasedStateMachine):
    """What was taken back lets nothing pass, whatever was decided before."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.world = World(self.folder, '@id("all") permit (principal, action, resource);')
        self.sessions: dict[str, SessionId] = {}
        self.taken: set[str] = set()  # the model: agents, servers, tools and `*`
        self.permits: list[tuple[Permit, str, str, int]] = []  # with agent, server, and revocations before it
        self.moved = self.clients = 0

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(doing)

    @initialize()
    def begin(self) -> None:
        def job(tx) -> None:  # type: ignore[no-untyped-def]
            for server in SERVERS:
                tx.put_state(f"server:{server}", "program:x")
                tx.put_pin(Pin(server, "read_file", NOTHING, "{}", NOTHING, "{}"))

        self.world.log.submit(job, durable=True).result()
        for agent in AGENTS:
            self.open(agent)

    def open(self, agent: str) -> None:
        """A fresh client, as a person starts it."""
        self.clients += 1
        principal, client = self.world.home.principal(agent), f"boot:{self.clients}:{self.clients}"
        try:
            joined = self.run(self.world.home.sessions.join(principal, client, self.world.home.process))
        except RefusedError:
            assert self.taken & {"*", agent}
        else:
            assert not self.taken & {"*", agent}
            self.sessions[agent] = joined.id

    @rule(agent=agents)
    def opens_again(self, agent: str) -> None:
        if agent not in self.sessions:
            self.open(agent)

    @precondition(lambda self: self.sessions)
    @rule(agent=agents, server=servers)
    def decide(self, agent: str, server: str) -> None:
        if agent not in self.sessions:
            return
        self.world.session, self.world.server = self.sessions[agent], Server(server, zone="local")
        ruling = self.run(self.world.guard.authorize(self.world.call(READ, {"path": "a"})))
        assert isinstance(ruling, Allowed) is not bool(self.taken & {"*", agent, server, f"{server}/read_file"})
        if isinstance(ruling, Allowed) and ruling.permit is not None:
            self.permits.append((ruling.permit, agent, server, self.moved))

    @precondition(lambda self: self.permits)
    @rule(data=st.data(), late=st.booleans())
    def consume(self, data: st.DataObject, late: bool) -> None:
        permit, _, _, moved = self.permits.pop(data.draw(st.integers(0, len(self.permits) - 1)))
        self.world.clock.ran += AT_ONCE_MS + 1  # an acknowledgement has waited so long
        try:
            self.run(self.world.guard.begin(permit))
        except RefusedError:
            assert moved != self.moved
            return
        assert moved == self.moved, "a permit from before a revocation was consumed"
        self.run(self.world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}")))

    @rule(kind=st.sampled_from(("principal", "session", "server", "tool")), agent=agents, server=servers)
    def take(self, kind: Any, agent: str, server: str) -> None:
        ids = {"principal": f'Agent::"local/{agent}"', "server": server, "tool": f"{server}/read_file"}
        if kind == "session" and agent not in self.sessions:
            return
        wanted = Wanted(kind, ids.get(kind) or self.sessions[agent])
        done = revoke(self.world.log, wanted, self.world.operator, self.world.clock.now())
        self.moved += done.fresh
        if kind in ("principal", "session"):
            self.sessions.pop(agent, None)
        if kind != "session":
            self.taken.add(agent if kind == "principal" else ids[kind])

    @rule(kind=st.sampled_from(("server", "tool")), server=servers)
    def give_back(self, kind: Any, server: str) -> None:
        id = server if kind == "server" else f"{server}/read_file"
        if id in self.taken:
            restore(self.world.log, Wanted(kind, id), self.world.operator, self.world.clock.now())
            self.taken.discard(id)
            self.moved += 1

    @rule(sweep=st.booleans())
    def stop_everything(self, sweep: bool) -> None:
        done = kills.kill(self.world.log, self.world.operator, self.world.clock.now(), "asked")
        self.moved += done.fresh
        self.taken.add("*")
        if sweep:
            kills.end_sessions(self.world.store, self.world.log, self.world.clock.now())

    @precondition(lambda self: "*" in self.taken)
    @rule()
    def go_on(self) -> None:
        kills.lift(self.world.store, self.world.log, self.world.operator, self.world.clock.now(), "asked")
        self.taken.discard("*")
        self.sessions.clear()
        self.moved += 1

    def teardown(self) -> None:
        try:
            epoch = 0
            for leaf in self.world.leaves():
                if leaf["kind"] == "decision" and leaf["verdict"] == "allow":
                    assert leaf["versions"]["epoch"] == epoch, "an allow was committed on an older epoch"  # type: ignore[index]
                elif leaf.get("event") in ("revocation", "kill"):
                    epoch += 1
            found = [one for one in self.world.verify().problems if one.code != "allow_open"]
            assert not found, json.dumps([str(one) for one in found])
        finally:
            self.world.log.close()
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)


TestRevoking = Revoking.TestCase
TestRevoking.__doc__ = "No allow is committed, and no earlier permit consumed, after a revocation of what it stands on."
TestRevoking.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
