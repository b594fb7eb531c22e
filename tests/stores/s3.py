"""A real S3 server for tests: gofakes3, a program of its own that speaks the protocol over HTTP."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
PROGRAM = _REPOSITORY / ".servers" / "go" / "gofakes3"
ENVIRON = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
}


@contextmanager
def s3_server() -> Iterator[str]:
    """Its address, with an empty bucket `log`."""
    assert PROGRAM.exists() or shutil.which("gofakes3"), "run scripts/setup test"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [str(PROGRAM), "-backend", "memory", "-host", f"127.0.0.1:{port}", "-initialbucket", "log"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(200):
                try:
                    urllib.request.urlopen(f"{address}/log", timeout=1)  # noqa: S310 - our own server
                    break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.05)
            yield address
        finally:
            server.terminate()
