"""A server that takes permits, built with either SDK: `held.py KIND KEYS STORE KEY SEEN`.

KIND is `fast1`, `low1`, `fast2` or `low2`, or `http2`, which listens and prints where. What it was called
with stands in SEEN, a line each; its public key in `KEY.pub`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# the SDK is that of the environment that runs this; ours and what it needs come after
sys.path += [str(ROOT / "src"), str(ROOT / "packages/assent-verify/src")]
sys.path += [str(path) for path in (ROOT / ".venv/lib").glob("python*/site-packages")]

from assent.resource.mcp import hold  # noqa: E402
from assent.resource.opening import executor  # noqa: E402

KIND, KEYS, STORE, KEY, SEEN = sys.argv[1:]


def seen(**arguments: object) -> str:
    """Run it, visibly."""
    with open(SEEN, "a") as file:
        file.write(json.dumps(arguments) + "\n")
    return "done"


def fast() -> object:
    """The high-level server of either SDK."""
    if KIND == "fast1":
        from mcp.server.fastmcp import FastMCP as Made
    else:
        from mcp.server.mcpserver import MCPServer as Made  # type: ignore[no-redef]
    made = Made("files")

    @made.tool()
    def put(path: str, size: float = 1.0, tags: list[str] | None = None) -> str:
        """Put something."""
        return seen(path=path, size=size, tags=tags)

    @made.prompt()
    def ask(topic: str) -> str:
        """Ask something."""
        return seen(topic=topic)

    return made


def low() -> object:
    """The low-level server of either SDK."""
    from mcp.server.lowlevel import Server

    schema = {"type": "object", "properties": {"path": {"type": "string"}, "size": {"type": "number"}}}
    if KIND == "low2":
        from mcp import types

        async def listed(ctx: object, params: object) -> object:
            return types.ListToolsResult(tools=[types.Tool(name="put", input_schema=schema)])

        async def called(ctx: object, params: object) -> object:
            text = seen(**(params.arguments or {}))  # type: ignore[attr-defined]
            return types.CallToolResult(content=[types.TextContent(type="text", text=text)])

        return Server("files", on_list_tools=listed, on_call_tool=called)
    from mcp import types

    first = Server("files")

    @first.list_tools()
    async def tools() -> object:
        return [types.Tool(name="put", inputSchema=schema)]

    @first.call_tool()
    async def call(name: str, arguments: dict[str, object]) -> object:
        return [types.TextContent(type="text", text=seen(**arguments))]

    return first


async def run(server: object) -> None:
    """Serve on standard input and output."""
    if KIND.startswith("fast"):
        await server.run_stdio_async()  # type: ignore[attr-defined]
        return
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())  # type: ignore[attr-defined]


def listen(app: object) -> None:
    """Serve over Streamable HTTP, on any free port."""
    import socket

    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])  # type: ignore[arg-type]


if KIND == "http2":
    from assent.resource.asgi import McpPermits

    bound = executor("files", Path(KEYS), STORE)
    listen(McpPermits(fast().streamable_http_app(stateless_http=True), bound))  # type: ignore[attr-defined]
    sys.exit()
held = fast() if KIND.startswith("fast") else low()
takes = executor("files", Path(KEYS), STORE, Path(KEY) if KEY else None)
hold(held, takes)
Path(KEY + ".pub").write_text(takes.public)
asyncio.run(run(held))
