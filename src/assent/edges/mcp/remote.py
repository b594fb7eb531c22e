"""A server reached over Streamable HTTP (MCP 2025-03-26 to 2026-07-28): the same lines, in and out, as a process has.

Every message that the gateway writes is one POST; what comes back, as JSON or as a stream
of events, is fed to the gateway line by line. Nothing is followed: a redirect could carry
a credential to another host.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from assent.edges.mcp import frames, headers
from assent.edges.mcp.frames import Id, Lines
from assent.edges.mcp.sse import Events, TooLargeError
from assent.errors import AssentError, ConfigError

logger = logging.getLogger("assent.gateway")

#: Seconds to connect, to write, and for a message that wants no answer; an answer is waited for by the gateway.
CONNECT_S, WRITE_S, NOTE_S = 10.0, 30.0, 15.0
#: How often a stream that ended early is taken up again, and after how many seconds unless the server says.
_AGAIN, _PAUSE_S = 5, 1.0
_SHORTEST_PAUSE_S = 0.1
#: Seconds to say goodbye.
_BYE_S = 2.0
_JSON, _STREAM = "application/json", "text/event-stream"
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|::1)\Z")
#: Makes the headers that carry a credential; gets the name of one, or empty for what the server always gets.
Dress = Callable[[str], Awaitable[Mapping[str, str]]]


def checked_url(url: str) -> str:
    """An address that a message, and a credential with it, may be sent to.

    Raises:
        ConfigError: `bad_url`: not https (http only to this machine), or it holds a login or a fragment.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    why = ""
    if parts.scheme not in ("https", "http") or not host or not url.isascii() or not url.isprintable() or " " in url:
        why = "is not an https address"
    elif parts.scheme == "http" and not _LOOPBACK.match(host):
        why = "is not encrypted: http is for this machine only"
    elif parts.username is not None or parts.password is not None:
        why = "holds a login"
    elif parts.fragment:
        why = "has a fragment"
    if why:
        help = "write https://HOST/PATH; a secret is kept with: assent credentials add"
        raise ConfigError("bad_url", f"the address of the server {why}", help=help)
    return url


