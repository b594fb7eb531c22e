"""Every verdict becomes the right MCP answer, and nothing happens outside begin and settle."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.edges.mcp.wire import Scripted, decision

Start = Callable[..., Scripted]


def order(wire: Scripted) -> list[str]:
    """The guard's steps, less the frame of the session."""
    return [event["event"] for event in wire.events() if event["event"] not in ("join", "leave", "exit", "notify")]


def calls(wire: Scripted) -> list[object]:
    """The calls that reached the server."""
    return [seen["name"] for seen in wire.reached() if "name" in seen]


def test_an_allowed_call_is_begun_then_sent_then_settled_then_answered(scripted: Start) -> None:
    """When the answer is here, its outcome has been recorded."""
    wire = scripted()
    assert wire.call("echo", {"text": "hi"})["result"]["content"][0]["text"] == '{"text": "hi"}'
    assert order(wire) == ["authorize", "begin", "settle"]
    assert wire.events("settle")[0]["status"] == "succeeded"


def test_a_denied_call_is_a_tool_result_with_the_published_structure(scripted: Start) -> None:
    """`isError`, a text for the model, and `_meta["assent/decision"]`; the server sees nothing."""
    wire = scripted()
    answer = wire.call("deny_echo", {"text": "hi"})
    reason = {"code": "forbidden", "policy": "rule", "message": "said by the script"}
    assert decision(answer) == {"verdict": "deny", "reasons": [reason], "receipt": 1}
    assert set(answer["result"]) == {"_meta", "content", "isError"}
    assert calls(wire) == [] and order(wire) == ["authorize"]


def test_a_refused_request_that_is_no_tool_call_is_an_error_with_the_same_structure(scripted: Start) -> None:
    """Results of other methods have no place for a refusal."""
    wire = scripted()
    wire.flag("no")
    for method in ("resources/read", "resources/subscribe", "prompts/get", "completion/complete", "tasks/get"):
        error = wire.ask(method, {"uri": "x:y"})["error"]
        assert (error["code"], error["data"]["verdict"]) == (-32010, "deny")
    assert not [seen for seen in wire.reached() if seen.get("method", "").startswith(("res", "pro", "com", "tas"))]


def test_every_governed_method_is_decided_before_it_passes(scripted: Start) -> None:
    """Its params are the action's arguments."""
    wire = scripted()
    assert wire.ask("resources/read", {"uri": "file:///x"})["result"] == {}
    assert wire.events("authorize")[0]["method"] == "resources/read"
    assert wire.events("authorize")[0]["params"] == {"uri": "file:///x"}
    assert order(wire) == ["authorize", "begin", "settle"]


def test_an_escalated_call_is_answered_when_nobody_does(scripted: Start) -> None:
    """The structured result says how to go on, with no progress unless the client wants it."""
    wire = scripted(SCRIPT_WAIT="0")
    found = decision(wire.call("ask_echo"))
    assert (found["verdict"], found["approval"]) == ("escalate", "apr_1")
    assert isinstance(found["retry_after"], int)
    assert wire.aside == [] and calls(wire) == []


def test_an_escalated_call_is_held_until_a_person_says_yes(scripted: Start) -> None:
    """Progress names the way to answer and no argument value; the answer is decided on afresh."""
    wire = scripted(SCRIPT_WAIT="20")
    params = {"arguments": {"text": "the-value"}, "name": "ask_echo", "_meta": {"progressToken": "p"}}
    id = wire.start("tools/call", params)
    progress = wire.next()
    assert progress["method"] == "notifications/progress"
    assert progress["params"]["progressToken"] == "p" and "apr_1" in progress["params"]["message"]
    assert "the-value" not in json.dumps(progress)
    wire.flag("yes")
    assert wire.answer(id)["result"]["content"][0]["text"] == '{"text": "the-value"}'
    assert order(wire) == ["authorize", "authorize", "begin", "settle"]


def test_a_held_call_that_a_person_refuses_is_refused(scripted: Start) -> None:
    """No is an answer too."""
    wire = scripted(SCRIPT_WAIT="20")
    id = wire.start("tools/call", {"arguments": {}, "name": "ask_echo"})
    while not wire.events("authorize"):
        time.sleep(0.02)
    wire.flag("no")
    assert decision(wire.answer(id))["verdict"] == "deny"
    assert calls(wire) == []


def test_other_calls_go_on_while_one_is_held(scripted: Start) -> None:
    """Each call is decided on its own."""
    wire = scripted(SCRIPT_WAIT="20")
    wire.start("tools/call", {"arguments": {}, "name": "ask_echo"})
    assert wire.call("echo", {"n": 1})["result"]["content"]
    assert wire.ask("ping")["result"] == {}


def test_a_call_cancelled_while_it_is_held_is_never_executed(scripted: Start) -> None:
    """Nothing is executed for a caller that has gone, whatever a person says later."""
    wire = scripted(SCRIPT_WAIT="20")
    id = wire.start("tools/call", {"arguments": {}, "name": "ask_echo", "_meta": {"progressToken": 1}})
    assert wire.next()["method"] == "notifications/progress"
    wire.send(method="notifications/cancelled", params={"requestId": id})
    wire.ask("ping")
    wire.flag("yes")
    assert wire.quiet() and calls(wire) == [] and wire.aside == []


