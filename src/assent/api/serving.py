"""Serving an application: one process, bounded in connections and time."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from assent.errors import ConfigError, UnavailableError
from assent.identity.mtls import STATE

#: Requests at the same time; more are answered 503 at once.
MOST = 64
#: Seconds in which a request, from nothing to the end of its answer, must have got on.
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Tls:
    """What serves over TLS.

    Args:
        certificate, key: PEM files of the server.
        clients: PEM file of the authorities whose clients' certificates count (RFC 8705); None if none do.
    """

    certificate: Path
    key: Path
    clients: Path | None = None


class Hasty(H11Protocol):
    """A connection that is closed if it asks nothing, or one thing without end: there are only so many.

    Each request's scope names the client's certificate, if the connection was made with one.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if certificate:
            self.app_state = {**self.app_state, STATE: certificate}  # becomes the state of every scope
        self.loop.call_later(PATIENCE, self._look, None)

    def _look(self, last: RequestResponseCycle | None) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is last:
            self.transport.abort()  # whoever does not read takes no last word either
        else:
            self.loop.call_later(PATIENCE, self._look, self.cycle)


def run(app: ASGIApp, host: str, port: int, ready: Callable[[str], None], tls: Tls | None = None) -> None:
    """Serve until interrupted.

    Args:
        port: 0 for any that is free.
        ready: told the address once connections are taken.
        tls: None for plain HTTP, with what ends TLS before it.

    Raises:
        UnavailableError: `address_in_use`, or the address is not of this machine.
        ConfigError: `tls_unusable`.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        text = f"`{host}` port {port}: {error.strerror or error}"
        raise UnavailableError("address_in_use", text, help="choose another with --host and --port") from error
    shown = f"[{host}]" if ":" in host else host
    with listener:
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
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=str(tls.key) if tls else None,
            ssl_ca_certs=str(tls.clients) if tls and tls.clients else None,
            ssl_cert_reqs=ssl.CERT_OPTIONAL if tls and tls.clients else ssl.CERT_NONE,
        )
        try:
            config.load()
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            help = "give a certificate, its key, and the authorities of clients as PEM files"
            raise ConfigError("tls_unusable", f"the TLS files cannot be used: {error}", help=help) from error
        ready(f"http{'s' if tls else ''}://{shown}:{listener.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[listener])
