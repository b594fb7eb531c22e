"""Serving an application: one process, bounded in connections and time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from assent.errors import UnavailableError

#: Requests at the same time; more are answered 503 at once.
MOST = 64
#: Seconds in which a request, from nothing to the end of its answer, must have got on.
PATIENCE = 30.0


class Hasty(H11Protocol):
    """A connection that is closed if it asks nothing, or one thing without end: there are only so many."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(PATIENCE, self._look, None)

    def _look(self, last: RequestResponseCycle | None) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is last:
            self.transport.abort()  # whoever does not read takes no last word either
        else:
            self.loop.call_later(PATIENCE, self._look, self.cycle)


def run(app: ASGIApp, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        port: 0 for any that is free.
        ready: told the address once connections are taken.

    Raises:
        UnavailableError: `address_in_use`, or the address is not of this machine.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        text = f"`{host}` port {port}: {error.strerror or error}"
        raise UnavailableError("address_in_use", text, help="choose another with --host and --port") from error
    shown = f"[{host}]" if ":" in host else host
    with listener:
        ready(f"http://{shown}:{listener.getsockname()[1]}/")
        config = uvicorn.Config(
            app,
            http=Hasty,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=MOST,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=16 * 1024,
            lifespan="off",
            ws="none",
        )
        uvicorn.Server(config).run(sockets=[listener])
