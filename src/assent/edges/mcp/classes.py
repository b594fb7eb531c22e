"""The class of every MCP method, in both directions: governed, passed or refused.

One table, published in docs/mcp.md. What it does not name is refused if it is a request
and dropped if it is a notification: an unknown method might be an effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from assent.model.action import TRANSPORT_META

Class = Literal["governed", "passed", "refused", "dropped"]

#: Requests of a client to its server.
CLIENT_REQUESTS: Mapping[str, Class] = {
    "tools/call": "governed",
    "resources/read": "governed",
    "resources/subscribe": "governed",
    "prompts/get": "governed",
    "completion/complete": "governed",
    "tasks/get": "governed",
    "tasks/result": "governed",
    "tasks/list": "governed",
    "tasks/cancel": "governed",
    "tasks/update": "governed",
    "subscriptions/listen": "passed",  # governed as soon as it names resources, see `of_request`
    "initialize": "passed",
    "server/discover": "passed",
    "ping": "passed",
    "tools/list": "passed",
    "resources/list": "passed",
    "resources/templates/list": "passed",
    "resources/unsubscribe": "passed",
    "prompts/list": "passed",
    "logging/setLevel": "passed",
}
#: Requests of a server to its client: the answer reaches the server, so it is an effect.
SERVER_REQUESTS: Mapping[str, Class] = {
    "sampling/createMessage": "governed",
    "elicitation/create": "governed",
    "roots/list": "governed",
    "tasks/get": "governed",
    "tasks/result": "governed",
    "tasks/list": "governed",
    "tasks/cancel": "governed",
    "ping": "passed",
}
CLIENT_NOTIFICATIONS = frozenset(
    {
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/progress",
        "notifications/roots/list_changed",
        "notifications/tasks/status",
    }
)
SERVER_NOTIFICATIONS = frozenset(
    {
        "notifications/cancelled",
        "notifications/progress",
        "notifications/message",
        "notifications/tools/list_changed",
        "notifications/resources/list_changed",
        "notifications/resources/updated",
        "notifications/prompts/list_changed",
        "notifications/elicitation/complete",
        "notifications/subscriptions/acknowledged",
        "notifications/tasks",  # only without questions and results, see `rounds.quiet`
        "notifications/tasks/status",
    }
)
#: Requests whose effect is their standing, not their answer: settled once they are sent.
STANDING = frozenset({"subscriptions/listen"})
#: `_meta` keys with this prefix are the protocol's own: forwarded, and part of the digest.
PROTOCOL_META = "io.modelcontextprotocol/"
#: Ours: nobody else may set them, in either direction.
OUR_META = "assent/"
PROTOCOL_VERSION = PROTOCOL_META + "protocolVersion"
_LISTEN_FREELY = frozenset({"toolsListChanged", "promptsListChanged", "resourcesListChanged"})


def of_request(method: str, params: Mapping[str, object], *, from_client: bool) -> Class:
    """The class of a request."""
    found = (CLIENT_REQUESTS if from_client else SERVER_REQUESTS).get(method, "refused")
    if method == "subscriptions/listen" and from_client:
        wanted = params.get("notifications")
        free = isinstance(wanted, dict) and wanted.keys() <= _LISTEN_FREELY
        return "passed" if free and params.keys() <= {"notifications", "_meta"} else "governed"
    return found


def of_notification(method: str, *, from_client: bool, extra: frozenset[str] = frozenset()) -> Class:
    """The class of a notification; `extra` are methods that the operator lets pass."""
    known = CLIENT_NOTIFICATIONS if from_client else SERVER_NOTIFICATIONS
    return "passed" if method in known or method in extra else "dropped"


def split(params: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Params as they are decided, and the transport keys that only accompany them.

    Of `_meta` the protocol's own keys stay and are decided on; transport keys are set
    aside; every other key is stripped, because hosts put a fresh id into each call and
    the same call made again must be the same action.
    """
    meta = params.get("_meta")
    if not isinstance(meta, dict):
        return {name: value for name, value in params.items() if name != "_meta"}, {}
    transport = {name: value for name, value in meta.items() if name in TRANSPORT_META}
    kept = {name: value for name, value in meta.items() if name.startswith(PROTOCOL_META)}
    decided = {name: value for name, value in params.items() if name != "_meta"}
    if kept:
        decided["_meta"] = kept
    return decided, transport


def joined(decided: Mapping[str, object], transport: Mapping[str, object]) -> dict[str, object]:
    """What is sent: the decided params with their transport keys put back."""
    if not transport:
        return dict(decided)
    meta = decided.get("_meta")
    return {**decided, "_meta": {**(meta if isinstance(meta, dict) else {}), **transport}}


def without_ours(value: dict[str, object]) -> dict[str, object]:
    """A copy without `assent/*` in any `_meta`, save inside structured tool data."""
    cleaned = {name: member if name == "structuredContent" else _clean(member) for name, member in value.items()}
    meta = cleaned.get("_meta")
    if isinstance(meta, dict):
        cleaned["_meta"] = {name: member for name, member in meta.items() if not name.startswith(OUR_META)}
        if not cleaned["_meta"]:
            del cleaned["_meta"]
    return cleaned


def _clean(value: object) -> object:
    if isinstance(value, dict):
        return without_ours(value)
    return [_clean(member) for member in value] if isinstance(value, list) else value


def own_code(body: dict[str, object], ours: int) -> dict[str, object]:
    """An error of the other end under another code if it bears ours: nobody else may speak as a decision."""
    return {**body, "code": -32603} if body.get("code") == ours else body


def parts(listed: Mapping[str, object]) -> list[object]:
    """The tools of a listing, each apart, and what stands beside them."""
    tools = listed.get("tools")
    beside = {name: value for name, value in listed.items() if name != "tools"}
    return [*tools, beside] if isinstance(tools, list) else [dict(listed)]
