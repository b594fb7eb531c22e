"""Rules of `assent receipts erase` and `hold`, where what they are given names nobody."""

from __future__ import annotations

import re

import pytest

from tests.unit.cli.world import World, valid


@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        ("--principal", "local/claude", 'Agent::"local/claude"'),
        ("--principal", "Agent::local/claude", 'Service::"mail"'),
        ("--session", "ses_of_yesterday", "ses_" + "a" * 26),
    ],
)
def test_a_name_in_another_spelling_is_refused_and_not_taken_for_nobody(
    fresh: World, option: str, value: str, right: str
) -> None:
    """A hold on a misspelled principal would keep nothing, an erasure would take nothing, and neither would say so."""
    key = ["--yes", "--key", str(fresh.key)]
    for words in (["erase", "--plan", option], ["hold", "add", "case-7", *key, option]):
        assert fresh.run("receipts", *words, value).code == 2
        assert fresh.run("receipts", *words, right).code == 0
        assert fresh.run("receipts", "erase", "--plan", "--owner", 'Agent::"local/claude"').code == 2


def test_the_help_of_a_group_cuts_no_sentence_short(fresh: World) -> None:
    """A list of subcommands says of each its whole first sentence."""
    for group in ("receipts", "witness", "keys", "policy"):
        assert not re.search(r"[a-z]\.\.\.", fresh.run(group, "--help").out), group


def test_what_was_proved_before_an_erasure_is_proved_after_it(fresh: World) -> None:
    """An export and a bundle made before verify as before, with values; so does the log, which says what is erased."""
    fresh.init()
    wire = fresh.connect()
    assert not fresh.query("create_table", "CREATE TABLE orders (name TEXT)")
    assert not fresh.query("read_query", "SELECT 'Zanzibar' FROM orders")
    wire.close()
    session = fresh.run("sessions", "--all", "--json").json[0]["id"]
    export, bundle = fresh.folder / "before.export", fresh.folder / "before.bundle"
    assert fresh.run("receipts", "export", "-o", str(export), "--disclose").code == 0
    assert fresh.run("receipts", "export", "--bundle", str(bundle), "--session", session, "--disclose").code == 0
    before = {file: fresh.run("verify", str(file), "--json").json for file in (export, bundle)}
    assert b"Zanzibar" in export.read_bytes()

    words = ["--session", session, "--yes", "--key", str(fresh.key)]
    plan = fresh.run("receipts", "erase", "--plan", "--json", "--session", session).json
    done = fresh.run("receipts", "erase", "--json", *words).json
    for found in (plan, done):
        valid("erase", found)
    assert plan["leaves"] == done["leaves"] > 0 and plan["redactions"] is None and len(done["redactions"]) == 1
    assert fresh.run("receipts", "hold", "add", "case-7", "--everything", *words[2:]).code == 0
    holds = fresh.run("receipts", "hold", "list", "--json").json
    valid("holds", holds)
    assert [one["name"] for one in holds] == ["case-7"]
    for file, report in before.items():
        assert report["sound"] is True and report["disclosed"] is True
        assert fresh.run("verify", str(file), "--json").json == report
    log = fresh.run("verify", "--json").json
    assert log["sound"] is True and log["complete"] is True
    [event] = [one for one in fresh.run("receipts", "list", "--json").json if one["event"] == "redaction"]
    assert event["session"] is None
    decision = fresh.run("receipts", "list", "--kind", "decision", "--json").json[0]
    assert "erased" in fresh.run("receipts", "show", str(decision["index"])).out
    assert fresh.run("replay", "--json").json["replayed"] is not True
    for file in fresh.home.rglob("*"):
        assert not file.is_file() or b"Zanzibar" not in file.read_bytes(), file
