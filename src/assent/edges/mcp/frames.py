"""Messages: newline-delimited JSON-RPC 2.0, read strictly and written canonically.

What two readers could understand differently is refused (MCP, transports: stdio;
JSON-RPC 2.0 §4, §5). What is written is always made from what was decided on, never
from the bytes that came in.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

from assent_verify.canonical import canonicalize, parse

from assent.errors import ProofError

#: Ids are strings or integers (MCP, base protocol); `1` and `"1"` are two ids.
Id: TypeAlias = str | int

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
#: Ours, from the range that JSON-RPC 2.0 §5.1 leaves to implementations.
REFUSED, BUSY = -32010, -32011
#: How much of each end of an over-long line is kept, to find its id.
_EDGE = 4096

_ID = rb'"id"\s*:\s*(-?(?:0|[1-9]\d{0,15})|"[^"\\\x00-\x1f]{0,64}")'
_NAMED = rb'"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"'
_ID_FIRST = re.compile(rb"\s*\{\s*(?:" + _NAMED + rb"\s*,\s*)*" + _ID + rb"\s*[,}]")
_ID_LAST = re.compile(rb"[,{]\s*" + _ID + rb"(?:\s*,\s*" + _NAMED + rb")*\s*\}\s*\Z")


@dataclass(frozen=True, slots=True)
class Request:
    """A call that wants an answer."""

    id: Id
    method: str
    params: dict[str, object]


@dataclass(frozen=True, slots=True)
class Notification:
    """A call that wants none."""

    method: str
    params: dict[str, object]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: `body` is the result, or the error object if `failed`."""

    id: Id
    body: dict[str, object]
    failed: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no message, with the error to answer and the id if it could be read."""

    id: Id | None
    number: int
    code: str
    message: str


Message: TypeAlias = Request | Notification | Response | Unreadable


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a stream.

    Args:
        data: the line without its end; the first and last few KiB if it was too long.
        size: its length in bytes.
        whole: False if it was longer than the limit.
    """

    data: bytes
    size: int
    whole: bool


def read(line: Line, limit: int) -> Message:
    """The message on a line; what cannot be one comes back as `Unreadable`, never as an exception.

    Args:
        limit: most bytes of one message.
    """
    if not line.whole:
        text = f"the message has {line.size} bytes, at most {limit} are accepted"
        return _unreadable(line, INVALID_REQUEST, "too_large", text)
    try:
        value = parse(line.data, max_bytes=limit)
    except ProofError as error:
        number = PARSE_ERROR if error.code in ("not_json", "not_utf8") else INVALID_REQUEST
        return _unreadable(line, number, error.code, error.message)
    if isinstance(value, list):
        return _unreadable(line, INVALID_REQUEST, "batch", "batches are not accepted: send one message a line")
    if not isinstance(value, dict):
        return _unreadable(line, INVALID_REQUEST, "not_a_message", "a message is a JSON object")
    return _message(value)


def _message(value: dict[str, object]) -> Message:
    """JSON-RPC 2.0 §4 and §5: exactly one of request, notification, response."""
    known = _as_id(value.get("id"))
    if value.get("jsonrpc") != "2.0":
        return Unreadable(known, INVALID_REQUEST, "not_a_message", 'member `jsonrpc` must be "2.0"')
    method = value.get("method")
    if "method" in value:
        params = value.get("params", {})
        extra = value.keys() - {"jsonrpc", "id", "method", "params"}
        if not isinstance(method, str) or not isinstance(params, dict) or extra:
            text = "a request has `method` (string), `params` (object) and `id`, and nothing else"
            return Unreadable(known, INVALID_REQUEST, "not_a_message", text)
        if "id" not in value:
            return Notification(method, params)
        if known is None:
            return Unreadable(None, INVALID_REQUEST, "bad_id", "an id is a string or an integer")
        return Request(known, method, params)
    body = value.get("result", value.get("error"))
    extra = value.keys() - {"jsonrpc", "id", "result", "error"}
    if known is None or not isinstance(body, dict) or ("result" in value) == ("error" in value) or extra:
        text = "a response has `id` and one of `result` and `error` (objects), and nothing else"
        return Unreadable(known, INVALID_REQUEST, "not_a_message", text)
    return Response(known, body, "error" in value)


def _as_id(value: object) -> Id | None:
    """An id as itself; None for anything else (a bool is no integer here)."""
    return value if isinstance(value, str) or type(value) is int else None


def _unreadable(line: Line, number: int, code: str, message: str) -> Unreadable:
    return Unreadable(_find_id(line.data), number, code, message)


def _find_id(data: bytes) -> Id | None:
    """The id of a line that could not be read; None if it is not plain where it stands."""
    found = {match[1] for match in (_ID_FIRST.match(data), _ID_LAST.search(data[-_EDGE:])) if match}
    if len(found) != 1:
        return None
    raw = found.pop()
    if not raw.startswith(b'"'):
        return int(raw)
    try:
        return raw[1:-1].decode("utf-8")
    except UnicodeDecodeError:
        return None


def request(id: Id, method: str, params: bytes) -> bytes:
    """A request line from the canonical bytes of its params."""
    return b'{"id":%b,"jsonrpc":"2.0","method":%b,"params":%b}\n' % (canonicalize(id), canonicalize(method), params)


