"""Asking a witness or an authority over HTTP: bounded in time and size, never redirected, certificates verified."""

from __future__ import annotations

import socket
import time
from threading import Timer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assent.errors import ProofError

if TYPE_CHECKING:
    import http.client

#: Seconds for one answer, head and body; bytes of one.
PATIENCE, MAX_ANSWER = 5.0, 64 * 1024


def ask(url: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to `add-checkpoint` (c2sp.org/tlog-witness).

    Args:
        url: the witness's submission prefix, http or https.

    Raises:
        ProofError: `bad_witness`: no answer in time, or one too large.
    """
    return _post(f"{url.rstrip('/')}/add-checkpoint", body, {})


def ask_time(url: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to a time-stamp request (RFC 3161 §3.4).

    Args:
        url: of the authority, http or https.

    Raises:
        ProofError: as `ask`.
    """
    return _post(url, body, {"content-type": "application/timestamp-query"})


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    import http.client

    try:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        if parts.scheme not in ("https", "http"):
            raise ValueError("not an http(s) address")
        connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            return _exchange(connection, parts.path or "/", body, headers)
        finally:
            connection.close()
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise ProofError("bad_witness", f"it gave no answer: {type(error).__name__}") from error


def _exchange(
    connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, bytes]:
    """One request, over at a fixed time: a timeout of a socket begins anew with every byte that comes."""
    connection.connect()
    end = time.monotonic() + PATIENCE
    cut = Timer(PATIENCE, _cut, [connection.sock])
    cut.daemon = True
    cut.start()
    try:
        connection.request("POST", path, body=body, headers=headers)
        with connection.getresponse() as answer:
            found = answer.read(MAX_ANSWER + 1)
    finally:
        cut.cancel()
    if time.monotonic() >= end:  # what was cut off can look like a short answer
        raise TimeoutError("it took too long")
    if len(found) > MAX_ANSWER:
        raise ProofError("bad_witness", "its answer is too large")
    return answer.status, found


def _cut(sock: socket.socket) -> None:
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # the one below TLS, which somebody is reading from
    except OSError:  # it is closed already
        return
