"""Observing at the command line: who may say it, how loudly it is said, what is reported, how it ends."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.edges.mcp.wire import Wire
from tests.unit.cli.world import SQLITE, World, valid


def begun(tmp_path: Path) -> World:
    """A home that observes from its first minute."""
    world = World(tmp_path)
    done = world.run("init", "--yes", "--observe", "--days", "3", "--operator-key", str(world.key))
    assert done.code == 0, done.err
    assert "OBSERVING, NOT ENFORCING" in done.out
    return world


def test_the_first_day_from_observing_to_enforcing(tmp_path: Path) -> None:
    """A drop goes through, its receipt and every view say why; after `enforce` the same call asks."""
    world = begun(tmp_path)
    wire = world.connect()
    world.query("create_table", "CREATE TABLE notes (text TEXT)")
    assert world.query("write_query", "DROP TABLE notes") == {}
    found = world.run("observed", "--json").json
    valid("observed", found)
    assert (found["mode"], found["would_ask"], found["questions"]) == ("observe", 1, 1)
    assert found["rules"][0]["rule"] == "starter/irreversible"
    row = next(one for one in world.run("receipts", "list", "--json").json if one["observed"])
    assert (row["verdict"], row["observed"]) == ("allow", "escalate")
    told = world.run("receipts", "show", str(row["index"])).out
    assert "allowed because observing; would have been: escalate by starter/irreversible" in told
    assert "OBSERVED ONLY: 1 allowed" in world.run("verify").out
    assert "assent policy enforce" in world.run("observed").out
    doctor = {one["check"]: one for one in world.run("doctor", "--json").json}
    assert (doctor["mode"]["state"], "assent policy enforce" in doctor["mode"]["help"]) == ("warn", True)
    assert world.run("policy", "enforce", "--yes", "--key", str(world.key)).code == 0
    assert world.query("write_query", "DROP TABLE other")["verdict"] == "escalate"
    wire.close()


def test_nobody_says_it_without_the_operators_key(tmp_path: Path) -> None:
    """No terminal and no key file: nothing is switched, at init or later; no variable and no setting does it."""
    world = World(tmp_path)
    assert "operator's key" in world.run("init", "--yes", "--observe").err
    assert world.run("policy", "observe", "--yes").code == 1
    assert world.run("observed", "--json").json["mode"] == "enforce"
    for name in ("ASSENT_OBSERVE", "ASSENT_MODE"):
        tried = world.run("observed", "--json", **{name: "observe"})
        assert tried.code != 0 or tried.json["mode"] == "enforce"
    (world.home / "assent.toml").write_text("observe = true\n")
    assert world.run("doctor").code == 1  # an unknown setting is refused


def test_the_gateway_says_it_loudly(tmp_path: Path) -> None:
    """On standard error, before the first call."""
    world = begun(tmp_path)
    told = tmp_path / "stderr"
    command = [sys.executable, "-m", "assent", "mcp", "--name", "sqlite", "--as", "local/tester", "--"]
    wire = Wire([*command, str(SQLITE), "--db-path", str(world.database)], world.environ, errors=told)
    wire.hello()
    wire.close()
    assert "OBSERVING, NOT ENFORCING" in told.read_text()
