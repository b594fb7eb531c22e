"""Policies that load and will still not do what was meant: somebody says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from assent_verify.canonical import canonicalize

from assent.admin.foresee import foresee
from assent.decide.exact import encode
from assent.model.profile import Server
from assent.ports import Pin
from tests.world import World, tool

WRITE = tool("write_query", query={"type": "string"})
RULE = '@id("mine")\n{more}{effect} (principal, {scope}, resource){when};\n'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A home that has seen one tool of one server; at the end its whole log is verified."""
    made = World(tmp_path)
    text = canonicalize(dict(WRITE.definition)).decode()
    pin = Pin("mcp-server-sqlite", WRITE.name, WRITE.digest, text, WRITE.digest, text)
    made.log.submit(lambda tx: tx.put_pin(pin), durable=True).result()
    yield made
    made.verify()


def notes(world: World, scope: str, when: str = "", *, effect: str = "forbid", more: str = "") -> list[str]:
    world.activate(RULE.format(scope=scope, when=when, effect=effect, more=more))
    rules = world.home.rules()
    with world.store.read() as reader:
        return foresee(reader, rules.bundle, rules.profiles)


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ('action in Action::"tool:mcp-server-sqlite/write_qery"', "did you mean `write_query`"),
        ('action in Action::"server:sqlite"', "did you mean `mcp-server-sqlite`"),
        ('action in Action::"tool:elsewhere/x"', "has not been seen"),
    ],
)
def test_a_name_that_nobody_has_is_told(world: World, scope: str, words: str) -> None:
    """It matches nothing, silently: a forbid that forbids nothing."""
    assert any(words in note and "`mine`" in note for note in notes(world, scope))


def test_a_rule_that_does_not_fit_a_tool_is_named(world: World) -> None:
    """Every call the rule can apply to is denied; the note says which tool and which rule."""
    scope = 'action in Action::"tool:mcp-server-sqlite/write_query"'
    told = notes(world, scope, ' when { context.args.quer == "x" }')
    assert any("mcp-server-sqlite/write_query" in note and "`mine`" in note for note in told)


def test_a_group_that_nobody_is_in_is_told(world: World) -> None:
    """Nobody can answer, so the calls are deferred."""
    assert any("`admins`" in note for note in notes(world, "action", more='@escalate("admins")\n'))


def test_rules_that_will_do_what_they_say_are_not_remarked_on(world: World) -> None:
    """The starter policy, and a rule about what has been seen."""
    rules = world.home.rules()
    with world.store.read() as reader:
        assert foresee(reader, rules.bundle, rules.profiles) == []
    assert notes(world, 'action in Action::"tool:mcp-server-sqlite/write_query"') == []


def test_a_tool_that_a_file_names_by_server_and_another_by_package_is_told(world: World) -> None:
    """Files alone cannot tell that they speak of one server; the one that was seen can."""
    said = canonicalize(encode(Server("mcp-server-sqlite", package="pypi:x"))).decode()
    world.put_state("about:mcp-server-sqlite", said)
    catalog = world.config.home / "catalog"
    catalog.mkdir(exist_ok=True)
    tools = '[tools.write_query]\neffects = ["write"]\n'
    for name, server in [("a", 'name = "mcp-server-sqlite"'), ("b", 'package = "pypi:x"')]:
        (catalog / f"{name}.toml").write_text(f"[server]\n{server}\n{tools}")
    told = notes(world, "action")
    assert [note for note in told if "catalog/a.toml and catalog/b.toml" in note and "write_query" in note]
