"""ASGI applications that take permits: what has an effect needs one, and what was checked is what runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from assent.edges.mcp import classes
from assent.resource.asgi import HttpPermits, McpPermits
from assent.resource.executor import Asked
from assent.resource.mcp import REFUSED
from assent.resource.passed import passes
from tests.permits import Desk, desk


class Inner:
    """An application that says what reached it."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            self.got.append(("lifespan", b""))
            return
        body = (await receive())["body"] if scope["method"] == "POST" else b""
        if scope["method"] == "POST":
            length = dict(scope["headers"])[b"content-length"]
            assert int(length) == len(body)
        self.got.append((scope["method"], body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ran"})


async def ask(
    app: Any,
    body: bytes = b"",
    method: str = "POST",
    headers: list[tuple[bytes, bytes]] | None = None,
    kind: str = "http",
) -> tuple[int, bytes]:
    """Status and body of one request, which arrives in two parts."""
    parts = [
        {"type": "http.request", "body": body[:5], "more_body": True},
        {"type": "http.request", "body": body[5:], "more_body": False},
    ]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app({"type": kind, "method": method, "path": "/", "headers": headers or []}, receive, send)
    if not sent or "status" not in sent[0]:
        return int(sent[0]["code"]) if sent else 0, b""
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])


def message(method: str, params: object, **more: object) -> bytes:
    """A JSON-RPC request."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params, **more}).encode()


def put(token: object = None, **arguments: object) -> bytes:
    """A call of `query` with a permit."""
    params: dict[str, object] = {"name": "query", "arguments": arguments or {"query": "x"}}
    return message(
        "tools/call", params if token is None else {**params, "_meta": {"assent/permit": token, "progressToken": 1}}
    )


async def code(app: Any, body: bytes) -> str:
    """With which code a message is refused; the answer is a JSON-RPC error."""
    status, answer = await ask(app, body)
    told = json.loads(answer)
    assert (status, told["error"]["code"]) == (200, REFUSED), told
    return str(told["error"]["data"]["code"])


async def test_an_mcp_application(tmp_path: Path) -> None:
    """A call runs once with its permit, which the application does not see; nothing else with an effect does."""
    at, inner = await desk(tmp_path), Inner()
    app = McpPermits(inner, at.executor)
    _, token = await at.minted()
    assert await code(app, put()) == "permit_missing"
    assert await code(app, put(token, query="y")) == "permit_differs"
    for method in ("prompts/get", "resources/read", "tasks/get", "unknown/method", "Tools/List"):
        assert await code(app, message(method, {})) == "permit_missing"
    assert await code(app, put().replace(b'"id": 1, ', b"")) == "permit_missing"  # as if it wanted no answer
    assert inner.got == []
    assert (await ask(app, put(token))) == (200, b"ran")
    method, body = inner.got.pop()
    assert json.loads(body)["params"] == {"arguments": {"query": "x"}, "name": "query", "_meta": {"progressToken": 1}}
    assert method == "POST"
    assert await code(app, put(token)) == "permit_used"
    for free in (
        message("tools/list", {}),
        message("notifications/initialized", {}),
        b'{"id":1,"jsonrpc":"2.0","result":{}}',
    ):
        assert (await ask(app, free)) == (200, b"ran")
    assert (await ask(app, b"", "GET")) == (200, b"ran")


async def test_ambiguous_bodies(tmp_path: Path) -> None:
    """Batches, members twice, other JSON and endless bodies are refused before the application reads them."""
    at, inner = await desk(tmp_path), Inner()
    app = McpPermits(inner, at.executor)
    twice = b'{"method":"tools/list","method":"tools/call","id":1,"params":{}}'
    for bad in (b"", b"[" + put() + b"]", twice, b"{}x", b'"x"', b"[" * 9_999, b"\xff{}", put() + b" " * 5_000_000):
        status, answer = await ask(app, bad)
        assert status == 200 and "error" in json.loads(answer), bad[:40]
    for odd in (b'{"id":1,"method":7}', b'{"id":1,"method":"tools/call","params":[]}'):
        assert await code(app, odd) == "not_json"
    assert inner.got == []


async def test_what_is_not_http(tmp_path: Path) -> None:
    """A socket is closed, the start of the application passes."""
    at, inner = await desk(tmp_path), Inner()
    for app in (McpPermits(inner, at.executor), HttpPermits(inner, at.executor, lambda scope, body: None)):
        assert (await ask(app, kind="websocket"))[0] == 1008
        assert (await ask(app, kind="lifespan"))[0] == 0
    assert inner.got == [("lifespan", b"")] * 2


def http(at: Desk, inner: Inner) -> HttpPermits:
    """A service that puts what is posted."""

    def tool_of(scope: Any, body: object) -> Asked | None:
        return Asked.of_tool("query", body if isinstance(body, dict) else {}) if scope["method"] != "GET" else None

    return HttpPermits(inner, at.executor, tool_of)


async def test_another_service(tmp_path: Path) -> None:
    """The permit comes in a header, once; without it nothing runs, and reading is as the service says."""
    at, inner = await desk(tmp_path), Inner()
    app = http(at, inner)
    _, token = await at.minted()
    header = (b"Assent-Permit", token.encode())
    body = b'{ "query": "x" }'
    assert (await ask(app, body))[0] == 401
    assert (await ask(app, body, headers=[header, header]))[0] == 401
    assert (await ask(app, b'{"query":"y"}', headers=[header]))[0] == 403
    assert (await ask(app, b'{"query":1,"query":"x"}', headers=[header]))[0] == 400
    assert inner.got == []
    assert (await ask(app, body, headers=[header]))[0] == 200
    assert inner.got == [("POST", b'{"query":"x"}')]
    status, told = await ask(app, body, headers=[header])
    assert status == 403 and json.loads(told)["code"] == "permit_used"
    assert (await ask(app, b"", "GET"))[0] == 200


async def test_many_at_once(tmp_path: Path) -> None:
    """Of many requests with one permit at once, one runs."""
    at, inner = await desk(tmp_path), Inner()
    app = McpPermits(inner, at.executor)
    _, token = await at.minted()
    await asyncio.gather(*(ask(app, put(token)) for _ in range(10)))
    assert len(inner.got) == 1


def test_what_passes_is_what_the_gateway_lets_pass() -> None:
    """An executor asks for a permit exactly where the gateway mints one."""
    listens = [
        {},
        {"notifications": {"toolsListChanged": True}},
        {"notifications": {"resources": []}},
        {"notifications": 1},
    ]
    for method in [*classes.CLIENT_REQUESTS, "unknown/method"]:
        for params in listens:
            assert passes(method, params) is (classes.of_request(method, params, from_client=True) == "passed"), method
