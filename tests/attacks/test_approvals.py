"""One answer of a person, taken every way an agent could take it."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from tests.attacks.conftest import SERVERS, Place, verdict
from tests.edges.mcp.wire import Wire

DROP = {"arguments": {"query": "DROP TABLE items"}, "name": "write_query"}


def base(place: Place) -> Wire:
    """The SQLite server, and a table."""
    with sqlite3.connect(place.work / "t.db") as database:
        database.execute("CREATE TABLE IF NOT EXISTS items (x)")
        database.execute("CREATE TABLE IF NOT EXISTS others (x)")
    return place.agent(str(SERVERS / "sqlite" / "bin" / "mcp-server-sqlite"), "--db-path", str(place.work / "t.db"))


def asked(answer: dict[str, Any]) -> str:
    """The id of the question."""
    return str(answer["result"]["_meta"]["assent/decision"]["approval"])


def receipts(place: Place) -> list[dict[str, Any]]:
    """Every receipt, as a script reads it."""
    found: list[dict[str, Any]] = json.loads(place.assent("receipts", "list", "--json").stdout)
    return found


def allowed(place: Place) -> int:
    """Decisions that let `write_query` happen."""
    return sum(1 for r in receipts(place) if r["verdict"] == "allow" and "write_query" in str(r["tool"]))


def test_one_answer_lets_one_of_many_equal_calls_happen(place: Place) -> None:
    """DESIGN §4.7: the transaction that mints the permit consumes the approval; no second call finds it."""
    wire = base(place)
    place.assent("approve", asked(wire.ask("tools/call", DROP)), "--yes", "--key", str(place.key))
    for _ in range(16):
        wire.start("tools/call", DROP)
    said = [verdict(wire.next()) for _ in range(16)]
    assert said.count("allow") == 1 and allowed(place) == 1
    assert set(said) <= {"allow", "escalate", "defer"}


def test_one_answer_lets_nothing_else_happen(place: Place) -> None:
    """No other argument, spelling, extra member, protocol key or session is covered by it."""
    wire, other = base(place), base(place)
    place.assent("approve", asked(wire.ask("tools/call", DROP)), "--yes", "--key", str(place.key))
    changed: list[dict[str, Any]] = [
        {**DROP, "arguments": {"query": "DROP TABLE others"}},
        {**DROP, "arguments": {"query": "DROP TABLE items "}},
        {**DROP, "arguments": {"query": "DROP TABLE items", "extra": 1}},
        {**DROP, "extra": 1},
        {**DROP, "_meta": {"io.modelcontextprotocol/x": 1}},
        {**DROP, "name": "create_table"},
    ]
    for params in changed:
        assert verdict(wire.ask("tools/call", params)) != "allow", params
    place.environ["ASSENT_PRINCIPAL"] = "local/somebody-else"
    stranger = base(place)
    assert verdict(stranger.ask("tools/call", DROP)) != "allow"
    assert allowed(place) == 0
    assert verdict(other.ask("tools/call", DROP)) == "allow"  # the same client's session, through another gateway
    assert verdict(wire.ask("tools/call", DROP)) != "allow"
    assert allowed(place) == 1


def test_a_no_is_not_outrun_by_a_burst(place: Place) -> None:
    """A person's no holds for the session, for calls under way too."""
    wire = base(place)
    approval = asked(wire.ask("tools/call", DROP))
    place.assent("deny", approval, "--reason", "no", "--yes", "--key", str(place.key))
    for _ in range(8):
        wire.start("tools/call", DROP)
    assert {verdict(wire.next()) for _ in range(8)} == {"deny"}
    assert allowed(place) == 0


def test_what_a_person_is_shown_cannot_be_drawn_over(place: Place) -> None:
    """Escape sequences, line breaks and directions in arguments are shown, not obeyed."""
    wire = base(place)
    drawn = "DROP TABLE items --\x1b[2J\x1b[1;1H\r\n  tool             read_query\u202e\u2066\u200b\x07\x9b1m"
    approval = asked(wire.ask("tools/call", {"arguments": {"query": drawn}, "name": "write_query"}))
    shown = place.assent("approve", approval, "--yes", "--key", str(place.key)).stdout
    assert not set(shown) & set("\x1b\r\u202e\u2066\u200b\x07\x9b")
    assert not any(line.startswith("  tool             read_query") for line in shown.splitlines())
    assert "DROP TABLE items" in shown
