"""Chains of delegation, stretched by whoever acts under them."""

from __future__ import annotations

from pathlib import Path

import pytest

from assent.enforce.session import Opening, Sessions
from assent.model.grant import Limits
from assent.model.ids import PrincipalId
from tests.unit.decide.calls import AGENT, call, chained, verdict
from tests.unit.decide.test_chain import USER
from tests.unit.enforce.test_sessions import DEPLOY, ONE, OTHER, enrol, give, join, key, refused
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home whose processes all run."""
    world = World(tmp_path)
    world.home.sessions = Sessions(world.log, world.clock, world.home.node, lambda text: text in (ONE, OTHER))
    return world


@pytest.mark.parametrize("more", [7, 7.5, True, ["ok", 7], {"id": 7}, {"ok": 7}, [[7]]])
def test_a_name_that_is_no_text_is_within_nothing(more: object) -> None:
    """A delegation for some ids does not let a number, or what holds one, pass beside a text that it names."""
    limits = Limits(targets={"ids": ("ok",)})
    profile = {"targets": {"one": "id", "other": "id"}}

    def under(**arguments: object) -> str:
        chain = chained(USER, AGENT, limits=[limits])
        return verdict("", call(chain=chain, arguments=arguments, profile=profile, schema={"type": "object"}))

    assert under(one="ok") == "allow permitted"
    assert under(one="ok", other=None) == "allow permitted"
    assert under(one=["ok"], other="ok") == "allow permitted"
    assert under(one="ok", other=more).startswith("deny")


async def test_an_agent_of_this_machine_does_not_shed_its_limits_with_its_delegation(world: World) -> None:
    """Whose delegation is revoked or over holds nothing; else taking it back would give everything."""
    enrol(world, "local/bot")
    mine = PrincipalId('Agent::"local/bot"')
    assert (await join(world, "local/bot")).chain == ()
    given = give(world, subject=mine, expires=world.clock.now() + 60_000)
    assert (await join(world, "local/bot", OTHER)).chain == (given.id,)
    await world.home.sessions.end(world.session)
    give(world, subject=mine, expires=world.clock.now() + 60_000, status="revoked")
    await refused("no_delegation", world, "local/bot", OTHER)
    give(world, subject=mine, expires=world.clock.now() + 60_000)
    world.clock.pass_time(61)
    await refused("no_delegation", world, "local/bot", OTHER)


async def test_a_narrow_delegation_opens_no_session_that_stands_on_another(world: World) -> None:
    """A token or a word for one chain does not join what a person opened on a wider one."""
    mine = enrol(world, public=key())
    wide, narrow = give(world), give(world, 1, limits=Limits(actions=("effect:read",)))
    opened = await world.home.sessions.open_for(DEPLOY, Opening(delegation=wide.id))
    await refused("other_session", world, key=mine, session=opened.id, delegation=narrow.id)
    assert (await join(world, key=mine, session=opened.id, delegation=wide.id)).chain == (wide.id,)
