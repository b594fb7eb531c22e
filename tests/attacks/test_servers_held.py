"""A client holds connections of a server of ours, so that nobody else is answered."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from assent.api import serving

_HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
_MUCH = 64 * 1024 * 1024


async def _echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _much(_: Request) -> Response:
    return Response(bytes(_MUCH))


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server that is set up as ours are, with less patience."""
    monkeypatch.setattr(serving, "PATIENCE", 1.0)
    listener = socket.create_server(("127.0.0.1", 0))
    served = Starlette(routes=[Route("/", _echo, methods=["POST"]), Route("/much", _much)])
    config = uvicorn.Config(served, http=serving.Hasty, timeout_keep_alive=30, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()


def _drained(held: socket.socket) -> int:
    """Bytes that came until the server closed the connection."""
    held.settimeout(10)
    size = 0
    try:
        while got := held.recv(1 << 20):
            size += len(got)
    except ConnectionResetError:
        return size
    return size


@pytest.mark.parametrize(
    "begun",
    [b"", b"POST / HT", _HEAD + b"x", _HEAD + b"x" * 10 + b"POST"],
    ids=["nothing", "half a head", "half a body", "half a second"],
)
def test_a_connection_that_does_not_get_on_is_closed(port: int, begun: bytes) -> None:
    """By the server: it takes only so many, and each that is held keeps somebody out."""
    with socket.create_connection(("127.0.0.1", port)) as held:
        held.sendall(begun)
        assert _drained(held) < 1_000


def test_whoever_does_not_read_is_cut_off(port: int) -> None:
    """What waits for it in memory is let go."""
    with socket.create_connection(("127.0.0.1", port)) as held:
        held.sendall(b"GET /much HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(3)
        assert _drained(held) < _MUCH


def test_a_connection_that_is_used_stays(port: int) -> None:
    """One request after the other, for longer than any of them may take."""
    line = HTTPConnection("127.0.0.1", port, timeout=5)
    for _ in range(6):
        line.request("POST", "/", b"x")
        assert line.getresponse().read() == b"1"
        time.sleep(0.4)
    line.close()
