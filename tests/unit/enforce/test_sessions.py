"""Sessions: who may open one, what they have to prove, on what it stands, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import principals
from assent.catalog.analysis import SHARED
from assent.enforce.session import Opening, Proven, Sessions, task_digest
from assent.errors import AssentError
from assent.identity import jwk, names
from assent.model.grant import Grant, Limits
from assent.model.ids import DelegationId, Digest, PrincipalId, SessionId
from assent.model.principal import Enrolled, Principal
from assent.model.session import Session
from tests.world import OWNER, World, tool

READ = tool("read_note", path={"type": "string"})
DEPLOY = PrincipalId('Agent::"ci/deploy"')
#: Clients that run, as far as the worlds of these tests know.
ONE, OTHER = "boot:1:1", "boot:2:2"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home whose processes all run, with one agent of another machine enrolled with a key."""
    world = World(tmp_path)
    world.home.sessions = Sessions(world.log, world.clock, world.home.node, lambda text: text in (ONE, OTHER))
    return world


def key() -> bytes:
    """A new public key."""
    return Ed25519PrivateKey.generate().public_key().public_bytes_raw()


def enrol(world: World, text: str = "ci/deploy", public: bytes | None = None) -> str:
    """Enrol an agent of the owner; the id of its proof."""
    kind, name = names.parse(text)
    by = principals.proof(public) if public else None
    now = world.clock.now()
    principals.add(world.log, world.operator, now, Principal(kind, name, OWNER), lambda _: frozenset(), by)
    return by.id if by else ""


def give(world: World, number: int = 0, **more: object) -> Grant:
    """Keep a link from the owner to the agent, an hour long."""
    told = Grant(
        id=DelegationId("dlg_" + "abcdef"[number] * 25 + "a"),
        parent="",
        issuer=OWNER,
        subject=DEPLOY,
        limits=Limits(),
        not_before=0,
        expires=world.clock.now() + 3_600_000,
        digest=Digest("sha256:" + "0" * 64),
    )
    grant = replace(told, **more)  # type: ignore[arg-type]
    world.log.submit(lambda tx: tx.put(grant), durable=True).result()
    return grant


async def join(world: World, text: str = "ci/deploy", client: str = ONE, **proven: str) -> Session:
    """Join as this principal, whatever the home knows of it."""
    kind, name = names.parse(text)
    session = await world.home.sessions.join(Principal(kind, name, OWNER), client, "p", Proven(**proven))
    world.session = session.id
    return session


async def refused(code: str, world: World, text: str = "ci/deploy", client: str = ONE, **proven: str) -> None:
    """Joining is refused with this code, and leaves no session behind."""
    with world.store.read() as reader:
        before = [one.id for one in reader.sessions(open_only=False)]
    with pytest.raises(AssentError) as error:
        await join(world, text, client, **proven)
    assert error.value.code == code, error.value
    with world.store.read() as reader:
        assert [one.id for one in reader.sessions(open_only=False)] == before


async def test_a_local_agent_needs_nothing(world: World) -> None:
    """It and its owner get their rows with its first session; the next one is a use."""
    await join(world, "local/claude")
    world.clock.pass_time(5)
    await join(world, "local/claude", OTHER)
    with world.store.read() as reader:
        row, owner = reader.find(Enrolled, 'Agent::"local/claude"'), reader.find(Enrolled, OWNER)
    assert row is not None and owner is not None
    assert (row.owner, row.last_used - row.created) == (OWNER, 5_000)
    world.verify()


@pytest.mark.parametrize("text", ["ci/deploy", "Service::local/x", "Model::local/claude"])
async def test_nobody_else_is_made_up(world: World, text: str) -> None:
    """A name that nobody enrolled, of another machine or no agent, opens nothing."""
    await refused("unknown_principal", world, text)


async def test_a_first_name_drawn_like_another_is_refused(world: World) -> None:
    """A program that calls itself `c1aude` does not stand beside `claude`."""
    await join(world, "local/claude")
    await refused("looks_like_another", world, "local/c1aude")


async def test_who_has_a_key_proves_it(world: World) -> None:
    """Without its key, with another's, or with one that was replaced, nobody is the agent; with it, they are."""
    mine, others = enrol(world, "local/bot", key()), enrol(world, "local/other", key())
    await refused("key_needed", world, "local/bot")
    await refused("not_proven", world, "local/bot", key=others)
    await refused("not_proven", world, "local/bot", key=jwk.authenticator(key()))
    assert (await join(world, "local/bot", key=mine)).key == mine
    next_ = principals.proof(key())
    principals.rotate(world.log, world.operator, world.clock.now(), names.id_of("local/bot"), next_)
    await refused("not_proven", world, "local/bot", key=mine)
    assert (await join(world, "local/bot", key=next_.id)).key == next_.id
    world.verify()


