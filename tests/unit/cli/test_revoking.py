"""`assent revoke` and `assent kill`: what they print, for people and for programs."""

from __future__ import annotations

from tests.unit.cli.world import World, valid


def test_taking_back_and_giving_back(fresh: World) -> None:
    """It says what ended and when it is acknowledged; again it is harmless; a tool comes back; the log holds."""
    wire = fresh.connect()
    assert fresh.query("read_query", "SELECT 1") == {}
    key = ("--yes", "--key", str(fresh.key))
    done = fresh.run("revoke", "tool", "sqlite/read_query", "--reason", "not_needed", *key)
    assert done.code == 0, done.err
    assert [line.split()[0] for line in done.out.splitlines()] == ["revoked", "acknowledged"]
    assert fresh.query("read_query", "SELECT 1")["reasons"][0]["code"] == "tool_revoked"
    again = fresh.run("revoke", "tool", "sqlite/read_query", "--json", *key)
    valid("revoke", again.json)
    assert again.json["fresh"] is False and again.json["receipt"] is None
    found = fresh.run("revoke", "list", "--json")
    valid("revocations", found.json)
    assert [(one["kind"], one["id"]) for one in found.json] == [("tool", "sqlite/read_query")]
    assert "sqlite/read_query" in fresh.run("revoke", "list").out
    assert fresh.run("revoke", "restore", "tool", "sqlite/read_query", *key).code == 0
    assert fresh.query("read_query", "SELECT 1") == {}
    session = fresh.run("sessions", "--json").json[0]["id"]
    done = fresh.run("revoke", "session", session, "--json", *key)
    valid("revoke", done.json)
    assert done.json["sessions"] == [session]
    assert fresh.query("read_query", "SELECT 1")["reasons"][0]["code"] == "revoked"
    assert fresh.run("verify").code == 0
    wire.close()


def test_a_principal_goes_by_its_short_name_too(fresh: World) -> None:
    """`ci/deploy` is an agent here as everywhere else: in an emergency nobody looks up how it is spelled."""
    key = ("--yes", "--key", str(fresh.key))
    assert fresh.run("principals", "add", "ci/deploy", *key).code == 0
    done = fresh.run("revoke", "principal", "ci/deploy", *key)
    assert done.code == 0, done.err
    found = fresh.run("revoke", "list", "--json").json
    assert [(one["kind"], one["id"]) for one in found] == [("principal", 'Agent::"ci/deploy"')]


def test_what_is_wrong_is_said(fresh: World) -> None:
    """No such thing, no terminal to ask at, a reason that is a sentence, no key that is enrolled: nothing is done."""
    key = ("--key", str(fresh.key))
    assert "unknown_server" in fresh.run("revoke", "server", "nosuch", "--yes", *key).err
    assert fresh.run("revoke", "server", "nosuch", *key).code == 2
    assert fresh.run("revoke", "server", "x", "--reason", "Not this one!", "--yes", *key).code == 2
    assert (
        "no_terminal" in fresh.run("kill", "--all", "--yes").err
        or "no_operator_key" in fresh.run("kill", "--all", "--yes").err
    )
    assert fresh.run("kill", "--all", "--off", "--yes", *key).code == 2
    assert fresh.run("revoke", "list").out == "nothing has been revoked\n"


def test_everything_and_back(fresh: World) -> None:
    """Stopped, said to be, not twice, and lifted."""
    key = ("--yes", "--key", str(fresh.key))
    assert fresh.run("kill").out == "nothing is stopped\n"
    assert "not_killed" in fresh.run("kill", "--off", *key).err
    done = fresh.run("kill", "--all", "--reason", "incident", "--json", *key)
    valid("revoke", done.json)
    assert done.json["fresh"] is True
    assert "stopped before" in fresh.run("kill", "--all", *key).out
    found = fresh.run("kill", "--json")
    valid("kill", found.json)
    assert found.json["stopped"] is True and "since" in fresh.run("kill").out
    assert fresh.run("kill", "--off", *key).code == 0
    assert fresh.run("kill").out == "nothing is stopped\n"
    assert fresh.run("verify").code == 0
