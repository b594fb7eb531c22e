"""ASGI applications that run nothing without a permit: MCP over Streamable HTTP, and any other HTTP service.

The body is read whole and strictly, and what was checked is what the application gets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from assent_verify.canonical import canonicalize, parse

from assent.errors import AssentError, ProofError, RefusedError
from assent.resource.executor import PERMIT_META, Asked, Executor
from assent.resource.mcp import REFUSED
from assent.resource.passed import passes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
#: Says what a request would run, from scope and parsed body; None if it has no effect.
ToolOf = Callable[[Scope, object], Asked | None]

#: Header that carries a permit, where the body is not MCP.
HEADER = b"assent-permit"
#: Most bytes of a body.
MOST = 4 * 1024 * 1024
_STATUS = {"permit_missing": 401, "too_large": 413, "not_json": 400}
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "DELETE")  # of MCP: listening and ending a transport


class McpPermits:
    """An MCP server behind ASGI takes a permit, in `_meta["assent/permit"]`, with every request that has an effect.

    Args:
        app: the server's application.
        executor: checks and consumes.
    """

    def __init__(self, app: App, executor: Executor) -> None:
        self._app = app
        self._executor = executor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection; what is neither HTTP nor the start of the application is refused."""
        if await _beside(self._app, scope, receive, send, _WITHOUT_BODY):
            return
        message: object = None
        try:
            message = parse(await _body(receive), max_bytes=MOST)
            if not isinstance(message, dict):  # batches hide one request among others; MCP has dropped them
                raise RefusedError("not_json", "expected one JSON-RPC message")
            message = await self._held(message)
        except (AssentError, ProofError) as error:
            id = message.get("id") if isinstance(message, dict) else None
            refusal = {"code": REFUSED, "data": {"code": error.code}, "message": error.message}
            await _answer(send, 200, b"application/json", {"error": refusal, "id": id, "jsonrpc": "2.0"})
            return
        await self._app(*_given(scope, canonicalize(message), receive), send)

    async def _held(self, message: dict[str, object]) -> dict[str, object]:
        """The message as the application may have it: without its permit, which is used up."""
        method, params = message.get("method"), message.get("params", {})
        if method is None or (isinstance(method, str) and method.startswith("notifications/")):
            return message  # an answer to a question of the server, or what asks for nothing
        if not isinstance(method, str) or not isinstance(params, dict):
            raise RefusedError("not_json", "expected a JSON-RPC request")
        if passes(method, params):
            return message
        meta = params.get("_meta")
        meta = meta if isinstance(meta, dict) else {}
        await self._executor.accepted(meta.get(PERMIT_META), Asked.of_params(method, params))
        kept = {name: value for name, value in meta.items() if name != PERMIT_META}
        bare = {name: value for name, value in params.items() if name != "_meta"}
        return {**message, "params": {**bare, "_meta": kept} if kept else bare}


class HttpPermits:
    """Any HTTP service takes a permit, in the header `Assent-Permit`, with every request that has an effect.

    Args:
        app: the application.
        executor: checks and consumes.
        tool_of: says what a request would run; it must look at everything that the application acts on.
    """

    def __init__(self, app: App, executor: Executor, tool_of: ToolOf) -> None:
        self._app = app
        self._executor = executor
        self._tool_of = tool_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection; what is neither HTTP nor the start of the application is refused."""
        if await _beside(self._app, scope, receive, send, ()):
            return
        try:
            data = await _body(receive)
            body = parse(data, max_bytes=MOST) if data else None
            asked = self._tool_of(scope, body)
            if asked is not None:
                given = [value for name, value in scope["headers"] if name.lower() == HEADER]
                token = given[0].decode("latin-1") if len(given) == 1 else None
                await self._executor.accepted(token, asked)
        except (AssentError, ProofError) as error:
            status = _STATUS.get(error.code, 400 if isinstance(error, ProofError) else 403)
            told = {"code": error.code, "detail": error.message, "status": status, "type": "about:blank"}
            await _answer(send, status, b"application/problem+json", told)
            return
        await self._app(*_given(scope, canonicalize(body) if data else b"", receive), send)


async def _beside(app: App, scope: Scope, receive: Receive, send: Send, free: tuple[str, ...]) -> bool:
    """Has it been dealt with? The start of the application and free methods pass, sockets are closed."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return True
    if scope["type"] == "http" and scope["method"] not in free:
        return False
    await app(scope, receive, send)
    return True


async def _body(receive: Receive) -> bytes:
    data, more = bytearray(), True
    while more:
        part = await receive()
        if part["type"] != "http.request":
            raise RefusedError("caller_gone", "the caller has gone")
        data += part.get("body", b"")
        more = part.get("more_body", False)
        if len(data) > MOST:
            raise RefusedError("too_large", f"the body has more than {MOST} bytes")
    return bytes(data)


def _given(scope: Scope, body: bytes, receive: Receive) -> tuple[Scope, Receive]:
    """A request with this body; what comes after it is the connection's own."""
    told = False
    beside = (b"content-length", b"content-encoding", b"transfer-encoding", HEADER)
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in beside]
    headers.append((b"content-length", str(len(body)).encode()))

    async def again() -> MutableMapping[str, Any]:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return {**scope, "headers": headers}, again


async def _answer(send: Send, status: int, kind: bytes, told: Mapping[str, object]) -> None:
    data = canonicalize(told)
    headers = [(b"content-type", kind), (b"content-length", str(len(data)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
