"""Just-in-time elevation: one more action group, for one session, by a person's signed answer, and for no longer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assent.approve.elevate import Wish, wish
from assent.catalog.methods import ELEVATE
from assent.enforce.gather import Call, elevations
from assent.enforce.session import Proven
from assent.errors import RequestError
from assent.identity import grant as grants
from assent.identity import jwk
from assent.model.approval import Approval
from assent.model.grant import Grant, Limits
from assent.model.ids import DelegationId, Digest, PrincipalId
from assent.model.outcome import Outcome
from assent.model.profile import Server
from assent.record import epoch
from tests.world import OWNER, World, tool

READ, WRITE, ERASE = tool("read_note"), tool("create_note"), tool("delete_note")
BOT = PrincipalId('Agent::"local/claude"')
POLICY = """
@id("all") permit (principal, action, resource);
@id("asks") @escalate("owner") @self @reason("it asks for more")
forbid (principal, action in Action::"effect:grant", resource);
"""


def link(world: World, number: int = 0, **more: object) -> Grant:
    """A link from the owner to the agent that lets it read, an hour long, kept in the home."""
    told = Grant(
        id=DelegationId("dlg_" + "abcdef"[number] * 25 + "a"),
        parent="",
        issuer=OWNER,
        subject=BOT,
        limits=Limits(actions=("effect:read",)),
        not_before=0,
        expires=world.clock.now() + 3_600_000,
        digest=Digest("sha256:" + "0" * 64),
    )
    made = replace(told, **more)  # type: ignore[arg-type]
    world.log.submit(lambda tx: tx.put(made), durable=True).result()
    return made


async def start(folder: Path, policy: str = POLICY) -> World:
    """A world whose agent may only read."""
    world = World(folder, policy)
    given = link(world)
    session = await world.home.sessions.join(
        world.home.principal("claude"), "boot:1:1", world.home.process, Proven(delegation=given.id)
    )
    world.session = session.id
    return world


def asking(world: World, group: str = "effect:write", minutes: int = 30, reason: str = "to save it") -> Call:
    """The call that asks for more."""
    params: dict[str, object] = {"group": group, "minutes": minutes, "reason": reason}
    return Call(world.session, Server("assent", zone="local"), ELEVATE, ELEVATE, None, params)


async def code(world: World, call: Call) -> str:
    """Why a call is refused."""
    return (await world.refusal(call)).decision.reasons[0].code


async def elevated(world: World, **more: object) -> Approval:
    """Ask, and have the owner say yes."""
    asked = await world.asked(asking(world, **more))  # type: ignore[arg-type]
    return world.say(asked.id, "approve")


def given(world: World) -> tuple[Grant, ...]:
    """What people have given this session, and still holds."""
    with world.store.read() as reader:
        session = reader.session(world.session)
        assert session is not None
        return elevations(reader, session, world.clock.now())


async def test_what_is_outside_is_asked_for_and_given(tmp_path: Path) -> None:
    """Before it the call is outside; with a yes it passes on the person's own word; nothing else does."""
    world = await start(tmp_path)
    await world.run(world.call(READ))
    assert await code(world, world.call(WRITE)) == "outside_delegation"
    await elevated(world)
    [made] = given(world)
    await world.run(world.call(WRITE))
    assert world.leaves("decision")[-1]["chain"] == [made.id]
    assert await code(world, world.call(ERASE)) == "outside_delegation"
    await world.run(world.call(READ))
    assert world.leaves("decision")[-1]["chain"] != [made.id]
    world.verify()


async def test_it_is_a_signed_delegation_of_the_person(tmp_path: Path) -> None:
    """Token, row and receipts say the same: by whom, for which session, until when, on which answer."""
    world = await start(tmp_path)
    approval = await elevated(world, minutes=5)
    [made] = given(world)
    assert (made.issuer, made.subject, made.session, made.parent) == (OWNER, BOT, world.session, "")
    assert made.limits == Limits(actions=("effect:write",)) and made.expires - world.clock.now() == 300_000
    public = world.operator.public
    trust = grants.Trust({jwk.thumbprint(public): OWNER}, keys={jwk.thumbprint(public): public})
    [verified] = grants.verify([made.token], trust)
    assert replace(verified, token=made.token) == made
    said = {leaf["event"]: leaf["subject"] for leaf in world.leaves("system")}
    grant, elevation = said["grant"], said["elevation"]
    assert isinstance(grant, dict) and isinstance(elevation, dict)
    assert (grant["delegation"], grant["digest"]) == (made.id, made.digest)
    named = ("approval", "by", "delegation", "group", "session")
    assert [elevation[name] for name in named] == [approval.id, OWNER, made.id, "effect:write", world.session]
    world.verify()


