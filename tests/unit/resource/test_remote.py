"""A store that is asked over HTTP: a clear yes runs something, everything else nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from assent.api.app import app
from assent.api.permits import routes
from assent.errors import ConfigError, RefusedError, UnavailableError
from assent.identity.permits import Trust
from assent.resource.executor import Executor
from assent.resource.opening import executor as opened
from assent.resource.remote import RemoteConsumption
from conformance.permit import generate
from tests.permits import desk, query
from tests.stores.test_consumed import permit

PERMIT = permit(1)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that always says the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"{}"),
        (200, b'{"consumed":"prm_other"}'),
        (200, b'{"consumed":true}'),
        (201, json.dumps({"consumed": PERMIT.id}).encode()),
        (302, b"{}"),
        (403, b"{}"),
        (403, b'{"code":"anything"}'),
        (403, b'{"code":["permit_used"]}'),
        (500, b'{"code":"permit_used"}'),
        (200, b"[" * 100_000),
    ],
)
def test_no_clear_yes_is_no(status: int, body: bytes) -> None:
    """Whatever is not exactly a yes for this permit runs nothing."""
    with answering(status, body) as url, pytest.raises(UnavailableError):
        RemoteConsumption(url).consume("t", PERMIT)


def test_yes_and_no() -> None:
    """A yes for this permit, and a refusal that is known."""
    with answering(200, json.dumps({"consumed": PERMIT.id}).encode()) as url:
        RemoteConsumption(url).consume("t", PERMIT)
    with answering(403, b'{"code":"revoked"}') as url, pytest.raises(RefusedError, match="revoked"):
        RemoteConsumption(url).consume("t", PERMIT)
    with pytest.raises(UnavailableError):
        RemoteConsumption(url).consume("t", PERMIT)  # nobody is there any more


@pytest.mark.parametrize("url", ["http://example.org/", "ftp://x/", "https://", "https://u:p@x/", "https://x/?a=b"])
def test_addresses(url: str) -> None:
    """TLS, unless it is this machine; no password in an address."""
    with pytest.raises(ConfigError, match="cannot be asked"):
        RemoteConsumption(url)


async def test_the_home_over_http(tmp_path: Path) -> None:
    """The home takes its own permits once, and says nothing else to strangers; its keys are those of the executor."""
    at = await desk(tmp_path)
    client = TestClient(app(routes(lambda: at.trust, at.store)), raise_server_exceptions=False)
    permit, token = await at.minted()
    published = client.get("/permits/jwks")
    assert Trust.parse(published.content) == at.trust
    told = client.post("/permits/consume", json={"permit": token})
    assert (told.status_code, told.json()) == (200, {"consumed": permit.id})
    again = client.post("/permits/consume", json={"permit": token})
    assert (again.status_code, again.json()["code"]) == (403, "permit_used")
    for bad in ({}, [], {"permit": 7}, {"permit": token, "x": 1}, "x"):
        assert client.post("/permits/consume", json=bad).status_code == 400
    assert client.post("/permits/consume", content=b"\xff").status_code == 422
    assert client.post("/permits/consume", content=b"x" * 70_000).status_code == 400
    forged = client.post("/permits/consume", json={"permit": generate.token(1)})
    assert (forged.status_code, forged.json()["code"]) == (403, "permit_invalid")
    assert client.get("/permits/consume").status_code == 405


async def test_an_executor_from_its_settings(tmp_path: Path) -> None:
    """What an operator writes down makes an executor; without store or keys none starts."""
    at = await desk(tmp_path)
    keys = tmp_path / "home.jwks"
    with pytest.raises(ConfigError, match="no keys of an issuer"):
        opened("files", keys, str(tmp_path / "consumed.db"))
    keys.write_text("{}")
    with pytest.raises(ConfigError, match="no keys of an issuer"):
        opened("files", keys, str(tmp_path / "consumed.db"))
    keys.write_bytes(Trust.published(at.trust.issuer, list(at.trust.keys.values())))
    with pytest.raises(ConfigError, match="consumption store"):
        opened("files", keys, "")
    made = opened("files", keys, str(tmp_path / "consumed.db"), tmp_path / "executor.key")
    assert isinstance(made, Executor) and made.public
    assert made.check((await at.minted())[1], query())
    made.close()
