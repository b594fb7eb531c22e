"""A yes for these targets, this session: what it lets pass, what it never does, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from assent.admin.revoke import Wanted, revoke
from assent.approve.answer import Said, answer
from assent.approve.delegate import Terms
from assent.cli.ledger import receipt_of, values_of
from assent.cli.observations import facts_of
from assent.decide.pdp import decide
from assent.enforce.guard import Allowed, Refused
from assent.errors import RequestError
from assent.model.delegation import Delegation
from assent.model.ids import LeafIndex, SessionId
from assent.model.outcome import Outcome
from tests.world import OWNER, World, tool

PROFILE = """
[server]
name = "files"
packages = ["pypi:nothing"]
versions = ["1"]
"""
SEND = tool("send_message", recipient={"type": "string"}, text={"type": "string"})
OTHER = tool("send_mail", recipient={"type": "string"}, text={"type": "string"})
TO_BOB = {"recipient": "bob@example.org", "text": "hello"}
POLICY = """
@id("all") permit (principal, action, resource);
@id("sends") @escalate("owner") @self @grantable @reason("it sends")
forbid (principal, action in Action::"effect:send", resource);
"""
FIRM = (
    POLICY
    + """
@id("firm") @escalate("owner") @self @reason("asked each time")
forbid (principal, action in Action::"effect:send", resource);
"""
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A home where sending asks and can be granted; at the end its whole log is verified."""
    made = World(tmp_path, POLICY)
    yield made
    report = made.verify()
    assert not report.problems, report.problems


async def granted(world: World, count: int = 2, seconds: int = 600) -> Delegation:
    """The owner's yes for the session to one message to bob; the call itself is made."""
    if not world.session:
        await world.join()
    question = await world.asked(world.call(SEND, TO_BOB))
    said = Said(question.id, OWNER, "approve", world.clock.now(), terms=Terms(count, seconds))
    answer(world.log, said, world.operator, world.home.rules().bundle.members)
    await world.run(world.call(SEND, TO_BOB))
    with world.store.read() as reader:
        return reader.delegations(world.session)[0]


def used(world: World, given: Delegation) -> int:
    """How many calls have passed on it."""
    with world.store.read() as reader:
        found = reader.delegation(given.id)
    assert found is not None
    return found.used


async def test_calls_to_the_same_targets_pass_until_the_count_is_used_up(world: World) -> None:
    """Another text to the same recipient passes, names the delegation, and takes one off; the next asks."""
    given = await granted(world)
    assert used(world, given) == 0  # the call that was shown had its own yes
    for text in ("one", "two"):
        await world.run(world.call(SEND, {**TO_BOB, "text": text}))
        assert world.leaves("decision")[-1]["delegation"] == given.id
    assert used(world, given) == 2
    await world.asked(world.call(SEND, {**TO_BOB, "text": "three"}))


