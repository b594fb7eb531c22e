"""What the odd servers of this folder have in common: a loop over messages."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence


def tool(name: str, description: str = "A tool.", **properties: str) -> dict[str, object]:
    """A tool definition whose arguments are of the given JSON types."""
    schema = {"properties": {key: {"type": kind} for key, kind in properties.items()}, "type": "object"}
    return {"description": description, "inputSchema": schema, "name": name}


def send(message: dict[str, object]) -> None:
    """Write one message."""
    raw(json.dumps({"jsonrpc": "2.0", **message}).encode())


def raw(line: bytes) -> None:
    """Write one line as it is."""
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def text(value: str) -> dict[str, object]:
    """A tool result that says something."""
    return {"content": [{"text": value, "type": "text"}]}


def serve(
    tools: Callable[[], Sequence[dict[str, object]]],
    call: Callable[[dict[str, object], dict[str, object]], dict[str, object] | None],
    other: Callable[[dict[str, object]], dict[str, object] | None] = lambda message: {},
) -> None:
    """Serve until the input ends.

    Args:
        tools: the tool list, asked anew each time.
        call: params and message of a `tools/call` → its result, None if it answers by itself.
        other: any other message → its result.
    """
    for line in sys.stdin.buffer:
        message = json.loads(line)
        method, params = message.get("method"), message.get("params") or {}
        if method == "initialize":
            result: dict[str, object] | None = {
                "capabilities": {"tools": {"listChanged": True}, "resources": {}, "prompts": {}},
                "protocolVersion": params["protocolVersion"],
                "serverInfo": {"name": "odd", "version": "1"},
            }
        elif method == "tools/list":
            result = {"tools": list(tools())}
        elif method == "tools/call":
            result = call(params, message)
        else:
            result = other(message)
        if result is not None and "id" in message:
            send({"id": message["id"], "result": result})
