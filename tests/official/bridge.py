"""Streamable HTTP in front of a stdio server, for a test suite that speaks nothing else.

One process per `Mcp-Session-Id`, one for all that is stateless. Messages go through as
they are; only ids are made unique where several requests share a process. What the
transport itself should check (`Origin`, headers, resuming) is not checked.
"""

from __future__ import annotations

import itertools
import json
import queue
import secrets
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATELESS, BARE = "stateless", "bare"
VERSION = "io.modelcontextprotocol/protocolVersion"
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
#: HTTP status of an answer with this error (MCP 2026-07-28, transports).
STATUS = {-32600: 400, -32602: 400, -32601: 404, -32020: 400, -32021: 400, -32022: 400}
SECONDS = 20.0


class Child:
    """One stdio server, and who waits for what it says."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(environ)
        )
        self._ids = itertools.count(1)
        self._open: dict[int, tuple[Any, Any, queue.Queue[dict[str, Any]]]] = {}  # our id → theirs, token, where to
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one message."""
        assert self.process.stdin is not None
        with self._lock:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def ask(self, message: Mapping[str, Any]) -> tuple[int, queue.Queue[dict[str, Any]]]:
        """Send a request; where its answer and what belongs to it will come."""
        ours, where = next(self._ids), queue.Queue[dict[str, Any]]()
        token = ((message.get("params") or {}).get("_meta") or {}).get("progressToken")
        self._open[ours] = (message["id"], token, where)
        self.send({**message, "id": ours})
        return ours, where

    def left(self, ours: int) -> None:
        """Nobody waits for this one any more."""
        if self._open.pop(ours, None) is not None:
            self.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": ours}})

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._route(json.loads(line))

    def _route(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            found = self._open.pop(message.get("id", 0), None)
            if found:
                found[2].put({**message, "id": found[0]})
            return
        params = message.get("params") or {}
        meta = params.get("_meta") or {}
        for ours, (theirs, token, where) in reversed(list(self._open.items())):
            if meta.get(SUBSCRIPTION) == ours:
                params = {**params, "_meta": {**meta, SUBSCRIPTION: theirs}}
                return where.put({**message, "params": params})
            if SUBSCRIPTION not in meta and params.get("progressToken", token) == token:
                return where.put(message)  # the newest request that is open, unless a token says which

    def end(self) -> None:
        """Close its input and wait."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Bridge(ThreadingHTTPServer):
    """The HTTP side."""

    daemon_threads = True

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.start = lambda: Child(command, environ)
        self.sessions: dict[str, Child] = {}
        self._first = threading.Lock()
        self.began: list[Child] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/mcp"

    def child(self, session: str | None, message: Mapping[str, Any]) -> tuple[str, Child] | None:
        """The process a message belongs to."""
        if message.get("method") == "initialize":
            session = secrets.token_hex(16)
            self.sessions[session] = self._begin()
        if session is None:
            # a stdio server takes its generation from the first message, so a stray one gets a process of its own
            session = STATELESS if VERSION in ((message.get("params") or {}).get("_meta") or {}) else BARE
            with self._first:
                if session not in self.sessions:
                    self.sessions[session] = self._begin()
        found = self.sessions.get(session)
        return (session, found) if found else None

    def _begin(self) -> Child:
        self.began.append(self.start())
        return self.began[-1]


class Handler(BaseHTTPRequestHandler):
    """One HTTP request."""

    server: Bridge
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take one message; answer with one, or with a stream that ends with it."""
        try:
            message = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        except ValueError:
            return self.reply(400, {"error": {"code": -32700, "message": "not JSON"}, "id": None, "jsonrpc": "2.0"})
        found = self.server.child(self.headers.get("Mcp-Session-Id"), message)
        if found is None:
            return self.reply(404, {"error": {"code": -32001, "message": "no session"}, "id": None, "jsonrpc": "2.0"})
        session, child = found
        if "id" not in message or "method" not in message:
            child.send(message)
            return self.reply(202, None)
        ours, where = child.ask(message)
        listening = message["method"] == "subscriptions/listen"
        try:
            self.stream(session, where, None if listening else SECONDS)
        except (queue.Empty, OSError):
            self.close_connection = True
        finally:
            child.left(ours)

    def stream(self, session: str, where: queue.Queue[dict[str, Any]], seconds: float | None) -> None:
        """What belongs to one request, until its answer."""
        first = where.get(timeout=seconds)
        if "method" not in first and session in (STATELESS, BARE):
            return self.reply(STATUS.get(first.get("error", {}).get("code"), 200), first)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        if session not in (STATELESS, BARE):
            self.send_header("Mcp-Session-Id", session)
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(f"event: message\ndata: {json.dumps(first)}\n\n".encode())
            self.wfile.flush()
            if "method" not in first:
                return None
            first = where.get(timeout=seconds)

    def handle(self) -> None:
        """A client that has gone is no error."""
        with suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        """No stream of its own for what belongs to no request."""
        self.reply(405, None)

    def do_DELETE(self) -> None:
        """End a session."""
        child = self.server.sessions.pop(self.headers.get("Mcp-Session-Id", ""), None)
        if child:
            child.end()
        self.reply(200 if child else 404, None)

    def reply(self, status: int, body: Mapping[str, Any] | None) -> None:
        """One JSON answer."""
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the suite says what it saw."""


@contextmanager
def bridged(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[Bridge]:
    """A bridge to a stdio server on a port of its own; its processes are gone afterwards."""
    bridge = Bridge(command, environ)
    threading.Thread(target=bridge.serve_forever, daemon=True).start()
    try:
        yield bridge
    finally:
        bridge.shutdown()
        bridge.server_close()
        for child in bridge.began:
            if child.process.poll() is None:
                child.end()
