"""Rules of answering: shown whole, signed with the unlocked key, once, for one thing."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from assent.cli.demo.person import Person
from assent.stores.view import view
from tests.unit.cli.world import World, valid


@pytest.fixture
def asking(fresh: World) -> Iterator[World]:
    """A home where the agent has asked for one table to be dropped."""
    fresh.connect()
    fresh.query("create_table", "CREATE TABLE drafts (text TEXT)")
    fresh.ask("drafts")
    yield fresh
    assert fresh.wire is not None
    fresh.wire.close()
    verified = fresh.run("verify", "--json")
    assert (verified.code, verified.json["sound"], verified.json["complete"]) == (0, True, True)


def tables(world: World) -> set[str]:
    """What is really in the database."""
    with closing(sqlite3.connect(world.database)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def test_a_yes_shows_the_whole_call_first_and_lets_it_run_once(asking: World) -> None:
    """`approve` prints tool, every argument, why and undo; the same call then runs; a second answer is refused."""
    id = asking.asked["drafts"]["approval"]
    done = asking.run("approve", id, "--yes", "--key", str(asking.key))
    assert done.code == 0, done.err
    for shown in ("sqlite / write_query", "DROP TABLE drafts", "it cannot be undone", "cannot be undone", "same-user"):
        assert shown in done.out
    again = asking.run("approve", id, "--yes", "--key", str(asking.key))
    assert (again.code, again.err.startswith("error[already_answered]")) == (1, True)
    assert "drafts" in tables(asking)
    assert asking.query("write_query", "DROP TABLE drafts") == {}
    assert "drafts" not in tables(asking)
    found = asking.run("approvals", "--all", "--json").json
    valid("approvals", found)
    assert [one["status"] for one in found] == ["executed"]


def test_a_no_needs_a_reason_and_holds(asking: World) -> None:
    """`deny` without --reason is wrong usage; afterwards the same call is denied without a question."""
    id = asking.asked["drafts"]["approval"]
    assert asking.run("deny", id, "--yes", "--key", str(asking.key)).code == 2
    done = asking.run("deny", id, "--reason", "keep them", "--yes", "--key", str(asking.key))
    assert done.code == 0, done.err
    assert asking.query("write_query", "DROP TABLE drafts")["verdict"] == "deny"
    assert "keep them" in asking.run("explain", id).out


def test_yes_skips_the_question_and_nothing_else(asking: World) -> None:
    """Without --yes nobody is there to ask; with it a foreign key still opens nothing; the call stays where it was."""
    id = asking.asked["drafts"]["approval"]
    asked = asking.run("approve", id, "--key", str(asking.key))
    assert (asked.code, "Say so with --yes" in asked.err) == (2, True)
    foreign = asking.folder / "foreign.key"
    World(asking.folder / "other").folder.mkdir()
    assert World(asking.folder / "other").run("init", "--yes", "--operator-key", str(foreign)).code == 0
    wrong = asking.run("approve", id, "--yes", "--key", str(foreign))
    assert (wrong.code, wrong.err.startswith("error[not_enrolled]")) == (1, True)
    assert asking.query("write_query", "DROP TABLE drafts")["verdict"] == "escalate"


def test_an_unknown_question_is_told_plainly(fresh: World) -> None:
    """An id that nobody knows: exit code 1, what to do, nothing that moves the terminal."""
    done = fresh.run("approve", "apr_\x1b[31mx", "--yes", "--key", str(fresh.key))
    assert (done.code, "\x1b" in done.err) == (1, False)
    assert "assent approvals" in done.err


def test_a_passphrase_is_typed_at_a_terminal_or_not_at_all(asking: World) -> None:
    """A locked key: nothing on standard input opens it, a terminal does, and the receipt says `passphrase`."""
    world = World(asking.folder / "locked")
    world.folder.mkdir()
    command = [sys.executable, "-m", "assent"]
    person = Person(command, world.environ, "a long sentence")
    code, shown = person.types("init", "--yes")
    assert code == 0, shown
    assert "a long sentence" not in shown
    (world.home / "policy" / "mine.cedar").write_text('@id("mine/all")\npermit (principal, action, resource);\n')
    piped = world.run("policy", "activate", "--yes", stdin="a long sentence\n")
    assert (piped.code, piped.err.startswith("error[no_terminal]")) == (1, True)
    wrong = Person(command, world.environ, "another").types("policy", "activate", "--yes")
    assert (wrong[0], "wrong_passphrase" in wrong[1]) == (1, True)
    assert person.types("policy", "activate", "--yes")[0] == 0
    assert "passphrase" in world.run("receipts", "show", "3").out


def test_init_without_terminal_makes_no_key_and_says_so(fresh: World) -> None:
    """`init --yes` in a script: the home works, no operator key is invented, the warning says what to do."""
    world = World(fresh.folder / "script")
    world.folder.mkdir()
    done = world.run("init", "--yes")
    assert done.code == 0
    assert "no operator key was made" in done.err
    (world.home / "policy" / "mine.cedar").write_text('@id("mine/all")\npermit (principal, action, resource);\n')
    refused = world.run("policy", "activate", "--yes")
    assert (refused.code, refused.err.startswith("error[no_operator_key]")) == (1, True)


def test_a_second_operator_is_refused_and_no_key_is_left_lying(fresh: World) -> None:
    """`init` with another key on a home that has one: exit code 1, and the file is not made."""
    other = fresh.folder / "other.key"
    done = fresh.run("init", "--yes", "--operator-key", str(other))
    assert (done.code, done.err.startswith("error[other_operator]")) == (1, True)
    assert not other.exists()


def test_the_time_is_confirmed_with_the_key(fresh: World) -> None:
    """`clock confirm` needs the operator's key, leaves a signed receipt, and the log still holds."""
    assert fresh.run("clock", "confirm", "--yes").code == 1
    done = fresh.run("clock", "confirm", "--yes", "--key", str(fresh.key))
    assert done.code == 0, done.err
    assert fresh.run("receipts", "list", "--json").json[-1]["event"] == "clock"
    assert fresh.run("verify").code == 0