async def test_a_key_of_nobody_proves_nobody(world: World) -> None:
    """Who has no key cannot show one."""
    await join(world, "local/claude")
    await refused("not_proven", world, "local/claude", OTHER, key=jwk.authenticator(key()))


async def test_a_replaced_key_ends_what_it_opened(world: World) -> None:
    """A session that was opened with a key is over as soon as the key proves nothing."""
    mine = enrol(world, "local/bot", key())
    await join(world, "local/bot", key=mine)
    await world.run(world.call(READ, {"path": "a"}))
    principals.rotate(world.log, world.operator, world.clock.now(), names.id_of("local/bot"), principals.proof(key()))
    found = await world.refusal(world.call(READ, {"path": "a"}))
    assert found.decision.reasons[0].code == "session_ended"
    assert world.leaves("session")[-1]["reason"] == "revoked"
    world.verify()


async def test_a_second_program_with_the_same_key_is_seen_and_refused(world: World) -> None:
    """The session it opens says so, and policy refuses its calls; the first goes on, as does its own second server."""
    mine = enrol(world, "local/bot", key())
    first = await join(world, "local/bot", key=mine)
    assert await join(world, "local/bot", key=mine) == first
    second = await join(world, "local/bot", OTHER, key=mine)
    assert second.id != first.id and second.labels == {SHARED} and SHARED not in first.labels
    found = await world.refusal(world.call(READ, {"path": "a"}))
    assert found.decision.verdict == "deny" and found.decision.reasons[0].policy == "starter/shared-keys"
    world.session = first.id
    await world.run(world.call(READ, {"path": "a"}))
    world.verify()


async def test_a_key_is_free_again_when_its_program_has_gone(world: World) -> None:
    """A program that died holds no key; nor is the doubt inherited by the session after."""
    mine = enrol(world, "local/bot", key())
    await join(world, "local/bot", "boot:9:9", key=mine)  # runs no more
    with world.store.read() as reader:
        [node] = [id for id, _ in reader.nodes().items() if id == world.home.node]
    assert node
    session = await join(world, "local/bot", ONE, key=mine)
    assert session.labels == frozenset()
    second = await join(world, "local/bot", OTHER, key=mine)
    assert second.labels == {SHARED}
    for one in (session, second):
        await world.home.sessions.end(one.id)
    assert (await join(world, "local/bot", OTHER, key=mine)).labels == frozenset()


async def test_who_is_disabled_opens_nothing(world: World) -> None:
    """Nor does anybody whose owner is."""
    enrol(world, "User::ben")
    ben = PrincipalId('User::"ben"')
    members = lambda _: frozenset()  # noqa: E731
    wanted = Principal("Agent", "local/bot", ben)
    principals.add(world.log, world.operator, world.clock.now(), wanted, members)
    for whom in (ben, wanted.id):
        for status in ("disabled", "active"):
            to = lambda one, status=status: replace(one, status=status)  # noqa: E731
            principals.change(world.log, world.operator, world.clock.now(), whom, members, to)
            if status == "disabled":
                await refused("principal_not_active", world, "local/bot")
    await join(world, "local/bot")


async def test_an_agent_of_elsewhere_acts_under_a_delegation(world: World) -> None:
    """Without one it opens nothing; with one that is its own; with several it says which; the session ends with it."""
    mine = enrol(world, public=key())
    await refused("no_delegation", world, key=mine)
    given = give(world)
    session = await join(world, key=mine)
    assert (session.chain, session.expires) == ((given.id,), given.expires)
    second = give(world, 1)
    await refused("which_delegation", world, client=OTHER, key=mine)
    assert (await join(world, client=OTHER, key=mine, delegation=second.id)).chain == (second.id,)
    opened = [leaf for leaf in world.leaves("session") if leaf["event"] == "open"]
    assert [leaf["under"] for leaf in opened] == [[given.id], [second.id]]
    world.verify()


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("unknown_delegation", {"status": "revoked"}),
        ("unknown_delegation", {"expires": 1}),
        ("unknown_delegation", {"not_before": 2**50}),
        ("unknown_delegation", {"parent": "dlg_" + "z" * 26}),
        ("unknown_delegation", {"id": DelegationId("dlg_x")}),
        ("chain_broken", {"subject": PrincipalId('Agent::"ci/test"')}),
        ("chain_broken", {"parent": "dlg_" + "a" * 26}),  # its own
    ],
)
async def test_a_delegation_that_does_not_hold_opens_nothing(world: World, code: str, more: dict[str, object]) -> None:
    """Revoked, expired, early, without its parent, unknown, another's, or a circle."""
    mine = enrol(world, public=key())
    give(world, **more)
    await refused(code, world, key=mine, delegation="dlg_" + "a" * 26)


