"""What is told of a call that was not carried out: to the model and to the person, in scripted situations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assent.cli.reasons import REASONS
from assent.enforce.refusal import message
from assent.model.decision import Decision, Reason
from tests.edges.mcp import refusals
from tests.edges.mcp.refusals import ELSEWHERE, SECRET, SITUATIONS

WAYS = ("Never:", "After approval:", "If you change it:", "Later:")
#: Told of a call that was begun: nothing to go on about, only what is known.
BEGUN = {
    "an outcome that is not known",
    "a file that changed before it was run",
    "a store that cannot be read any more",
}


@pytest.mark.parametrize("name", SITUATIONS)
async def test_each_situation_is_told_as_it_was_reviewed(name: str, tmp_path: Path) -> None:
    """Both texts are those of refusals.txt; a change of words is a change to be read there."""
    world, told = await refusals.play(name, tmp_path)
    assert refusals.written(name, world, told, tmp_path) == refusals.sections()[name]


@pytest.mark.parametrize("name", SITUATIONS)
async def test_the_model_learns_how_to_go_on_and_nothing_else(name: str, tmp_path: Path) -> None:
    """One of four ways; no rule's text or id, nothing of another session, no secret, no path of Assent."""
    world, told = await refusals.play(name, tmp_path)
    text, whole = refusals.model(told), told[0]
    if name not in BEGUN:
        assert sum(way in text for way in WAYS) == 1, text
    for rule in world.home.rules().bundle.rules() if name != "no policy in force" else ():
        assert rule.id not in text
        code = re.sub(r'@reason\("[^"]*"\)', "", rule.text)  # a reason is meant to be told
        for line in (line.strip() for line in code.splitlines()):
            assert len(line) < 8 or line not in whole, line
    for hidden in (ELSEWHERE, SECRET, str(world.config.home), "assent.db", "context.", "forbid ("):
        assert hidden not in whole, hidden
    assert len(text) < 1_000
    world.verify()


def test_there_are_twenty_situations_and_more() -> None:
    """Every one of them is written down, and nothing else is."""
    assert len(SITUATIONS) >= 20
    assert list(refusals.sections()) == list(SITUATIONS)


def test_a_reason_that_was_overtaken_is_not_told() -> None:
    """A tool that is barred is not also said to need an approval."""
    reasons = (Reason("tool_changed", "", "the tool has changed"), Reason("needs_approval", "x/y", "it sends"))
    told = message(Decision("deny", reasons, go_on="after_approval"), None)
    assert "it sends" not in told and "After approval" in told


def test_a_person_is_told_of_reasons_in_the_words_of_the_page() -> None:
    """`assent explain` and docs/errors.md say the same."""
    page = (Path(__file__).parents[3] / "docs" / "errors.md").read_text("utf-8").partition("## Why a message")[0]
    for row in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE):
        for code in re.findall(r"`([a-z0-9_]+)`", row[0]):
            what, do = (part.strip() for part in row[1:])
            assert REASONS[code] == (what, do)
