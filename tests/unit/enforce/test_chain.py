"""The guard under a chain of delegation: compared at commit, counted, taken back (DESIGN §3, §4.3)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from assent.enforce.guard import Allowed
from assent.errors import RefusedError
from assent.identity.permits import Trust
from assent.model.grant import Grant, Limits
from assent.model.ids import DelegationId, Digest, PrincipalId, SessionId
from assent.model.outcome import Outcome
from assent.model.principal import Enrolled, Principal
from assent.ports import Spent, Transaction
from assent.record import epoch
from assent.resource.executor import Asked, Executor
from assent.resource.home import HomeConsumption
from tests.unit.evidence.recording import of_store
from tests.world import NOW, OWNER, World, tool

POLICY = '@id("all") permit (principal, action, resource);'
READ = tool("read_thing")
SUB = PrincipalId('Agent::"ci/sub"')


def grant(at: int, issuer: str, subject: str, **more: object) -> Grant:
    """One link of a chain, without its token: these tests begin where it was verified."""
    known = Grant(
        id=DelegationId("dlg_" + chr(96 + at) * 25 + "a"),
        parent="dlg_" + chr(95 + at) * 25 + "a" if at > 1 else "",
        issuer=PrincipalId(issuer),
        subject=PrincipalId(subject),
        limits=Limits(depth=8),
        not_before=0,
        expires=NOW + 3_600_000,
        digest=Digest("sha256:" + "0" * 64),
    )
    return replace(known, **more)  # type: ignore[arg-type]


class Chained(World):
    """A world whose session acts under `User ana → Agent ci/sub → the agent`."""

    async def chained(self, *grants: Grant, **session: object) -> SessionId:
        id = await self.join()

        def job(tx: Transaction) -> None:
            known = tx.session(id)
            assert known is not None
            tx.put(Enrolled(SUB, OWNER, Principal("Agent", "ci/sub", OWNER), NOW))
            for one in grants:
                tx.put(one)
            chain = tuple(one.id for one in grants)
            tx.put_session(replace(known, chain=chain, version=known.version + 1, **session))  # type: ignore[arg-type]

        self.log.submit(job, durable=True).result()
        return id

    def change(self, one: object, *, moved: bool = True) -> None:
        """Another process has changed a record, as `assent revoke` does."""

        def job(tx: Transaction) -> None:
            tx.put(one)
            if moved:
                epoch.move(tx)

        self.log.submit(job, durable=True).result()

    async def code(self) -> str:
        """What becomes of one call: `allow`, or the code of the refusal."""
        ruling = await self.guard.authorize(self.call(READ, {"query": "x"}))
        if isinstance(ruling, Allowed):
            assert ruling.permit is not None
            await self.guard.begin(ruling.permit)
            await self.guard.settle(ruling.permit, Outcome("succeeded", "gateway", b"{}"))
            return "allow"
        return ruling.decision.reasons[0].code


@pytest.fixture
def world(tmp_path: Path) -> Chained:
    return Chained(tmp_path, POLICY)


def pair(**last: object) -> tuple[Grant, Grant]:
    """`ana → ci/sub → claude`, with what a test changes of the last link."""
    return grant(1, OWNER, SUB), grant(2, SUB, 'Agent::"local/claude"', **last)


def run(world: Chained, *grants: Grant, **session: object) -> None:
    asyncio.run(world.chained(*grants, **session))


def codes(world: Chained, count: int = 1) -> list[str]:
    async def all_() -> list[str]:
        return [await world.code() for _ in range(count)]

    return asyncio.run(all_())


def test_the_whole_chain_is_in_the_receipt(world: Chained) -> None:
    """Its delegations by id, in order; the log still verifies."""
    run(world, *pair())
    assert codes(world) == ["allow"]
    [leaf] = world.leaves("decision")
    assert leaf["chain"] == [one.id for one in pair()]
    assert world.verify().sound is True


def test_a_link_that_is_taken_back_ends_it_at_the_next_call(world: Chained) -> None:
    """Remembered or not: what was known of a chain holds for one epoch alone."""
    first, last = pair()
    run(world, first, last)
    assert codes(world, 2) == ["allow", "allow"]
    world.change(replace(first, status="revoked"))
    assert codes(world, 2) == ["delegation_revoked"] * 2
    world.change(replace(first, status="live"))
    assert codes(world) == ["allow"]


def test_a_link_that_is_missing_leaves_nobody(world: Chained) -> None:
    """A chain that cannot be read whole is no chain."""
    first, last = pair()
    run(world, first, last)
    world.log.submit(lambda tx: tx.drop(Grant, first.id), durable=True).result()
    assert codes(world) == ["unknown_principal"]


def test_somebody_who_is_disabled_stops_everything_below(world: Chained) -> None:
    """A delegator, or the owner of one."""
    run(world, *pair())
    assert codes(world) == ["allow"]
    world.change(Enrolled(SUB, OWNER, Principal("Agent", "ci/sub", OWNER, status="disabled"), NOW))
    assert codes(world) == ["principal_disabled"]
    world.change(Enrolled(SUB, OWNER, Principal("Agent", "ci/sub", OWNER), NOW))
    assert codes(world) == ["allow"]
    world.change(Enrolled(OWNER, "", Principal("User", "local/ana", None, status="disabled"), NOW))
    assert codes(world) == ["principal_disabled"]


def test_a_revocation_between_decision_and_effect_voids_the_permit(world: Chained) -> None:
    """Invariant 6: no earlier permit can be consumed once it is acknowledged."""
    first, last = pair()
    run(world, first, last)

    async def late() -> str:
        permit = await world.permit(world.call(READ, {"query": "x"}))
        world.change(replace(first, status="revoked"))
        world.clock.pass_time(1)
        try:
            await world.guard.begin(permit)
        except RefusedError as error:
            return error.code
        return "ran"

    assert asyncio.run(late()) == "revoked"


def test_a_number_of_calls_is_never_overspent(world: Chained) -> None:
    """Over all that stands on a link; the commit says so, in the receipt too."""
    first, last = pair()
    run(world, replace(first, limits=Limits(calls=2, depth=1)), replace(last, limits=Limits(calls=9)))
    assert codes(world, 4) == ["allow", "allow", "delegation_used_up", "delegation_used_up"]
    with world.store.read() as reader:
        assert {one.owner: one.used for one in reader.find_all(Spent)} == {first.id: 2, last.id: 2}
    assert [leaf["verdict"] for leaf in world.leaves("decision")] == ["allow", "allow", "deny", "deny"]
    tally = of_store(world.store)  # made again from its receipts, each is what it was
    assert (tally.decisions, tally.agree, tally.stricter["delegation_used_up"]) == (4, 4, 2)
    assert world.verify().sound is True


def test_what_never_reached_its_server_is_given_back(world: Chained) -> None:
    """DESIGN §5: a failure refunds only if the call provably never got there."""
    first, last = pair(limits=Limits(calls=1))
    run(world, first, last)

    async def failed(reached: bool) -> None:
        permit = await world.permit(world.call(READ, {"query": "x"}))
        await world.guard.begin(permit)
        await world.guard.settle(permit, Outcome("failed", "gateway", reached=reached))

    asyncio.run(failed(False))
    asyncio.run(failed(True))
    assert codes(world) == ["delegation_used_up"]


def test_calls_at_the_same_time_take_no_more_than_there_are(world: Chained) -> None:
    """Ten at once on a count of three: exactly three pass."""
    first, last = pair(limits=Limits(calls=3))
    run(world, first, last)

    async def together() -> list[str]:
        return list(await asyncio.gather(*(world.code() for _ in range(10))))

    assert sorted(asyncio.run(together())) == ["allow"] * 3 + ["delegation_used_up"] * 7


@pytest.mark.parametrize(("session", "seconds"), [({"expires": NOW + 60_000}, 60), ({"idle": 60_000}, 61)])
def test_a_session_is_over_by_itself(world: Chained, session: dict[str, int], seconds: int) -> None:
    """At its expiry, or when nothing was done in it for too long; never a moment later."""
    run(world, *pair(), **session)
    assert codes(world) == ["allow"]
    world.clock.pass_time(30)
    assert codes(world) == ["allow"]
    world.clock.pass_time(seconds)
    assert codes(world) == ["session_ended"]


def test_a_clock_that_is_off_lets_nothing_expired_pass(world: Chained) -> None:
    """Time is max(clock, highest recorded): five minutes back, what has expired stays so."""
    first, last = pair(expires=NOW + 10_000)
    run(world, first, last)
    assert codes(world) == ["allow"]
    world.clock.pass_time(11)
    assert codes(world) == ["delegation_expired"]
    world.clock.wall -= 300_000
    world.clock.ran += 2_000
    assert codes(world)[0] in ("delegation_expired", "clock_jump")


def test_a_clock_set_back_does_not_open_a_session_again(world: Chained) -> None:
    """Time is max(clock, highest recorded) for sessions too."""
    run(world, *pair(), expires=NOW + 10_000)
    assert codes(world) == ["allow"]
    world.clock.pass_time(9)
    assert codes(world) == ["allow"]
    world.clock.pass_time(2)
    assert codes(world) == ["session_ended"]
    world.clock.wall -= 300_000
    assert codes(world)[0] in ("session_ended", "clock_jump")


def test_another_chain_of_the_same_session_is_read_anew(world: Chained) -> None:
    """What was remembered of one chain is nothing of another, whether the epoch moved or not."""
    first, last = pair()
    run(world, first, last)
    assert codes(world) == ["allow"]
    narrow = replace(last, id=DelegationId("dlg_" + "c" * 25 + "a"), limits=Limits(actions=("effect:pay",)))

    def job(tx: Transaction) -> None:
        known = tx.session(world.session)
        assert known is not None
        tx.put(narrow)
        tx.put_session(replace(known, chain=(first.id, narrow.id), version=known.version + 1))

    world.log.submit(job, durable=True).result()
    assert codes(world) == ["outside_delegation"]


def test_a_permit_names_the_chain_and_falls_with_it(world: Chained) -> None:
    """Whose authority and who acts stand in it (RFC 8693 §4.1); a parent revoked before the effect stops it."""
    run(world, *pair())
    home, token = world.home, asyncio.run(_token(world))
    trust = Trust.parse(Trust.published(world.log.origin, [home.authority().public]))
    executor = Executor("files", trust, HomeConsumption(world.log, world.clock))
    asked = Asked.of_tool(READ.name, {"query": "x"})
    said = executor.check(token, asked)
    assert (said.subject, said.actors) == (OWNER, ('Agent::"local/claude"', SUB))
    assert said.chain == tuple(one.id for one in pair())
    world.change(replace(pair()[0], status="revoked"))
    with pytest.raises(RefusedError) as caught:
        executor.accept(token, asked)
    assert caught.value.code == "revoked"


@pytest.mark.parametrize("ends", ["link", "session"])
def test_no_permit_outlives_what_it_stands_on(world: Chained, ends: str) -> None:
    """It expires with the first link of its chain, or with its session, for its executor may ask nobody."""
    soon = NOW + 7_000
    run(world, *pair(expires=soon) if ends == "link" else pair(), **({} if ends == "link" else {"expires": soon}))
    permit = asyncio.run(world.permit(world.call(READ, {"query": "x"})))
    assert permit.expires == soon


async def _token(world: Chained) -> str:
    permit = await world.permit(world.call(READ, {"query": "x"}, consumer="home"))
    await world.guard.begin(permit)
    return world.home.mint(permit)
