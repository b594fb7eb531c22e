"""What is malformed or ambiguous is refused with a reason, and the gateway goes on serving."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.edges.mcp.wire import Scripted, decision

Start = Callable[..., Scripted]

CALL = b'"method":"tools/call","params":{"name":"echo","arguments":{"text":%b}}'

REFUSED = {
    "not JSON": (b'{"jsonrpc":"2.0","id":7,', -32700, "not_json", 7),
    "not JSON, id first": (b'{"jsonrpc":"2.0","id":7,"method":"ping","x":}', -32700, "not_json", 7),
    "not UTF-8": (b'{"jsonrpc":"2.0","id":7,' + CALL % b'"\xff"' + b"}", -32700, "not_utf8", 7),
    "duplicate key": (
        b'{"method":"tools/call","params":{"name":"deny_echo","name":"echo"},"jsonrpc":"2.0","id":"a"}',
        -32600,
        "duplicate_key",
        "a",
    ),
    "duplicate id": (b'{"jsonrpc":"2.0","id":7,"method":"ping","id":8}', -32600, "duplicate_key", None),
    "NaN": (b'{"jsonrpc":"2.0","id":7,' + CALL % b"NaN" + b"}", -32700, "not_json", 7),
    "Infinity": (b'{"jsonrpc":"2.0","id":7,' + CALL % b"-Infinity" + b"}", -32700, "not_json", 7),
    "overflow": (b'{"jsonrpc":"2.0","id":7,' + CALL % b"1e999" + b"}", -32600, "number_range", 7),
    "large integer": (b'{"jsonrpc":"2.0","id":7,' + CALL % b"9007199254740993" + b"}", -32600, "number_range", 7),
    "lone surrogate": (b'{"jsonrpc":"2.0","id":7,' + CALL % rb'"\ud800"' + b"}", -32600, "lone_surrogate", 7),
    "depth": (b'{"jsonrpc":"2.0","id":7,' + CALL % (b"[" * 65 + b"]" * 65) + b"}", -32600, "too_deep", 7),
    "batch": (b'[{"jsonrpc":"2.0","id":7,"method":"ping"}]', -32600, "batch", None),
    "empty batch": (b"[]", -32600, "batch", None),
    "a string": (b'"ping"', -32600, "not_a_message", None),
    "no version": (b'{"id":7,"method":"ping"}', -32600, "not_a_message", 7),
    "wrong version": (b'{"jsonrpc":"1.0","id":7,"method":"ping"}', -32600, "not_a_message", 7),
    "method is no string": (b'{"jsonrpc":"2.0","id":7,"method":1}', -32600, "not_a_message", 7),
    "params are a list": (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}', -32600, "not_a_message", 7),
    "request and response": (b'{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}', -32600, "not_a_message", 7),
    "result and error": (b'{"jsonrpc":"2.0","id":7,"result":{},"error":{}}', -32600, "not_a_message", 7),
    "id is null": (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, "bad_id", None),
    "id is a bool": (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600, "bad_id", None),
    "id is an object": (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600, "bad_id", None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_message_is_refused_with_its_reason(scripted: Start, name: str) -> None:
    """The error says why, carries the id if it could be read, and nothing reaches guard or server."""
    line, number, code, id = REFUSED[name]
    wire = scripted()
    wire.raw(line)
    answer = wire.next()
    assert (answer["error"]["code"], answer["error"]["data"]["code"], answer["id"]) == (number, code, id)
    assert answer["error"]["message"]
    assert wire.call("echo", {"text": "still here"})["result"]["content"]
    assert [event["params"]["arguments"] for event in wire.events("authorize")] == [{"text": "still here"}]


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_message_over_the_limit_is_refused_without_being_kept(scripted: Start, place: str) -> None:
    """Its id is found at either end, so that the caller hears of it."""
    wire = scripted(SCRIPT_LIMIT="100000")
    body = b'"method":"tools/call","params":{"name":"echo","arguments":{"text":"' + b"x" * 3_000_000 + b'"}}'
    start, end = (b'"id":41,', b"") if place == "first" else (b"", b',"id":41')
    wire.raw(b'{"jsonrpc":"2.0",' + start + body + end + b"}")
    answer = wire.next()
    assert (answer["id"], answer["error"]["data"]["code"]) == (41, "too_large")
    assert "100000" in answer["error"]["message"]
    assert wire.call("echo", {"text": "x" * 90_000})["result"]["content"]


def test_what_is_forwarded_is_made_from_what_was_decided(scripted: Start) -> None:
    """Spelling, order and white space of the received bytes do not travel on."""
    wire = scripted()
    wire.raw(
        b'{"params" : {"name":"\\u0065cho", "arguments":{"b":1.0, "a" : [1e2,"\\/"]}},'
        b' "id":5, "method":"tools\\/call", "jsonrpc":"2.0"}'
    )
    assert json.loads(wire.answer(5)["result"]["content"][0]["text"]) == {"a": [100, "/"], "b": 1}
    assert wire.events("authorize")[0]["params"] == {"arguments": {"a": [100, "/"], "b": 1}, "name": "echo"}


@pytest.mark.parametrize(
    "params", [{}, {"name": 1}, {"name": None, "arguments": {}}, {"name": "echo", "arguments": [1]}]
)
def test_a_tool_call_without_name_or_with_odd_arguments_is_refused(scripted: Start, params: dict[str, object]) -> None:
    """It names no action, so there is nothing to decide."""
    wire = scripted()
    answer = wire.ask("tools/call", params)
    assert (answer["error"]["code"], answer["error"]["data"]["code"]) == (-32602, "invalid_params")
    assert not wire.events("authorize")


def test_an_unknown_request_is_refused_and_an_unknown_notification_dropped(scripted: Start) -> None:
    """What has no class might be an effect."""
    wire = scripted()
    answer = wire.ask("made/up", {"x": 1})
    assert (answer["error"]["code"], answer["error"]["data"]["code"]) == (-32601, "unknown_method")
    wire.send(method="notifications/made_up", params={})
    wire.ask("ping")
    assert [seen["method"] for seen in wire.reached() if "method" in seen] == ["notifications/initialized", "ping"]


def test_an_unknown_tool_is_decided_and_never_forwarded(scripted: Start) -> None:
    """The refusal is a receipt like any other."""
    wire = scripted()
    assert decision(wire.call("nobody"))["reasons"][0]["code"] == "unknown_tool"
    assert wire.events("authorize")[0]["barred"] == "unknown_tool"
    assert not [seen for seen in wire.reached() if "name" in seen]


def test_an_id_that_is_in_use_is_refused(scripted: Start) -> None:
    """Two answers under one id could be taken for one another; `1` and `"1"` are two ids."""
    wire = scripted()
    call = {"arguments": {"seconds": 0.5}, "name": "slow"}
    wire.start("tools/call", call, id=77)
    wire.start("ping", id=77)
    assert wire.answer(77)["error"]["data"]["code"] == "id_in_use"
    wire.start("ping", id="77")
    found = [wire.next()["id"], wire.next()["id"]]
    assert sorted(map(str, found)) == ["77", "77"] and {type(id) for id in found} == {int, str}


def test_our_meta_keys_cannot_be_set_by_anyone(scripted: Start) -> None:
    """`assent/*` from client or server is removed; transport keys travel, others are stripped before the decision."""
    wire = scripted()
    answer = wire.call("marked", {}, **{"assent/decision": 1, "progressToken": "p", "host/callId": "fresh"})
    assert answer["result"]["_meta"] == {"theirs": 1}
    assert answer["result"]["content"][0]["_meta"] == {"theirs": 1}
    assert wire.events("authorize")[0]["params"] == {"arguments": {}, "name": "marked"}
    assert wire.reached()[-1]["_meta"] == {"progressToken": "p"}


def test_too_many_requests_in_flight_are_refused_not_queued(scripted: Start) -> None:
    """Memory is bounded; what is in flight is still answered."""
    wire = scripted(SCRIPT_LIMIT="20000")
    arguments = {"seconds": 1, "padding": "x" * 15_000}
    ids = [wire.start("tools/call", {"arguments": arguments, "name": "slow"}) for _ in range(11)]
    answers = [wire.next(20) for _ in ids]
    busy = [answer for answer in answers if "error" in answer]
    assert busy and all(answer["error"]["data"]["code"] == "busy" for answer in busy)
    assert len(answers) - len(busy) >= 8
