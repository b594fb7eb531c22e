"""What is taken back while calls are under way: cancelled at the server, answered so, and settled as unknown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.edges.mcp.home import OPEN, Home, said
from tests.edges.mcp.wire import Scripted, Wire

Start = Callable[..., Scripted]
#: Seconds in which a call under way must have been stopped.
SOON = 1.0
ASKS = OPEN + '@id("asks")\n@escalate("owner")\n@self\nforbid (principal, action, resource);\n'


def notes(home: Home) -> list[dict[str, Any]]:
    """Notifications that the odd server saw."""
    path = home.work / "seen"
    lines = path.read_text().splitlines() if path.exists() else []
    return [value for value in map(json.loads, lines) if value.get("method") == "notifications/cancelled"]


def begun(home: Home, wire: Wire, number: int = 1) -> Any:
    """A call that the server has and never answers; its id."""
    id = wire.start("tools/call", {"arguments": {"n": number}, "name": "nothing"})
    end = time.monotonic() + 20
    while not any(call["arguments"] == {"n": number} for call in home.reached()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return id


def code_of(answer: dict[str, Any]) -> str:
    decision = answer["result"]["_meta"]["assent/decision"]
    assert decision["verdict"] == "deny"
    return str(decision["reasons"][0]["code"])


@pytest.mark.parametrize("why", ["revoked", "killed", "session_ended"])
def test_a_call_under_way_is_cancelled_answered_and_settled(scripted: Start, why: str) -> None:
    """Within a second: the server is told, the client hears why, the outcome is unknown; the next call passes."""
    wire = scripted()
    id = wire.start("tools/call", {"arguments": {}, "name": "nothing"})
    while not wire.events("begin"):
        time.sleep(0.02)
    began = time.monotonic()
    (wire.folder / "taken.new").write_text(why)
    (wire.folder / "taken.new").rename(wire.folder / "taken")
    answer = wire.answer(id, 5)
    assert time.monotonic() - began < SOON
    assert code_of(answer) == why and "Stopped:" in said(answer)
    settled = wire.events("settle")[0]
    assert (settled["status"], settled["detail"]) == ("unknown", why)
    (wire.folder / "taken").write_text("")
    assert wire.call("echo", {"n": 1})["result"]["content"]


def test_what_may_go_on_goes_on(scripted: Start) -> None:
    """A revocation of something else moves the epoch, and stops no call."""
    wire = scripted()
    id = wire.start("tools/call", {"arguments": {"seconds": 1}, "name": "slow"})
    while not wire.events("begin"):
        time.sleep(0.02)
    (wire.folder / "taken").write_text("")
    assert said(wire.answer(id, 10)) == "done"


def test_a_server_that_was_revoked_is_ended(scripted: Start) -> None:
    """Also one that hangs and has closed nothing: it is given no time, and the gateway ends with it."""
    wire = scripted()
    wire.call("echo")
    began = time.monotonic()
    (wire.folder / "server_taken").write_text("")
    (wire.folder / "taken").write_text("revoked")
    wire.process.wait(10)
    assert time.monotonic() - began < SOON + 2.0
    assert "is stopped: revoked" in wire.said()


def test_a_session_that_is_revoked_stops_its_calls(home: Home) -> None:
    """The real home: cancelled, answered, one outcome leaf, and every later call is refused as revoked."""
    home.policy(OPEN)
    wire = home.odd()
    id = begun(home, wire)
    session = home.json("sessions")[0]["id"]
    done = home.json("revoke", "session", session, "--yes", "--key", str(home.key))
    assert done["acknowledged"] is True and done["sessions"] == [session]
    answer = wire.answer(id, 5)
    assert code_of(answer) == "revoked"
    assert notes(home)[0]["params"]["reason"] == "revoked"
    assert [leaf["status"] for leaf in home.receipts("outcome")] == ["unknown"]
    assert code_of(wire.call("echo", {"n": 1})) == "revoked"
    assert not any(call["name"] == "echo" for call in home.reached())


def test_a_tool_or_a_server_is_revoked_and_restored(home: Home) -> None:
    """What is revoked stops its own calls and no others; given back, it is called again."""
    home.policy(OPEN)
    wire = home.odd()
    id = begun(home, wire)
    home.run("revoke", "tool", "odd/nothing", "--yes", "--key", str(home.key))
    assert code_of(wire.answer(id, 5)) == "revoked"
    assert [leaf["status"] for leaf in home.receipts("outcome")] == ["unknown"]
    assert wire.call("echo", {"n": 1})["result"]["content"]
    assert code_of(wire.call("nothing")) == "tool_revoked"
    home.run("revoke", "restore", "tool", "odd/nothing", "--yes", "--key", str(home.key))
    id = begun(home, wire, 2)
    home.run("revoke", "server", "odd", "--yes", "--key", str(home.key))
    assert code_of(wire.answer(id, 5)) == "revoked"
    wire.process.wait(10)


def test_a_held_call_is_answered_when_its_session_goes(home: Home) -> None:
    """A question that waits is cancelled, and whoever waits for it hears so at once, not when its time is up."""
    home.policy(ASKS)
    wire = home.odd(ASSENT_APPROVAL_WAIT="40")
    id = wire.start("tools/call", {"arguments": {"n": 1}, "name": "echo"})
    while not home.json("approvals"):
        time.sleep(0.05)
    session = home.json("sessions")[0]["id"]
    assert home.json("revoke", "session", session, "--yes", "--key", str(home.key))["acknowledged"]
    assert code_of(wire.answer(id, 5)) == "revoked"
    assert home.json("approvals") == [] and home.reached() == []


def test_everything_is_stopped_at_once(home: Home) -> None:
    """Calls under way, servers, new starts; and it goes on only by the operator's word."""
    home.policy(OPEN)
    wire = home.odd()
    id = begun(home, wire)
    began = time.monotonic()
    home.run("kill", "--all", "--yes", "--key", str(home.key))
    assert code_of(wire.answer(id, 5)) == "killed"
    wire.process.wait(10)
    assert time.monotonic() - began < 10
    assert home.json("kill")["stopped"] is True
    refused = home.gateway("cat", options=("--name", "x"), hello=False)
    assert refused.process.wait(20) != 0
    home.run("kill", "--off", "--yes", "--key", str(home.key))
    assert home.odd().call("echo", {"n": 1})["result"]["content"]
