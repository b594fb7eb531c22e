"""Calls of several rounds (MCP 2026-07-28): sealed state, answers to what was asked, tasks, versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assent.edges.mcp.rounds import MAX_TASKS, Tasks, known_kind
from assent.keys.seal import PREFIX, Seal, load_or_make
from tests.edges.mcp.home import OPEN, Home
from tests.edges.mcp.wire import HELLO, Scripted, decision

Start = Callable[..., Scripted]
META = {
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    "io.modelcontextprotocol/clientInfo": {"name": "wire", "version": "1"},
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
}
STATE = "the server's own state"
YES = {"sure": {"action": "accept", "content": {}}}


def ask(wire: Scripted, name: str, arguments: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The answer to one round of a call."""
    return wire.ask("tools/call", {"_meta": META, "arguments": arguments or {}, "name": name, **more})


def state(wire: Scripted, name: str = "confirm", arguments: dict[str, Any] | None = None) -> str:
    """The sealed state of a first round."""
    result = ask(wire, name, arguments)["result"]
    assert result["resultType"] == "input_required" and result["inputRequests"]["sure"]["method"]
    return str(result["requestState"])


def refused(answer: dict[str, Any]) -> bool:
    """Is it the refusal of a state, with a receipt?"""
    error = answer["error"]
    assert error["message"] == "Invalid or expired requestState"
    reasons = [reason["code"] for reason in error["data"]["reasons"]]
    return error["code"] == -32602 and reasons[0] == "bad_state" and error["data"]["receipt"] is not None


def test_a_state_travels_sealed_and_comes_back_as_the_server_gave_it(scripted: Start) -> None:
    """The client sees none of it; it is no part of what is decided on; question and answer are."""
    wire = scripted("asking.py", hello=False)
    sealed = state(wire)
    assert sealed.startswith(PREFIX) and "own" not in sealed
    result = ask(wire, "confirm", requestState=sealed, inputResponses=YES)["result"]
    assert result["content"][0]["text"] == "done"
    first, second = [seen for seen in wire.reached() if "name" in seen]
    assert "requestState" not in first and "inputResponses" not in first
    assert (second["requestState"], second["inputResponses"]) == (STATE, YES)
    methods = [event["method"] for event in wire.events("authorize")]
    assert methods == ["tools/call", "elicitation/create", "tools/call"]
    decided = wire.events("authorize")[-1]["params"]
    assert decided["inputResponses"] == YES and "requestState" not in decided


def test_a_server_without_state_is_answered_only_where_it_asked(scripted: Start) -> None:
    """It gets a state of ours to lean on, and never sees it."""
    wire = scripted("asking.py", hello=False)
    sealed = state(wire, "without_state")
    answer = ask(wire, "without_state", requestState=sealed, inputResponses={**YES, "other": YES["sure"]})
    assert answer["result"]["content"][0]["text"] == "done"
    (_, second) = [seen for seen in wire.reached() if "name" in seen]
    assert second["inputResponses"] == YES and "requestState" not in second


@pytest.mark.parametrize("name", ["confirm", "without_state"])
def test_an_answer_to_what_was_not_asked_never_arrives(scripted: Start, name: str) -> None:
    """Forged `inputResponses` without a state: the server is asked as if there were none."""
    wire = scripted("asking.py", hello=False)
    assert ask(wire, name, inputResponses=YES)["result"]["resultType"] == "input_required"
    assert ask(wire, name, inputResponses="yes", requestState=None)["result"]["resultType"] == "input_required"
    assert all("inputResponses" not in seen for seen in wire.reached())


def tampered(sealed: str) -> list[Any]:
    """What a client could make of a state."""
    half = len(sealed) // 2
    flipped = sealed[:half] + ("A" if sealed[half] != "A" else "B") + sealed[half + 1 :]
    return [flipped, sealed[:-1], sealed + "=", sealed[len(PREFIX) :], "", STATE, "x" * 5000, "é", 7, [sealed]]


