"""The tool list: pinned at first use, stopped when changed, shown without what cannot be had."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.edges.mcp.wire import Scripted, decision

Start = Callable[..., Scripted]


def names(wire: Scripted) -> list[str]:
    """What the client is shown."""
    return [tool["name"] for tool in wire.ask("tools/list")["result"]["tools"]]


def test_hidden_tools_are_left_out_and_decided_when_called(scripted: Start) -> None:
    """Order and definitions of the rest are the server's."""
    wire = scripted()
    shown = names(wire)
    assert "hidden_echo" not in shown and shown[:3] == ["echo", "ask_echo", "deny_echo"]
    assert wire.call("hidden_echo")["result"]["content"]
    assert wire.events("authorize")[0]["tool"] == "hidden_echo"


def test_a_call_needs_no_listing_by_the_client(scripted: Start) -> None:
    """The gateway lists by itself once the handshake is over; calls wait for it."""
    wire = scripted()
    assert wire.call("echo")["result"]["content"]


def test_a_call_before_any_handshake_makes_the_gateway_list(scripted: Start) -> None:
    """The stateless generation has none: the client's own protocol keys go with the gateway's question."""
    wire = scripted(hello=False)
    keys = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "progressToken": 1}
    assert wire.call("echo", {}, **keys)["result"]["content"]
    assert wire.events("authorize")[0]["params"]["_meta"] == {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    refused = wire.call("deny_echo", {}, **keys)
    assert refused["result"]["resultType"] == "complete"


def test_a_changed_tool_is_stopped_and_a_person_told(scripted: Start) -> None:
    """A description turned round after the first use (rug pull) stops that tool, not the others."""
    wire = scripted("changing.py")
    assert names(wire) == ["pay", "change", "back", "rename", "forget"]
    assert wire.call("pay")["result"]["content"][0]["text"] == "pay done"
    wire.call("change")
    assert names(wire) == ["change", "back", "rename", "forget"]
    assert decision(wire.call("pay"))["reasons"][0]["code"] == "tool_changed"
    for _ in range(100):  # whoever tells people is not waited for
        if wire.events("notify"):
            break
        time.sleep(0.05)
    assert wire.events("notify") and "changed" in wire.said()
    wire.call("back")
    time.sleep(0.2)
    assert wire.call("pay")["result"]["content"][0]["text"] == "pay done"


def test_a_changed_tool_is_stopped_without_the_client_listing(scripted: Start) -> None:
    """The server's word that its list has changed makes the gateway list again before the next call."""
    wire = scripted("changing.py")
    wire.call("change")
    assert decision(wire.call("pay"))["reasons"][0]["code"] == "tool_changed"


def test_a_list_that_cannot_be_had_again_stops_every_tool(scripted: Start) -> None:
    """Nothing older is believed: the server said that its list has changed."""
    wire = scripted("changing.py")
    assert wire.call("pay")["result"]["content"]
    wire.call("forget")
    assert decision(wire.call("pay"))["reasons"][0]["code"] == "tools_unlisted"


def test_a_tool_renamed_between_list_and_call_is_decided_under_the_name_it_has(scripted: Start) -> None:
    """The new name is unknown until it is listed and pinned; the old one is gone once it is not."""
    wire = scripted("changing.py")
    wire.call("rename")
    assert decision(wire.call("pay_now"))["reasons"][0]["code"] == "unknown_tool"
    assert names(wire) == ["pay_now", "change", "back", "rename", "forget"]
    assert decision(wire.call("pay"))["reasons"][0]["code"] == "unknown_tool"
    assert wire.call("pay_now")["result"]["content"][0]["text"] == "pay_now done"


def test_look_alikes_and_doubles_are_left_out_and_refused(scripted: Start) -> None:
    """A Cyrillic letter, an invisible one, one name with two definitions; pages are followed."""
    wire = scripted("alike.py")
    first = wire.ask("tools/list")["result"]
    second = wire.ask("tools/list", {"cursor": first["nextCursor"]})["result"]
    assert [tool["name"] for tool in first["tools"] + second["tools"]] == ["read_file", "last"]
    for name in ("re\u0430d_file", "zero\u200bwidth", "double"):
        assert decision(wire.call(name))["reasons"][0]["code"] == "ambiguous_name"
    assert wire.call("last")["result"]["content"][0]["text"] == "last"