async def test_the_question_shows_what_it_gives(tmp_path: Path) -> None:
    """Group and time stand on the card, and the reason as the agent's words."""
    from assent.approve.card import lines

    world = await start(tmp_path)
    rows = dict(lines(await world.asked(asking(world))))
    assert rows["gives"] == "effect:write, in this session, for 30 min"
    assert rows["  reason"] == '"to save it"'


async def test_it_ends_by_its_time_and_with_the_session(tmp_path: Path) -> None:
    """After its minutes the call is outside again; it never outlives the session, nor reaches another one."""
    world = await start(tmp_path)
    await elevated(world, minutes=10)
    world.clock.pass_time(599)
    await world.run(world.call(WRITE))
    world.clock.pass_time(1)
    assert await code(world, world.call(WRITE)) == "outside_delegation"
    await elevated(world, minutes=480)
    [made] = given(world)
    with world.store.read() as reader:
        session = reader.session(world.session)
    assert session is not None and made.expires == session.expires
    first = world.session
    other = await world.home.sessions.join(world.home.principal("claude"), "boot:2:2", world.home.process)
    world.session = other.id
    assert await code(world, world.call(WRITE)) == "outside_delegation"
    world.session = first
    await world.home.sessions.end(first)
    assert await code(world, world.call(WRITE)) == "session_ended"
    world.verify()


async def test_a_no_gives_nothing_and_holds_for_the_group(tmp_path: Path) -> None:
    """Another reason or time is the same question, which was answered."""
    world = await start(tmp_path)
    asked = await world.asked(asking(world))
    world.say(asked.id, "deny")
    assert given(world) == ()
    assert await code(world, asking(world, reason="really, to save it", minutes=1)) == "refused_by_person"
    assert await code(world, world.call(WRITE)) == "outside_delegation"
    assert (await world.refusal(asking(world, "effect:delete"))).decision.verdict == "escalate"
    world.verify()


async def test_silence_gives_nothing(tmp_path: Path) -> None:
    """An open question, or one that has expired, elevates nobody."""
    world = await start(tmp_path)
    asked = await world.asked(asking(world))
    assert await code(world, world.call(WRITE)) == "outside_delegation"
    world.clock.pass_time(16 * 60)
    with pytest.raises(RequestError):
        world.say(asked.id, "approve")
    assert given(world) == ()


async def test_a_policy_that_asks_nobody_gives_nothing(tmp_path: Path) -> None:
    """The request is allowed, and without a person's signature nothing comes of it."""
    world = await start(tmp_path, '@id("all") permit (principal, action, resource);')
    permit = await world.permit(asking(world))
    await world.guard.begin(permit)
    await world.guard.settle(permit, Outcome("failed", "gateway"))
    assert given(world) == ()
    assert await code(world, world.call(WRITE)) == "outside_delegation"


async def test_it_gives_no_more_than_the_person_may(tmp_path: Path) -> None:
    """Policy is asked for the person who gave it, too: what it denies them the agent does not get from them."""
    policy = POLICY + f'@id("not-ana") forbid (principal == {OWNER}, action in Action::"effect:delete", resource);'
    world = World(tmp_path / "w", policy)
    entities = '[{"uid": {"type": "User", "id": "local/ana"}, "attrs": {}, "parents": []}]'
    (world.config.home / "policy" / "entities.json").write_text(entities)
    world.activate(policy)
    given_ = link(world)
    session = await world.home.sessions.join(
        world.home.principal("claude"), "boot:1:1", world.home.process, Proven(delegation=given_.id)
    )
    world.session = session.id
    await elevated(world, group="effect:delete")
    assert await code(world, world.call(ERASE)) == "outside_delegation"