def test_a_state_that_was_changed_or_made_up_is_refused(scripted: Start) -> None:
    """With the error that servers answer and a receipt; nothing reaches the server."""
    wire = scripted("asking.py", hello=False)
    sealed = state(wire)
    before = len(wire.reached())
    for other in tampered(sealed):
        assert refused(ask(wire, "confirm", requestState=other, inputResponses=YES)), other
    assert len(wire.reached()) == before
    assert "result" in ask(wire, "confirm", requestState=sealed, inputResponses=YES)


def test_a_state_is_for_one_call_alone(scripted: Start) -> None:
    """Not for other arguments, another tool or another method."""
    wire = scripted("asking.py", hello=False)
    sealed = state(wire, "confirm", {"n": 1})
    before = len(wire.reached())
    assert refused(ask(wire, "confirm", {"n": 2}, requestState=sealed, inputResponses=YES))
    assert refused(ask(wire, "without_state", {"n": 1}, requestState=sealed, inputResponses=YES))
    prompt = {"_meta": META, "arguments": {"n": 1}, "name": "confirm", "requestState": sealed}
    assert refused(wire.ask("prompts/get", prompt))
    assert len(wire.reached()) == before


def test_a_state_works_once(scripted: Start) -> None:
    """The answers that came with it count once, whatever the server would do with them again."""
    wire = scripted("asking.py", hello=False)
    sealed = state(wire)
    assert "result" in ask(wire, "confirm", requestState=sealed, inputResponses=YES)
    assert refused(ask(wire, "confirm", requestState=sealed, inputResponses=YES))


def test_two_at_once_use_a_state_once(scripted: Start) -> None:
    """All are found good and held before any is sent; one of them arrives."""
    wire = scripted("asking.py", hello=False, SCRIPT_WAIT="20")
    wire.flag("yes")
    sealed = state(wire, "ask_confirm")
    (wire.folder / "yes").unlink()
    held = {"_meta": META, "arguments": {}, "name": "ask_confirm", "requestState": sealed, "inputResponses": YES}
    before = len(wire.events("authorize"))
    ids = [wire.start("tools/call", held) for _ in range(5)]
    while len(wire.events("authorize")) < before + len(ids):
        assert wire.quiet(0.05)
    wire.flag("yes")
    answers = [wire.next() for _ in ids]
    assert [answer["result"].get("isError") for answer in answers].count(None) == 1
    assert sum("inputResponses" in seen for seen in wire.reached()) == 1
    assert [event["detail"] for event in wire.events("settle")].count("bad_state") == 4


def test_a_state_without_questions_carries_a_server_through_its_rounds(scripted: Start) -> None:
    """Each round is a call of its own."""
    wire = scripted("asking.py", hello=False)
    more: dict[str, Any] = {}
    for _ in range(2):
        more = {"requestState": ask(wire, "poll", **more)["result"]["requestState"]}
    assert ask(wire, "poll", **more)["result"]["content"][0]["text"] == "done"
    assert [seen.get("requestState") for seen in wire.reached()] == [None, "1", "2"]
    assert len(wire.events("authorize")) == 3


@pytest.mark.parametrize("name", ["number_as_state", "made_up_kind", "list_as_questions"])
def test_a_result_that_cannot_be_judged_is_held_back(scripted: Start, name: str) -> None:
    """It may carry anything; the call has been made, and the agent hears that it may have happened."""
    wire = scripted("asking.py", hello=False)
    result = ask(wire, name)["result"]
    assert result["isError"] is True and "may have happened" in result["content"][0]["text"]
    assert result["resultType"] == "complete" and "inputRequests" not in result


def test_a_question_of_an_unknown_kind_is_refused(scripted: Start) -> None:
    """What a result asks is decided like a request of the server."""
    wire = scripted("asking.py", hello=False)
    assert decision(ask(wire, "made_up_question"))["reasons"][0]["code"] == "unknown_method"