def notification(method: str, params: Mapping[str, object]) -> bytes:
    """A notification line."""
    body = b',"params":' + canonicalize(params) if params else b""
    return b'{"jsonrpc":"2.0","method":%b%b}\n' % (canonicalize(method), body)


def response(id: Id, body: bytes, *, failed: bool = False) -> bytes:
    """A response line from the canonical bytes of its result, or of its error object."""
    if failed:
        return b'{"error":%b,"id":%b,"jsonrpc":"2.0"}\n' % (body, canonicalize(id))
    return b'{"id":%b,"jsonrpc":"2.0","result":%b}\n' % (canonicalize(id), body)


def error(id: Id | None, number: int, message: str, data: Mapping[str, object] | None = None) -> bytes:
    """An error response line (JSON-RPC 2.0 §5.1); `id` is null if it could not be read."""
    body: dict[str, object] = {"code": number, "message": message}
    if data is not None:
        body["data"] = dict(data)
    return b'{"error":%b,"id":%b,"jsonrpc":"2.0"}\n' % (canonicalize(body), canonicalize(id))


class Outlet(Protocol):
    """Where lines are written: a pipe, or a server elsewhere."""

    gone: asyncio.Event

    async def write(self, line: bytes, credential: str = "") -> bool:
        """Write one line; False if nobody reads any more. `credential` is one that policy wants with it."""

    async def ready(self) -> None:
        """Wait until there is room."""

    def close(self) -> None:
        """Write what is buffered, then no more."""

    async def flushed(self, seconds: float) -> None:
        """Close, and wait until everything is written."""


class Lines(asyncio.Protocol):
    """Reads lines from a pipe; stops reading while nobody takes them.

    A line over the limit is not stored: its first and last bytes are kept for its id.

    Args:
        limit: most bytes of one line.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._scanned = 0  # bytes known to hold no line end
        self._skipped = 0  # bytes of an over-long line already dropped
        self._head = b""
        self._ended = False
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.ReadTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pipe is open."""
        self._transport = cast(asyncio.ReadTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Take what came; stop the stream while two full lines could be waiting."""
        self._buffer += data
        if len(self._buffer) > max(self._limit, 2 * _EDGE) and b"\n" not in data:
            self._shorten()
        if not self._paused and len(self._buffer) > 2 * self._limit and self._transport is not None:
            self._transport.pause_reading()
            self._paused = True
        self._wake()

    def eof_received(self) -> None:
        """The other side has closed its end."""
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The pipe is gone."""
        self._end()

    @property
    def empty(self) -> bool:
        """Has everything been taken?"""
        return not self._buffer

    def close(self) -> None:
        """Read no more; a reader that waits gets None."""
        self._end()
        if self._transport is not None:
            self._transport.close()

    async def next(self) -> Line | None:
        """The next line, or None at the end. An unfinished last line counts as a line."""
        while True:
            end = self._buffer.find(b"\n", self._scanned)
            if end >= 0:
                return self._take(end, end + 1)
            self._scanned = len(self._buffer)
            if self._ended:
                return self._take(len(self._buffer), len(self._buffer)) if self._buffer else None
            if self._paused and self._transport is not None:
                self._paused = False
                self._transport.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def _take(self, end: int, after: int) -> Line:
        data = bytes(self._buffer[:end])
        del self._buffer[:after]
        self._scanned = 0
        size, head = self._skipped + end, self._head
        self._skipped, self._head = 0, b""
        if size > self._limit:
            return Line((head or data[:_EDGE]) + data[-_EDGE:], size, whole=False)
        return Line(data.removesuffix(b"\r"), size, whole=True)

    def _shorten(self) -> None:
        """Drop the middle of a line that is too long already, if it is the only one here."""
        if self._buffer.find(b"\n", self._scanned) >= 0:
            return
        self._head = self._head or bytes(self._buffer[:_EDGE])
        dropped = len(self._buffer) - _EDGE
        del self._buffer[:dropped]
        self._skipped += dropped
        self._scanned = len(self._buffer)

    def _end(self) -> None:
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Sink(asyncio.Protocol):
    """Writes lines to a pipe; `write` waits while the other side does not read."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.copied: threading.Thread | None = None  # what carries the lines on, if not the pipe itself
        self._transport: asyncio.WriteTransport | None = None
        self._open = asyncio.Event()
        self._open.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pipe is open."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The reader is gone: what is written from now on is lost."""
        self.gone.set()
        self._open.set()

    def pause_writing(self) -> None:
        """The pipe is full."""
        self._open.clear()

    def resume_writing(self) -> None:
        """The pipe has room again."""
        self._open.set()

    async def write(self, line: bytes, credential: str = "") -> bool:
        """Write one line, then wait for room. False if the reader is gone. A pipe carries no credential."""
        if self.gone.is_set() or self._transport is None:
            return False
        self._transport.write(line)
        if not self._open.is_set():
            await self._open.wait()
        return not self.gone.is_set()

    async def ready(self) -> None:
        """Wait until the pipe has room."""
        await self._open.wait()

    def close(self) -> None:
        """Write what is buffered, then close."""
        if self._transport is not None:
            self._transport.close()

    async def flushed(self, seconds: float) -> None:
        """Close, and wait until everything is written or the reader has gone."""
        self.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.gone.wait(), seconds)
        if self.copied is not None:
            self.copied.join(seconds)
