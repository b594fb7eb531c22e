"""The proxy: reads both ends, sorts messages by class, and passes or governs them.

Each end has one reading loop. What passes is passed in order by that loop; a governed
request is decided in a task of its own. A loop stops reading while the end it feeds
does not read, so nothing piles up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from assent_verify.canonical import canonicalize

from assent.edges.mcp import classes, frames, rounds, state, versions
from assent.edges.mcp.elevation import Elevation
from assent.edges.mcp.frames import Id, Lines, Message, Notification, Outlet, Request, Response, Unreadable
from assent.edges.mcp.governed import Governor, Setting
from assent.edges.mcp.peer import Asked, LostError, Peer
from assent.edges.mcp.pins import Pins
from assent.edges.mcp.revoked import look_after
from assent.edges.mcp.tools import ListingError, Tools, Visible
from assent.enforce.refusal import spoken
from assent.errors import AssentError
from assent.model.grant import Grant

logger = logging.getLogger("assent.gateway")

#: Bounds on governed requests in flight; one more is answered with an error. To stop
#: reading instead could lock both ends, since a server may wait for its client's answer.
MAX_IN_FLIGHT, MAX_BYTES_IN_FLIGHT = 1024, 8  # the second in units of the largest message
_SUBSCRIPTION = classes.PROTOCOL_META + "subscriptionId"


@dataclass(eq=False, slots=True)
class End:
    """One end of the proxy and what it has asked for.

    Args:
        lines: what comes from it.
        peer: what goes to it.
        asked: its requests in flight, by typed id.
    """

    lines: Lines
    peer: Peer
    asked: dict[tuple[type, Id], Asked] = field(default_factory=dict)


class Gateway:
    """Connects one client with one wrapped server.

    Args:
        client: lines from the client and pipe to it.
        server: the same for the server.
        setting: guard, session and server of governed calls.
        pins: records tool definitions.
        visible: which tools the client may be shown.
        limit: most bytes of one message.
        extra: unknown notifications that the operator lets pass.
        elevated: elevations of the session that hold now; None if it acts under no delegation.
    """

    def __init__(
        self,
        client: tuple[Lines, Outlet],
        server: tuple[Lines, Outlet],
        setting: Setting,
        pins: Pins,
        visible: Visible,
        limit: int,
        extra: frozenset[str] = frozenset(),
        elevated: Callable[[], Sequence[Grant]] | None = None,
    ) -> None:
        self._client = End(client[0], Peer("client", client[1]))
        self._server = End(server[0], Peer("server", server[1]))
        self._tools = Tools(self._ask, pins, visible)
        self._to_server = Governor(setting, self._client.peer, self._server.peer, self._tools)
        self._to_client = Governor(setting, self._server.peer, self._client.peer, None)
        self._elevation = Elevation(setting, self._to_server, elevated) if elevated else None
        self._setting = setting
        self._limit = limit
        self._extra = extra
        self._tasks: set[asyncio.Task[None]] = set()
        self._lists_tools = False
        self._agreed = versions.Agreed()

    # ---- the two loops -----------------------------------------------------------

    async def from_client(self) -> None:
        """Serve the client until it closes its end."""
        await self._pump(self._client, self._server)

    async def from_server(self) -> None:
        """Serve the server until it closes its end; then nothing it was asked will be answered."""
        await self._pump(self._server, self._client)
        self._server.peer.lost("server_died")

    async def _pump(self, end: End, other: End) -> None:
        while (line := await end.lines.next()) is not None:
            if not line.data.strip():
                continue
            message = self._cleaned(end, frames.read(line, self._limit))
            if isinstance(message, Request):
                await self._request(end, other, message, line.size)
            elif isinstance(message, Response):
                if end.peer.answered(message):
                    await asyncio.sleep(0)  # its reader goes first: order is kept
            elif isinstance(message, Notification):
                try:
                    await self._notification(end, other, message)
                except AssentError as error:
                    logger.error("dropped a notification: %s: %s", error.code, error.message)
            elif message is not None:
                await self._unreadable(end, message)
            await other.peer.sink.ready()
            del line, message  # a large one is not held while we wait

    def _cleaned(self, end: End, message: Message) -> Message | None:
        """What a server says is held against the secrets of this home before anything else looks at it."""
        credentials = self._setting.credentials
        return message if credentials is None or end is self._client else credentials.cleaned(message)

    def lost(self, code: str, id: Id) -> None:
        """No answer of the server will come to a request."""
        self._server.peer.lost(code, id)

    def schema_of(self, tool: str) -> Mapping[str, object]:
        """The input schema of a tool as the server lists it; empty if it lists none."""
        return self._tools.schema_of(tool)

    async def look_after(self) -> None:
        """Stop calls whose authority is taken back; return when the server itself may not go on."""
        running = (self._to_server.running, self._to_client.running)
        why = await look_after(self._setting.guard, self._setting.server.name, running)
        logger.error("the server `%s` is stopped: %s", self._setting.server.name, why)

    async def drained(self, seconds: float) -> None:
        """The client has closed its end: hold no longer, finish what is under way.

        While it still reads, requests it made before are answered; once it does not,
        nothing more is started for it.
        """
        end = asyncio.get_running_loop().time() + seconds
        while self._tasks and (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._tasks, timeout=min(left, 0.05))
            if self._client.peer.sink.gone.is_set():
                break

    def stop_holding(self) -> None:
        """Nobody waits for people any more: held calls are answered now."""
        self._to_server.stop_holding()
        self._to_client.stop_holding()

    async def end(self, seconds: float) -> None:
        """Whatever still waits for an answer will get none: settle it as unknown."""
        self._server.peer.lost("ended")
        self._client.peer.lost("ended")
        self.stop_holding()
        for asked in self._client.asked.values():
            if asked.sent is None:
                asked.gone.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()

    # ---- requests ----------------------------------------------------------------

    async def _request(self, end: End, other: End, request: Request, size: int) -> None:
        from_client = end is self._client
        found = classes.of_request(request.method, request.params, from_client=from_client)
        key = (type(request.id), request.id)
        if key in end.asked:
            text = "the id is in use by a request that has not been answered"
            await end.peer.refuse(request.id, frames.INVALID_REQUEST, text, {"code": "id_in_use"})
        elif found == "refused" or self._has_not(request, found, from_client):
            text = f"the method `{ascii(request.method)[1:-1][:80]}` is not one this gateway lets through"
            await end.peer.refuse(request.id, frames.METHOD_NOT_FOUND, text, {"code": "unknown_method"})
        elif from_client and (named := versions.unsupported(request.params)) is not None:
            text = f"the protocol version {named} is not one this gateway knows"
            data = {"code": "unsupported_version", "requested": named.strip("'"), "supported": self._agreed.offered}
            await end.peer.refuse(request.id, versions.UNSUPPORTED, text, data)
        elif request.method == "tools/call" and not _well_formed(request.params):
            text = "`tools/call` needs `name` (a string) and `arguments` (an object)"
            await end.peer.refuse(request.id, frames.INVALID_PARAMS, text, {"code": "invalid_params"})
        elif self._full(end, size):
            text = "too many requests are in flight: wait for an answer before you send another"
            await end.peer.refuse(request.id, frames.BUSY, text, {"code": "busy"})
        elif found == "governed":
            # decided in a task of its own; what it decides on is independent of its neighbours
            serve = (self._to_server if from_client else self._to_client).serve
            if from_client and self._elevation is not None and self._elevation.means(request):
                serve = self._elevation.serve
            self._spawn(end, Asked(request, size), serve)
        else:
            await self._pass(end, other, request, size)

    def _has_not(self, request: Request, found: classes.Class, from_client: bool) -> bool:
        """Is it a request that the generation spoken does not have?"""
        if from_client:
            return versions.removed(request.method, request.params)
        return found == "governed" and not self._agreed.stateful

    def _full(self, end: End, size: int) -> bool:
        in_flight = sum(asked.size for asked in end.asked.values()) + size
        return len(end.asked) >= MAX_IN_FLIGHT or in_flight > MAX_BYTES_IN_FLIGHT * self._limit

    async def _pass(self, end: End, other: End, request: Request, size: int) -> None:
        """Send it on in the order it came; its answer is passed when it comes."""
        asked = Asked(request, size)
        # such a request has one round: there is nothing it could answer
        params = {name: value for name, value in request.params.items() if name not in (state.STATE, state.RESPONSES)}
        future = await other.peer.ask(request.method, canonicalize(_without_ours(params)), asked)

        async def answer(asked: Asked) -> None:
            try:
                response = await future
            except LostError as lost:
                if not asked.gone.is_set():
                    text = f"no answer came: {lost}"
                    await end.peer.refuse(request.id, frames.INTERNAL_ERROR, text, {"code": str(lost)})
                return
            await self._passed(end, asked, response)

        self._spawn(end, asked, answer)

    async def _passed(self, end: End, asked: Asked, response: Response) -> None:
        body = _without_ours(response.body)
        listed = asked.request.method == "tools/list" and not response.failed
        if end is self._client and not listed:
            await self._setting.guard.heard(self._setting.session, self._setting.server.name, body)
        if response.failed:
            body = classes.own_code(body, frames.REFUSED)
        if end is self._client and not response.failed:
            body, wrong = self._agreed.answered(asked.request.method, body)
            wrong = wrong if rounds.known_kind(body, passed=True) else "unknown_result"
            if wrong:
                text = f"the answer of the server is held back: {wrong}"
                await end.peer.refuse(asked.request.id, frames.INTERNAL_ERROR, text, {"code": wrong})
                return
        if asked.request.method == "initialize" and not response.failed:
            capabilities = body.get("capabilities")
            self._lists_tools = isinstance(capabilities, dict) and "tools" in capabilities
        elif listed:
            partial = "cursor" in asked.request.params or "nextCursor" in body
            try:
                body = await self._tools.shown(body, partial=partial)
            except ListingError as error:
                await end.peer.refuse(asked.request.id, frames.INTERNAL_ERROR, str(error), {"code": "tools_unlisted"})
                return
            if self._elevation is not None:
                body = self._elevation.listed(body)
            parts = classes.parts(body)  # what is left out is not released, and a long list is no long text
            await self._setting.guard.heard(self._setting.session, self._setting.server.name, *parts)
        elif asked.request.method in classes.STANDING:
            body = self._own_subscription(body, asked.request.id)
        if not asked.gone.is_set():
            await end.peer.answer(asked.request.id, body, failed=response.failed)

    def _spawn(self, end: End, asked: Asked, serve: Callable[[Asked], Awaitable[None]]) -> None:
        key = (type(asked.request.id), asked.request.id)
        end.asked[key] = asked

        async def run() -> None:
            try:
                await serve(asked)
            except AssentError as error:
                logger.error("%s: %s", error.code, error.message)
                # its words may name a place of Assent, and are for the operator
                await end.peer.refuse(asked.request.id, frames.REFUSED, spoken(error).message, {"code": error.code})
            finally:
                del end.asked[key]

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            logger.critical("a call was not carried through: %r", bug, exc_info=bug)

    async def _ask(self, method: str, params: Mapping[str, object]) -> dict[str, object]:
        """A request of the gateway's own to the server.

        Raises:
            ListingError: it was refused or not answered.
        """
        future = await self._server.peer.ask(method, canonicalize(params))
        try:
            response = await future
        except LostError as lost:
            raise ListingError(f"no answer came: {lost}") from lost
        if response.failed:
            raise ListingError(f"the server answered with error {response.body.get('code')}")
        return response.body

    # ---- notifications and the rest ------------------------------------------------

    async def _notification(self, end: End, other: End, message: Notification) -> None:
        from_client = end is self._client
        if classes.of_notification(message.method, from_client=from_client, extra=self._extra) == "dropped":
            logger.warning("dropped an unknown notification of the %s: %s", end.peer.name, ascii(message.method)[:80])
            return
        params = _without_ours(message.params)
        if message.method == "notifications/cancelled":
            await self._cancelled(end, other, params)
            return
        if not from_client:
            await self._setting.guard.heard(self._setting.session, self._setting.server.name, params)
            params = self._own_subscription(params)
            if message.method == "notifications/tasks" and not rounds.quiet(params):
                return  # `tasks/get` brings the same, decided on
        await other.peer.notify(message.method, params)
        if from_client and message.method == "notifications/initialized":
            if self._lists_tools:
                self._tools.refresh()
        elif not from_client and message.method == "notifications/tools/list_changed":
            self._tools.refresh()

    async def _cancelled(self, end: End, other: End, params: dict[str, object]) -> None:
        """The other end knows the request by another id; before it was sent, it knows nothing of it."""
        id = params.get("requestId")
        asked = end.asked.get((type(id), id)) if isinstance(id, str | int) else None
        if asked is not None:
            asked.gone.set()
            if asked.sent is not None:
                await other.peer.notify("notifications/cancelled", {**params, "requestId": asked.sent})
                if classes.of_request(asked.request.method, {}, from_client=end is self._client) == "passed":
                    other.peer.lost("cancelled", asked.sent)  # it need not be answered any more
            return
        # the end that serves a standing request may also end it
        original = end.peer.original(id)
        if original is not None:
            await other.peer.notify("notifications/cancelled", {**params, "requestId": original})

    def _own_subscription(self, value: dict[str, object], known: Id | None = None) -> dict[str, object]:
        """Give a subscription back the id under which the client made it (MCP 2026-07-28)."""
        meta = value.get("_meta")
        if not isinstance(meta, dict) or _SUBSCRIPTION not in meta:
            return value
        id = known if known is not None else self._server.peer.original(meta[_SUBSCRIPTION])
        return value if id is None else {**value, "_meta": {**meta, _SUBSCRIPTION: id}}

    async def _unreadable(self, end: End, message: Unreadable) -> None:
        logger.warning("refused a message of the %s: %s: %s", end.peer.name, message.code, message.message)
        if end is self._client:
            await end.peer.refuse(message.id, message.number, message.message, {"code": message.code})
        elif message.id is not None:
            # the call it may have answered took effect or not: nobody can say
            end.peer.lost("bad_response", message.id)


def _well_formed(params: Mapping[str, object]) -> bool:
    return isinstance(params.get("name"), str) and isinstance(params.get("arguments", {}), dict)


def _without_ours(value: dict[str, object]) -> dict[str, object]:
    return classes.without_ours(value) if b'"assent/' in canonicalize(value) else value
