"""One end of the proxy: requests sent to it under our own ids, and its answers.

An answer that nobody asked for, a second one, or one with another id is dropped and
logged: ids are ours, so a server cannot answer a call of somebody else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from assent_verify.canonical import canonicalize

from assent.edges.mcp import frames
from assent.edges.mcp.frames import Id, Outlet, Request, Response

logger = logging.getLogger("assent.gateway")


class LostError(Exception):
    """No usable answer came; what was asked may have happened. `args[0]` is a stable code."""


class OverdueError(LostError):
    """No answer came in time; `still` is the future of the one that may come."""

    def __init__(self, still: asyncio.Future[Response]) -> None:
        super().__init__("deadline")
        self.still = still


@dataclass(eq=False, slots=True)
class Asked:
    """A request in flight, as the side that made it knows it.

    Args:
        request: the message.
        size: bytes of its line, for the bound on what is in flight.
        gone: set once whoever asked no longer waits for the answer.
        sent: the id it travels under at the other end; None while it has not been sent.
        credential: the one that policy wants with it, or empty.
    """

    request: Request
    size: int
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int | None = None
    credential: str = ""


class Peer:
    """Sends to one end.

    Args:
        name: `client` or `server`, for the log.
        sink: what is written to.
    """

    def __init__(self, name: str, sink: Outlet) -> None:
        self.name = name
        self.sink = sink
        self._last = 0
        self._waiting: dict[int, tuple[asyncio.Future[Response], Asked | None]] = {}

    async def ask(self, method: str, params: bytes, asked: Asked | None = None) -> asyncio.Future[Response]:
        """Send a request from the canonical bytes of its params; the future of its answer.

        The future raises LostError if no usable answer can come any more.

        Args:
            asked: the request of the other end that this one carries.
        """
        self._last += 1
        id = self._last
        future = self._await(id, asked)
        if asked is not None:
            asked.sent = id
        credential = asked.credential if asked is not None else ""
        if not await self.sink.write(frames.request(id, method, params), credential) and not future.done():
            future.set_exception(LostError(f"{self.name}_gone"))
        return future

    def _await(self, id: int, asked: Asked | None) -> asyncio.Future[Response]:
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[id] = (future, asked)

        def forget(done: asyncio.Future[Response]) -> None:
            if (waiting := self._waiting.get(id)) is not None and waiting[0] is done:
                del self._waiting[id]

        future.add_done_callback(forget)
        return future

    def overdue(self, asked: Asked) -> None:
        """Whoever waits for the answer to this request waits no longer; another future takes its place."""
        if asked.sent is not None and (waiting := self._waiting.get(asked.sent)) and not waiting[0].done():
            waiting[0].set_exception(OverdueError(self._await(asked.sent, asked)))

    def answered(self, response: Response) -> bool:
        """Hand an answer to whoever asked; False if nobody did."""
        waiting = self._waiting.get(response.id) if type(response.id) is int else None
        if waiting is None or waiting[0].done():
            logger.warning("dropped an answer of the %s that nobody waits for (id %s)", self.name, ascii(response.id))
            return False
        waiting[0].set_result(response)
        return True

    def lost(self, code: str, id: Id | None = None) -> None:
        """No answer will come: to one request, or to all of them."""
        for number, (future, _) in list(self._waiting.items()):
            if (id is None or (type(id) is int and id == number)) and not future.done():
                future.set_exception(LostError(code))
                future.exception()  # seen: a caller that has gone need not look

    def original(self, id: object) -> Id | None:
        """The id under which the other end knows a request sent here."""
        waiting = self._waiting.get(id) if type(id) is int else None
        return waiting[1].request.id if waiting is not None and waiting[1] is not None else None

    async def notify(self, method: str, params: Mapping[str, object]) -> bool:
        """Send a notification."""
        return await self.sink.write(frames.notification(method, params))

    async def refuse(self, id: Id | None, number: int, message: str, data: Mapping[str, object] | None = None) -> bool:
        """Answer a request of this end with an error."""
        return await self.sink.write(frames.error(id, number, message, data))

    async def answer(self, id: Id, body: Mapping[str, object], *, failed: bool = False) -> bool:
        """Answer a request of this end."""
        return await self.sink.write(frames.response(id, canonicalize(body), failed=failed))
