"""Where witnesses are required, what none of them has seen for too long stops every decision, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from assent.admin.witnesses import change
from assent.assembly import Home
from assent.enforce.guard import Allowed, Refused
from tests.unit.evidence.recording import of_store
from tests.unit.record.test_witnesses import Net
from tests.world import World, tool

FIND = tool("find")
PERMIT = '@id("all") permit (principal, action, resource);'


class Required(Net):
    """A home that asks for witnesses, with an agent that calls now and then."""

    def __init__(self, folder: Path, *, lag: int = 20) -> None:
        world = World(folder / "world", PERMIT)
        config = replace(world.config, witness_required=True, witness_max_lag=lag)
        world.home = Home(config, world.store, world.log, world.clock, world.key)
        world.guard = world.home.guard
        super().__init__(folder, world)

    async def verdict(self) -> str:
        """Of one more call: its verdict, with the first reason unless it is an allow."""
        ruling = await self.world.guard.authorize(self.world.call(FIND, {"query": "a"}))
        if isinstance(ruling, Allowed):
            return "allow"
        assert isinstance(ruling, Refused)
        return f"{ruling.decision.verdict} {ruling.decision.reasons[0].code}"


OVERDUE = "defer witness_overdue"


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[Required]:
    made = Required(tmp_path)
    await made.world.join()
    yield made
    assert made.world.verify().sound
    tally = of_store(made.world.store)
    assert tally.agree == tally.decisions > 0
    made.world.home.close()


async def test_a_fresh_home_is_deferred_until_its_first_quorum(net: Required) -> None:
    """Nothing is allowed before; becoming witnessed takes no decision."""
    assert await net.verdict() == OVERDUE
    net.add_all()
    assert await net.verdict() == OVERDUE
    net.round()
    assert await net.verdict() == "allow"


@pytest.mark.parametrize(
    "answer", [(0, b""), (200, b""), (409, b"x\n"), (500, b""), (200, b"\xe2\x80\x94 a AAAAAAAA\n")]
)
async def test_dead_and_lying_witnesses_end_in_defer_and_it_ends_by_itself(
    net: Required, answer: tuple[int, bytes]
) -> None:
    """Two of three fail: allowed for as long as a receipt may wait, then deferred; allowed again once they answer."""
    net.add_all()
    change(net.world.log, net.operator, net.world.clock.wall, add=None, quorum=2)
    net.round()
    net.instead = {"a": answer, "b": answer}
    assert await net.verdict() == "allow"
    for _ in range(3):
        net.world.clock.pass_time(5)
        net.round()
        assert await net.verdict() == "allow"
    net.world.clock.pass_time(6)
    net.round()
    assert await net.verdict() == OVERDUE
    refused = [leaf for leaf in net.world.leaves("decision") if leaf["verdict"] == "defer"]
    assert refused[-1]["reasons"] == ["witness_overdue", "permitted"]
    net.instead = {}
    net.world.clock.pass_time(15)
    net.round()
    assert await net.verdict() == "allow"


async def test_a_silent_day_is_no_lag(net: Required) -> None:
    """All that was written is witnessed: the first call after a long silence is allowed, and has its own time."""
    net.add_all()
    net.round()
    net.world.clock.pass_time(86_400)
    assert await net.verdict() == "allow"
    net.world.clock.pass_time(10)
    assert await net.verdict() == "allow"
    net.world.clock.pass_time(11)
    assert await net.verdict() == OVERDUE


async def test_a_larger_quorum_and_no_quorum_hold_at_once(net: Required) -> None:
    """What is vouched for follows the policy in force, and taking the witnesses away is no way out."""
    net.add_all()
    net.instead = {"a": (0, b""), "b": (0, b"")}
    net.round()
    assert await net.verdict() == "allow"
    net.world.clock.pass_time(2)
    change(net.world.log, net.operator, net.world.clock.wall, add=None, quorum=2)
    assert await net.verdict() == OVERDUE
    net.instead = {}
    net.world.clock.pass_time(2)
    net.round()
    assert await net.verdict() == "allow"
    for name in "abc":
        change(net.world.log, net.operator, net.world.clock.wall, add=None, remove=name)
    net.world.clock.pass_time(2)
    net.round()
    assert await net.verdict() == OVERDUE


async def test_a_clock_set_back_gives_no_more_time(net: Required) -> None:
    """A receipt that seems to be of the future waits for its witnesses, too."""
    net.add_all()
    net.round()
    assert await net.verdict() == "allow"
    net.world.clock.wall -= 3_600_000
    net.world.clock.ran += 2_000
    assert net.world.home.rules().barred == "witness_overdue"


async def test_without_the_setting_witnesses_bar_nothing(tmp_path: Path) -> None:
    """Required is the operator's choice."""
    made = Required(tmp_path)
    config = replace(made.world.config, witness_required=False)
    home = Home(config, made.world.store, made.world.log, made.world.clock, made.world.key)
    assert not home.rules().barred and made.world.home.rules().barred
    home.close()