async def test_one_client_stands_on_one_thing(world: World) -> None:
    """A second server of the same client does not join the session under another delegation."""
    mine = enrol(world, public=key())
    one, other = give(world), give(world, 1)
    await join(world, key=mine, delegation=one.id)
    await refused("other_session", world, key=mine, delegation=other.id)


async def opened(world: World, **more: object) -> Session:
    """A session that the owner opens for the local agent, which is enrolled."""
    if not world.session:
        await join(world, "local/claude")
        await world.home.sessions.end(world.session)
    session = await world.home.sessions.open_for(names.id_of("local/claude"), Opening(**more))  # type: ignore[arg-type]
    world.session = session.id
    return session


async def test_a_session_that_a_person_opened(world: World) -> None:
    """Its task is known by digest and committed to; it outlives its programs, one at a time, and is one agent's."""
    session = await opened(world, task="tidy the notes")
    assert session.task == task_digest("tidy the notes")
    assert (await join(world, "local/claude", session=session.id)).id == session.id
    await refused("session_taken", world, "local/claude", OTHER, session=session.id)
    await refused("other_principal", world, "local/codex", OTHER, session=session.id)
    assert not await world.home.sessions.leave(session.id)
    world.log.submit(lambda tx: tx.put_state(f"held:{session.id}", "boot:9:9"), durable=True).result()  # it has gone
    await join(world, "local/claude", OTHER, session=session.id)
    await world.run(world.call(READ, {"path": "a"}))
    await world.home.sessions.end(session.id)
    await refused("session_ended", world, "local/claude", session=session.id)
    assert b"tidy" not in b"".join(data for _, data in _leaves(world))
    world.verify()


def _leaves(world: World) -> list[tuple[int, bytes]]:
    with world.store.read() as reader:
        return list(reader.leaves())


async def test_only_a_persons_session_is_joined_by_its_id(world: World) -> None:
    """The id of a client's own session, or none, opens nothing."""
    own = await join(world, "local/claude")
    await refused("unknown_session", world, "local/claude", OTHER, session=own.id)
    await refused("unknown_session", world, "local/claude", OTHER, session="ses_" + "a" * 26)


async def test_a_session_is_over_when_its_time_is(world: World) -> None:
    """From its expiry on nothing is decided in it, and its last leaf says why."""
    await opened(world, expires=world.clock.now() + 60_000)
    await world.run(world.call(READ, {"path": "a"}))
    world.clock.pass_time(60)
    found = await world.refusal(world.call(READ, {"path": "a"}))
    assert found.decision.reasons[0].code == "session_ended"
    assert await world.home.sessions.lapse() == 1 and await world.home.sessions.lapse() == 0
    assert world.leaves("session")[-1]["reason"] == "expired"
    world.verify()


async def test_a_session_is_over_when_nothing_happens(world: World) -> None:
    """Each receipt puts its end off; a pause ends it."""
    await opened(world, idle=60_000)
    for _ in range(3):
        world.clock.pass_time(50)
        await world.run(world.call(READ, {"path": "a"}))
    world.clock.pass_time(60)
    found = await world.refusal(world.call(READ, {"path": "a"}))
    assert found.decision.reasons[0].code == "session_ended"
    assert await world.home.sessions.lapse() == 1
    assert world.leaves("session")[-1]["reason"] == "idle"
    world.verify()


async def test_what_runs_is_waited_for(world: World) -> None:
    """A session whose time is over is closed after the outcome of what was under way."""
    await opened(world, expires=world.clock.now() + 10_000)
    permit = await world.permit(world.call(READ, {"path": "a"}))
    world.clock.pass_time(11)
    assert await world.home.sessions.lapse() == 0
    with pytest.raises(AssentError) as error:  # privilege ends with the session: it may not start any more
        await world.guard.begin(permit)
    assert error.value.code == "permit_expired"  # which ends no later than its session
    assert await world.home.sessions.lapse() == 1
    world.verify()


async def test_a_persons_session_starts_clean(world: World) -> None:
    """What sessions before it have seen does not stick to one that a person opens; to a client's own it does."""
    await join(world, "local/claude")
    with world.store.read() as reader:
        row = reader.session(world.session)
    assert row is not None
    world.log.submit(lambda tx: tx.put_session(replace(row, labels=frozenset({"secret"}))), durable=True).result()
    await world.home.sessions.end(world.session)
    assert (await opened(world)).labels == frozenset()
    assert (await join(world, "local/claude", OTHER)).labels == {"secret"}


async def test_ending_is_once(world: World) -> None:
    """An unknown session and one that is over are told apart."""
    await join(world, "local/claude")
    await world.home.sessions.end(world.session)
    for id, code in ((world.session, "session_ended"), (SessionId("ses_x"), "unknown_session")):
        with pytest.raises(AssentError) as error:
            await world.home.sessions.end(id)
        assert error.value.code == code
