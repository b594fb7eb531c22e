"""A yes for the session, widened by calls that compare equal to what was shown but are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assent.approve.card import lines
from assent.approve.delegate import Terms
from assent.model.profile import ToolDefinition
from tests.world import World, tool

POLICY = """
@id("all") permit (principal, action, resource);
@id("asks") @escalate("owner") @self @grantable @reason("it changes something")
forbid (principal, action, resource) unless { action in Action::"effect:read" };
"""
PROFILE = """
[server]
name = "files"

[tools.post]
effects = ["send"]
reversibility = "irreversible"
targets = { channel = "id", ref = "ref", to = "address" }

[tools.query]
effects = ["write"]
reversibility = "compensable"
targets = { sql = "code" }
analysers = ["sql"]
authoritative = ["write"]
"""
TEXT = {"type": "string"}
POST = tool(
    "post",
    channel=TEXT,
    ref=TEXT,
    to=TEXT,
    text=TEXT,
    public={"type": "boolean"},
    amount={"type": "integer"},
    seen_by={"enum": ["us", "all"]},
    options={"type": "object", "properties": {"public": {"type": "boolean"}, "note": TEXT}},
)
QUERY = tool("query", sql=TEXT)
SHOWN: dict[str, Any] = {
    "channel": "C1aB",
    "text": "hello",
    "public": False,
    "amount": 1,
    "seen_by": "us",
    "options": {"public": False, "note": "a"},
}


async def granted(folder: Path, definition: ToolDefinition, arguments: Mapping[str, object]) -> World:
    """A world where a person has granted calls like this one for the session."""
    world = World(folder, POLICY, PROFILE)
    await world.join()
    question = await world.asked(world.call(definition, arguments))
    world.say(question.id, "approve", terms=Terms(20, 600))
    await world.run(world.call(definition, arguments))
    return world


async def test_another_text_is_what_was_granted(tmp_path: Path) -> None:
    """Texts beside the targets may differ, also within a structure; else the other tests would show nothing."""
    world = await granted(tmp_path, POST, SHOWN)
    await world.run(world.call(POST, {**SHOWN, "text": "other", "options": {"public": False, "note": "b"}}))
    assert world.leaves("decision")[-1]["delegation"]


WIDER: dict[str, dict[str, Any]] = {
    "an id in other case": {"channel": "c1Ab"},
    "an id with other spaces": {"channel": " C1aB"},
    "an id that folds to the same": {"channel": "C1ａB"},
    "another truth value": {"public": True},
    "another number": {"amount": 1_000_000},
    "another choice": {"seen_by": "all"},
    "another truth value inside": {"options": {"public": True, "note": "a"}},
    "a member more inside": {"options": {"public": False, "note": "a", "x": "y"}},
    "an argument more": {"blind": "cleo@example.org"},
    "an argument of another type": {"text": ["hello"]},
    "a target in a structure": {"channel": ["C1aB", {"x": "C1aB"}]},
}


@pytest.mark.parametrize("what", WIDER)
async def test_what_only_compares_equal_asks_again(tmp_path: Path, what: str) -> None:
    """DESIGN §4.7: nothing but texts beside the targets may differ from what a person was shown."""
    world = await granted(tmp_path, POST, SHOWN)
    await world.refusal(world.call(POST, {**SHOWN, **WIDER[what]}))


async def test_an_argument_left_out_asks_again(tmp_path: Path) -> None:
    """A server fills in what is missing, and nobody was shown with what."""
    world = await granted(tmp_path, POST, SHOWN)
    await world.asked(world.call(POST, {name: value for name, value in SHOWN.items() if name != "public"}))


async def test_a_branch_is_case_sensitive(tmp_path: Path) -> None:
    """git(1): `Release` and `release` are two branches."""
    world = await granted(tmp_path, POST, {"ref": "release", "text": "a"})
    await world.asked(world.call(POST, {"ref": "Release", "text": "a"}))


async def test_a_recipient_that_cannot_be_read_stands_for_no_other(tmp_path: Path) -> None:
    """`?` is what could not be read: another one that cannot be read is not the same."""
    world = await granted(tmp_path, POST, {"to": "all staff", "text": "a"})
    await world.asked(world.call(POST, {"to": "all customers", "text": "a"}))


async def test_a_table_of_another_schema_is_another_table(tmp_path: Path) -> None:
    """`items` was shown: neither a qualified one nor one that differs in case within quotes was."""
    world = await granted(tmp_path, QUERY, {"sql": "INSERT INTO items VALUES (1)"})
    await world.run(world.call(QUERY, {"sql": "INSERT INTO items VALUES (2)"}))
    await world.asked(world.call(QUERY, {"sql": "INSERT INTO prod.items VALUES (2)"}))
    await world.asked(world.call(QUERY, {"sql": 'INSERT INTO "Items" VALUES (2)'}))


async def test_answers_to_a_server_are_shown_and_held_to(tmp_path: Path) -> None:
    """Later rounds carry answers (MCP 2026-07-28) beside the arguments: they say what the call does as well."""
    world = await granted(tmp_path, POST, SHOWN)
    call = world.call(POST, SHOWN)
    answered = {"q": {"action": "accept", "content": {"to": "cleo"}}}
    question = await world.asked(replace(call, params={**call.params, "inputResponses": answered}))
    assert any("cleo" in text for _, text in lines(question)), "nobody is shown what is answered"


async def test_a_no_to_some_of_it_ends_it(tmp_path: Path) -> None:
    """Who says no to a call with a target that was granted has changed their mind about it."""
    world = await granted(tmp_path, POST, {"ref": "release", "text": "a"})
    question = await world.asked(world.call(POST, {"ref": "release", "channel": "C1", "text": "a"}))
    world.say(question.id, "deny")
    await world.asked(world.call(POST, {"ref": "release", "text": "b"}))
    report = world.verify()
    assert not report.problems, report.problems
