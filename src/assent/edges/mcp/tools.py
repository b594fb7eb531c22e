"""What the server says its tools are: listed, pinned, filtered for the client.

The first definition seen of a tool is pinned (trust on first use); another one later
stops that tool until a person accepts it (`assent catalog accept`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from assent_verify.canonical import canonicalize, digest

from assent.edges.mcp.classes import PROTOCOL_META
from assent.edges.mcp.names import confusable
from assent.edges.mcp.pins import Pins
from assent.errors import AssentError, ProofError
from assent.model.ids import Digest
from assent.model.profile import ToolDefinition

logger = logging.getLogger("assent.gateway")

#: Most pages and tools of one listing; a server that says more is not believed.
MAX_PAGES, MAX_TOOLS = 200, 10_000
#: Most bytes of one definition; of a larger one only name and digest are kept, and nothing can call it.
MAX_DEFINITION = 256 * 1024
#: Tools looked at before whoever else waits is served.
_AT_ONCE = 64

#: Sends a request of the gateway's own to the server; its result.
Ask = Callable[[str, Mapping[str, object]], Awaitable[dict[str, object]]]
#: May any policy allow this tool? (`tools/list` shows only those.)
Visible = Callable[[ToolDefinition], bool]


class ListingError(Exception):
    """The server's tool list could not be had; every call defers until it can."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one name.

    Args:
        definition: what the server offers under it now; None if it offers nothing.
        barred: `unknown_tool`, `tool_changed`, `ambiguous_name` or `tool_unavailable`, else empty.
    """

    definition: ToolDefinition | None
    barred: str = ""


class Tools:
    """The tool list of one server.

    Args:
        ask: sends the gateway's own `tools/list`.
        pins: records definitions at first use.
        visible: what the client may be shown.
    """

    def __init__(self, ask: Ask, pins: Pins, visible: Visible) -> None:
        self._ask = ask
        self._pins = pins
        self._version = ""
        self._usable: Sequence[ToolDefinition] = ()
        self._visible = visible
        self._offered: dict[str, ToolDefinition] = {}
        self._changed: frozenset[str] = frozenset()
        self._barred: frozenset[str] = frozenset()  # a name twice, or one that looks like another
        self._listing: asyncio.Task[None] | None = None
        self._listed = False
        self._meta: Mapping[str, object] = {}

    def refresh(self, meta: Mapping[str, object] | None = None) -> asyncio.Task[None]:
        """List again in the background; calls wait for it.

        Args:
            meta: the client's own protocol keys, for servers of the stateless generation.
        """
        if meta:
            self._meta = dict(meta)
        before, self._listed = self._listing, False  # until it is there, nothing older is believed
        self._listing = asyncio.create_task(self._list(before))
        self._listing.add_done_callback(_heard)
        return self._listing

    async def known(self, name: str, meta: Mapping[str, object]) -> Known:
        """What is known of a name, once the list is there.

        Raises:
            ListingError: it is not to be had.
        """
        while self._listing is not None and not self._listing.done():
            await asyncio.shield(self._listing)
        if not self._listed:
            await asyncio.shield(self.refresh({k: v for k, v in meta.items() if k.startswith(PROTOCOL_META)}))
        definition = self._offered.get(name)
        if definition is None:
            return Known(None, "unknown_tool")
        if name in self._barred:
            return Known(None, "ambiguous_name")
        if too_large(definition):
            return Known(None, "tool_unavailable")
        if self._pins.version() != self._version:  # a person has accepted a tool
            self._changed = await self._pinned(self._usable)
        return Known(definition, "tool_changed" if name in self._changed else "")

    def schema_of(self, name: str) -> Mapping[str, object]:
        """The input schema of what is offered under a name; empty if nothing is."""
        definition = self._offered.get(name)
        return definition.input_schema if definition is not None else {}

    async def shown(self, result: dict[str, object], *, partial: bool) -> dict[str, object]:
        """One page of a listing as the client may see it: order and all other fields as the server sent them.

        Args:
            partial: the page has neighbours; the whole list is then read again.

        Raises:
            ListingError: it is not a list of tools, or it cannot be pinned.
        """
        page = _definitions(result.get("tools"))
        if partial:
            await asyncio.shield(self.refresh())
        else:
            await self._settle(page)
        seen = []
        for at, tool in enumerate(page):
            if at % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            if self._may_show(tool):
                seen.append(tool.definition)
        return {**result, "tools": seen}

    def _may_show(self, definition: ToolDefinition) -> bool:
        name = definition.name
        known = self._offered.get(name)
        return (
            known is not None
            and known.digest == definition.digest
            and name not in self._changed
            and name not in self._barred
            and not too_large(definition)
            and self._visible(definition)
        )

    async def _list(self, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        await self._settle(await listing(self._ask, self._meta))

    async def _settle(self, tools: Sequence[ToolDefinition]) -> None:
        """Take a complete list as what is offered now; pin what is new."""
        if len(tools) > MAX_TOOLS:
            raise ListingError(f"the server lists {len(tools)} tools, at most {MAX_TOOLS} are accepted")
        offered: dict[str, ToolDefinition] = {}
        barred = set(confusable([tool.name for tool in tools]))
        for tool in tools:
            if offered.setdefault(tool.name, tool).digest != tool.digest:
                barred.add(tool.name)
        usable = [tool for name, tool in offered.items() if name not in barred and not too_large(tool)]
        changed = await self._pinned(usable)
        for name in sorted(changed - self._changed):
            logger.warning("tool %s has changed and is stopped; see: assent catalog accept", ascii(name))
        for name in sorted(barred - self._barred):
            logger.warning("tool %s looks like another one or is listed twice, and is left out", ascii(name))
        for tool in offered.values():
            if too_large(tool) and tool.name not in self._offered:
                logger.warning(
                    "tool %s has a definition over %d bytes and is left out", ascii(tool.name), MAX_DEFINITION
                )
        self._offered, self._changed, self._barred = offered, changed, frozenset(barred)
        self._usable, self._listed = usable, True

    async def _pinned(self, usable: Sequence[ToolDefinition]) -> frozenset[str]:
        """Pin what is new; the names whose definition is not the pinned one."""
        try:
            self._version = self._pins.version()
            changed = await self._pins.settle(usable)
        except AssentError as error:
            logger.error("the tools could not be pinned: %s: %s", error.code, error.message)
            raise ListingError(f"the tools could not be pinned: {error.code}") from error
        return changed


async def listing(ask: Ask, meta: Mapping[str, object]) -> list[ToolDefinition]:
    """Every page of the server's tool list.

    Args:
        ask: sends a request to the server.
        meta: protocol keys that go with it, for servers of the stateless generation.

    Raises:
        ListingError: it does not end, or it is no list of tools.
    """
    tools: list[ToolDefinition] = []
    cursor: object = None
    seen: set[object] = set()
    for _ in range(MAX_PAGES):
        params: dict[str, object] = {"_meta": dict(meta)} if meta else {}
        if cursor is not None:
            params["cursor"] = cursor
        result = await ask("tools/list", params)
        tools += _definitions(result.get("tools"))
        cursor = result.get("nextCursor")
        if cursor is None:
            return tools
        if not isinstance(cursor, str) or cursor in seen or len(tools) > MAX_TOOLS:
            break
        seen.add(cursor)
    raise ListingError("the tool list of the server does not end")


def _definitions(tools: object) -> list[ToolDefinition]:
    if not isinstance(tools, list):
        raise ListingError("the server's answer to `tools/list` holds no list")
    found = []
    for tool in tools:
        name = tool.get("name") if isinstance(tool, dict) else None
        if not isinstance(name, str):
            raise ListingError("the server lists a tool without a name")
        try:
            content = canonicalize(tool)
        except ProofError as error:
            raise ListingError(f"a tool definition is not canonical: {error.message}") from error
        found.append(ToolDefinition(name, tool if len(content) <= MAX_DEFINITION else {}, Digest(digest(content))))
    return found


def too_large(tool: ToolDefinition) -> bool:
    """Was its definition too large to be kept?"""
    return not tool.definition


def _heard(task: asyncio.Task[None]) -> None:
    """A listing that failed is said once; whoever waits for it sees it as well."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.warning("the tools could not be listed: %s", error)
