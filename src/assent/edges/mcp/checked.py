"""The last look at what leaves for the client: a line that holds a secret of this home is not written.

What a server says is cleaned where it comes in; this finds what came another way.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from assent.edges.mcp import frames
from assent.edges.mcp.frames import Outlet

logger = logging.getLogger("assent.gateway")


class Checked:
    """An outlet before which each line is looked at.

    Args:
        outlet: where lines go.
        leaks: does a line hold a secret?
    """

    def __init__(self, outlet: Outlet, leaks: Callable[[bytes], bool]) -> None:
        self._outlet, self._leaks = outlet, leaks
        self.gone = outlet.gone

    async def write(self, line: bytes, credential: str = "") -> bool:
        """Write a line, or an error in its place; a notification or a request is dropped."""
        if self._leaks(line):
            logger.error("a message to the client held a credential that Assent holds: it was not written")
            value = json.loads(line)
            if "method" in value or "id" not in value:
                return not self.gone.is_set()
            text = "the answer is held back: it holds a credential"
            line = frames.error(value["id"], frames.INTERNAL_ERROR, text, {"code": "credential_in_answer"})
        return await self._outlet.write(line, credential)

    async def ready(self) -> None:
        """Wait until there is room."""
        await self._outlet.ready()

    def close(self) -> None:
        """Write what is buffered, then no more."""
        self._outlet.close()

    async def flushed(self, seconds: float) -> None:
        """Close, and wait until everything is written."""
        await self._outlet.flushed(seconds)