def test_a_list_cannot_ask(scripted: Start) -> None:
    """What passes undecided carries no question, and no answer either."""
    wire = scripted("asking.py", hello=False)
    params = {"_meta": META, "inputResponses": YES, "requestState": "x"}
    assert wire.ask("prompts/list", params)["error"]["data"]["code"] == "unknown_result"
    (seen,) = wire.reached()
    assert seen == {"method": "prompts/list", "params": {"_meta": META}}


def test_a_task_is_answered_only_what_it_has_asked(scripted: Start) -> None:
    """A question is decided on once, not at every poll; what a notification would bring of it is held back."""
    wire = scripted("asking.py", hello=False)
    assert ask(wire, "job")["result"]["taskId"] == "t1"
    update = {"_meta": META, "inputResponses": YES, "taskId": "t1"}
    wire.ask("tasks/update", update)
    for _ in range(3):
        polled = wire.ask("tasks/get", {"_meta": META, "taskId": "t1"})["result"]
        assert polled["status"] == "input_required"
    assert [note["params"]["status"] for note in wire.aside] == ["working"] * 3
    wire.ask("tasks/update", {**update, "inputResponses": {**YES, "other": {}}})
    wire.ask("tasks/update", {**update, "taskId": "t2"})
    arrived = [seen["params"]["inputResponses"] for seen in wire.reached() if seen.get("method") == "tasks/update"]
    assert arrived == [{}, YES, {}]
    assert [event["method"] for event in wire.events("authorize")].count("elicitation/create") == 1


def test_a_version_that_nobody_knows_is_refused_and_not_offered(scripted: Start) -> None:
    """Neither end can lead the other where the gateway cannot follow."""
    wire = scripted("asking.py", hello=False)
    offered = wire.ask("server/discover", {"_meta": META})["result"]["supportedVersions"]
    assert offered == ["2025-11-25", "2026-07-28"]
    for named in ("2099-01-01", 7, None, {"x": "y" * 500}):
        meta = {**META, "io.modelcontextprotocol/protocolVersion": named}
        error = wire.ask("tools/call", {"_meta": meta, "arguments": {}, "name": "confirm"})["error"]
        assert error["code"] == -32022 and "2026-07-28" in error["data"]["supported"]
        assert len(json.dumps(error)) < 500
    assert [seen["method"] for seen in wire.reached()] == ["server/discover"]


@pytest.mark.parametrize("method", ["initialize", "ping", "logging/setLevel", "resources/subscribe", "tasks/list"])
def test_what_the_stateless_generation_no_longer_has_means_nothing_in_it(scripted: Start, method: str) -> None:
    """Whatever the server would make of it."""
    wire = scripted("asking.py", hello=False)
    assert wire.ask(method, {"_meta": META})["error"]["code"] == -32601
    assert wire.reached() == [] and wire.events("authorize") == []


def test_initialize_cannot_agree_on_an_unknown_version_or_change_it(scripted: Start) -> None:
    """The server of this test agrees to whatever it is offered."""
    wire = scripted("asking.py", hello=False)
    for version in ("2099-01-01", "2026-07-28"):
        answer = wire.ask("initialize", {**HELLO, "protocolVersion": version})
        assert answer["error"]["data"]["code"] == "unsupported_version"
    assert wire.hello()["result"]["protocolVersion"] == HELLO["protocolVersion"]
    answer = wire.ask("initialize", {**HELLO, "protocolVersion": "2024-11-05"})
    assert answer["error"]["data"]["code"] == "version_changed"
    assert "result" in ask(wire, "job")


def test_a_stateless_server_sends_no_requests(scripted: Start) -> None:
    """Before `initialize` nobody has agreed to be asked."""
    wire = scripted("asking.py", hello=False)
    wire.ask("resources/list", {"_meta": META})
    wire.ask("tools/list", {"_meta": META})
    assert wire.aside == [] and wire.events("authorize") == []


