"""docs/policy.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assent.decide import pdp
from assent.policy import arguments, bundle, entities, load, rule
from assent.policy.bundle import Source
from assent.policy.kinds import FACTS, TARGETS, Kind, context

ROOT = Path(__file__).parents[3]
MANUAL = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", re.findall(r"```cedar\n(.*?)```", MANUAL, re.DOTALL))
def test_every_example_loads(example: str) -> None:
    """An example that does not load teaches nothing."""
    assert bundle.load([Source("policy.md", example)])


def test_the_example_entities_load() -> None:
    """So does the JSON."""
    for example in re.findall(r"```json\n(.*?)```", MANUAL, re.DOTALL):
        assert bundle.load([], entities=example).members("reviewers")


def test_everything_a_condition_can_read_is_named() -> None:
    """Every attribute of the context, every fact, every kind of target."""
    for name in context(Kind("Record")).members:
        assert f"`context.{name}`" in MANUAL
    for name in (*FACTS, *TARGETS):
        assert f"`{name}`" in MANUAL


def test_every_annotation_is_named() -> None:
    """An author finds each of them."""
    for name in rule._VALUES:
        assert f"@{name}" in MANUAL


@pytest.mark.parametrize("module", [pdp, arguments, bundle, entities, load, rule])
def test_every_code_is_named(module: object) -> None:
    """A code that is shown is explained, and one that is explained exists."""
    path = getattr(module, "__file__", "")
    text = Path(path).read_text(encoding="utf-8")
    made = re.findall(
        r'(?:Error|_Ended|Reason|refuse|_lonely)\(\s*(?:"(?:deny|defer)", )?"([a-z_]+)"|code="([a-z_]+)"', text
    )
    codes = {one or other for one, other in made} - {"", "deny", "defer", "on"}
    assert {code for code in codes if f"`{code}`" not in MANUAL} == set()


def test_no_code_is_explained_that_does_not_exist() -> None:
    """The manual does not promise what nothing says."""
    said = re.findall(r"`([a-z]+_[a-z_]+)`", MANUAL.partition("## What is refused at load")[2])
    source = "".join(
        path.read_text(encoding="utf-8")
        for room in ("policy", "decide")
        for path in (ROOT / "src" / "assent" / room).glob("*.py")
    )
    assert [code for code in said if f'"{code}"' not in source] == []
