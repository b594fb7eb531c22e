"""A trivial MCP server in plain Python: one tool, `echo`, that says back what it is told.

Small on purpose, so that what is measured around it is not hidden by it.
"""

from __future__ import annotations

import json
import sys

TOOL = {
    "annotations": {"readOnlyHint": True},
    "description": "Say back what it is told.",
    "inputSchema": {
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "type": "object",
    },
    "name": "echo",
}


def result(method: str, params: dict[str, object]) -> dict[str, object] | None:
    """The result of one request; None for a method it does not know."""
    if method == "initialize":
        return {
            "capabilities": {"tools": {}},
            "protocolVersion": params.get("protocolVersion", "2025-11-25"),
            "serverInfo": {"name": "echo", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method == "tools/call":
        arguments = params.get("arguments")
        text = arguments.get("text", "") if isinstance(arguments, dict) else ""
        return {"content": [{"text": text, "type": "text"}], "isError": False}
    return {} if method == "ping" else None


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" not in message:
            continue
        answer: dict[str, object] = {"id": message["id"], "jsonrpc": "2.0"}
        found = result(message["method"], message.get("params") or {})
        if found is None:
            answer["error"] = {"code": -32601, "message": "unknown method"}
        else:
            answer["result"] = found
        sys.stdout.buffer.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