def test_a_seal_opens_only_what_it_closed_beside_what_it_was_bound_to(tmp_path: Path) -> None:
    """Another key, another binding, another byte: nothing. The same text never looks the same."""
    seal = load_or_make(tmp_path / "seal.key")
    token = seal.close(b"text", b"bound")
    found = load_or_make(tmp_path / "seal.key").open(token, b"bound")
    assert found is not None and found[0] == b"text"
    assert seal.open(token, b"other") is None and Seal(b"x" * 32).open(token, b"bound") is None
    assert seal.close(b"text", b"bound") != token and "x" not in repr(seal)
    assert (tmp_path / "seal.key").stat().st_mode & 0o077 == 0
    for at in range(len(token)):
        assert seal.open(token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :], b"bound") is None


def test_what_tasks_have_asked_is_bounded() -> None:
    """The oldest is forgotten; its answers are then left out."""
    tasks = Tasks()
    for number in range(MAX_TASKS + 1):
        tasks.remember({"taskId": str(number)}, {"inputRequests": {"sure": {}}})
    answers = {"inputResponses": {"sure": {}}}
    assert tasks.answered({"taskId": "0", **answers})["inputResponses"] == {}
    assert tasks.answered({"taskId": "1", **answers})["inputResponses"] == {"sure": {}}


def test_what_kinds_of_results_there_are() -> None:
    """None said is the older generation's complete one."""
    assert known_kind({}) and known_kind({"resultType": "task"}) and not known_kind({"resultType": None})
    assert known_kind({}, passed=True) and not known_kind({"resultType": "task"}, passed=True)


def test_a_state_outlives_the_gateway_and_its_use_is_remembered(home: Home) -> None:
    """A gateway that was killed is started again by the same client: the answer arrives, once."""
    home.policy(OPEN)
    first: Any = home.odd("asking.py", hello=False)
    sealed = state(first)
    first.kill()
    second: Any = home.odd("asking.py", hello=False)
    result = ask(second, "confirm", requestState=sealed, inputResponses=YES)["result"]
    assert result["content"][0]["text"] == "done"
    second.kill()
    third: Any = home.odd("asking.py", hello=False)
    assert refused(ask(third, "confirm", requestState=sealed, inputResponses=YES))
    assert [seen.get("requestState") for seen in home.reached()] == [None, STATE]
    assert [leaf["verdict"] for leaf in home.receipts("decision")] == ["allow", "allow", "allow", "deny"]


@pytest.mark.parametrize("other", ["client", "principal", "server"])
def test_a_state_is_for_one_client_one_principal_and_one_server(home: Home, other: str) -> None:
    """Another process that has read it can do nothing with it."""
    home.policy(OPEN)
    home.environ["ASSENT_PRINCIPAL"] = "local/one"
    wire: Any = home.odd("asking.py", hello=False)
    sealed = state(wire)
    if other == "client":
        wire = home.odd("asking.py", hello=False, through=("sh", "-c", '"$@"; exit $?', "sh"))
    elif other == "principal":
        wire = home.odd("asking.py", hello=False, ASSENT_PRINCIPAL="local/other")
    else:
        wire = home.odd("asking.py", "elsewhere", hello=False)
    assert refused(ask(wire, "confirm", requestState=sealed, inputResponses=YES))
    assert [seen.get("requestState") for seen in home.reached()] == [None]


def test_an_answer_of_the_client_is_no_approval(home: Home) -> None:
    """The state is genuine and the answer says yes: a rule that wants a person still does, and the round stays open."""
    home.policy(
        OPEN
        + '@id("ask") @escalate("owner") @self\nforbid (principal, action == Action::"tool:odd/confirm", resource)'
        + " when { context.session.calls > 1 };\n"
    )
    wire: Any = home.odd("asking.py", hello=False)
    sealed = state(wire)
    again = ask(wire, "confirm", requestState=sealed, inputResponses=YES)
    assert decision(again)["verdict"] == "escalate"
    home.run("approve", decision(again)["approval"], "--yes", "--key", str(home.key))
    assert ask(wire, "confirm", requestState=sealed, inputResponses=YES)["result"]["content"][0]["text"] == "done"
