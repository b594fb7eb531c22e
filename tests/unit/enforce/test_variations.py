"""Variations of one call are one question: asked once, told once, refused once (DESIGN §8)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World, tool

TEXT = {"type": "string"}
SEND = tool("send_message", recipient=TEXT, text=TEXT)
VAGUE = tool("frobnicate", what=TEXT, tags={"type": "array", "items": TEXT})
BOB = {"recipient": "bob@example.org", "text": "hello"}
SAME = [{**BOB, "text": "another text altogether"}, {**BOB, "recipient": " BOB@example.org "}]
ALIKE = [
    {"what": "do   it NOW", "tags": ["a", "b"]},
    {"what": "\tDo it now\n", "tags": ["a", "b"]},
    {"what": "do it now", "tags": ["B", "a"]},
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.verify()


def waiting(world: World) -> int:
    """Questions that wait."""
    with world.store.read() as reader:
        return len(reader.approvals(status="pending"))


async def test_variations_leave_one_question_open_and_tell_of_it_once(world: World) -> None:
    """A changed text, other spaces or case take the place of what is open; another recipient is another question."""
    told: list[str] = []

    class Notifier:
        def notify(self, title: str, body: str) -> None:
            told.append(body)

    world.guard._notifier = Notifier()
    await world.join()
    for arguments in (BOB, *SAME, BOB):
        await world.asked(world.call(SEND, arguments))
    assert waiting(world) == 1
    await world.asked(world.call(SEND, {**BOB, "recipient": "cleo@example.org"}))
    assert waiting(world) == 2
    await asyncio.sleep(0.1)
    assert len(told) == 2


@pytest.mark.parametrize("other", SAME)
async def test_a_no_holds_for_variations_of_the_call(world: World, other: dict[str, str]) -> None:
    """The same tool and targets, whatever the text beside them."""
    await world.join()
    world.say((await world.asked(world.call(SEND, BOB))).id, "deny")
    assert (await world.refusal(world.call(SEND, other))).decision.reasons[0].code == "refused_by_person"
    await world.asked(world.call(SEND, {**BOB, "recipient": "cleo@example.org"}))


async def test_without_targets_space_case_and_order_count_for_nothing(world: World) -> None:
    """Nobody can tell the targets of the tool, so its arguments are compared as a person would read them."""
    await world.join()
    world.say((await world.asked(world.call(VAGUE, {"what": "do it now", "tags": ["a", "b"]}))).id, "deny")
    for arguments in ALIKE:
        refused = await world.refusal(world.call(VAGUE, arguments))
        assert refused.decision.reasons[0].code == "refused_by_person", arguments
    await world.asked(world.call(VAGUE, {"what": "do something else", "tags": ["a", "b"]}))


async def test_a_session_has_no_more_than_twenty_questions_open(world: World) -> None:
    """The twenty-first defers, with a receipt that says why; an answer makes room."""
    await world.join()
    asked = [await world.asked(world.call(SEND, {**BOB, "recipient": f"p{n}@example.org"})) for n in range(20)]
    refused = await world.refusal(world.call(SEND, BOB))
    assert (refused.decision.verdict, refused.decision.reasons[0].code) == ("defer", "too_many_questions")
    assert world.leaves("decision")[-1]["reasons"][0] == "too_many_questions"  # type: ignore[index]
    world.say(asked[0].id, "deny")
    await world.asked(world.call(SEND, BOB))
