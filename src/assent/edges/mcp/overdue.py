"""Calls whose outcome deadline has passed: when that is, and how long their answer is still listened for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from assent.edges.mcp.frames import Response
from assent.edges.mcp.peer import LostError

#: Most overdue calls whose answer is still listened for, and bytes of them; of one more the gap stays.
MAX_LATE, MAX_BYTES = 64, 1 << 24


class Late:
    """Overdue calls whose answer may still come; they are held in memory, so not without bound."""

    def __init__(self) -> None:
        self._calls = self._bytes = 0

    async def answer(self, size: int, still: asyncio.Future[Response], ending: asyncio.Event) -> Response | None:
        """The answer, whenever it comes; None if none will, or too many are waited for.

        Args:
            size: bytes of the request that is held meanwhile.
            ending: set when all is ending: who has had its answer holds nothing up.
        """
        over = asyncio.ensure_future(ending.wait())
        self._calls, self._bytes = self._calls + 1, self._bytes + size
        try:
            if self._calls <= MAX_LATE and self._bytes <= MAX_BYTES:
                await asyncio.wait((still, over), return_when=asyncio.FIRST_COMPLETED)
            return still.result() if still.done() else None
        except LostError:
            return None
        finally:
            self._calls, self._bytes = self._calls - 1, self._bytes - size
            over.cancel()
            still.cancel()


class Timer:
    """Says `over` once the time it asks for, late and again, has passed and the future is not done."""

    def __init__(
        self, future: asyncio.Future[Response], first: float, left: Callable[[], float], over: Callable[[], object]
    ) -> None:
        self._future = future
        self._left = left
        self._over = over
        self._handle = asyncio.get_running_loop().call_later(first, self._look)

    def cancel(self) -> None:
        """Not needed any more."""
        self._handle.cancel()

    def _look(self) -> None:
        if self._future.done():
            return
        left = self._left()
        if left > 0:
            self._handle = asyncio.get_running_loop().call_later(left, self._look)
        else:
            self._over()