async def test_rules_that_ask_go_on_to_ask(tmp_path: Path) -> None:
    """To stand on an elevation lifts no escalation."""
    policy = (
        POLICY + '@id("w") @escalate("owner") @self forbid (principal, action in Action::"effect:write", resource);'
    )
    world = await start(tmp_path, policy)
    await elevated(world)
    asked = await world.asked(world.call(WRITE))
    world.say(asked.id, "approve")
    await world.run(world.call(WRITE))
    world.verify()


async def test_it_can_be_taken_back(tmp_path: Path) -> None:
    """Revoked, the next call is outside; what was decided before is not begun."""
    world = await start(tmp_path)
    await elevated(world)
    [made] = given(world)
    await world.run(world.call(WRITE))

    def job(tx: object) -> None:
        tx.put(replace(made, status="revoked"))  # type: ignore[attr-defined]
        epoch.move(tx)  # type: ignore[arg-type]

    world.log.submit(job, durable=True).result()
    assert await code(world, world.call(WRITE)) == "outside_delegation"


async def test_a_broken_chain_cannot_ask(tmp_path: Path) -> None:
    """Whose own delegation was taken back asks nobody for another one."""
    world = await start(tmp_path)

    def job(tx: object) -> None:
        tx.put(replace(link_, status="revoked"))  # type: ignore[attr-defined]
        epoch.move(tx)  # type: ignore[arg-type]

    with world.store.read() as reader:
        [link_] = reader.find_all(Grant)
    world.log.submit(job, durable=True).result()
    assert await code(world, asking(world)) == "delegation_revoked"


async def test_another_persons_grant_elsewhere_is_none(tmp_path: Path) -> None:
    """Only a first link to this agent for this session elevates it: no child, no other's, no other session's."""
    world = await start(tmp_path)
    link(world, 1, session="ses_" + "b" * 26, limits=Limits())
    link(world, 2, session=world.session, limits=Limits(), subject=PrincipalId('Agent::"local/x"'))
    link(world, 3, session=world.session, limits=Limits(), parent="dlg_" + "a" * 26)
    assert given(world) == ()
    assert await code(world, world.call(WRITE)) == "outside_delegation"


async def test_a_call_on_an_elevation_gives_nothing_back_to_the_chain(tmp_path: Path) -> None:
    """A call that never reached its server refunds what it stood on, not the session's own delegation."""
    from assent.ports import Spent

    world = World(tmp_path, POLICY)
    given_ = link(world, limits=Limits(actions=("effect:read",), calls=2))
    session = await world.home.sessions.join(
        world.home.principal("claude"), "boot:1:1", world.home.process, Proven(delegation=given_.id)
    )
    world.session = session.id
    await world.run(world.call(READ))
    # asking is held to the same chain, and takes a call off it like any other
    with world.store.read() as reader:
        before = reader.find(Spent, given_.id, "calls")
    assert before is not None and before.used == 1
    link(world, 1, session=world.session, limits=Limits(actions=("effect:write",)))
    permit = await world.permit(world.call(WRITE))
    await world.guard.begin(permit)
    await world.guard.settle(permit, Outcome("failed", "gateway", reached=False))
    with world.store.read() as reader:
        assert reader.find(Spent, given_.id, "calls") == before


@pytest.mark.parametrize(
    "arguments",
    [
        None,
        {},
        {"group": "effect:write"},
        {"group": "effect:everything", "reason": "x"},
        {"group": "*", "reason": "x"},
        {"group": "", "reason": "x"},
        {"group": ["effect:write"], "reason": "x"},
        {"group": "effect:write", "reason": ""},
        {"group": "effect:write", "reason": "x" * 501},
        {"group": "effect:write", "reason": "x", "minutes": 0},
        {"group": "effect:write", "reason": "x", "minutes": 481},
        {"group": "effect:write", "reason": "x", "minutes": True},
        {"group": "effect:write", "reason": "x", "minutes": "30"},
        {"group": "effect:write", "reason": "x", "until": "ever"},
        {"group": "effect:wr\u0456te", "reason": "x"},
    ],
)
def test_what_is_no_request(arguments: object) -> None:
    """One group as policy spells it, a reason, and at most eight hours."""
    with pytest.raises(RequestError) as error:
        wish(arguments)
    assert error.value.code == "bad_elevation"


def test_what_is_one() -> None:
    """Half an hour unless said."""
    assert wish({"group": "tool:files/x", "reason": "r"}) == Wish("tool:files/x", 30, "r")
