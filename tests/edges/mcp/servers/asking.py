"""A server of the stateless generation whose tools ask their client before they answer; the tool's name says how."""

from __future__ import annotations

import json
import os
from pathlib import Path

from serve import send, serve, text, tool

SEEN = Path(os.environ.get("ODD_SEEN", os.devnull))
NAMES = "confirm ask_confirm without_state poll number_as_state made_up_kind list_as_questions made_up_question job"
QUESTION = {"method": "elicitation/create", "params": {"message": "sure?", "requestedSchema": {"type": "object"}}}
STATE = "the server's own state"


def asked(**members: object) -> dict[str, object]:
    """A result that asks for input."""
    return {"inputRequests": {"sure": QUESTION}, "resultType": "input_required", **members}


def call(params: dict[str, object], message: dict[str, object]) -> dict[str, object]:
    """Ask in the first round, tell in the second what came."""
    with SEEN.open("a") as seen:
        seen.write(json.dumps(params) + "\n")
    name, answered = params["name"], "inputResponses" in params
    if name in ("confirm", "ask_confirm") and not (answered and params.get("requestState") == STATE):
        return asked(requestState=STATE)
    if name == "without_state" and not answered:
        return asked()
    if name == "poll" and params.get("requestState") != "2":
        return {"requestState": str(int(str(params.get("requestState", "0"))) + 1), "resultType": "input_required"}
    if name == "number_as_state":
        return asked(requestState=7)
    if name == "made_up_kind":
        return {"content": [], "resultType": "made_up"}
    if name == "list_as_questions":
        return {"inputRequests": [QUESTION], "resultType": "input_required"}
    if name == "made_up_question":
        return {"inputRequests": {"x": {"method": "made/up", "params": {}}}, "resultType": "input_required"}
    if name == "job":
        return {"resultType": "task", "status": "working", "taskId": "t1"}
    return {**text("done"), "resultType": "complete"}


def other(message: dict[str, object]) -> dict[str, object]:
    """Tasks, and what the two ends agree on."""
    params = message.get("params") or {}
    assert isinstance(params, dict)
    with SEEN.open("a") as seen:
        seen.write(json.dumps({"method": message.get("method"), "params": params}) + "\n")
    if message.get("method") == "server/discover":
        versions = ["2025-11-25", "2026-07-28", "2099-01-01"]
        return {"capabilities": {"tools": {}}, "resultType": "complete", "supportedVersions": versions}
    if message.get("method") == "prompts/list":
        return asked(prompts=[])
    if message.get("method") == "tasks/get":
        note = {"inputRequests": {"sure": QUESTION}, "status": "input_required", "taskId": "t1"}
        send({"method": "notifications/tasks", "params": note})
        send({"method": "notifications/tasks", "params": {"status": "working", "taskId": "t1"}})
        return {**note, "resultType": "complete"}
    if message.get("method") == "resources/list":  # the stateless generation has no requests of the server
        send({"id": "s1", **QUESTION})
    return {"resultType": "complete"}


if __name__ == "__main__":
    serve(lambda: [tool(name) for name in NAMES.split()], call, other)
