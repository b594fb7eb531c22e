"""`assent sessions` and the key of an agent, on real processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.edges.mcp.wire import Wire, decision
from tests.unit.cli.world import SQLITE, Ran, World, valid

BOT = 'Agent::"local/bot"'


def signed(world: World, *words: str) -> Ran:
    """A command with the operator's key, which must succeed."""
    done = world.run(*words, "--yes", "--key", str(world.key))
    assert done.code == 0, done.err
    return done


def gateway(world: World, *options: str) -> list[str]:
    """The command of an agent's connection to sqlite."""
    start = [sys.executable, "-m", "assent", "mcp", "--name", "sqlite", *options, "--"]
    return [*start, str(SQLITE), "--db-path", str(world.database)]


@contextmanager
def connected(world: World, *options: str, other: bool = False) -> Iterator[Wire]:
    """An agent's connection; with `other` under a parent of its own, which makes it another client."""
    command = gateway(world, *options)
    wire = Wire(["sh", "-c", '"$@"; exit $?', "sh", *command] if other else command, world.environ)
    wire.hello()
    yield wire
    wire.close()


def ask(wire: Wire, tool: str, query: str) -> str:
    """The verdict on one call."""
    answer = wire.call(tool, {"query": query})
    found = decision(answer) if answer["result"].get("_meta", {}).get("assent/decision") else {"verdict": "allow"}
    return str(found["verdict"])


def test_an_agent_proves_itself_by_its_key(fresh: World, tmp_path: Path) -> None:
    """Nobody is the agent without its key; with it they are, and the receipts say by which."""
    file = tmp_path / "bot.key"
    signed(fresh, "principals", "add", "local/bot", "--new-key", str(file))
    for options in (["--as", "local/bot"], ["--as", "local/bot", "--key", str(fresh.key)]):
        done = fresh.run(*gateway(fresh, *options)[3:])
        assert done.code == 3 and ("key_needed" in done.err or "not_proven" in done.err)
    with connected(fresh, "--as", "local/bot", "--key", str(file)) as wire:
        assert ask(wire, "create_table", "CREATE TABLE notes (text TEXT)") == "allow"
        assert ask(wire, "read_query", f"ATTACH DATABASE '{file}' AS k") == "deny"
        [row] = fresh.run("sessions", "--json").json
        shown = fresh.run("sessions", "show", row["id"], "--json").json
        valid("session", shown)
        [listed] = [one for one in fresh.run("principals", "list", "--json").json if one["id"] == BOT]
        assert shown["key"] == listed["proofs"][0] and listed["last_used"]
        assert row["id"] in fresh.run("principals", "show", "local/bot").out
    assert fresh.run("verify").code == 0


def test_two_programs_with_one_key(fresh: World, tmp_path: Path) -> None:
    """The second is told on standard error, its calls are refused, and the review names both sessions."""
    file = tmp_path / "bot.key"
    signed(fresh, "principals", "add", "local/bot", "--new-key", str(file))
    options = ("--as", "local/bot", "--key", str(file))
    with connected(fresh, *options) as first, connected(fresh, *options, other=True) as second:
        assert ask(first, "create_table", "CREATE TABLE notes (text TEXT)") == "allow"
        assert ask(second, "read_query", "SELECT * FROM notes") == "deny"
        assert ask(first, "read_query", "SELECT * FROM notes") == "allow"
        codes = [one["code"] for one in fresh.run("principals", "review", "--json").json if one["principal"] == BOT]
        assert codes == ["shared"]
        assert "shared-key" in fresh.run("sessions").out
    assert fresh.run("verify").code == 0


