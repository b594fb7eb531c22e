"""MCP servers that run nothing without a permit: for servers built with the Python SDK, 1.x and 2.x.

Every request that could have an effect is held: what is not known to have none. The SDK
is the server's; this module loads none of it before a server is given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from assent.errors import AssentError, ConfigError
from assent.resource.executor import OUTCOME_META, PERMIT_META, Asked, Executor
from assent.resource.passed import passes

#: JSON-RPC code of a refusal; `data.code` says which.
REFUSED = -32043


def hold(server: object, executor: Executor) -> None:
    """Let a server take permits: `Server`, `FastMCP` or `MCPServer`. Call it before the server runs.

    Raises:
        ConfigError: `unknown_server`: it is of no SDK that is known.
    """
    inner: Any = getattr(server, "_mcp_server", server)
    if isinstance(getattr(inner, "middleware", None), list):
        inner.middleware.insert(0, _second(executor))  # outermost: sees params as they arrived
    elif isinstance(getattr(inner, "request_handlers", None), dict):
        inner.request_handlers = _Held(executor, inner.request_handlers)
    else:
        help = "see docs/permits.md for what can be held"
        raise ConfigError("unknown_server", f"`{type(server).__name__}` is not a server of the MCP SDK", help=help)


# ---- SDK 2.x -----------------------------------------------------------------------


def _second(executor: Executor) -> Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]:
    from mcp.shared.exceptions import MCPError  # type: ignore[import-not-found, unused-ignore]

    async def middleware(ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        params = dict(ctx.params or {})
        if ctx.request_id is None or passes(ctx.method, params):
            return await call_next(ctx)
        try:
            permit = await executor.accepted(_token(params), Asked.of_params(ctx.method, params))
        except AssentError as error:
            raise MCPError(code=REFUSED, message=error.message, data={"code": error.code}) from error
        result = await call_next(replace(ctx, params=_without(params)))
        told = result if isinstance(result, dict) else result.model_dump(by_alias=True, mode="json", exclude_none=True)
        word = executor.word(permit, "failed" if told.get("isError") is True else "succeeded", told)
        return told if word is None else {**told, "_meta": {**(told.get("_meta") or {}), OUTCOME_META: word}}

    return middleware


# ---- SDK 1.x -----------------------------------------------------------------------


class _Held(dict[Any, Any]):
    """The table of a server's handlers, which gives out held ones only, whenever they were put in."""

    def __init__(self, executor: Executor, handlers: Mapping[Any, Any]) -> None:
        super().__init__()
        self._executor = executor
        for kind, handler in handlers.items():
            self[kind] = handler

    def __setitem__(self, kind: Any, handler: Any) -> None:
        super().__setitem__(kind, self._held(handler))

    def setdefault(self, kind: Any, default: Any = None) -> Any:
        if kind not in self:
            self[kind] = default
        return self[kind]

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self.update(other)
        return self

    def update(self, *others: Any, **more: Any) -> None:
        for kind, handler in dict(*others, **more).items():
            self[kind] = handler

    def _held(self, handler: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        from mcp.shared.exceptions import McpError  # type: ignore[attr-defined, import-not-found, unused-ignore]
        from mcp.types import ErrorData  # type: ignore[import-not-found, unused-ignore]

        async def held(request: Any) -> Any:
            if request is None:  # the SDK itself looks up the list of its tools
                return await handler(request)
            whole = request.model_dump(by_alias=True, mode="json", exclude_unset=True)
            method, params = request.method, whole.get("params") or {}
            if passes(method, params):
                return await handler(request)
            try:
                permit = await self._executor.accepted(_token(params), Asked.of_params(method, params))
            except AssentError as error:
                refusal = ErrorData(code=REFUSED, message=error.message, data={"code": error.code})
                raise McpError(refusal) from error
            result = await handler(request)
            answer = getattr(result, "root", result)
            told = answer.model_dump(by_alias=True, mode="json", exclude_none=True)
            word = self._executor.word(permit, "failed" if told.get("isError") is True else "succeeded", told)
            if word is not None:
                answer.meta = {**(answer.meta or {}), OUTCOME_META: word}
            return result

        return held


# ---- both --------------------------------------------------------------------------


def _token(params: Mapping[str, Any]) -> object:
    meta = params.get("_meta")
    return meta.get(PERMIT_META) if isinstance(meta, dict) else None


def _without(params: dict[str, Any]) -> dict[str, Any]:
    """Params without the permit, which is used up and nothing for a tool to see."""
    meta = params.get("_meta")
    if not isinstance(meta, dict):
        return params
    return {**params, "_meta": {name: value for name, value in meta.items() if name != PERMIT_META}}
