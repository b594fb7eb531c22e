"""A server whose tool names look like one another, on several pages, with one name twice."""

from __future__ import annotations

import json
import sys

from serve import send, text, tool

PAGES = [
    [tool("read_file"), tool("re\u0430d_file"), tool("zero\u200bwidth")],
    [tool("double", "one"), tool("double", "other"), tool("last")],
]

for line in sys.stdin.buffer:
    message = json.loads(line)
    params = message.get("params") or {}
    result: dict[str, object] = {}
    if message.get("method") == "initialize":
        result = {
            "capabilities": {"tools": {}},
            "protocolVersion": "2025-11-25",
            "serverInfo": {"name": "alike", "version": "1"},
        }
    elif message.get("method") == "tools/list":
        page = int(params.get("cursor", "0"))
        result = {"tools": PAGES[page]} | ({"nextCursor": "1"} if page == 0 else {})
    elif message.get("method") == "tools/call":
        result = text(params["name"])
    if "id" in message:
        send({"id": message["id"], "result": result})
