"""Proposed rules load, let the repeated call pass, and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assent.approve.repeated import proposals
from assent.model.approval import Approval
from tests.world import World, tool

TEXT = {"type": "string"}
SEND = tool("send_message", recipient=TEXT, text=TEXT)
MANY = tool("send_to_all", recipient={"type": "array", "items": TEXT}, text=TEXT)
BOB = {"recipient": "bob@example.org", "text": "hello"}
POLICY = """
@id("mine/all") permit (principal, action, resource);

@id("mine/sends")
@escalate("owner") @self
@reason("it sends") // said to people
forbid (principal, action in Action::"effect:send", resource)
when { true };
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, POLICY)
    yield made
    made.verify()


async def approved(world: World, arguments: dict[str, str]) -> Approval:
    """One call, asked about, approved and made."""
    call = world.call(SEND, arguments)
    question = await world.asked(call)
    after = world.say(question.id, "approve")
    await world.run(call)
    return after


def proposed(world: World) -> list[tuple[int, str]]:
    with world.store.read() as reader:
        return proposals(reader.approvals(), world.home.rules().bundle)


async def test_three_equal_answers_propose_a_rule_that_is_narrow(world: World) -> None:
    """After the third yes: loads, the same recipient passes whatever the text; everything else still asks."""
    await world.join()
    for text in ("one", "two"):
        await approved(world, {**BOB, "text": text})
    assert proposed(world) == []
    await approved(world, {**BOB, "text": "three"})
    [(count, text)] = proposed(world)
    assert count == 3
    world.activate(POLICY.partition('@id("mine/sends")')[0] + text)
    await world.run(world.call(SEND, {**BOB, "text": "four"}))
    await world.asked(world.call(SEND, {**BOB, "recipient": "cleo@example.org"}))
    await world.asked(world.call(SEND, {**BOB, "recipient": "bob@example.org.evil.test"}))
    await world.asked(world.call(tool("send_other", recipient=TEXT, text=TEXT), dict(BOB)))
    # another tool with an argument of that name and another type stays usable
    refused = await world.refusal(world.call(MANY, {"recipient": ["bob@example.org"], "text": "x"}))
    assert refused.decision.verdict == "escalate"
    await world.guard.heard(world.session, "files", {"text": "-----BEGIN RSA PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA"})
    await world.asked(world.call(SEND, {**BOB, "text": "after a secret"}))


async def test_nothing_is_proposed_that_cannot_be_said_narrowly(world: World) -> None:
    """Different targets, refusals, built-in rules and changed rules propose nothing; nothing is ever applied."""
    await world.join()
    before = world.home.rules().bundle.digest
    for name in ("a", "b", "c"):
        await approved(world, {**BOB, "recipient": f"{name}@example.org"})
    assert proposed(world) == []
    for text in ("one", "two", "three"):
        await approved(world, {**BOB, "text": text})
    assert len(proposed(world)) == 1
    assert world.home.rules().bundle.digest == before
    world.activate(POLICY.replace("it sends", "it really sends"))
    assert proposed(world) == []


async def test_names_are_written_so_that_they_mean_themselves(world: World) -> None:
    """Quotes, backslashes and other letters in a target neither break out of the rule nor widen it."""
    await world.join()
    odd = 'b"o\\b\u202e || true@example.org'
    for text in ("one", "two", "three"):
        await approved(world, {"recipient": odd, "text": text})
    found = proposed(world)
    assert len(found) == 1
    for _, text in found:
        assert text.isascii()
        world.activate(POLICY.partition('@id("mine/sends")')[0] + text)
        await world.run(world.call(SEND, {"recipient": odd, "text": "four"}))
        await world.asked(world.call(SEND, dict(BOB)))
