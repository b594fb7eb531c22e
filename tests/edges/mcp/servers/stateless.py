"""A server of the generation without a handshake (MCP 2026-07-28): two pages, and it asks something itself."""

from __future__ import annotations

import json
import sys

from serve import send, tool

VERSION = "io.modelcontextprotocol/protocolVersion"

for line in sys.stdin.buffer:
    message = json.loads(line)
    method, params = message.get("method"), message.get("params") or {}
    if "id" not in message or method is None:
        continue
    if method not in ("server/discover", "tools/list"):
        send({"error": {"code": -32601, "message": "no such method"}, "id": message["id"]})
    elif params.get("_meta", {}).get(VERSION) != "2026-07-28":
        send({"error": {"code": -32602, "message": "no version"}, "id": message["id"]})
    elif method == "server/discover":
        send({"id": "theirs", "method": "roots/list"})
        send({"id": message["id"], "result": {"capabilities": {"tools": {}}, "supportedVersions": ["2026-07-28"]}})
    elif "cursor" in params:
        send({"id": message["id"], "result": {"tools": [tool("delete_thing")]}})
    else:
        send({"id": message["id"], "result": {"nextCursor": "2", "tools": [tool("get_thing")]}})
