"""Lines from a stream that arrives in any pieces, and ids that can be told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assent.edges.mcp import frames
from assent.edges.mcp.frames import Line, Lines, Notification, Request, Response, Unreadable, read


class Pipe(asyncio.ReadTransport):
    """Counts what the reader asks of it."""

    def __init__(self) -> None:
        super().__init__()
        self.paused = 0

    def pause_reading(self) -> None:
        self.paused += 1

    def resume_reading(self) -> None:
        self.paused -= 1

    def close(self) -> None:
        pass


def taken(pieces: list[bytes], limit: int) -> list[Line]:
    """All lines of a stream fed in these pieces."""

    async def run() -> list[Line]:
        lines = Lines(limit)
        lines.connection_made(Pipe())
        found: list[Line] = []

        async def take() -> None:
            while (line := await lines.next()) is not None:
                found.append(line)

        reader = asyncio.create_task(take())
        for piece in pieces:
            lines.data_received(piece)
            await asyncio.sleep(0)
        lines.eof_received()
        await reader
        return found

    return asyncio.run(run())


@given(
    st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"").replace(b"\r", b"")), max_size=8),
    st.lists(st.integers(1, 9), min_size=1, max_size=20),
)
@settings(max_examples=60)
def test_lines_are_the_same_however_the_stream_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    """Neither lost nor joined; a line over the limit keeps its true size."""
    stream = b"".join(line + b"\n" for line in lines)
    pieces, at = [], 0
    while at < len(stream):
        step = cuts[len(pieces) % len(cuts)]
        pieces.append(stream[at : at + step])
        at += step
    found = taken(pieces, limit=20)
    assert [line.size for line in found] == [len(line) for line in lines]
    assert [line.data for line in found if line.whole] == [line for line in lines if len(line) <= 20]
    assert all(line.whole == (line.size <= 20) for line in found)


def test_the_middle_of_an_over_long_line_is_not_stored() -> None:
    """Its ends are, for its id; the next line is whole."""
    pieces = [b'{"id":1,"x":"'] + [b"y" * 10_000] * 50 + [b'"}\n', b"{}\n"]
    first, second = taken(pieces, limit=50_000)
    assert not first.whole and first.size == 500_015 and len(first.data) < 20_000
    assert frames._find_id(first.data) == 1
    assert second == Line(b"{}", 2, True)


def test_reading_stops_while_nobody_takes_what_is_there() -> None:
    """Back-pressure begins at two full lines and ends when they have been taken."""

    async def run() -> tuple[int, int]:
        lines, pipe = Lines(100), Pipe()
        lines.connection_made(pipe)
        for _ in range(5):
            lines.data_received(b"x" * 60 + b"\n")
        stopped = pipe.paused
        for _ in range(5):
            await lines.next()
        waiting = asyncio.create_task(lines.next())
        await asyncio.sleep(0)
        waiting.cancel()
        return stopped, pipe.paused

    assert asyncio.run(run()) == (1, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"}', Request(1, "ping", {})),
        (b'{"jsonrpc":"2.0","id":"1","method":"ping","params":{}}', Request("1", "ping", {})),
        (b'{"jsonrpc":"2.0","method":"notifications/x"}', Notification("notifications/x", {})),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', Response(1, {}, False)),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}', Response(1, {"code": 1, "message": "m"}, True)),
    ],
)
def test_each_kind_of_message_is_told_apart(text: bytes, expected: Any) -> None:
    """JSON-RPC 2.0 §4, §5."""
    assert read(Line(text, len(text), True), 1000) == expected


@pytest.mark.parametrize(
    ("data", "id"),
    [
        (b'{"id":7', None),
        (b'{"jsonrpc":"2.0","id":7,"method":"x"', 7),
        (b'{"method":"x","jsonrpc":"2.0","id":"abc","params":{"id":9', "abc"),
        (b'..."text":"\\"id\\":5}"},"jsonrpc":"2.0","id":12}', 12),
        (b'{"id":1,"params":{},"id":2}', None),
        (b'{"params":{"id":3},"x":1}', None),
        (b'{"id":01,"x":1}', None),
        (b'{"id":1.5,"x":1}', None),
    ],
)
def test_the_id_of_an_unreadable_message_is_told_only_if_it_is_plain(data: bytes, id: object) -> None:
    """An id inside the params, or one of two, is nobody's."""
    found = frames._find_id(data)
    assert (type(found), found) == (type(id), id)


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_make_reading_fail(data: bytes) -> None:
    """Whatever comes is a message or a reason."""
    found = read(Line(data, len(data), True), 100)
    assert isinstance(found, Request | Notification | Response | Unreadable)
