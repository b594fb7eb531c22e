"""A scripted agent on the second MCP SDK: reads its task as JSON, prints what it saw as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from mcp import Client, StdioServerParameters


async def run(task: dict[str, Any]) -> dict[str, Any]:
    """Connect in the newest generation the server speaks, list, make the calls in order."""
    server = StdioServerParameters(command=task["command"][0], args=task["command"][1:], env=task["env"])
    async with Client(server) as client:
        tools = await client.list_tools()
        results, progress = [], []

        async def heard(done: float, total: float | None, message: str | None) -> None:
            progress.append(message)

        for name, arguments in task["calls"]:
            result = await client.call_tool(name, arguments, progress_callback=heard)
            results.append(result.model_dump(mode="json", by_alias=True, exclude_none=True))
        return {
            "progress": progress,
            "protocol": client.protocol_version,
            "results": results,
            "tools": [tool.name for tool in tools.tools],
        }


print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))
