"""A tiny MCP server that writes every call to a file, flushed, before it answers: what was executed."""

from __future__ import annotations

import json
import os
import sys

TOOL = {
    "name": "record",
    "description": "Record one line.",
    "inputSchema": {"type": "object", "properties": {"line": {"type": "string"}}, "required": ["line"]},
}


def main() -> None:
    executed = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    for text in sys.stdin.buffer:
        message = json.loads(text)
        if "id" not in message:
            continue
        method = message["method"]
        result: dict[str, object] = {}
        if method == "initialize":
            info = {"name": "counting", "version": "1"}
            result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
        elif method == "tools/list":
            result = {"tools": [TOOL]}
        elif method == "tools/call":
            line = message["params"]["arguments"]["line"]
            os.write(executed, (line + "\n").encode())
            result = {"content": [{"type": "text", "text": line}]}
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
