"""A server whose tool list is too much in one way; the first argument says how.

`many`: 5,000 tools on one page; `pages`: 5,000 on fifty; `wide`: one description of ten
MiB; `moving`: another list on each asking; `knotted`: schemas that contain themselves;
`alike`: names that imitate others; `endless`: pages without end.
"""

from __future__ import annotations

import json
import sys
from itertools import count

from serve import send, text, tool

HOW = sys.argv[1]
ASKED = count(1)


def listed(params: dict[str, object]) -> dict[str, object]:
    """One page."""
    calls, page = next(ASKED), int(str(params.get("cursor", 0)))
    if HOW == "many":
        return {"tools": [tool(f"get_thing_{at}", f"Read thing {at}.", id="string") for at in range(5_000)]}
    if HOW == "pages":
        tools = [tool(f"get_thing_{at}") for at in range(page * 100, page * 100 + 100)]
        return {"tools": tools} | ({"nextCursor": str(page + 1)} if page < 49 else {})
    if HOW == "endless":
        return {"tools": [tool(f"get_thing_{page}")], "nextCursor": str(page + 1)}
    if HOW == "wide":
        return {"tools": [tool("get_thing"), tool("get_wide", "Read it. " * 1_165_000)]}
    if HOW == "moving":
        return {
            "tools": [tool("get_thing"), tool("get_moving", f"Read it, as asked {calls} times."), tool(f"get_{calls}")]
        }
    if HOW == "knotted":
        knot = {"$defs": {"a": {"properties": {"a": {"$ref": "#/$defs/a"}}}}, "$ref": "#/$defs/a", "type": "object"}
        deep: dict[str, object] = {"type": "string"}
        for _ in range(25):
            deep = {"properties": {"a": deep}, "type": "object"}
        knots = [{**tool("get_knot"), "inputSchema": knot}, {**tool("get_deep"), "inputSchema": deep}]
        return {"tools": [tool("get_thing"), *knots]}
    return {"tools": [tool("get_thing"), tool("g\u0435t_thing"), tool("get_thing\u200b"), tool("list_d\u0435lete")]}


for line in sys.stdin.buffer:
    message = json.loads(line)
    method, params = message.get("method"), message.get("params") or {}
    answer: dict[str, object] = {}
    if method == "initialize":
        answer = {
            "capabilities": {"tools": {}},
            "protocolVersion": params["protocolVersion"],
            "serverInfo": {"name": "vast", "version": "1"},
        }
    elif method == "tools/list":
        answer = listed(params)
    elif method == "tools/call":
        answer = text(f"{params['name']} done")
    if "id" in message:
        send({"id": message["id"], "result": answer})
