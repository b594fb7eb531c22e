"""What is under way when the authority it stood on is taken back: cancelled within a second, and answered so.

A decision sees a revocation when it commits, and a permit when it is consumed. Only what
has begun before has to be looked for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from assent.edges.mcp.frames import Response
from assent.edges.mcp.peer import Asked, Peer
from assent.enforce.standing import WORDS
from assent.errors import UnavailableError
from assent.model.permit import Permit

logger = logging.getLogger("assent.gateway")

#: Seconds between two looks whether anything has been revoked; each is a question of microseconds.
LOOK_S = 0.2
#: Codes of calls that end because somebody took back what they stood on.
STOPPED = frozenset(WORDS)


class Authority(Protocol):
    """What `assent.enforce.guard.Guard` knows of what was taken back."""

    def epoch(self) -> str:
        """Moves when any authority has been taken back or given again."""

    def lapsed(self, permit: Permit) -> str:
        """Why what was permitted may not go on, one of `STOPPED`; empty if it may."""

    def stopped(self, server: str) -> str:
        """Why nothing of a server may go on, one of `STOPPED`; empty if it may."""


class Running:
    """Governed requests that have been sent to one end and are not over.

    Args:
        target: the end that acts.
    """

    def __init__(self, target: Peer) -> None:
        self._target = target
        self._sent: dict[str, _Sent] = {}

    async def ask(self, permit: Permit, asked: Asked, params: bytes) -> asyncio.Future[Response]:
        """Send a request that was permitted, and look after it until it is over; the future of its answer."""
        self._sent[permit.id] = _Sent(permit, asked, str(permit.epoch))
        future = await self._target.ask(asked.request.method, params, asked)
        future.add_done_callback(lambda _: self._sent.pop(permit.id, None))
        return future

    async def cancel(self, asked: Asked, reason: str) -> None:
        """Tell the end that acts that nobody waits for its answer."""
        await self._target.notify("notifications/cancelled", {"reason": reason, "requestId": asked.sent})

    async def cancelled(self, asked: Asked, code: str) -> bool:
        """Cancel a request if it was lost because its authority was taken back; was it?"""
        if code in STOPPED:
            await self.cancel(asked, code)
        return code in STOPPED

    def stop(self, epoch: str, why: Callable[[Permit], str]) -> None:
        """End the wait for those that may not go on; whoever waits says so to both ends.

        Each is looked at once an epoch, also one that was sent after the last look: its permit
        may be older than what was revoked.
        """
        for sent in list(self._sent.values()):
            if sent.epoch != epoch and sent.asked.sent is not None:
                if code := why(sent.permit):
                    self._target.lost(code, sent.asked.sent)
                sent.epoch = epoch


@dataclass(slots=True)
class _Sent:
    permit: Permit
    asked: Asked
    epoch: str  # at which it was last known to stand


async def look_after(authority: Authority, server: str, running: Iterable[Running]) -> str:
    """Stop what was revoked, a few times a second; return why when the server itself may not go on.

    What the store cannot say now is asked again: nothing new is allowed meanwhile either.

    Args:
        server: the wrapped server's name.
        running: what is under way at both ends.
    """
    seen, ends = "", tuple(running)
    while True:
        try:
            now = authority.epoch()
            for one in ends:
                one.stop(now, authority.lapsed)
            if now != seen and (why := authority.stopped(server)):
                return why
            seen = now  # not before all of it has been looked at
        except UnavailableError as error:
            logger.error("whether anything was revoked cannot be told: %s: %s", error.code, error.message)
        await asyncio.sleep(LOOK_S)
