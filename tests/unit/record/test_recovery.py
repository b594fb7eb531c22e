"""Rules of recovery: what a dead process left open is said to be so, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from assent_verify.merkle import leaf_hash

from assent.model.ids import AttemptId, SessionId
from assent.model.session import Session
from assent.ports import Attempt, Reader, Transaction
from assent.record import leaves, recovery
from assent.record.log import Log
from assent.record.recovery import Liveness, Recovered, recover
from assent.stores.memory import MemoryStore
from tests.stores.world import RealClock, TestKey, a_session, an_attempt

DEAD, ALIVE = "boot:2:1", "boot:3:1"


class World:
    """A home where node_dead has died, node_other lives, and this process is node_me."""

    def __init__(self) -> None:
        self.store, self.clock = MemoryStore(), RealClock()
        self.log = Log(self.store, self.clock, TestKey(), origin="assent/test", node="node_me")

    def write(self, *attempts: Attempt, session: Session | None = None) -> None:
        def job(tx: Transaction) -> None:
            tx.put_node("node_dead", DEAD)
            tx.put_node("node_other", ALIVE)
            tx.put_session(session or a_session("one", seq=0, head=""))
            receipt = tx.append(b"the receipt")
            for attempt in attempts:
                tx.put_attempt(replace(attempt, decision=receipt))

        self.log.submit(job, durable=True).result(5)

    def recover(self) -> Recovered:
        def close(tx: Transaction, session: Session) -> None:
            leaves.append(tx, leaves.session_close("node_me", 1, "abandoned"), session.id)
            tx.put_session(replace(session, status="ended"))

        def abandoned(reader: Reader, session: Session) -> bool:
            return session.client == DEAD

        liveness = Liveness(alive=lambda process: process != DEAD, abandoned=abandoned, close=close)
        return recover(self.store, self.log, self.clock, liveness)

    def leaf(self, index: int) -> dict[str, object]:
        with self.store.read() as reader:
            return dict(json.loads(dict(reader.leaves())[index]))


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.log.close()


def test_what_a_dead_process_executed_is_unknown(world: World) -> None:
    """An outcome leaf says `unknown` and names the receipt; a repeat will find the attempt."""
    world.write(an_attempt("lost", node="node_dead"))
    assert world.recover() == Recovered(unknown=(AttemptId("att_lost"),))
    leaf = world.leaf(1)
    assert (leaf["kind"], leaf["status"], leaf["detail"]) == ("outcome", "unknown", "process_died")
    assert leaf["decision"] == "sha256:" + leaf_hash(b"the receipt").hex()
    with world.store.read() as reader:
        lost = reader.attempt(AttemptId("att_lost"))
        assert lost is not None and lost.state == "unknown"
        assert [attempt.id for attempt in reader.attempts_like(lost.sameness)] == ["att_lost"]
        assert "node_dead" not in reader.nodes()


@pytest.mark.parametrize("node", ["node_other", "node_me"])
def test_what_a_living_process_executes_is_left_to_it(world: World, node: str) -> None:
    """Neither another process's attempt nor one's own is settled by recovery."""
    world.write(an_attempt("busy", node=node))
    assert world.recover() == Recovered()


def test_an_attempt_of_a_process_nobody_registered_is_unknown(world: World) -> None:
    """Who is not registered cannot be asked whether it lives: the cautious answer."""
    world.write(an_attempt("orphan", node="node_never"))
    assert world.recover().unknown == ("att_orphan",)


def test_waiting_attempts_stay(world: World) -> None:
    """Nothing was executed, and an answer may still come."""
    world.write(an_attempt("asked", "waiting", node="node_dead"))
    assert world.recover() == Recovered()
    with world.store.read() as reader:
        assert [attempt.id for attempt in reader.attempts_in("waiting")] == ["att_asked"]


def test_recovery_happens_once(world: World) -> None:
    """Settled is settled: a second run finds nothing and writes nothing."""
    world.write(an_attempt("lost", node="node_dead"))
    world.recover()
    with world.store.read() as reader:
        size = reader.size()
    assert world.recover() == Recovered()
    with world.store.read() as reader:
        assert reader.size() == size


def test_of_two_that_recover_at_once_one_settles(world: World) -> None:
    """What was read before the other one wrote is compared again: no second outcome of one attempt."""
    world.write(an_attempt("a", state="executing", node="node_dead"))
    with world.store.read() as reader:
        lost = reader.attempts_in("executing")
    assert recovery._settle(world.log, world.clock, lost) == [lost[0].id]
    assert recovery._settle(world.log, world.clock, lost) == []
    with world.store.read() as reader:
        assert reader.size() == 2


def test_many_lost_attempts_are_settled_in_several_batches(world: World) -> None:
    """However many there are, each gets its leaf."""
    world.write(*(an_attempt(f"{n:03}", node="node_dead") for n in range(250)))
    assert len(world.recover().unknown) == 250


def test_a_session_that_everybody_left_is_closed(world: World) -> None:
    """Its last leaf says `abandoned`, and outcomes of its attempts come before it."""
    world.write(an_attempt("lost", node="node_dead"), session=a_session("one", client=DEAD, seq=0, head=""))
    assert world.recover() == Recovered(unknown=(AttemptId("att_lost"),), abandoned=(SessionId("ses_one"),))
    assert (world.leaf(1)["kind"], world.leaf(2)["reason"]) == ("outcome", "abandoned")
