"""Servers elsewhere, over Streamable HTTP: real ones on both generations of the SDK, and ones that misbehave."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.edges.mcp.home import OPEN, Home, said
from tests.edges.mcp.wire import HELLO, SERVERS, Wire

ROOT = Path(__file__).resolve().parents[3]
SECRET = "up-stream/Secret+of_this=test&42"
VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "wire", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Elsewhere:
    """One server process and what it noted."""

    def __init__(self, folder: Path, sdk: str, good: str) -> None:
        self.folder = folder
        folder.mkdir()
        python = ROOT / ".servers" / sdk / "bin" / "python"
        command = [str(python), str(SERVERS / "elsewhere.py"), str(folder)]
        self.process = subprocess.Popen(command, env={"GOOD": good, "PATH": "/usr/bin:/bin"})
        end = time.monotonic() + 60
        while not (folder / "port").exists():
            assert time.monotonic() < end and self.process.poll() is None
            time.sleep(0.05)
        self.base = f"http://127.0.0.1:{(folder / 'port').read_text()}"
        self.url = f"{self.base}/mcp"

    def requests(self) -> list[dict[str, Any]]:
        """What came, in order."""
        path = self.folder / "requests"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(params=["sdk1", "sdk2"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Elsewhere]:
    """A server on the SDK 1.x, and one on 2.x; only the secret opens it."""
    server = Elsewhere(tmp_path / "elsewhere", request.param, SECRET)
    yield server
    server.process.kill()
    server.process.wait()


@pytest.fixture
def modern(tmp_path: Path) -> Iterator[Elsewhere]:
    """A server on the SDK 2.x."""
    server = Elsewhere(tmp_path / "elsewhere", "sdk2", SECRET)
    yield server
    server.process.kill()
    server.process.wait()


def gateway(home: Home, url: str, *more: str, hello: bool = True) -> Wire:
    """A gateway before a server elsewhere."""
    import sys

    command = [sys.executable, "-m", "assent", "mcp", "--name", "far", "--url", url, *more]
    wire = Wire(command, home.environ, errors=home.work / "errors")
    home._wires.append(wire)
    if hello:
        wire.hello()
    return wire


def hold(home: Home, tmp_path: Path, *where: str, name: str = "key", text: str = SECRET, server: str = "far") -> None:
    """Have the home hold a secret for the server."""
    file = tmp_path / "secret"
    file.write_text(text)
    home.run(
        *("credentials", "add", name, "--server", server, *(where or ("--header", "Authorization"))),
        *("--from-file", str(file), "--yes", "--key", str(home.key)),
    )


def test_both_generations_with_a_credential(home: Home, elsewhere: Elsewhere, tmp_path: Path) -> None:
    """Calls reach a real server with the secret that Assent holds; the client has none and sees none."""
    home.policy(OPEN)
    hold(home, tmp_path)
    wire = gateway(home, elsewhere.url)
    tools = wire.ask("tools/list")["result"]["tools"]
    assert {tool["name"] for tool in tools} == {"add", "echo", "slowly"}
    assert said(wire.call("add", {"a": 2, "b": 3})) == "5"
    slow = wire.call("slowly", {"seconds": 0.2}, progressToken="p")
    assert said(slow) == "done" and any(one.get("method") == "notifications/progress" for one in wire.aside)
    sent = [one["headers"] for one in elsewhere.requests()]
    assert sent and all(headers["authorization"] == f"Bearer {SECRET}" for headers in sent)
    assert wire.close() == 0
    assert SECRET not in (home.work / "errors").read_text()
    uses = [leaf for leaf in home.receipts("decision") if leaf["tool"] == "credentials/use"]
    assert [use["verdict"] for use in uses] == ["allow"], "decided once for the session"


def test_the_stateless_generation(home: Home, modern: Elsewhere, tmp_path: Path) -> None:
    """Each request names its version, method and name in headers, made from what was decided and sent."""
    home.policy(OPEN)
    hold(home, tmp_path)
    wire = gateway(home, modern.url, hello=False)
    assert VERSION in wire.ask("server/discover", {"_meta": META})["result"]["supportedVersions"]
    params = {"_meta": META, "arguments": {"text": "grüß dich"}, "name": "echo"}
    assert said(wire.ask("tools/call", params)) == "grüß dich"
    called = [one["headers"] for one in modern.requests() if one["headers"].get("mcp-method") == "tools/call"]
    assert called[0]["mcp-name"] == "echo" and called[0]["mcp-protocol-version"] == VERSION
    assert "mcp-session-id" not in called[0]


def test_a_cancelled_call_is_a_closed_stream(home: Home, modern: Elsewhere, tmp_path: Path) -> None:
    """The stateless generation is told by the end of the stream; what became of the call is not known."""
    home.policy(OPEN)
    hold(home, tmp_path)
    wire = gateway(home, modern.url, hello=False)
    wire.ask("server/discover", {"_meta": META})
    id = wire.start("tools/call", {"_meta": META, "arguments": {"seconds": 30}, "name": "slowly"})
    end = time.monotonic() + 20
    while not any(one.get("headers", {}).get("mcp-method") == "tools/call" for one in modern.requests()):
        assert time.monotonic() < end
        time.sleep(0.05)
    wire.send(method="notifications/cancelled", params={"requestId": id})
    assert wire.quiet(1.0)
    wire.close()
    assert [leaf["status"] for leaf in home.receipts("outcome")][-1] == "unknown"


def test_a_token_is_exchanged(home: Home, elsewhere: Elsewhere, tmp_path: Path) -> None:
    """What goes with the calls is a token for less and not for long; the secret itself only goes to its issuer."""
    home.policy(OPEN)
    where = ("--exchange", f"{elsewhere.base}/token", "--scope", "read", "--audience", "far")
    hold(home, tmp_path, *where, text="the-long-lived-secret")
    wire = gateway(home, elsewhere.url)
    assert said(wire.call("add", {"a": 1, "b": 1})) == "2"
    issued = "issued-1-token-for-this-session-only"
    answer = wire.call("echo", {"text": issued})
    assert answer["result"]["isError"] is True, "a token that was issued is as secret as what it was issued for"
    (form,) = [one["form"] for one in elsewhere.requests() if "form" in one]
    assert "subject_token=the-long-lived-secret" in form and "scope=read" in form and "audience=far" in form
    sent = [one["headers"].get("authorization") for one in elsewhere.requests() if one.get("path") == "/mcp"]
    assert set(sent) == {f"Bearer {issued}"}


def test_a_refused_secret_is_not_told(home: Home, elsewhere: Elsewhere, tmp_path: Path) -> None:
    """A server that refuses or fails, and names the token in body and headers, tells the agent nothing of it."""
    home.policy(OPEN)
    hold(home, tmp_path)
    wire = gateway(home, elsewhere.url)
    assert said(wire.call("add", {"a": 1, "b": 0})) == "1"
    (elsewhere.folder / "revoked").touch()
    refused = wire.call("add", {"a": 1, "b": 1})
    assert "refuses the credential" in str(refused)
    (elsewhere.folder / "down").touch()
    broken = wire.call("add", {"a": 1, "b": 2})
    assert "not known whether" in said(broken)
    wire.close()
    for told in (str(refused), str(broken), (home.work / "errors").read_text()):
        assert SECRET not in told
    assert [leaf["status"] for leaf in home.receipts("outcome")][-2:] == ["failed", "unknown"]


def test_a_removed_secret_goes_with_no_further_call(home: Home, modern: Elsewhere, tmp_path: Path) -> None:
    """Rotation counts from the next call on; after removal the server gets calls without any secret."""
    home.policy(OPEN)
    hold(home, tmp_path, text="an-old-secret-that-is-refused")
    wire = gateway(home, modern.url, hello=False)
    assert "refuses the credential" in str(wire.ask("server/discover", {"_meta": META}))
    (tmp_path / "fresh").write_text(SECRET)
    options = ("--yes", "--key", str(home.key))
    home.run("credentials", "rotate", "key", "--from-file", str(tmp_path / "fresh"), *options)
    assert "result" in wire.ask("server/discover", {"_meta": META})
    home.run("credentials", "remove", "key", *options)
    assert "error" in wire.ask("server/discover", {"_meta": META})
    assert "authorization" not in modern.requests()[-1]["headers"]


def test_policy_chooses_the_credential(home: Home, modern: Elsewhere, tmp_path: Path) -> None:
    """A permit that names a credential has its calls made with it; one that is not held has nothing executed."""
    home.policy(
        '@id("use") permit (principal, action, resource) when { context.method != "tools/call" };\n'
        '@id("strong") @credential("strong") permit (principal, action == Action::"tool:far/add", resource);\n'
        '@id("absent") @credential("absent") permit (principal, action == Action::"tool:far/echo", resource);\n'
    )
    hold(home, tmp_path, name="a-first")
    hold(home, tmp_path, name="strong", text="a-strong-secret-for-writes")
    wire = gateway(home, modern.url, hello=False)
    wire.ask("server/discover", {"_meta": META})
    assert modern.requests()[-1]["headers"]["authorization"] == f"Bearer {SECRET}"
    wire.ask("tools/call", {"_meta": META, "arguments": {"a": 1, "b": 1}, "name": "add"})
    assert modern.requests()[-1]["headers"]["authorization"] == "Bearer a-strong-secret-for-writes"
    before = len(modern.requests())
    answer = wire.ask("tools/call", {"_meta": META, "arguments": {"text": "x"}, "name": "echo"})
    assert "credential" in said(answer) and answer["result"]["isError"] is True
    assert len(modern.requests()) == before, "nothing was sent"


def test_a_server_that_cannot_be_reached(home: Home) -> None:
    """What was never sent is known not to have happened."""
    home.policy(OPEN)
    wire = gateway(home, "http://127.0.0.1:9/mcp", hello=False)
    answer = wire.ask("initialize", HELLO)
    assert answer["error"]["data"]["code"] == "unreached"
    read = wire.ask("resources/read", {"uri": "x://y"})
    assert read["error"]["data"]["reasons"][0]["code"] == "unreached"
    wire.close()
    assert [leaf["status"] for leaf in home.receipts("outcome")] == ["failed"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/mcp",
        "https://user:word@example.com/mcp",
        "https://example.com/mcp#part",
        "ftp://example.com/mcp",
        "http://127.0.0.1.example.com/mcp",
        "https://",
    ],
)
def test_addresses_that_are_refused(home: Home, url: str) -> None:
    """Nothing is sent where others could read it, and no login is taken from an address."""
    wire = gateway(home, url, hello=False)
    assert wire.process.wait(20) == 1
    assert "bad_url" in (home.work / "errors").read_text()


# ---- servers that misbehave ---------------------------------------------------------


@pytest.fixture
def odd() -> Iterator[Callable[..., str]]:
    """Serves answers that a function gives; the address."""
    started: list[ThreadingHTTPServer] = []

    def serve(answer: Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if message.get("method") == "initialize":
                    result = {"capabilities": {}, "protocolVersion": "2025-11-25", "serverInfo": {"name": "odd"}}
                    plain(self, {"jsonrpc": "2.0", "id": message["id"], "result": result})
                elif "id" not in message:
                    self.send_response(202)
                    self.send_header("content-length", "0")
                    self.end_headers()
                else:
                    answer(self, message)

            def do_GET(self) -> None:
                self.send_response(405)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing to say."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        started.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/mcp"

    yield serve
    for server in started:
        server.shutdown()


def plain(handler: BaseHTTPRequestHandler, body: object, status: int = 200, **headers: str) -> None:
    """A JSON answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"content-type": "application/json", "content-length": str(len(data)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


def _redirect(handler: BaseHTTPRequestHandler, message: dict[str, Any]) -> None:
    plain(handler, {}, 307, location="http://127.0.0.1:9/elsewhere")


def _garbage(handler: BaseHTTPRequestHandler, message: dict[str, Any]) -> None:
    plain(handler, b"{" * 100_000)


def _other_id(handler: BaseHTTPRequestHandler, message: dict[str, Any]) -> None:
    plain(handler, {"jsonrpc": "2.0", "id": 987_654, "result": {}})


def _no_message(handler: BaseHTTPRequestHandler, message: dict[str, Any]) -> None:
    plain(handler, {}, 202)


def _html(handler: BaseHTTPRequestHandler, message: dict[str, Any]) -> None:
    plain(handler, b"<html>", 200, **{"content-type": "text/html"})


def _endless(handler: BaseHTTPRequestHandler, message: dict[str, Any]) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("connection", "close")
    handler.end_headers()
    try:
        for _ in range(4_000):
            handler.wfile.write(b"data: " + b"x" * 10_000 + b"\n")  # one event that never ends
    except OSError:
        return


def _cut(handler: BaseHTTPRequestHandler, message: dict[str, Any]) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"jsonrpc":')
    handler.close_connection = True


def _compressed(handler: BaseHTTPRequestHandler, message: dict[str, Any]) -> None:
    import gzip

    data = gzip.compress(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {}}).encode())
    plain(handler, data, 200, **{"content-encoding": "gzip"})


