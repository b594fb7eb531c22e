"""Observing: what policy would ask about or stop goes through, is recorded as that, and ends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import mode
from assent.cli.observations import observations
from assent.errors import RequestError
from assent.keys.file import KeySigner
from tests.world import World, tool

SEND = tool("send_message", recipient={"type": "string"}, text={"type": "string"})
READ = tool("read_file", path={"type": "string"})
MESSAGE = {"recipient": "bob@example.org", "text": "hello"}
DAY_S = 86_400


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A home under the starter policy that observes for a week; at the end its whole log is verified."""
    made = World(tmp_path)
    mode.observe(made.log, made.operator, made.clock.now())
    yield made
    report = made.verify()
    assert not report.problems


async def test_what_would_ask_goes_through_and_its_receipt_says_so(world: World) -> None:
    """The true verdict stands in the receipt, and that it was observed only; one permit, one outcome."""
    await world.join()
    await world.run(world.call(SEND, MESSAGE))
    leaf = world.leaves("decision")[-1]
    assert (leaf["decided"], leaf["verdict"], leaf["mode"]) == ("escalate", "allow", "observe")
    assert leaf["permit"] and "needs_approval" in leaf["reasons"]  # type: ignore[operator]
    assert any("OBSERVED ONLY: 1" in note for note in world.verify().notes)


async def test_what_policy_forbids_goes_through_too(world: World, tmp_path: Path) -> None:
    """A deny of a policy file is policy's word, so it is observed."""
    await world.join()
    (tmp_path / ".ssh").mkdir()
    await world.run(world.call(READ, {"path": str(tmp_path / ".ssh" / "id_rsa")}))
    leaf = world.leaves("decision")[-1]
    assert (leaf["decided"], leaf["verdict"]) == ("deny", "allow")


async def test_what_guards_assent_is_never_observed(world: World) -> None:
    """Invariant 9: the built-in base deny holds in every mode."""
    await world.join()
    refused = await world.refusal(world.call(READ, {"path": str(world.config.home / "policy" / "starter.cedar")}))
    assert refused.decision.reasons[0].code == "reaches_assent"
    assert world.leaves("decision")[-1]["verdict"] == "deny"


async def test_a_persons_no_holds(world: World) -> None:
    """What a person refused in this session stays refused."""
    await world.join()
    mode.enforce(world.log, world.operator, world.clock.now())
    question = await world.asked(world.call(SEND, MESSAGE))
    world.say(question.id, "deny")
    mode.observe(world.log, world.operator, world.clock.now())
    assert (await world.refusal(world.call(SEND, MESSAGE))).decision.reasons[0].code == "refused_by_person"


async def test_malformed_and_changed_stay_refused(world: World) -> None:
    """Only policy's word is observed: arguments, pins and what cannot be established are not policy."""
    await world.join()
    assert (await world.refusal(world.call(SEND, {"recipient": 3}))).decision.verdict == "deny"
    assert (await world.refusal(world.call(SEND, MESSAGE, barred="tool_changed"))).decision.verdict == "deny"
    assert (await world.refusal(world.call(SEND, MESSAGE, trouble=("clock_jump",)))).decision.verdict == "defer"


async def test_without_a_durable_receipt_nothing_goes_through(world: World) -> None:
    """Persist before you permit, in this mode as well."""
    await world.join()
    world.memory.broken = True
    assert (await world.refusal(world.call(SEND, MESSAGE))).decision.reasons[0].code == "not_durable"
    world.memory.broken = False
    assert not [leaf for leaf in world.leaves("decision") if leaf["verdict"] == "allow"]


async def test_it_ends_by_itself_and_when_the_operator_says_so(world: World) -> None:
    """After its time, and after `enforce`, the next call is asked about."""
    await world.join()
    await world.run(world.call(SEND, MESSAGE))
    mode.enforce(world.log, world.operator, world.clock.now())
    await world.asked(world.call(SEND, MESSAGE))
    mode.observe(world.log, world.operator, world.clock.now(), 1)
    await world.run(world.call(SEND, {**MESSAGE, "text": "again"}))
    for _ in range(25):  # no jump: time passes while the home is used
        world.clock.pass_time(3_600)
        await world.run(world.call(tool("list_things"), {"query": "x"}))
    assert (await world.asked(world.call(SEND, {**MESSAGE, "recipient": "cleo@example.org"}))).status == "pending"


async def test_a_switch_that_this_process_has_not_seen_is_compared(world: World) -> None:
    """Another process enforces: the decision made from what was last seen is not committed."""
    await world.join()
    await world.run(world.call(SEND, MESSAGE))
    assert world.home.rules(False).observing(world.clock.now())
    world.put_state(mode.STATE, "")
    assert world.home.rules(False).observing(world.clock.now())  # not seen yet
    await world.asked(world.call(SEND, {**MESSAGE, "text": "again"}))


def test_only_the_operators_key_can_say_it(world: World) -> None:
    """No other key, no longer than 30 days."""
    stranger = KeySigner(Ed25519PrivateKey.generate(), "passphrase")
    for switch in (mode.observe, mode.enforce):
        with pytest.raises(RequestError, match="enrolled"):
            switch(world.log, stranger, world.clock.now())
    with pytest.raises(RequestError, match="30 days"):
        mode.observe(world.log, world.operator, world.clock.now(), 31)


async def test_the_report_counts_variations_once(world: World) -> None:
    """By rule: calls, and the questions they would have come to."""
    await world.join()
    for text in ("one", "two", "three"):
        await world.run(world.call(SEND, {**MESSAGE, "text": text}))
    await world.run(world.call(SEND, {**MESSAGE, "recipient": "cleo@example.net"}))
    await world.run(world.call(tool("list_things"), {"query": "x"}))
    with world.store.read() as reader:
        found = observations(reader)
    assert (found.calls, found.asked, found.stopped, found.questions) == (5, 4, 0, 2)
    assert {rule.id: (rule.asked, rule.questions) for rule in found.rules}["starter/outbound"] == (4, 2)
    assert found.rules[0].tools == [("files/send_message", 4)]
