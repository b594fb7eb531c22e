"""A scripted agent on the first MCP SDK: reads its task as JSON, prints what it saw as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def run(task: dict[str, Any]) -> dict[str, Any]:
    """Shake hands, list, make the calls in order."""
    server = StdioServerParameters(command=task["command"][0], args=task["command"][1:], env=task["env"])
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        hello = await session.initialize()
        tools = await session.list_tools()
        results, progress = [], []

        async def heard(done: float, total: float | None, message: str | None) -> None:
            progress.append(message)

        for name, arguments in task["calls"]:
            result = await session.call_tool(name, arguments, progress_callback=heard)
            results.append(result.model_dump(mode="json", by_alias=True, exclude_none=True))
        return {
            "progress": progress,
            "protocol": hello.protocolVersion,
            "results": results,
            "tools": [tool.name for tool in tools.tools],
        }


print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))