@pytest.mark.parametrize(
    "answer",
    [_redirect, _garbage, _other_id, _no_message, _html, _endless, _cut, _compressed],
    ids=lambda one: one.__name__,
)
def test_answers_that_are_none(home: Home, odd: Callable[..., str], answer: Any) -> None:
    """Whatever comes instead of an answer: the call ends, its outcome is unknown, and nothing was followed."""
    home.policy(OPEN)
    wire = gateway(home, odd(answer))
    told = wire.ask("resources/read", {"uri": "x://y"}, seconds=30)
    assert "not known whether" in told["error"]["message"]
    wire.close()
    assert [leaf["status"] for leaf in home.receipts("outcome")] == ["unknown"]


def test_a_stream_that_is_taken_up_again(home: Home, tmp_path: Path) -> None:
    """A server may end a stream that has event ids; the answer comes with the next one (MCP 2025-11-25)."""
    home.policy(OPEN)
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if message.get("method") == "initialize":
                result = {"capabilities": {}, "protocolVersion": "2025-11-25", "serverInfo": {"name": "odd"}}
                plain(self, {"jsonrpc": "2.0", "id": message["id"], "result": result}, **{"mcp-session-id": "s-1"})
            elif "id" not in message:
                plain(self, b"", 202)
            else:
                asked.append(message["id"])
                plain(self, b"id: e-1\nretry: 100\ndata:\n\n", **{"content-type": "text/event-stream"})

        def do_GET(self) -> None:
            if self.headers.get("last-event-id") != "e-1":
                plain(self, b"", 405)
                return
            body = json.dumps({"jsonrpc": "2.0", "id": asked[-1], "result": {"contents": []}}).encode()
            plain(self, b"id: e-2\r\ndata: " + body + b"\r\n\r\n", **{"content-type": "text/event-stream"})

        def do_DELETE(self) -> None:
            (tmp_path / "gone").write_text(self.headers.get("mcp-session-id", ""))
            plain(self, b"")

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing to say."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wire = gateway(home, f"http://127.0.0.1:{server.server_port}/mcp")
    assert wire.ask("resources/read", {"uri": "x://y"})["result"] == {"contents": []}
    wire.close()
    server.shutdown()
    assert (tmp_path / "gone").read_text() == "s-1", "the session is said goodbye to"
