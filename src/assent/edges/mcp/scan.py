"""Ask a server for its tools and nothing else: start it, list, end it.

Both protocol generations: a server that refuses `initialize` is asked `server/discover`
and gets its protocol keys with each request (MCP 2026-07-28).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assent_verify.canonical import canonicalize

from assent.edges.mcp import frames
from assent.edges.mcp.child import Child
from assent.edges.mcp.classes import PROTOCOL_META, PROTOCOL_VERSION
from assent.edges.mcp.frames import Lines, Notification, Request, Response, Unreadable
from assent.edges.mcp.lifecycle import connect
from assent.edges.mcp.names import confusable
from assent.edges.mcp.peer import LostError, Peer
from assent.edges.mcp.tools import MAX_DEFINITION, ListingError, listing, too_large
from assent.edges.mcp.upstream import served
from assent.errors import UnavailableError
from assent.model.profile import ToolDefinition

#: Seconds for everything from the start to the last page; a first start may have to unpack itself.
PATIENCE_S = 60.0
#: Seconds to make use of what it said before it ended.
_LAST_WORD_S = 0.2
_STATEFUL, _STATELESS = "2025-11-25", "2026-07-28"
_WHO = {"name": "assent", "version": "1"}


@dataclass(frozen=True, slots=True)
class Listed:
    """What a server said its tools are.

    Args:
        tools: in its order, each name once.
        left_out: names that the gateway leaves out as well, and why.
    """

    tools: Sequence[ToolDefinition]
    left_out: Mapping[str, str]


def scan(command: Sequence[str], environ: Mapping[str, str], limit: int, patience: float = PATIENCE_S) -> Listed:
    """Start a server, read all its tools, end it. Nothing else is asked of it, and it is answered nothing.

    Args:
        command: program and arguments, started without a shell.
        limit: most bytes of one message.
        patience: seconds for all of it.

    Raises:
        ConfigError: it cannot be started.
        UnavailableError: `not_listed`: it did not list its tools.
    """
    child = Child(command, served(environ))
    try:
        return asyncio.run(_scan(child, limit, patience))
    finally:
        if child.running():
            child.kill()


async def _scan(child: Child, limit: int, patience: float) -> Listed:
    lines, sink = await connect(child.output, child.input, limit)
    peer = Peer("server", sink)
    reading = asyncio.create_task(_read(lines, peer, limit))
    talking = asyncio.create_task(_listed(peer))
    try:
        await asyncio.wait((talking, reading), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            await asyncio.wait((talking,), timeout=_LAST_WORD_S)
        if not talking.done():
            raise _not_listed("it ended before" if reading.done() else f"it took longer than {patience:g} seconds")
        return _sorted_out(talking.result())
    except (ListingError, LostError) as error:
        raise _not_listed(str(error)) from error
    finally:
        talking.cancel()
        sink.close()
        await child.end()
        lines.close()
        reading.cancel()


def _not_listed(why: str) -> UnavailableError:
    help = "run the command by itself: what it wrote to its error output stands above"
    return UnavailableError("not_listed", f"the server did not list its tools: {why}", help=help)


def _sorted_out(tools: Sequence[ToolDefinition]) -> Listed:
    """As the gateway would take them: names that could be mistaken for another are nobody's."""
    offered: dict[str, ToolDefinition] = {}
    left_out = dict.fromkeys(sorted(confusable([tool.name for tool in tools])), "looks like another name")
    for tool in tools:
        if offered.setdefault(tool.name, tool).digest != tool.digest:
            left_out[tool.name] = "is listed twice"
        if too_large(tool):
            left_out[tool.name] = f"has a definition over {MAX_DEFINITION} bytes"
    return Listed([tool for name, tool in offered.items() if name not in left_out], left_out)


async def _listed(peer: Peer) -> list[ToolDefinition]:
    """Greet it in the one generation or the other, then read every page."""

    async def ask(method: str, params: Mapping[str, object]) -> dict[str, object]:
        response = await (await peer.ask(method, canonicalize(params)))
        if response.failed:
            raise ListingError(f"it answered `{method}` with error {response.body.get('code')}")
        return response.body

    greeting = {"capabilities": {}, "clientInfo": _WHO, "protocolVersion": _STATEFUL}
    try:
        await ask("initialize", greeting)
    except ListingError:
        meta: dict[str, object] = {
            PROTOCOL_VERSION: _STATELESS,
            f"{PROTOCOL_META}clientInfo": _WHO,
            f"{PROTOCOL_META}clientCapabilities": {},
        }
        await ask("server/discover", {"_meta": meta})
        return await listing(ask, meta)
    await peer.notify("notifications/initialized", {})
    return await listing(ask, {})


async def _read(lines: Lines, peer: Peer, limit: int) -> None:
    """Hand answers to whoever asked; a server that asks something itself is refused."""
    while (line := await lines.next()) is not None:
        match frames.read(line, limit):
            case Response() as response:
                peer.answered(response)
            case Request(id=id, method="ping"):
                await peer.answer(id, {})
            case Request(id=id):
                await peer.refuse(id, frames.METHOD_NOT_FOUND, "only the tool list is wanted")
            case Unreadable(id=id, code=code, message=message) if id is not None or code == "too_large":
                peer.lost(message, id)
            case Notification() | Unreadable():
                continue  # a line of a log that strayed onto standard output