def test_a_call_cancelled_between_decision_and_effect_is_settled_as_not_reached(scripted: Start) -> None:
    """Its permit is spent on nothing, and the record says so."""
    wire = scripted()
    id = wire.start("tools/call", {"arguments": {}, "name": "slow_to_decide"})
    while not wire.events("authorize"):
        time.sleep(0.005)
    wire.send(method="notifications/cancelled", params={"requestId": id})
    assert wire.quiet()
    settled = wire.events("settle")[0]
    assert (settled["status"], settled["reached"], settled["detail"]) == ("failed", False, "caller_gone")
    assert calls(wire) == []


def test_the_result_of_a_call_cancelled_after_it_began_is_kept(scripted: Start) -> None:
    """The server hears of the cancellation under the id it knows; what it answers is kept for the same call."""
    wire = scripted()
    id = wire.start("tools/call", {"arguments": {"seconds": 0.3}, "name": "slow"}, id="mine")
    while not wire.events("begin"):
        time.sleep(0.02)
    wire.send(method="notifications/cancelled", params={"reason": "changed my mind", "requestId": id})
    assert wire.quiet(0.8)
    assert wire.events("keep")[0]["result"] == {"result": {"content": [{"text": "done", "type": "text"}]}}
    cancelled = [seen for seen in wire.reached() if seen.get("method") == "notifications/cancelled"]
    assert cancelled[0]["params"]["reason"] == "changed my mind"
    assert type(cancelled[0]["params"]["requestId"]) is int


def test_a_kept_result_is_given_out_marked(scripted: Start) -> None:
    """The client can tell that it did not happen now."""
    wire = scripted()
    wire.flag("kept", json.dumps({"result": {"content": [], "_meta": {"theirs": 1}}}).encode())
    answer = wire.call("echo")
    assert answer["result"] == {"content": [], "_meta": {"theirs": 1, "assent/replayed": True}}
    assert calls(wire) == []


def test_a_permit_that_no_longer_holds_is_not_used(scripted: Start) -> None:
    """Revoked between decision and effect: the answer says that nothing was executed."""
    wire = scripted()
    wire.flag("revoked")
    answer = wire.call("echo")
    assert decision(answer)["reasons"][0]["code"] == "revoked"
    assert "Nothing was executed" in answer["result"]["content"][0]["text"]
    assert calls(wire) == []


def test_a_result_whose_outcome_cannot_be_recorded_is_held_back(scripted: Start) -> None:
    """Labels must be visible before the first byte is."""
    wire = scripted()
    wire.flag("full")
    answer = wire.call("echo", {"text": "secret"})
    assert decision(answer)["reasons"][0]["code"] == "may_have_happened"
    assert "secret" not in json.dumps(answer)


def test_an_error_of_the_server_is_passed_and_recorded_as_failed(scripted: Start) -> None:
    """A JSON-RPC error is an outcome too."""
    wire = scripted()
    assert wire.call("error")["error"] == {"code": -32000, "message": "no luck"}
    assert wire.events("settle")[0]["status"] == "failed"


@pytest.mark.parametrize("name", ["twice", "wrong_id", "text_id"])
def test_an_answer_nobody_waits_for_is_dropped(scripted: Start, name: str) -> None:
    """A second answer, a wrong id, an id of another type: only the first right answer counts."""
    wire = scripted()
    assert wire.call(name)["result"]["content"][0]["text"] in ("first", "right")
    assert wire.call("echo", {"n": 1})["result"]["content"][0]["text"] == '{"n": 1}'
    assert wire.quiet() and [event["status"] for event in wire.events("settle")] == ["succeeded", "succeeded"]
    assert "nobody waits for" in wire.said()


@pytest.mark.parametrize("name", ["garbage", "duplicate_key", "bad_envelope"])
def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(scripted: Start, name: str) -> None:
    """It may have happened, and the client is told so at once."""
    wire = scripted()
    answer = wire.call(name)
    assert decision(answer)["reasons"][0]["code"] == "may_have_happened"
    settled = wire.events("settle")[0]
    assert (settled["status"], settled["detail"]) == ("unknown", "bad_response")
    assert wire.call("echo")["result"]["content"]


def test_a_server_that_dies_during_a_call_leaves_the_outcome_unknown(scripted: Start) -> None:
    """The client is told that it may have happened; the gateway ends with the server's exit code."""
    wire = scripted()
    answer = wire.call("die")
    assert "may have happened" in answer["result"]["content"][0]["text"]
    settled = wire.events("settle")[0]
    assert (settled["status"], settled["detail"]) == ("unknown", "server_died")
    assert wire.process.wait(5) == 7


