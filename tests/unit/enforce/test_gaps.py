"""An outcome that is overdue is a gap, said once; what comes later supersedes it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from assent_verify.merkle import leaf_hash

from assent.enforce.guard import Allowed
from assent.errors import RefusedError
from assent.model.outcome import Outcome
from assent.model.permit import Permit
from assent.record import gaps
from tests.unit.enforce.test_guard import MESSAGE, SEND
from tests.world import World

BODY = {"content": [{"text": "sent", "type": "text"}]}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A home in memory."""
    world = World(tmp_path)
    yield world
    world.home.close()


async def sent(world: World) -> Permit:
    """A call that sends has begun, and its deadline has passed."""
    await world.join()
    call = world.call(SEND, MESSAGE)
    world.say((await world.asked(call)).id, "approve")
    permit = await world.permit(call)
    await world.guard.begin(permit)
    world.clock.pass_time(301)
    return permit


async def test_a_gap_is_said_once_and_a_repeat_of_it_asks(world: World) -> None:
    """Whoever looks first writes the leaf; the attempt may have happened, so nothing repeats it by itself."""
    permit = await sent(world)
    said = await asyncio.to_thread(gaps.say, world.store, world.home.log, world.clock)
    assert said == [permit.attempt]
    await world.guard.overdue(permit)
    assert await asyncio.to_thread(gaps.say, world.store, world.home.log, world.clock) == []
    found = [leaf for leaf in world.leaves("system") if leaf["event"] == "gap"]
    assert [leaf["subject"]["attempt"] for leaf in found] == [permit.attempt]  # type: ignore[index]
    again = await world.refusal(world.call(SEND, MESSAGE))
    assert "may_have_happened" in {reason.code for reason in again.decision.reasons}
    assert world.verify().complete is not False


async def test_before_its_deadline_nothing_is_a_gap(world: World) -> None:
    """A call under way is left alone, whoever asks."""
    await world.join()
    call = world.call(SEND, MESSAGE)
    world.say((await world.asked(call)).id, "approve")
    permit = await world.permit(call)
    await world.guard.begin(permit)
    assert await asyncio.to_thread(gaps.say, world.store, world.home.log, world.clock) == []
    await world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"), {})


async def test_a_late_answer_supersedes_the_gap_with_its_labels(world: World) -> None:
    """Its outcome names the gap leaf, its labels are in the session before it is released, and it is kept."""
    permit = await sent(world)
    await world.guard.overdue(permit)
    await world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"), BODY)
    await world.guard.keep(permit, b'{"result":{}}')
    with world.store.read() as reader:
        hashes = {"sha256:" + leaf_hash(data).hex(): index for index, data in reader.leaves()}
        session = reader.session(permit.action.session)
        assert reader.attempt(permit.attempt) is None
    outcome, leaves = world.leaves("outcome")[-1], world.leaves()
    assert leaves[hashes[str(outcome["supersedes"])]]["event"] == "gap"
    assert session is not None and "untrusted" in session.labels
    again = world.call(SEND, MESSAGE)
    assert await world.guard.authorize(again) == Allowed(None, b'{"result":{}}')
    world.verify()


async def test_an_answer_that_is_no_longer_listened_for_settles_nothing(world: World) -> None:
    """Once the edge has given it up, the gap stays for good."""
    permit = await sent(world)
    await world.guard.overdue(permit)
    world.guard.forgo(permit)
    with pytest.raises(RefusedError, match="settled"):
        await world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"), {})
    world.verify()


async def test_nothing_follows_the_close_of_a_session(world: World) -> None:
    """A session that closes says first that what still executes is unknown; its outcome comes too late."""
    permit = await sent(world)
    await world.home.sessions.leave(world.session)
    kinds = [(leaf["kind"], leaf.get("status") or leaf.get("event")) for leaf in world.leaves()]
    assert kinds[-3:] == [("outcome", "unknown"), ("session", "close"), ("system", "node")]
    with pytest.raises(Exception, match="no longer be settled"):
        await world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"), {})
    assert world.verify().complete is not False