async def test_it_lets_nothing_else_pass(world: World) -> None:
    """Another recipient, another tool, another session, a changed definition, what the session has seen since."""
    given = await granted(world, 20)
    await world.asked(world.call(SEND, {**TO_BOB, "recipient": "cleo@example.org"}))
    await world.asked(world.call(SEND, {**TO_BOB, "recipient": "bob@example.org, cleo@example.org"}))
    await world.asked(world.call(OTHER, TO_BOB))
    changed = tool("send_message", recipient={"type": "string"}, text={"type": "string"}, cc={"type": "string"})
    await world.asked(world.call(changed, TO_BOB))
    mine = world.session
    world.session = SessionId("")
    await world.join("claude", "boot:2:2")
    await world.asked(world.call(SEND, {**TO_BOB, "text": "from another session"}))
    world.session = mine
    await world.guard.heard(mine, "files", {"text": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA"})
    with world.store.read() as reader:
        session = reader.session(mine)
    assert session is not None and "secret" in session.labels
    await world.asked(world.call(SEND, {**TO_BOB, "text": "later"}))
    assert used(world, given) == 0


async def test_it_lifts_no_other_rule_and_no_base_deny(world: World) -> None:
    """Invariant 3: a rule that was not shown, or whose text has changed, asks; a deny stays one."""
    given = await granted(world, 20)
    world.activate(FIRM)
    assert {a.policy for a in (await world.asked(world.call(SEND, {**TO_BOB, "text": "a"}))).asked} == {"sends", "firm"}
    world.activate(POLICY.replace("it sends", "it really sends"))
    await world.asked(world.call(SEND, {**TO_BOB, "text": "b"}))
    world.activate(POLICY + '@id("never") forbid (principal, action in Action::"effect:send", resource);')
    assert (await world.refusal(world.call(SEND, {**TO_BOB, "text": "c"}))).decision.verdict == "deny"
    world.activate(POLICY.replace("@grantable", ""))
    await world.asked(world.call(SEND, {**TO_BOB, "text": "d"}))
    assert used(world, given) == 0


async def test_only_where_every_rule_that_asked_is_grantable(tmp_path: Path) -> None:
    """`not_grantable`, and then nothing at all was answered."""
    world = World(tmp_path, FIRM)
    await world.join()
    question = await world.asked(world.call(SEND, TO_BOB))
    said = Said(question.id, OWNER, "approve", world.clock.now(), terms=Terms())
    with pytest.raises(RequestError, match="`firm` is not @grantable"):
        answer(world.log, said, world.operator, world.home.rules().bundle.members)
    with world.store.read() as reader:
        assert reader.approval(question.id) == question
        assert reader.delegations() == []
    bad = Said(question.id, OWNER, "approve", world.clock.now(), terms=Terms(101))
    with pytest.raises(RequestError, match="1 to 100"):
        answer(world.log, bad, world.operator, world.home.rules().bundle.members)


async def test_it_ends_with_time_session_and_the_operators_word(world: World) -> None:
    """Expired, revoked, ended: each asks again; a revoked one lets no earlier permit be consumed."""
    given = await granted(world, 20, 60)
    permit = await world.permit(world.call(SEND, {**TO_BOB, "text": "one"}))
    world.clock.ran += 100  # later than at once
    taken = Wanted("delegation", given.id)
    assert revoke(world.log, taken, world.operator, world.clock.now()).fresh
    with pytest.raises(Exception, match="revoked"):
        await world.guard.begin(permit)
    await world.asked(world.call(SEND, {**TO_BOB, "text": "two"}))
    assert not revoke(world.log, taken, world.operator, world.clock.now()).fresh
    again = await granted_again(world)
    world.clock.pass_time(61)
    await world.asked(world.call(SEND, {**TO_BOB, "text": "three"}))
    await world.home.sessions.leave(world.session)
    with world.store.read() as reader:
        assert reader.delegation(again.id).status == "ended"  # type: ignore[union-attr]


async def granted_again(world: World) -> Delegation:
    """Another one, to another recipient, for a minute."""
    call = world.call(SEND, {**TO_BOB, "text": "two"})
    question = await world.asked(call)
    said = Said(question.id, OWNER, "approve", world.clock.now(), terms=Terms(5, 60))
    answer(world.log, said, world.operator, world.home.rules().bundle.members)
    await world.run(call)
    with world.store.read() as reader:
        return next(one for one in reader.delegations(world.session) if one.status == "live")


async def test_of_two_calls_for_the_last_count_one_passes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count is compared and used in the transaction that mints the permit."""
    given = await granted(world, 1)
    commit = world.log.commit

    async def late(*job: object, **how: object) -> object:
        await asyncio.sleep(0.05)  # all have decided before any of them commits
        return await commit(*job, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(world.log, "commit", late)
    calls = [world.call(SEND, {**TO_BOB, "text": f"racing {n}"}) for n in range(8)]
    rulings = await asyncio.gather(*(world.guard.authorize(call) for call in calls))
    allowed = [one for one in rulings if isinstance(one, Allowed)]
    assert len(allowed) == 1 and used(world, given) == 1
    assert all(isinstance(one, Refused) for one in rulings if one not in allowed)
    permit = allowed[0].permit
    assert permit is not None
    await world.guard.begin(permit)
    await world.guard.settle(permit, Outcome("succeeded", "gateway"))


async def test_without_a_durable_receipt_the_count_is_whole(world: World) -> None:
    """A commit that fails uses nothing up and lets nothing pass."""
    given = await granted(world)
    world.memory.broken = True
    assert (await world.refusal(world.call(SEND, {**TO_BOB, "text": "x"}))).decision.reasons[0].code == "not_durable"
    world.memory.broken = False
    assert used(world, given) == 0


async def test_a_persons_no_goes_before_it(world: World) -> None:
    """A later no to the same targets ends what was granted before."""
    await granted(world, 20)
    call = world.call(SEND, {**TO_BOB, "recipient": "cleo@example.org"})
    world.say((await world.asked(call)).id, "deny")
    assert (await world.refusal(call)).decision.reasons[0].code == "refused_by_person"
    await world.run(world.call(SEND, {**TO_BOB, "text": "still"}))


async def test_a_verdict_is_recomputed_from_its_receipt(world: World) -> None:
    """Invariant 10: the recorded facts hold the one delegation it stood on, and give the same decision."""
    given = await granted(world, 5)
    cleo = world.call(SEND, {**TO_BOB, "recipient": "cleo@example.org"})
    said = Said((await world.asked(cleo)).id, OWNER, "approve", world.clock.now(), terms=Terms(5, 60))
    answer(world.log, said, world.operator, world.home.rules().bundle.members)
    await world.run(cleo)
    await world.run(world.call(SEND, {**TO_BOB, "text": "later"}))
    with world.store.read() as reader:
        index = max(n for n, data in reader.leaves() if b'"delegation":"' in data and b'"kind":"decision"' in data)
        receipt = receipt_of(index, reader.leaf(LeafIndex(index)) or b"")
        facts = facts_of(reader, values_of(reader, receipt) or {})
    assert facts is not None and [one.id for one in facts.delegations] == [given.id]
    again = decide(world.home.rules().bundle, facts)
    assert (again.verdict, again.delegation) == (receipt.text("verdict"), receipt.text("delegation"))
