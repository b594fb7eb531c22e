"""A witness that is asked answers as slowly as it can: whoever asks has other witnesses to ask."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from assent.errors import ProofError
from assent.record import asking


@contextmanager
def _dribbling(*begun: bytes) -> Iterator[str]:
    """A server that begins an answer, then sends one byte in a while, for as long as anybody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                taken, _ = listener.accept()
                with taken:
                    for part in begun:
                        taken.sendall(part)
                    for _ in range(200):
                        time.sleep(0.05)
                        taken.sendall(b"a")

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/w"


@pytest.mark.parametrize(
    "begun",
    [
        [b"HTTP/1.1 200 OK\r\nX: "],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;"],
    ],
    ids=["head", "length", "until it closes", "chunks"],
)
def test_an_answer_that_never_ends_is_over_in_time(begun: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes within the time of one read, and the whole is cut off all the same: no answer, not a part."""
    monkeypatch.setattr(asking, "PATIENCE", 0.5)
    start = time.monotonic()
    with _dribbling(*begun) as url, pytest.raises(ProofError):
        asking.ask(url, b"old 0\n")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://[::1", "http://a b/", "http://127.0.0.1:1"]
)
def test_an_address_that_is_none_is_an_answer_that_did_not_come(url: str) -> None:
    """Nothing but http and https is ever opened, and nothing else is raised."""
    with pytest.raises(ProofError, match="no answer"):
        asking.ask(url, b"")
