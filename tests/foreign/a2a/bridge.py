"""An MCP server whose tool asks the research agent over A2A: how an agent behind `assent mcp` reaches another.

Its environment says where, and which files hold key and tokens; a framework would hold these.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Generator
from pathlib import Path

import httpx
from a2a.client import ClientConfig, create_client
from a2a.helpers import get_stream_response_text, new_text_message
from a2a.types.a2a_pb2 import Role, SendMessageRequest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from mcp.server.mcpserver import MCPServer

from tests.unit.identity import forge

KEY = forge.Key(load_pem_private_key(Path(os.environ["BRIDGE_KEY"]).read_bytes(), None))
URL = os.environ["BRIDGE_URL"]
server = MCPServer("bridge")


class Dpop(httpx.Auth):
    """RFC 9449 on every request."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = Path(os.environ["BRIDGE_OWN"]).read_text()
        request.headers["Authorization"] = f"DPoP {token}"
        request.headers["DPoP"] = forge.proof(
            KEY, request.method, str(request.url), token=token, iat=int(time.time()), jti=secrets.token_hex(8)
        )
        yield request


@server.tool()
async def ask(text: str) -> str:
    """Ask the research agent."""
    message = new_text_message(text, role=Role.ROLE_USER)
    message.metadata["assent/token"] = Path(os.environ["BRIDGE_HANDED"]).read_text()
    async with httpx.AsyncClient(auth=Dpop(), timeout=60) as http:
        client = await create_client(URL, ClientConfig(streaming=False, httpx_client=http))
        return "\n".join(
            [get_stream_response_text(one) async for one in client.send_message(SendMessageRequest(message=message))]
        )


@server.tool()
def pay(amount: int) -> str:
    """Pay."""
    return f"paid {amount}"


server.run()
