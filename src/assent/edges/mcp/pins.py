"""Trust on first use: the first definition seen of a tool is the one that counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from assent_verify.canonical import canonicalize, digest

from assent.model.ids import Digest
from assent.model.profile import ToolDefinition
from assent.ports import Clock, Pin, Reader, Store, Transaction
from assent.record import leaves
from assent.record.log import Log

#: State key that every decision compares at commit (`enforce.rules.COMPARED`).
VERSION = "pins"


class Pins:
    """The pins of one server.

    Args:
        store: where pins are read.
        log: the door for every write.
        clock: wall time.
        node: id of this process.
        server: the server's name.
        tell: tells a person that tools have changed; gets their number.
        steady: the digest of a definition less what a reviewed profile says differs from start to start.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        clock: Clock,
        node: str,
        server: str,
        tell: Callable[[int], None],
        steady: Callable[[ToolDefinition], Digest],
    ) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._node = node
        self._server = server
        self._tell = tell
        self._steady = steady

    def version(self) -> str:
        """Moves whenever a person has accepted a tool."""
        with self._store.read() as reader:
            return reader.state(VERSION) or ""

    async def settle(self, tools: Sequence[ToolDefinition]) -> frozenset[str]:
        """Pin what is new, note what is offered instead of a pinned one; the names that changed.

        Raises:
            UnavailableError: it cannot be made durable.
        """
        with self._store.read() as reader:
            first, moved, changed = self._compare(reader, tools)
        if first or moved:
            first, moved, changed = await self._log.commit(lambda tx: self._write(tx, tools), durable=True)
            fresh = changed & {tool.name for tool in moved}
            if fresh:
                self._tell(len(fresh))
        return changed

    def _compare(
        self, reader: Reader, tools: Sequence[ToolDefinition]
    ) -> tuple[list[ToolDefinition], list[ToolDefinition], frozenset[str]]:
        """New tools, tools offered otherwise than last time, and names not offered as pinned."""
        pins = {pin.tool: pin for pin in reader.pins(self._server)}
        first = [tool for tool in tools if tool.name not in pins]
        known = [tool for tool in tools if tool.name in pins]
        moved = [tool for tool in known if pins[tool.name].offered != self._steady(tool)]
        changed = frozenset(tool.name for tool in known if pins[tool.name].digest != self._steady(tool))
        return first, moved, changed

    def _write(
        self, tx: Transaction, tools: Sequence[ToolDefinition]
    ) -> tuple[list[ToolDefinition], list[ToolDefinition], frozenset[str]]:
        first, moved, changed = self._compare(tx, tools)
        for tool in first:
            text = _text(tool)
            tx.put_pin(Pin(self._server, tool.name, self._steady(tool), text, self._steady(tool), text))
        for tool in moved:
            if pin := tx.pin(self._server, tool.name):
                tx.put_pin(replace(pin, offered=self._steady(tool), offered_definition=_text(tool)))
        for event, named in (("first", first), ("changed", moved)):
            if named:
                names = {tool.name: tool.digest for tool in named}
                subject = {
                    "count": len(named),
                    "digest": Digest(digest(canonicalize(names))),
                    "server": self._server,
                    "state": event,
                }
                leaves.append(tx, leaves.system(self._node, self._clock.now(), "pin", subject), None)
        # no pin that a decision could have used has changed, so `VERSION` stays: only accepting moves it
        return first, moved, changed


def _text(tool: ToolDefinition) -> str:
    return canonicalize(dict(tool.definition)).decode()