class _Tap:
    """Tells what feeds `Lines` to wait while nobody takes them."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def pause_reading(self) -> None:
        """Nobody takes lines."""
        self.open.clear()

    def resume_reading(self) -> None:
        """There is room again."""
        self.open.set()

    def close(self) -> None:
        """Nothing is read any more: what still feeds is not held up."""
        self.open.set()


@dataclass(slots=True)
class _Sent:
    """A message as it is sent."""

    line: bytes
    method: str
    params: Mapping[str, object]
    id: Id | None
    credential: str

    @property
    def stateless(self) -> bool:
        """Does it name the stateless generation?"""
        return bool(headers.version_of(self.params))


class Remote:
    """One server behind an address; `lines` is what comes from it, and itself what is written to.

    Args:
        url: as `checked_url` gives it.
        limit: most bytes of one message.
        dress: makes the headers that carry credentials.
    """

    def __init__(self, url: str, limit: int, dress: Dress) -> None:
        self.gone = asyncio.Event()
        self.lines = Lines(limit)
        self._tap = _Tap()
        self.lines.connection_made(self._tap)  # type: ignore[arg-type]  # all of a transport that is used
        self._url, self._limit, self._dress = url, limit, dress
        timeout = httpx2.Timeout(CONNECT_S, read=None, write=WRITE_S, pool=None)
        self.http = httpx2.AsyncClient(timeout=timeout, verify=ssl.create_default_context(), follow_redirects=False)
        self._turn = asyncio.Lock()
        self._tasks: dict[asyncio.Task[None], _Sent | None] = {}
        self._session, self._version = "", ""
        #: told that no answer will come to a request, and why; the gateway sets it
        self.lost: Callable[[str, Id], None] = lambda code, id: None
        #: the input schema of a tool as the server lists it; the gateway sets it
        self.schema: Callable[[str], Mapping[str, object]] = lambda name: {}

    # ---- what the gateway writes to: the same as `frames.Sink` ---------------------

    async def write(self, line: bytes, credential: str = "") -> bool:
        """Send one message; True unless the server is given up. Its answer comes by `lines`."""
        if self.gone.is_set():
            return False
        value = json.loads(line)
        params = value.get("params", {})
        sent = _Sent(line, value.get("method", ""), params, value.get("id"), credential)
        if sent.method == "notifications/cancelled" and self._cancelled(sent):
            return True
        task = asyncio.create_task(self._send(sent))
        self._tasks[task] = sent
        task.add_done_callback(self._finished)
        return True

    async def ready(self) -> None:
        """There is always room: what is in flight is bounded by the gateway."""

    def close(self) -> None:
        """Write no more."""
        self.gone.set()

    async def flushed(self, seconds: float) -> None:
        """Nothing is buffered."""
        self.close()

    # ---- what `lifecycle` ends: the same as `Child` --------------------------------

    def running(self) -> bool:
        """Is it still spoken to?"""
        return not self.gone.is_set()

    def signal(self, number: int) -> None:
        """A server elsewhere gets no signal of ours; it is told goodbye in `end`."""

    async def end(self) -> int:
        """Say goodbye and close every connection. 0, for there is no exit code."""
        self.gone.set()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=_BYE_S)
        if self._session:
            try:
                made = await asyncio.wait_for(self._headers(None), _BYE_S)
                await self.http.delete(self._url, headers=made, timeout=_BYE_S)
            except (httpx2.HTTPError, TimeoutError, AssentError) as error:
                logger.debug("the server was not told goodbye: %s", type(error).__name__)
        await self.http.aclose()
        self.lines.close()
        return 0

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (bug := task.exception()) is not None:
            logger.critical("a message was not carried: %r", bug, exc_info=bug)

    def _cancelled(self, note: _Sent) -> bool:
        """Is a cancellation no message? In the stateless generation a closed stream says it."""
        id = note.params.get("requestId")
        for task, sent in list(self._tasks.items()):
            if sent is not None and sent.stateless and sent.id == id and type(sent.id) is type(id):
                task.cancel()
                self.lost("cancelled", sent.id if sent.id is not None else "")
                return True
        return not self._version  # without a session there is nobody else to tell

    # ---- one message -----------------------------------------------------------------

    async def _send(self, sent: _Sent) -> None:
        """Send it; whatever goes wrong, whoever waits for an answer hears of it."""
        code = "server_gone"
        try:
            if sent.id is None or not sent.method or sent.method == "initialize":
                async with self._turn, asyncio.timeout(None if sent.method == "initialize" else NOTE_S):
                    code = await self._post(sent)  # what follows must not overtake it
            else:
                async with self._turn:
                    pass
                code = await self._post(sent)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol) as error:
            logger.error("the server cannot be reached: %s", type(error).__name__)
            code = "unreached"
        except AssentError as error:  # the credential is not to be had: nothing was sent
            logger.error("%s: %s", error.code, error.message)
            code = "unreached"
        except TooLargeError:
            logger.error("an answer has more than %d bytes", self._limit)
            code = "bad_response"
        except (httpx2.HTTPError, httpx2.StreamError, TimeoutError) as error:
            logger.error("the connection to the server was lost: %s", type(error).__name__)
        if code and sent.id is not None and sent.method:
            while not self.lines.empty:  # what came is looked at first
                await asyncio.sleep(0.001)
            self.lost(code, sent.id)

    async def _post(self, sent: _Sent) -> str:
        """One POST with what comes back. A code if nothing that comes could be the answer."""
        made = await self._headers(sent)
        async with self.http.stream("POST", self._url, content=sent.line, headers=made) as answer:
            if answer.status_code >= 300:
                return await self._failed(sent, answer)
            if sent.id is None or not sent.method:
                if sent.method == "notifications/initialized" and self._version and self._session:
                    self._listen()
                return ""
            kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            if sent.method == "initialize":
                self._session = _plain(answer.headers.get(headers.SESSION, ""))
            if answer.status_code == 202 or kind not in (_JSON, _STREAM):
                logger.error("the server answered a request with status %d and no message", answer.status_code)
                return "bad_response"
            if answer.headers.get("content-encoding", "identity") != "identity":
                logger.error("the server answered in an encoding that it was not asked for")
                return "bad_response"
            if kind == _JSON:
                data = await self._body(answer)
                await self._feed(data, sent)
                return "" if _answers(sent).search(data) else "bad_response"
            if await self._events(answer.aiter_raw(), sent):
                return ""
        return "server_gone"

    async def _failed(self, sent: _Sent, answer: httpx2.Response) -> str:
        """An answer with a status of its own: an error of the server, or no answer."""
        status = answer.status_code
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if sent.id is None or not sent.method:
            logger.warning("the server did not take `%s`: status %d", sent.method or "an answer", status)
            return ""
        if kind == _JSON and (error := _error_in(await self._body(answer))) is not None:
            await self._feed(frames.error(sent.id, *error), sent)
            return ""
        if status == 404 and self._session:
            logger.error("the server has ended the session")
            self.gone.set()
            self.lines.close()
            return "server_gone"
        if status >= 500 or status < 400:
            logger.error("the server answered with status %d, and nothing else is known", status)
            return "bad_response"
        text = "the server does not accept what it was sent"
        if status in (401, 403):
            text = "the server refuses the credential it was sent, or wants one"
        logger.error("%s: status %d", text, status)
        await self._feed(frames.error(sent.id, frames.INTERNAL_ERROR, text, {"status": status}), sent)
        return ""

    async def _headers(self, sent: _Sent | None) -> dict[str, str]:
        """The headers of one request; a credential goes over everything else.

        Raises:
            AssentError: the credential may not be used, or is not to be had.
        """
        made = {"Accept": f"{_JSON}, {_STREAM}", "Accept-Encoding": "identity", "Content-Type": _JSON}
        if sent is not None and sent.stateless:
            name = sent.params.get("name")
            schema = self.schema(name) if sent.method == "tools/call" and isinstance(name, str) else {}
            made |= headers.standard(sent.method, sent.params, schema)
        elif sent is None or sent.method != "initialize":
            made |= {headers.VERSION: self._version} if self._version else {}
            made |= {headers.SESSION: self._session} if self._session else {}
        return made | dict(await self._dress(sent.credential if sent is not None else ""))

    # ---- what comes back -------------------------------------------------------------

    async def _body(self, answer: httpx2.Response) -> bytes:
        """The whole body.

        Raises:
            TooLargeError: it is over the limit.
        """
        found = bytearray()
        async for chunk in answer.aiter_raw():
            found += chunk
            if len(found) > self._limit:
                raise TooLargeError
        return bytes(found)

    async def _feed(self, data: bytes, sent: _Sent | None) -> None:
        """Hand a message on, once there is room for it."""
        if sent is not None and sent.method == "initialize":
            self._version = _agreed(data)
        await self._tap.open.wait()
        self.lines.data_received(data.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")

    async def _events(self, chunks: AsyncIterator[bytes], sent: _Sent) -> bool:
        """Feed a stream of events to its end. Did it hold, or bring back, what could be the answer?"""
        wanted = _answers(sent)
        seen, last, retry = await self._stream(chunks, sent, wanted)
        for _ in range(_AGAIN):
            if seen or not last or sent.stateless:
                break
            # the server may end a stream and have it taken up again (MCP 2025-11-25, resumability)
            await asyncio.sleep(max(retry / 1000, _SHORTEST_PAUSE_S))
            made = await self._headers(None) | {"Accept": _STREAM, "Last-Event-ID": last}
            async with self.http.stream("GET", self._url, headers=made) as answer:
                if answer.status_code != 200:
                    break
                seen, again, retry = await self._stream(answer.aiter_raw(), sent, wanted)
                last = again or last
        return seen

    async def _stream(
        self, chunks: AsyncIterator[bytes], sent: _Sent | None, wanted: re.Pattern[bytes] | None
    ) -> tuple[bool, str, int]:
        """Feed one stream; whether an answer was in it, its last event id, and the delay it asks for."""
        seen, last, retry = False, "", int(_PAUSE_S * 1000)
        async for event in Events(self._limit).read(chunks):
            last, retry = event.id or last, event.retry if event.retry is not None else retry
            if event.data:
                await self._feed(event.data, sent)
                seen = seen or (wanted is not None and wanted.search(event.data) is not None)
        return seen, last, retry

    def _listen(self) -> None:
        """Up to 2025-11-25 a server may send by a stream of its own."""
        task = asyncio.create_task(self._listening())
        self._tasks[task] = None
        task.add_done_callback(self._finished)

    async def _listening(self) -> None:
        last, tries = "", 0
        while tries < _AGAIN and not self.gone.is_set():
            pause = int(_PAUSE_S * 1000)
            try:
                made = await self._headers(None) | {"Accept": _STREAM} | ({"Last-Event-ID": last} if last else {})
                async with self.http.stream("GET", self._url, headers=made) as answer:
                    if answer.status_code != 200:
                        return  # it has none (405), or will not say
                    _, again, pause = await self._stream(answer.aiter_raw(), None, None)
                    last, tries = again or last, 0 if again else tries + 1
            except (httpx2.HTTPError, httpx2.StreamError, TooLargeError, AssentError) as error:
                logger.debug("the stream of the server ended: %s", type(error).__name__)
                tries += 1
            await asyncio.sleep(max(pause / 1000, _SHORTEST_PAUSE_S))


def _answers(sent: _Sent) -> re.Pattern[bytes]:
    """What an answer to a message cannot be without; whether it is one is judged where it is read."""
    return re.compile(rb'"id"\s*:\s*%d\s*[,}]' % sent.id if isinstance(sent.id, int) else b'"id"')


def _plain(text: str) -> str:
    """A session id as the protocol spells it (visible ASCII), or empty."""
    return text if 0 < len(text) <= 1_024 and text.isascii() and text.isprintable() and " " not in text else ""


def _agreed(data: bytes) -> str:
    """The version that the answer to `initialize` names; empty if it cannot be read. The gateway judges it."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    result = value.get("result") if isinstance(value, dict) else None
    named = result.get("protocolVersion") if isinstance(result, dict) else None
    return _plain(named) if isinstance(named, str) else ""


def _error_in(data: bytes) -> tuple[int, str, Mapping[str, object] | None] | None:
    """Code, message and data of a JSON-RPC error, whatever id it bears."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return None
    code, message, more = error.get("code"), error.get("message"), error.get("data")
    if type(code) is not int or not isinstance(message, str):
        return None
    return code, message, more if isinstance(more, dict) else None
