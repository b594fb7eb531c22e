"""Server-sent events (WHATWG HTML §9.2), as far as MCP sends messages in them: read strictly, bounded in size."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

#: Longest delay before a new connection that a server may ask for, in milliseconds.
_LONGEST_RETRY = 30_000


class TooLargeError(ValueError):
    """One event, or one line of it, has more bytes than a message may have."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Args:
        data: its data; lines are joined by a space, for JSON has no line end that means anything.
        id: the last id that the stream has given, or empty.
        retry: milliseconds to wait before a new connection, if the event says so.
    """

    data: bytes
    id: str
    retry: int | None = None


class Events:
    """Takes a stream of bytes apart.

    Args:
        limit: most bytes of one event.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self._kind = b""
        self._id = ""
        self._retry: int | None = None

    async def read(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
        """Every event that is a message, or that gives an id or a delay alone.

        Raises:
            TooLargeError: an event is over the limit.
        """
        async for chunk in chunks:
            *lines, self._rest = (self._rest + chunk).replace(b"\r\n", b"\n").split(b"\n")
            if len(self._rest) > self._limit:
                raise TooLargeError
            for line in lines:
                if (event := self._line(line.removesuffix(b"\r"))) is not None:
                    yield event

    def _line(self, line: bytes) -> Event | None:
        if not line:
            return self._done()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._size += len(value)
            if self._size > self._limit:
                raise TooLargeError
            self._data.append(value)
        elif name == b"event":
            self._kind = value
        elif name == b"id" and len(value) <= 1_024 and value.isascii() and value.decode().isprintable():
            self._id = value.decode()
        elif name == b"retry" and value.isdigit() and len(value) < 10:
            self._retry = min(int(value), _LONGEST_RETRY)
        return None

    def _done(self) -> Event | None:
        data, kind, retry = b" ".join(self._data), self._kind, self._retry
        self._data, self._size, self._kind, self._retry = [], 0, b"", None
        known = kind in (b"", b"message")
        return Event(data if known else b"", self._id, retry) if (known and data) or self._id or retry else None