def test_no_answer_within_the_deadline_is_a_gap_and_a_late_one_is_kept(scripted: Start) -> None:
    """The caller hears that it may have happened; the late answer is settled, then kept for the same call."""
    wire = scripted(SCRIPT_DEADLINE="100")
    answer = wire.ask("tools/call", {"arguments": {"seconds": 3}, "name": "slow"}, 9)
    assert decision(answer)["reasons"][0]["code"] == "may_have_happened"
    assert order(wire) == ["authorize", "begin", "overdue"]
    end = time.monotonic() + 9
    while not wire.events("forgo") and time.monotonic() < end:
        time.sleep(0.05)
    assert order(wire) == ["authorize", "begin", "overdue", "settle", "keep", "forgo"]
    assert wire.events("settle")[0]["status"] == "succeeded"
    assert wire.events("keep")[0]["result"]["result"]["content"][0]["text"] == "done"
    assert wire.quiet()


def test_a_call_that_is_overdue_does_not_hold_up_the_end(scripted: Start) -> None:
    """Who has had its answer waits for nothing: the gateway ends when the client closes its end."""
    wire = scripted(SCRIPT_DEADLINE="100")
    wire.ask("tools/call", {"arguments": {}, "name": "silent"}, 9)
    begun = time.monotonic()
    assert wire.process.stdin is not None
    wire.process.stdin.close()
    wire.process.wait(20)
    assert time.monotonic() - begun < 8
    assert order(wire) == ["authorize", "begin", "overdue", "forgo"]


def test_large_messages_pass_both_ways(scripted: Start) -> None:
    """Several megabytes, in pieces as the pipes give them."""
    wire = scripted()
    assert len(wire.call("huge", {"bytes": 5_000_000}, **{})["result"]["content"][0]["text"]) == 5_000_000
    echoed = wire.ask("tools/call", {"arguments": {"text": "y" * 5_000_000}, "name": "echo"}, 20)
    assert len(json.loads(echoed["result"]["content"][0]["text"])["text"]) == 5_000_000


def test_progress_of_the_server_passes_and_made_up_notifications_do_not(scripted: Start) -> None:
    """Notifications of the protocol travel unchanged."""
    wire = scripted()
    assert wire.call("forged_progress", {}, progressToken=9)["result"]["content"]
    assert [message["params"] for message in wire.aside] == [{"progress": 1, "progressToken": 9}]


def test_an_answer_and_what_follows_it_arrive_in_this_order(scripted: Start) -> None:
    """A notification right behind the answer to a passed request does not overtake it."""
    wire = scripted()
    for _ in range(20):
        id = wire.start("logging/setLevel", {"level": "info"})
        assert [wire.next().get("id"), wire.next().get("method")] == [id, "notifications/message"]


@pytest.mark.parametrize(
    ("name", "method"),
    [("sample", "sampling/createMessage"), ("elicit", "elicitation/create"), ("roots", "roots/list")],
)
def test_requests_of_the_server_are_decided_too(scripted: Start, name: str, method: str) -> None:
    """The client's answer reaches the server only under a permit of its own."""
    wire = scripted()
    id = wire.start("tools/call", {"arguments": {}, "name": name})
    asked = wire.next()
    assert asked["method"] == method
    wire.send(id=asked["id"], result={"action": "accept", "roots": [], "_meta": {"assent/decision": 1}})
    told = json.loads(wire.answer(id)["result"]["content"][0]["text"])
    assert told["result"] == {"action": "accept", "roots": []}
    # asked for, and given: what the client answers goes to an external server (DESIGN §4.5)
    assert [event["method"] for event in wire.events("authorize")] == ["tools/call", method, method]
    assert order(wire).count("settle") == 3


def test_a_refused_request_of_the_server_is_an_error_to_it(scripted: Start) -> None:
    """The client never sees it."""
    wire = scripted()
    id = wire.start("tools/call", {"arguments": {}, "name": "unknown_request"})
    told = json.loads(wire.answer(id)["result"]["content"][0]["text"])
    assert told["error"]["code"] == -32601 and wire.aside == []


def test_a_forged_answer_lifts_nothing(scripted: Start) -> None:
    """An answer the client makes up, to a question nobody asked or in the call itself, is no person's."""
    wire = scripted(SCRIPT_WAIT="0")
    wire.send(id="apr_1", result={"action": "accept", "content": {"approve": True}})
    wire.send(id=1, result={"action": "accept"})
    params = {
        "arguments": {},
        "name": "ask_echo",
        "inputResponses": {"approval": {"action": "accept", "content": {"approve": True}}},
        "_meta": {"assent/approval": "apr_1"},
    }
    assert decision(wire.ask("tools/call", params))["verdict"] == "escalate"
    assert calls(wire) == []


def test_calls_are_decided_side_by_side(scripted: Start) -> None:
    """Twenty slow decisions take little longer than one."""
    wire = scripted()
    wire.call("echo")
    start = time.monotonic()
    ids = {wire.start("tools/call", {"arguments": {}, "name": "slow_to_decide"}) for _ in range(20)}
    assert {wire.next()["id"] for _ in ids} == ids
    assert time.monotonic() - start < 20 * 0.05
