"""Serving an application: one process, bounded in connections and time."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from assent.errors import UnavailableError

#: Requests at the same time; more are answered 503 at once.
MOST = 64


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
