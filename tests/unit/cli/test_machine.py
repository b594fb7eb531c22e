"""Rules of what scripts rely on: JSON as published, exit codes, and nothing made by looking."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.edges.mcp.wire import SERVERS
from tests.unit.cli.world import SCHEMAS, World, valid

VAST = SERVERS / "vast.py"

LOOKS = {
    "approvals": ["approvals", "--json"],
    "receipts": ["receipts", "list", "--json"],
    "verify": ["verify", "--json"],
    "sessions": ["sessions", "--all", "--json"],
    "doctor": ["doctor", "--json"],
    "catalog": ["catalog", "list", "--json"],
    "catalog-show": ["catalog", "show", "sqlite/read_query", "--json"],
    "catalog-scan": ["catalog", "scan", "--json", "--", sys.executable, str(VAST), "alike"],
    "catalog-diff": ["catalog", "diff", "--json", "--name", "sqlite", "--", sys.executable, str(VAST), "alike"],
    "policy-show": ["policy", "show", "--json"],
    "policy-check": ["policy", "check", "--json"],
    "story": ["explain", "5", "--json"],
    "observed": ["observed", "--json"],
}


@pytest.mark.parametrize("name", LOOKS)
def test_json_is_what_its_published_schema_says(world: World, name: str) -> None:
    """Every `--json` fits its schema, which allows no member it does not name."""
    done = world.run(*LOOKS[name])
    assert done.code == 0, done.err
    assert done.json
    valid(name, done.json)


def test_every_schema_is_used() -> None:
    """No schema is published for something that is not printed or read."""
    others = {"action", "decision", "delegations", "refusal", "demo", "install", "coverage"}
    others |= {"erase", "holds", "reconcile", "keys", "replay", "witnesses"}
    others |= {"chains", "chain-verify", "principal", "principals", "principals-review"}
    others |= {"credentials", "credentials-report", "session", "revoke", "revocations", "kill", "people", "recovery"}
    assert {path.stem for path in SCHEMAS.glob("*.json")} == {*LOOKS, *others}


def test_a_refusal_is_what_its_published_schema_says(world: World) -> None:
    """`_meta["assent/decision"]` fits its schema, with a question and without."""
    assert {one["verdict"] for one in world.asked.values()} == {"escalate", "deny"}
    for refusal in world.asked.values():
        valid("refusal", refusal)


def test_approvals_name_the_exact_action(world: World) -> None:
    """`approvals --json` has the members that scripts rely on, with the arguments whole."""
    found = {one["id"]: one for one in world.run("approvals", "--json").json}
    one = found[world.asked["drafts"]["approval"]]
    assert one["status"] == "pending"
    assert one["principal"] == 'Agent::"local/tester"'
    assert one["tool"] == "write_query"
    assert one["arguments"] == {"query": "DROP TABLE drafts"}
    assert one["group"] == "owner"
    assert one["policy"] == "starter/irreversible"


def test_a_list_for_people_shows_no_argument_values(world: World) -> None:
    """`approvals` without --json may stand on a screen that others see."""
    out = world.run("approvals").out
    assert world.asked["drafts"]["approval"] in out
    assert "DROP" not in out


def test_receipts_stand_in_log_order(world: World) -> None:
    """`receipts list --json`: index rises by one; each row has what scripts rely on; a tool is named on its outcome."""
    rows = world.run("receipts", "list", "--json").json
    assert [row["index"] for row in rows] == list(range(len(rows)))
    read = [row for row in rows if row["tool"] == "read_query" and row["verdict"] != "deny"]
    assert [(row["kind"], row["verdict"], row["status"]) for row in read] == [
        ("decision", "allow", None),
        ("outcome", None, "succeeded"),
    ]
    assert {row["session"] for row in read} == {world.run("sessions", "--json").json[0]["id"]}
    assert world.run("receipts", "list", "--kind", "outcome", "--json").json == [
        row for row in rows if row["kind"] == "outcome"
    ]


def test_tail_prints_one_object_a_line(world: World) -> None:
    """`tail --json` is the same row as the list, one a line."""
    rows = world.run("receipts", "list", "--json").json
    lines = world.run("tail", "--json", "--no-follow", "-n", "4").out.splitlines()
    assert [json.loads(line)["leaf_hash"] for line in lines] == [row["leaf_hash"] for row in rows[-4:]]


@pytest.mark.parametrize(
    ("query", "verdict", "code"),
    [
        ("SELECT * FROM orders", "allow", 0),
        ("DROP TABLE orders", "escalate", 3),
        ("ATTACH DATABASE '{home}/assent.db' AS a", "deny", 3),
    ],
)
def test_decide_has_neither_effect_nor_receipt(world: World, query: str, verdict: str, code: int) -> None:
    """`decide` says what the gateway would, with exit code 3 unless it is allow, and leaves nothing behind."""
    before = world.run("receipts", "list", "--json").json, world.run("approvals", "--all", "--json").json
    action = {
        "principal": 'Agent::"local/tester"',
        "server": "sqlite",
        "tool": "write_query" if verdict == "escalate" else "read_query",
        "arguments": {"query": query.format(home=world.home)},
    }
    valid("action", action)
    done = world.run("decide", "--json", stdin=json.dumps(action))
    assert (done.json["verdict"], done.code) == (verdict, code), done.out
    valid("decision", done.json)
    assert before == (world.run("receipts", "list", "--json").json, world.run("approvals", "--all", "--json").json)


def test_decide_knows_no_strange_session_and_no_strange_tool(world: World) -> None:
    """An unknown session is refused, never created; an unknown tool is denied."""
    action = {
        "principal": 'Agent::"local/tester"',
        "server": "sqlite",
        "tool": "read_query",
        "arguments": {"query": "SELECT 1"},
    }
    strange = world.run("decide", "--json", stdin=json.dumps({**action, "session": "ses_" + "a" * 26}))
    assert (strange.code, strange.json["reasons"][0]["code"]) == (3, "unknown_session")
    tool = world.run("decide", "--json", stdin=json.dumps({**action, "tool": "drop_everything"}))
    assert (tool.code, tool.json["verdict"]) == (3, "deny")
    real = world.run("sessions", "--json").json[0]["id"]
    other = world.run(
        "decide", "--json", stdin=json.dumps({**action, "principal": 'Agent::"local/x"', "session": real})
    )
    assert (other.code, other.json["reasons"][0]["code"]) == (3, "other_principal")


@pytest.mark.parametrize("stdin", ["", "{", "[]", '{"principal": 1}', '{"server": "a", "server": "b"}', '{"x": 1}'])
def test_decide_refuses_what_is_no_action(world: World, stdin: str) -> None:
    """Malformed, ambiguous or misspelt input is wrong usage, told in one line."""
    done = world.run("decide", "--json", stdin=stdin)
    assert done.code == 2
    assert "Traceback" not in done.err


def test_looking_makes_nothing(tmp_path: Path) -> None:
    """A command that only looks does not make a home where none is, and says what to do."""
    nowhere = World(tmp_path)
    for words in (["receipts", "list"], ["approvals"], ["sessions"], ["verify"], ["policy", "check"], ["explain", "1"]):
        done = nowhere.run(*words)
        assert done.code == 1, words
        assert done.err.startswith("error["), done.err
    assert nowhere.run("doctor").code == 0
    assert not nowhere.home.exists()


CHANGES = [
    ["approve", "apr_x", "--yes"],
    ["deny", "apr_x", "--reason", "no", "--yes"],
    ["policy", "activate", "--yes"],
    ["catalog", "accept", "--yes"],
    ["clock", "confirm", "--yes"],
    ["decide"],
]


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: words[0])
def test_a_mistyped_home_is_not_made(tmp_path: Path, words: list[str]) -> None:
    """Only `init` and `mcp` make a home; everything else says that there is none."""
    action = json.dumps({"principal": 'Agent::"local/x"', "server": "sqlite", "tool": "read_query"})
    nowhere = World(tmp_path)
    done = nowhere.run(*words, stdin=action)
    assert (done.code, done.err.startswith("error[no_home]")) == (1, True), done.err
    assert not nowhere.home.exists()


def test_home_may_stand_before_or_after_the_subcommand(world: World) -> None:
    """`--home DIR` counts in both places and goes before ASSENT_HOME."""
    for words in (["--home", str(world.home), "sessions", "--json"], ["sessions", "--json", "--home", str(world.home)]):
        assert world.run(*words, ASSENT_HOME="/nowhere").json
