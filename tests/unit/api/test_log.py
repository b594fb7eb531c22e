"""Rules of the log over HTTP, asked of a real server over a real socket."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from assent_verify.checkpoint import Checkpoint
from assent_verify.note import Note
from assent_verify.proof import Proof

from assent.api.app import app
from assent.api.log import routes
from assent.errors import UnavailableError
from assent.record.tile import Tile, Tree, entries_of, tiles
from tests.unit.record.signed_log import SignedLog

Answer = tuple[int, dict[str, str], bytes]


class Served:
    """A log behind a server."""

    def __init__(self, log: SignedLog, port: int) -> None:
        self.log, self._port = log, port

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Status, headers in lower case, body."""
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        line.request(method, path, headers=headers)
        found = line.getresponse()
        data = found.read()
        line.close()
        return found.status, {name.lower(): value for name, value in found.getheaders()}, data

    def get(self, path: str) -> bytes:
        """The body of what is there."""
        status, _, data = self.ask(path)
        assert status == 200, (path, data)
        return data


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A log of 700 leaves, 700 of them signed, with one more that is not."""
    log = SignedLog(700)
    with log.store.begin() as tx:
        tx.append(b"not signed yet")
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app(routes(log.store)), log_level="critical", lifespan="off"))
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
    thread.start()
    yield Served(log, listener.getsockname()[1])
    server.should_exit = True
    thread.join()


def test_a_stranger_can_check_the_whole_log(served: Served) -> None:
    """Checkpoint, all tiles, all entries: what c2sp.org/tlog-tiles says, with its content types."""
    note = Note.parse(served.get("/checkpoint"))
    note.verify([served.log.key])
    checkpoint = Checkpoint.parse(note.text)
    tree = Tree(checkpoint.size, lambda tile: served.get(f"/{tile}"))
    tree.check(checkpoint.root)
    for tile in tiles(checkpoint.size):
        if not tile.level:
            bundle = Tile(-1, tile.index, tile.width)
            entries_of(bundle, served.get(f"/{bundle}"), tree.tile(0, tile.index))
    assert served.ask("/checkpoint")[1]["content-type"] == "text/plain; charset=utf-8"
    assert served.ask("/tile/0/000")[1]["content-type"] == "application/octet-stream"


def test_what_changes_is_not_kept_and_what_does_not_is(served: Served) -> None:
    """Caching headers: seconds for the checkpoint, long for tiles and entries."""
    assert served.ask("/checkpoint")[1]["cache-control"] == "public, max-age=2"
    for name in ("/tile/0/000", "/tile/entries/002.p/188", "/tile/1/000.p/2"):
        assert "immutable" in served.ask(name)[1]["cache-control"]


def test_a_proof_is_served(served: Served) -> None:
    """The proof of one receipt holds offline."""
    for index in (0, 31, 699):
        assert Proof.parse(served.get(f"/proof/{index}")).index == index
    Proof.parse(served.get("/proof/7")).verify([served.log.key])


@pytest.mark.parametrize(
    "path",
    [
        "/tile/0/003", "/tile/0/002", "/tile/0/002.p/189", "/tile/1/000.p/3", "/tile/1/000", "/tile/2/000.p/1",
        "/tile/63/000", "/tile/0/0", "/tile/0/000/", "/tile/0/../../checkpoint", "/tile/0/%2e%2e/000", "/tile/", "/",
        "/proof/700", "/proof/-1", "/proof/07x", "/proof/99999999999999999999", "/proof/%D9%A1", "/assent.db",
        "/tile/0/x999/x999/x999/x999/x999/x999/999", "/tile/entries/x000/000",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(served: Served, path: str) -> None:
    """Beyond the signed size, other spellings, anything else: 404 as a problem (RFC 9457), never a 500."""
    status, headers, data = served.ask(path)
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert json.loads(data) == {"type": "about:blank", "title": "not found", "status": 404, "code": "http_404"}


def test_it_is_read_only(served: Served) -> None:
    """No method changes anything."""
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert served.ask("/checkpoint", method)[0] == 405
    assert served.ask("/checkpoint", "HEAD")[0::2] == (200, b"")


def test_entries_are_compressed_for_whoever_asks(served: Served) -> None:
    """c2sp.org/tlog-tiles: entry bundles should be compressed at the HTTP layer."""
    _, headers, data = served.ask("/tile/entries/000", **{"Accept-Encoding": "gzip"})
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(data) == served.get("/tile/entries/000")


def test_a_store_that_is_gone_is_said_without_telling_where(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with the code alone: the operator's paths are nobody's business."""

    def gone() -> None:
        raise UnavailableError("store_full", "`/secret/place` is full")

    monkeypatch.setattr(served.log.store, "_check", gone)
    status, headers, data = served.ask("/checkpoint")
    assert (status, headers["content-type"]) == (503, "application/problem+json")
    assert json.loads(data)["code"] == "store_full"
    assert b"secret" not in data
