"""From the first message to the last process: pipes, signals, and an end without orphans."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import threading
from collections.abc import Callable
from typing import IO, Protocol

from assent.edges.mcp.frames import Lines, Outlet, Sink
from assent.edges.mcp.gateway import Gateway

#: Seconds for calls under way after the client has closed its end but still reads.
DRAIN_S = 10.0
#: Seconds to read what a server wrote before it ended, and to record what is still open.
LAST_WORDS_S, END_S = 0.3, 2.0
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Ends = tuple[Lines, Outlet]


class Wrapped(Protocol):
    """What `lifecycle` ends: a process, or the connection to a server elsewhere."""

    def running(self) -> bool:
        """Has it not ended yet? Never waits."""

    def signal(self, number: int) -> None:
        """Pass a signal on."""

    async def end(self) -> int:
        """End it for certain; the exit code."""


async def connect(source: IO[bytes], target: IO[bytes], limit: int) -> Ends:
    """Lines from one pipe and a sink into another; regular files are copied through pipes."""
    loop = asyncio.get_running_loop()
    lines, sink = Lines(limit), Sink()
    await loop.connect_read_pipe(lambda: lines, _readable(source))
    writable, copied = _writable(target)
    await loop.connect_write_pipe(lambda: sink, writable)
    sink.copied = copied
    return lines, sink


def _watched(file: IO[bytes]) -> bool:
    """Can an event loop watch it? A pipe, a socket, a terminal; not a regular file, nor `/dev/null`."""
    mode = os.fstat(file.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or file.isatty()


def _readable(source: IO[bytes]) -> IO[bytes]:
    """What an event loop cannot watch is copied into a pipe by a thread."""
    if _watched(source):
        return source
    end, start = os.pipe()
    _copying(source, os.fdopen(start, "wb", 0))
    return os.fdopen(end, "rb", 0)


def _writable(target: IO[bytes]) -> tuple[IO[bytes], threading.Thread | None]:
    if _watched(target):
        return target, None
    end, start = os.pipe()
    return os.fdopen(start, "wb", 0), _copying(os.fdopen(end, "rb", 0), target)


def _copying(source: IO[bytes], target: IO[bytes]) -> threading.Thread:
    def copy() -> None:
        with target:
            shutil.copyfileobj(source, target)

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread


async def until_closed(gateway: Gateway, client: Ends, server: Ends, child: Wrapped) -> int:
    """Run both ends until one closes or a signal comes; end the server; its exit code.

    A server that was revoked is given no time. What was under way has an outcome then,
    `unknown` if nothing better is known.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def pass_on(number: int) -> None:
        child.signal(number)
        stopped.set()

    for number in _PASSED_ON:
        loop.add_signal_handler(number, pass_on, number)
    loop.add_signal_handler(signal.SIGCHLD, _close_after(child, server[0]))
    reading = asyncio.create_task(gateway.from_client())
    serving = asyncio.create_task(gateway.from_server())
    stopping = asyncio.create_task(stopped.wait())
    revoked = asyncio.create_task(gateway.look_after())
    try:
        await asyncio.wait((reading, serving, stopping, revoked), return_when=asyncio.FIRST_COMPLETED)
        if reading.done() and not serving.done() and not stopped.is_set() and not revoked.done():
            gateway.stop_holding()
            drained = asyncio.create_task(gateway.drained(DRAIN_S))
            await asyncio.wait((drained, serving, stopping, revoked), return_when=asyncio.FIRST_COMPLETED)
            drained.cancel()
        server[1].close()
        if revoked.done():
            child.signal(signal.SIGTERM)
        code = await child.end()
        await asyncio.wait((serving,), timeout=LAST_WORDS_S)
        await gateway.end(END_S)
        await client[1].flushed(END_S)
        for pump in (reading, serving, revoked):
            if pump.done():
                pump.result()  # a bug surfaces
        return code
    finally:
        for task in (reading, serving, stopping, revoked):
            task.cancel()


def _close_after(child: Wrapped, lines: Lines) -> Callable[[], None]:
    """When the server has ended, read what is left; do not wait for a grandchild that holds its output."""

    def look() -> None:
        if not child.running():
            asyncio.get_running_loop().call_later(LAST_WORDS_S, lines.close)

    return look
