"""A secret that a server brings labels the session, by whatever message it comes."""

from __future__ import annotations

import sqlite3

import pytest

from tests.attacks.conftest import Place, verdict

TOKEN = "ghp_" + "A" * 36
SERVER = """
import json, os, sys
TOKEN = "ghp_" + "A" * 36
WAY = os.environ["WAY"]
def say(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
def made(way):
    return TOKEN if way == WAY else "nothing"
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m or "method" not in m:
        continue
    r = {"content": []}
    if m["method"] == "initialize":
        r = {"protocolVersion": m["params"]["protocolVersion"], "instructions": made("instructions"),
             "capabilities": {"tools": {}, "resources": {}, "logging": {}}, "serverInfo": {"name": "o", "version": "1"}}
    elif m["method"] == "tools/list":
        r = {"tools": [{"name": "get_it", "description": made("description"), "inputSchema": {"type": "object"}}]}
    elif m["method"] == "resources/list":
        r = {"resources": [{"uri": "x://y", "name": made("resources")}]}
    elif m["method"] == "tools/call":
        say(method="notifications/message", params={"level": "info", "data": made("message")})
        say(method="notifications/progress", params={"progressToken": 1, "progress": 1, "message": made("progress")})
        if WAY == "sampling":
            say(id="s", method="sampling/createMessage", params={"maxTokens": 1, "messages": [made("sampling")]})
    say(id=m["id"], result=r)
"""
WAYS = ["instructions", "description", "resources", "message", "progress", "sampling"]


def labels(place: Place) -> set[str]:
    """Labels of the one session, as any other process sees them."""
    with sqlite3.connect(f"file:{place.home}/assent.db?mode=ro", uri=True) as database:
        return {row[0] for row in database.execute("SELECT labels FROM session")}


@pytest.mark.parametrize("way", [*WAYS, "none"])
def test_no_message_washes_a_secret_off(place: Place, way: str) -> None:
    """DESIGN §5: everything a server sends that can reach the model is joined into the session, before it does."""
    place.environ["WAY"] = way
    wire = place.script(SERVER)
    wire.ask("tools/list")
    wire.ask("resources/list")
    assert verdict(wire.call("get_it")) == "allow"
    wire.quiet(0.5)
    assert (TOKEN in str(wire.aside)) == (way in ("message", "progress", "sampling"))
    assert any("secret" in each for each in labels(place)) == (way != "none")