def test_a_question_that_was_dressed_up_is_not_answered(asking: World) -> None:
    """What is shown is what the answer is bound to: a changed card is refused by whatever shows it."""
    id = asking.asked["drafts"]["approval"]
    with view(asking.home / "assent.db") as reader:  # sealed, but whoever has the home has the keys
        (shown,) = [one for one in reader.approvals() if one.id == id]
    dressed = (shown.card.replace("DROP", "LIST"), shown.salt, id)
    with closing(sqlite3.connect(asking.home / "assent.db")) as connection, connection:
        assert connection.execute("UPDATE approval SET card = ?, salt = ? WHERE id = ?", dressed).rowcount == 1
    for words in (["approve", id, "--yes", "--key", str(asking.key)], ["approvals", "--json"]):
        done = asking.run(*words)
        assert (done.code, done.err.startswith("error[card_changed]"), "LIST" in done.out) == (4, True, False)
    assert asking.query("write_query", "DROP TABLE drafts")["verdict"] == "escalate"


def follow(world: World, *words: str) -> subprocess.Popen[str]:
    """A command that stays until it is ended."""
    command = [sys.executable, "-m", "assent", *words]
    return subprocess.Popen(command, env=world.environ, stdout=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> None:
    """End it as Ctrl-C does."""
    assert process.stdout is not None
    process.send_signal(signal.SIGINT)
    process.wait(10)
    process.stdout.close()


def test_a_watcher_sees_a_question_come_without_its_values(asking: World) -> None:
    """`approvals --watch` rings for each open question once, says how to answer, and shows no argument."""
    watcher = follow(asking, "approvals", "--watch")
    assert watcher.stdout is not None
    first, second = watcher.stdout.readline(), watcher.stdout.readline()
    asking.ask("orders")
    third = watcher.stdout.readline()
    end(watcher)
    assert first.startswith("\a" + asking.asked["drafts"]["approval"])
    assert third.startswith("\a" + asking.asked["orders"]["approval"])
    assert "DROP" not in first + third
    assert second.strip() == f"answer with: assent approve {asking.asked['drafts']['approval']}"


def test_a_program_may_watch_too(asking: World) -> None:
    """`approvals --watch --json` prints one published object a line."""
    watcher = follow(asking, "approvals", "--watch", "--json")
    assert watcher.stdout is not None
    found = json.loads(watcher.stdout.readline())
    end(watcher)
    valid("approvals", [found])
    assert found["id"] == asking.asked["drafts"]["approval"]


def test_tail_shows_a_receipt_as_it_is_written(fresh: World) -> None:
    """`tail` stays, and prints what another process records."""
    tail = follow(fresh, "tail", "--json", "-n", "1")
    assert tail.stdout is not None
    assert json.loads(tail.stdout.readline())["event"] == "enrol"
    assert fresh.run("clock", "confirm", "--yes", "--key", str(fresh.key)).code == 0
    assert json.loads(tail.stdout.readline())["event"] == "clock"
    end(tail)
