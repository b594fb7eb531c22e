"""Who may answer, how well proved, and what an answer leaves behind (DESIGN §4.7)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assent.approve.answer import Said, answer
from assent.approve.card import lines, visible
from assent.assembly import Home
from assent.errors import RequestError
from assent.keys import file as key_files
from assent.model.ids import ApprovalId, PrincipalId
from assent.notify.desktop import Desktop
from tests.world import OWNER, World, tool

SEND = tool("send_message", recipient={"type": "string"}, text={"type": "string"})
MESSAGE = {"recipient": "bob@example.org", "text": "hello"}
POLICY = """
@id("use")
permit (principal, action, resource);
@id("ask")
@escalate("{group}")
@quorum("{quorum}")
{more}
forbid (principal, action, resource);
"""
PEOPLE = [
    {"uid": {"type": "Group", "id": "ops"}, "attrs": {}, "parents": []},
    {"uid": {"type": "User", "id": "local/ana"}, "attrs": {}, "parents": [{"type": "Group", "id": "ops"}]},
    {"uid": {"type": "User", "id": "local/bob"}, "attrs": {}, "parents": [{"type": "Group", "id": "ops"}]},
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A home under the starter policy; at the end its whole log is verified."""
    made = World(tmp_path)
    yield made
    made.verify()


def ask_of(world: World, group: str, quorum: int = 1, more: str = "") -> None:
    (world.config.home / "policy" / "entities.json").write_text(json.dumps(PEOPLE))
    world.activate(POLICY.format(group=group, quorum=quorum, more=more))


async def test_the_owner_may_not_answer_unless_the_rule_says_self(world: World) -> None:
    """Who owns the agent cannot answer for it, unless the rule says `@self`."""
    ask_of(world, "owner")
    await world.join()
    refused = await world.refusal(world.call(SEND, MESSAGE))
    assert (refused.decision.verdict, refused.decision.reasons[0].code) == ("defer", "no_reviewer")


async def test_a_group_smaller_than_its_quorum_defers(world: World) -> None:
    """Nobody can answer it, so nobody is asked."""
    ask_of(world, "ops", quorum=3, more="@self")
    await world.join()
    assert (await world.refusal(world.call(SEND, MESSAGE))).decision.verdict == "defer"


async def test_a_quorum_is_different_people(world: World) -> None:
    """One person's yes is one yes."""
    ask_of(world, "ops", quorum=2, more="@self")
    await world.join()
    question = await world.asked(world.call(SEND, MESSAGE))
    assert world.say(question.id, "approve").status == "pending"
    with pytest.raises(RequestError) as again:
        world.say(question.id, "approve")
    assert again.value.code == "already_answered"
    assert (await world.asked(world.call(SEND, MESSAGE))).id == question.id


async def test_a_rule_can_demand_assurance(world: World) -> None:
    """`@assurance("passkey")` is not satisfied by a weaker key."""
    ask_of(world, "owner", more='@self\n@assurance("passkey")')
    await world.join()
    question = await world.asked(world.call(SEND, MESSAGE))
    with pytest.raises(RequestError) as weak:
        world.say(question.id, "approve", assurance="passphrase")
    assert weak.value.code == "assurance_too_weak"
    assert world.say(question.id, "approve", assurance="passkey").status == "approved"


async def test_only_the_enrolled_key_of_a_person_answers(world: World) -> None:
    """Invariant 9: the agent cannot answer, whatever key it makes."""
    await world.join()
    question = await world.asked(world.call(SEND, MESSAGE))
    stranger = key_files.create(world.config.home.parent / "stranger.key")
    members = world.home.rules().bundle.members
    for by, signer, code in (
        (OWNER, stranger, "not_enrolled"),
        (PrincipalId('User::"local/eve"'), world.operator, "not_enrolled"),
    ):
        with pytest.raises(RequestError) as refused:
            answer(world.log, Said(question.id, by, "approve", world.clock.now()), signer, members)
        assert refused.value.code == code


async def test_an_unknown_approval_is_named(world: World) -> None:
    """With what to do."""
    await world.join()
    with pytest.raises(RequestError) as refused:
        world.say(ApprovalId("apr_nothing"), "approve")
    assert refused.value.code == "unknown_approval"
    assert refused.value.help


async def test_a_no_of_somebody_else_beats_a_yes_not_yet_used(world: World) -> None:
    """Two racing answers have one consistent end: deny wins."""
    ask_of(world, "ops", more="@self")
    bob = key_files.create(world.config.home.parent / "bob.key")
    await world.join()
    question = await world.asked(world.call(SEND, MESSAGE))
    world.say(question.id, "approve")
    from assent_verify.canonical import digest

    world.put_state(f"key:{digest(bob.public)}", 'User::"local/bob"')
    said = Said(question.id, PrincipalId('User::"local/bob"'), "deny", world.clock.now(), "not today")
    assert answer(world.log, said, bob, world.home.rules().bundle.members).status == "denied"
    assert (await world.refusal(world.call(SEND, MESSAGE))).decision.verdict == "deny"
    world.verify = lambda: None  # type: ignore[method-assign,assignment,return-value] # bob's key was put in by hand


async def test_the_reason_stays_out_of_the_log(world: World) -> None:
    """DESIGN §7: nothing from a person stands in a leaf in the clear."""
    await world.join()
    question = await world.asked(world.call(SEND, MESSAGE))
    said = Said(question.id, OWNER, "deny", world.clock.now(), "a private reason")
    answer(world.log, said, world.operator, world.home.rules().bundle.members)
    with world.store.read() as reader:
        assert b"private reason" not in b"".join(data for _, data in reader.leaves())
        assert any(
            "private reason" in (row.values if (row := reader.sidecar(index)) else "") for index, _ in reader.leaves()
        )  # type: ignore[arg-type]


async def test_the_card_shows_everything_and_hides_nothing(world: World) -> None:
    """Every argument whole; invisible and bidirectional characters made visible."""
    await world.join()
    question = await world.asked(world.call(SEND, {"recipient": "bob@example.org\u202egro.live", "text": "a" * 3000}))
    rows = dict(lines(question))
    assert rows["  recipient"] == '"bob@example.org\\u{202e}gro.live"'
    assert rows["  text"] == f'"{"a" * 3000}"'
    assert rows["undo"] == "cannot be undone"
    assert visible("a\u200bb\x1b[2Jc\n") == "a\\u{200b}b\\u{1b}[2Jc\\n"


@pytest.mark.parametrize("wanted", [False, True])
async def test_a_notification_shows_values_only_where_that_is_set(
    world: World, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    """A screen may be seen by others: `show_values` is off unless set; a long value is cut, markers are visible."""
    told: list[str] = []
    monkeypatch.setattr(Desktop, "notify", lambda self, title, body: told.append(body))
    config = replace(world.config, show_values=wanted)
    world.home = Home(config, world.store, world.log, world.clock, world.key)
    world.guard = world.home.guard
    await world.join()
    await world.asked(world.call(SEND, {"recipient": "bob@example.org", "text": "\u202e" + "a" * 3000}))
    await asyncio.get_running_loop().shutdown_default_executor()
    assert len(told) == 1
    assert "assent approvals" in told[0]
    assert ("bob@example.org" in told[0]) is wanted
    assert len(told[0]) < 400
    assert "\u202e" not in told[0]