def test_a_session_that_a_person_opens(fresh: World) -> None:
    """Opened with the operator's key, used by its id, ended; a call afterwards is refused."""
    with connected(fresh, "--as", "local/bot"):
        pass
    assert fresh.run("sessions", "open", "--as", "local/bot", "--yes").code == 1
    done = signed(fresh, "sessions", "open", "--as", "local/bot", "--task", "count the notes", "--expires", "1h")
    [row] = fresh.run("sessions", "--json").json
    assert f"opened    {row['id']} for {BOT}" in done.out
    with connected(fresh, "--as", "local/bot", "--session", row["id"]) as wire:
        assert ask(wire, "create_table", "CREATE TABLE notes (text TEXT)") == "allow"
        shown = fresh.run("sessions", "show", row["id"], "--json").json
        valid("session", shown)
        assert (shown["leaves"], shown["idle_seconds"]) == (3, 3600) and shown["task"] and shown["expires"]
        assert fresh.run("sessions", "end", row["id"], "--yes").out == f"ended     {row['id']}\n"
        answer = wire.call("read_query", {"query": "SELECT * FROM notes"})
        assert decision(answer)["reasons"][0]["code"] == "session_ended"
    assert fresh.run("verify").code == 0
    assert "unknown_session" in fresh.run("sessions", "show", "ses_x").err


def test_an_agent_asks_for_more_over_mcp(fresh: World) -> None:
    """Read alone was delegated; the tool that the gateway adds asks a person, whose yes lets the next call pass."""
    with connected(fresh, "--as", "local/bot") as wire:
        names = [tool["name"] for tool in wire.ask("tools/list")["result"]["tools"]]
        assert "assent_request_elevation" not in names
    signed(fresh, "delegations", "issue", "local/bot", "--action", "effect:read")
    with connected(fresh, "--as", "local/bot") as wire:
        listed = wire.ask("tools/list")["result"]["tools"]
        assert [tool["name"] for tool in listed][-1] == "assent_request_elevation"
        refused = wire.call("create_table", {"query": "CREATE TABLE notes (text TEXT)"})
        assert decision(refused)["reasons"][0]["code"] == "outside_delegation"
        assert "assent_request_elevation" in refused["result"]["content"][0]["text"]
        wish = {"group": "effect:write", "minutes": 5, "reason": "to keep the notes"}
        asked = decision(wire.call("assent_request_elevation", wish))
        assert asked["verdict"] == "escalate"
        shown = signed(fresh, "approve", asked["approval"]).out
        assert "effect:write, in this session, for 5 min" in shown and '"to keep the notes"' in shown
        answer = wire.call("assent_request_elevation", wish)["result"]
        assert answer["isError"] is False and answer["content"][0]["text"].startswith("Given: effect:write")
        assert ask(wire, "create_table", "CREATE TABLE notes (text TEXT)") == "allow"
        wrong = wire.call("assent_request_elevation", {"group": "everything", "reason": "x"})["result"]
        assert wrong["isError"] is True and wrong["content"][0]["text"].startswith("Not asked:")
        [row] = fresh.run("sessions", "--json").json
        assert len(fresh.run("sessions", "show", row["id"], "--json").json["elevations"]) == 1
    assert fresh.run("verify").code == 0


def test_a_chain_from_a_file(fresh: World, tmp_path: Path) -> None:
    """`--delegation FILE` takes a chain in, every link verified; one that was tampered with opens nothing."""
    file, bad = tmp_path / "chain.json", tmp_path / "bad.json"
    key = tmp_path / "bot.key"
    signed(fresh, "principals", "add", "ci/bot", "--new-key", str(key))
    assert fresh.run(*gateway(fresh, "--as", "ci/bot", "--key", str(key))[3:]).code == 3
    signed(fresh, "delegations", "issue", "ci/bot", "--action", "effect:read", "--out", str(file))
    data = file.read_text()
    at = data.index('"chain":["') + 400
    bad.write_text(data[:at] + ("A" if data[at] != "A" else "B") + data[at + 1 :])
    done = fresh.run(*gateway(fresh, "--as", "ci/bot", "--key", str(key), "--delegation", str(bad))[3:])
    assert done.code == 4, done.err
    with connected(fresh, "--as", "ci/bot", "--key", str(key), "--delegation", str(file)) as wire:
        assert ask(wire, "read_query", "SELECT 1") == "allow"
        assert ask(wire, "create_table", "CREATE TABLE notes (text TEXT)") == "deny"
    assert fresh.run("verify").code == 0
    [refused] = [one for one in fresh.run("receipts", "list", "--json").json if "outside_delegation" in one["reasons"]]
    told = fresh.run("explain", str(refused["index"])).out
    [given] = fresh.run("delegations", "list", "--json").json
    assert given["id"] in told and f"{given['issuer']} → {given['subject']}" in told
