"""An MCP server with two tools that write down that they were called; older and newest generation alike."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

SEEN = Path(os.environ["NOTES_SEEN"])
SCHEMA = {"properties": {"text": {"type": "string"}}, "required": ["text"], "type": "object"}
TOOLS = [{"description": f"{name} a note", "inputSchema": SCHEMA, "name": name} for name in ("record", "erase")]
AGREED: list[object] = []
ABOUT = {"capabilities": {"tools": {}}, "serverInfo": {"name": "notes", "version": "1"}}


def answer(method: str, params: dict[str, object]) -> dict[str, object]:
    """The result of a request."""
    if method == "initialize":
        AGREED.append(params["protocolVersion"])
        return {**ABOUT, "protocolVersion": params["protocolVersion"]}
    if method == "server/discover":
        return {**ABOUT, "cacheScope": "private", "supportedVersions": ["2026-07-28"], "ttlMs": 0}
    if method == "tools/list":
        return {"cacheScope": "private", "tools": TOOLS, "ttlMs": 0}
    if method != "tools/call":
        return {}
    meta = params.get("_meta")
    named = meta.get("io.modelcontextprotocol/protocolVersion") if isinstance(meta, dict) else None
    version = named or AGREED[-1]
    with SEEN.open("a") as seen:
        seen.write(json.dumps({"arguments": params["arguments"], "tool": params["name"], "version": version}) + "\n")
    return {"content": [{"text": f"noted: {params['arguments']}", "type": "text"}]}


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        result = {**answer(message["method"], message.get("params") or {}), "resultType": "complete"}
        print(json.dumps({"id": message["id"], "jsonrpc": "2.0", "result": result}), flush=True)
