"""A real server over Streamable HTTP, on the Python SDK of either generation; wants a token, and notes what came.

Run as `python elsewhere.py FOLDER`: writes its port to FOLDER/port and a line for each request to FOLDER/requests. The
files `revoked` (no token is good any more) and `down` (status 500) in the folder change its mind. `/token` exchanges.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn

try:
    from mcp.server.mcpserver import Context, MCPServer  # 2.x
except ImportError:
    from mcp.server.fastmcp import Context  # type: ignore[no-redef]
    from mcp.server.fastmcp import FastMCP as MCPServer  # type: ignore[no-redef]

FOLDER = Path(sys.argv[1])
GOOD = {value for value in os.environ.get("GOOD", "").split() if value}
server = MCPServer("elsewhere")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def echo(text: str) -> str:
    """Say it again."""
    return text


@server.tool()
async def slowly(seconds: float, ctx: Context) -> str:  # type: ignore[type-arg]
    """Take some time, and say how far it is."""
    await ctx.report_progress(1, 2, "half")
    await asyncio.sleep(seconds)
    return "done"


def note(value: object) -> None:
    with (FOLDER / "requests").open("a") as file:
        file.write(json.dumps(value) + "\n")


async def answer(send: Any, status: int, body: object, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", b"application/json"), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def read(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


class Gate:
    """Before the SDK's own application: the token, and what came."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        note({"method": scope["method"], "path": scope["path"], "headers": headers})
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if scope["path"] == "/token":
            form = (await read(receive)).decode()
            note({"form": form})
            fresh = f"issued-{len(GOOD)}-token-for-this-session-only"
            GOOD.add(fresh)
            await answer(send, 200, {"access_token": fresh, "expires_in": 90, "token_type": "Bearer"})
        elif scope["path"] == "/elsewhere":
            await answer(send, 307, {}, (b"location", b"http://127.0.0.1:9/mcp"))
        elif (FOLDER / "down").exists():
            await answer(send, 500, {"what": f"bad {token}"})
        elif GOOD and (token not in GOOD or (FOLDER / "revoked").exists()):
            challenge = (b"www-authenticate", f'Bearer error="invalid_token", error_description="{token}"'.encode())
            await answer(send, 401, {"error": "invalid_token", "token": token}, challenge)
        else:
            await self.app(scope, receive, send)


def main() -> None:
    """Serve on a free port."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    (FOLDER / "port.tmp").write_text(str(sock.getsockname()[1]))
    (FOLDER / "port.tmp").rename(FOLDER / "port")
    app = Gate(server.streamable_http_app())
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[sock])


if __name__ == "__main__":
    main()
