"""Rules of `assent doctor`: one finding a check, what to do, and 1 only if something is broken."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.unit.cli.world import World, valid


def findings(world: World, code: int = 0, **environ: str) -> dict[str, dict[str, Any]]:
    """The last finding of each check; the exit code is as expected."""
    done = world.run("doctor", "--json", **environ)
    assert done.code == code, done.out + done.err
    valid("doctor", done.json)
    for one in done.json:
        assert one["help"] or one["state"] == "ok", one
    return {one["check"]: one for one in done.json}


def changed(world: World, sql: str, *values: object) -> None:
    """Change one row of the home behind Assent's back."""
    with closing(sqlite3.connect(world.home / "assent.db")) as connection, connection:
        assert connection.execute(sql, values).rowcount


def test_every_part_has_its_check(world: World) -> None:
    """A working home: nothing fails, and each part is named, with what waits and what can be gone round."""
    found = findings(world)
    parts = {
        "version",
        "settings",
        "home",
        "log key",
        "log",
        "operator",
        "recovery",
        "policy",
        "mode",
        "catalog",
        "clock",
        "server",
    }
    assert set(found) == parts | {"bypassable", "coverage", "credentials", "approvals", "notify"}
    assert "sqlite" in found["bypassable"]["message"]
    assert found["approvals"]["message"].startswith("2 questions")


def test_a_question_whose_time_is_over_waits_for_nobody(fresh: World) -> None:
    """Neither counted here nor listed, whether or not anybody has noted that it expired."""
    wire = fresh.connect()
    fresh.query("create_table", "CREATE TABLE drafts (text TEXT)")
    fresh.ask("drafts")
    assert findings(fresh)["approvals"]["message"].startswith("1 question waits")
    changed(fresh, "UPDATE approval SET expires = 1")
    assert "approvals" not in findings(fresh)
    assert fresh.run("approvals", "--json").json == []
    assert [one["status"] for one in fresh.run("approvals", "--all", "--json").json] == ["expired"]
    wire.close()


def test_files_that_wait_or_are_broken_are_told(fresh: World) -> None:
    """Changed: look and activate. Broken: where, and what stays in force. For too long: every call is denied."""
    mine = fresh.home / "policy" / "mine.cedar"
    mine.write_text('@id("mine/all")\npermit (principal, action, resource);\n')
    waiting = findings(fresh)["policy"]
    assert (waiting["state"], "assent policy activate" in waiting["help"]) == ("warn", True)
    mine.write_text('@id("mine/all")\npermit (principal, action, resource;\n')
    broken = findings(fresh, 1)["policy"]
    assert (broken["state"], "mine.cedar:2" in broken["message"]) == ("fail", True)
    assert "stays in force" in broken["message"]
    changed(fresh, "INSERT OR REPLACE INTO state VALUES ('broken', '1')")
    assert "every call is denied" in findings(fresh, 1)["policy"]["message"]


def test_policies_that_were_taken_away_are_missed(fresh: World) -> None:
    """Opening the home puts nothing in their place, and what was activated stays in force."""
    (fresh.home / "policy" / "starter.cedar").unlink()
    for _ in range(2):
        assert findings(fresh, 1)["policy"]["state"] == "fail"
    assert fresh.run("policy", "show", "starter/irreversible").code == 0


def test_a_rule_that_names_nobody_known_is_told(fresh: World) -> None:
    """It loads, and will deny: who is missing, and where to write them down."""
    name = 'principal == User::"local/nobody-here"'
    (fresh.home / "policy" / "mine.cedar").write_text(f'@id("mine/one")\npermit ({name}, action, resource);\n')
    done = fresh.run("policy", "activate", "--yes", "--key", str(fresh.key))
    assert done.code == 0, done.err
    told = findings(fresh)["policy"]
    assert (told["state"], "nobody-here" in told["message"], "entities.json" in told["help"]) == ("warn", True, True)


def test_a_jumped_clock_is_told_with_what_to_do(fresh: World) -> None:
    """Every decision is deferred until a person confirms the time."""
    changed(
        fresh, "INSERT OR REPLACE INTO state VALUES ('clock', ?)", '{"boot": "", "high": 4102444800000, "offset": 0}'
    )
    found = findings(fresh, 1)["clock"]
    assert (found["state"], "assent clock confirm" in found["help"]) == ("fail", True)


def test_without_an_operator_key_nobody_can_answer(fresh: World) -> None:
    """A home that a script made without one works, and doctor says what is missing."""
    world = World(fresh.folder / "script")
    world.folder.mkdir()
    world.run("init", "--yes")
    found = findings(world)
    assert (found["operator"]["state"], "assent init" in found["operator"]["help"]) == ("warn", True)
    assert found["servers"]["state"] == "warn"


def test_who_would_be_told_of_a_question(fresh: World, tmp_path: Path) -> None:
    """With a program that shows notifications, and without."""
    programs = tmp_path / "bin"
    programs.mkdir()
    assert findings(fresh, PATH=str(programs))["notify"]["state"] == "warn"
    name = programs / ("osascript" if sys.platform == "darwin" else "notify-send")
    name.write_text("#!/bin/sh\n")
    name.chmod(0o700)
    assert findings(fresh, PATH=str(programs))["notify"]["state"] == "ok"


def test_secrets_in_the_clear_are_told(fresh: World) -> None:
    """Which client's server has a secret in its configuration, by its name and never its value; a reference is none."""
    fresh.init()
    clear = "sooperS3kret-token-of-somebody"
    servers = {
        "hub": {"command": "hub", "env": {"HUB_TOKEN": clear, "HUB_URL": "https://hub.example/api", "LANG": "C.UTF-8"}},
        "far": {"type": "http", "url": "https://far.example/mcp", "headers": {"Authorization": f"Bearer {clear}"}},
        "fine": {"command": "fine", "env": {"FINE_TOKEN": "${FINE_TOKEN}", "OTHER_SECRET": "$OTHER_SECRET"}},
    }
    (fresh.folder / ".claude.json").write_text(json.dumps({"mcpServers": servers}))
    found = findings(fresh)["credentials"]
    assert found["state"] == "warn" and "assent credentials add" in found["help"]
    assert "2 configured servers" in found["message"] and clear not in str(found)
    assert "hub of claude-code (HUB_TOKEN)" in found["message"] and "Authorization" in found["message"]
