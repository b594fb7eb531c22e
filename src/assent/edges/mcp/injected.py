"""The credentials of one gateway: put into the server's environment or its calls, and kept out of all that comes back.

Each use is decided and has a receipt (`enforce.broker`). What was decided stands until the
epoch moves; then it is decided anew, or, for what a process already has, the process ends.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from assent.catalog.detectors.held import Held, texts_of
from assent.edges.mcp.frames import INTERNAL_ERROR, Message, Notification, Request, Response
from assent.enforce.broker import Broker, Granted
from assent.errors import RefusedError, UnavailableError
from assent.inform.watch import Watch
from assent.model.credential import Credential
from assent.model.permit import Permit
from assent.model.profile import Server
from assent.model.session import Session

if TYPE_CHECKING:
    import httpx2

logger = logging.getLogger("assent.gateway")

_HELD_BACK = {"code": INTERNAL_ERROR, "message": "the answer is held back: it holds a credential"}
_AUTHORIZATION = "authorization"


class Injected:
    """What one gateway has of the broker.

    Args:
        broker: opens credentials.
        whose: session and server.
        watch: told what is held, so that it is found in arguments and answers as well.
        now: the epoch as this process knows it; cheap.
    """

    def __init__(self, broker: Broker, whose: tuple[Session, Server], watch: Watch, now: Callable[[], int]) -> None:
        self._broker, self._watch, self._now = broker, watch, now
        self._session, self._server = whose
        self._held: Held | None = Held()
        self._epoch = -1
        self._given: dict[str, Granted] = {}  # in the environment of the running server
        self._used: dict[str, Granted] = {}  # in calls
        self._tokens: dict[str, tuple[str, float]] = {}
        self._files: list[int] = []
        #: ends the server: what it was given was taken back; set by whoever started it
        self.stop: Callable[[], None] = lambda: None
        #: speaks to issuers, set by what reaches a server elsewhere; and the server's address
        self.http: httpx2.AsyncClient | None = None
        self.resource = ""

    # ---- what comes back -------------------------------------------------------------

    def refresh(self) -> None:
        """Learn what is held now.

        Raises:
            UnavailableError: a secret cannot be opened, so nothing could be held against it.
        """
        self._epoch = self._now()
        self._held = self._broker.held()
        self._watch.held = self._held.within if self._held else None

    def cleaned(self, message: Message) -> Message | None:
        """A message of the server without secrets that Assent holds; None if it is to be dropped."""
        if self._now() != self._epoch:
            self._look()
        if self._held is not None and not self._held:
            return message
        body = getattr(message, "body", None) if isinstance(message, Response) else getattr(message, "params", None)
        if body is None:
            return message
        left = None if self._held is None else self._held.cleaned(body)
        if left is body:
            return message
        logger.error("server `%s` sent a credential that Assent holds: it was left out", self._server.name)
        if isinstance(message, Response):
            return replace(message, body=left) if isinstance(left, dict) else Response(message.id, _HELD_BACK, True)
        if isinstance(message, Request | Notification) and isinstance(left, dict):
            return replace(message, params=left)
        return None

    def line(self, data: bytes) -> bytes:
        """A line of the server's error output without them."""
        if self._held is not None and not self._held:
            return data
        text = data.decode("utf-8", "replace")
        left = "[withheld]\n" if self._held is None else self._held.without(text)
        return data if left == text else left.encode() if left.endswith("\n") else left.encode() + b"\n"

    def leaks(self, line: bytes) -> bool:
        """Does a line to the client hold one as it is? The last look at what leaves."""
        return self._held is not None and self._held.in_bytes(line)

    def handed_in(self, params: Mapping[str, object]) -> bool:
        """Does a request of the client hold one? An agent that has it from anywhere cannot use it here."""
        if self._now() != self._epoch:
            self._look()
        return self._held is None or (bool(self._held) and self._held.within(texts_of(params)))

    def _look(self) -> None:
        try:
            self.refresh()
        except UnavailableError as error:
            self._held = None  # what cannot be looked for is in everything
            logger.error("answers are held back: %s: %s", error.code, error.message)

    # ---- what the server is started with ---------------------------------------------

    async def environment(self) -> dict[str, str]:
        """Variables for the server; what may not be used is left out, and the log says so."""
        found: dict[str, str] = {}
        for row in self._mine("env", "file"):
            kind, _, variable = row.how.partition(":")
            if variable in found:
                continue
            try:
                granted = await self._use(row.name)
            except (RefusedError, UnavailableError) as error:
                logger.warning("the server starts without the credential `%s`: %s", row.name, error.message)
                continue
            found[variable] = granted.secret.text if kind == "env" else self._file(granted.secret.text)
            self._given[row.name] = granted
        return found

    def _file(self, text: str) -> str:
        """A path at which the secret can be read while this process lives; it is on no disk (memfd_create(2))."""
        handle = os.memfd_create("assent", os.MFD_CLOEXEC)
        os.fchmod(handle, 0o600)  # ssh uses no key that others may read
        os.write(handle, text.encode() if text.endswith("\n") else text.encode() + b"\n")
        self._files.append(handle)
        return f"/proc/{os.getpid()}/fd/{handle}"

    # ---- what goes with a call -------------------------------------------------------

    async def carried(self, permit: Permit) -> frozenset[str]:
        """Names of the credentials that go with a call: what the server was given, and what policy wants with it.

        Raises:
            RefusedError: something the server was given has been taken back; the server ends.
        """
        self._still(permit.epoch)
        wanted = [one.value for one in permit.obligations if one.kind == "credential"]
        for name in wanted:
            row = self._broker.find(name)
            if row is None or row.how.partition(":")[0] not in ("header", "exchange"):
                continue
            try:
                await self._in_call(name)
            except (RefusedError, UnavailableError) as error:
                logger.error("%s: %s", error.code, error.message)
        return frozenset({*self._given, *self._used})

    def _still(self, now: int) -> None:
        """Is what the running server was given still its own? Looked up whenever the epoch has moved."""
        for name, granted in list(self._given.items()):
            if granted.epoch == now:
                continue
            row = self._broker.find(name)
            if row is None or row.created != granted.credential.created:
                logger.error("the credential `%s` was taken back: the server ends", name)
                self.stop()
                raise RefusedError("credential_removed", "a credential of the server was taken back, so it ends")
            if row.sealed != granted.credential.sealed:
                logger.warning("the credential `%s` was rotated: start the server again to give it the new one", name)
            self._given[name] = replace(granted, epoch=now, credential=row)

    async def dress(self, name: str) -> Mapping[str, str]:
        """Headers for one message to a server elsewhere.

        Args:
            name: the credential that policy wants with it; empty for those that the server always gets.

        Raises:
            RefusedError: it may not be used.
            UnavailableError: it cannot be opened or exchanged.
        """
        made: dict[str, str] = {}
        for row in sorted(self._mine("header", "exchange"), key=lambda one: one.name != name):
            header = _header(row)
            if header.lower() in {known.lower() for known in made}:
                continue
            granted = await self._in_call(row.name)
            text = granted.secret.text
            if row.how.startswith("exchange:"):
                text = await self._exchanged(granted)
            plain = header.lower() == _AUTHORIZATION and " " not in text
            made[header] = f"Bearer {text}" if plain else text  # RFC 6750 §2.1, unless a scheme is part of it
        return made

    async def _in_call(self, name: str) -> Granted:
        known = self._used.get(name)
        if known is None or known.epoch != self._broker.epoch():
            self._used.pop(name, None)
            known = self._used[name] = await self._use(name)
        return known

    async def _exchanged(self, granted: Granted) -> str:
        name = granted.credential.name
        token, until = self._tokens.get(name, ("", 0.0))
        if time.monotonic() >= until or not token:
            from assent.edges.mcp.exchange import exchange

            if self.http is None:
                raise UnavailableError("not_exchanged", "a token is exchanged for servers elsewhere only")
            url = granted.credential.how.partition(":")[2]
            self._tokens[name] = token, until = await exchange(self.http, url, granted.secret, self.resource)
            self._broker.learn(name, token)
            self.refresh()
        return token

    async def _use(self, name: str) -> Granted:
        self._tokens.pop(name, None)
        granted = await self._broker.use(self._session.id, self._session.principal, self._server, name)
        if self._now() != self._epoch:
            self.refresh()
        return granted

    def _mine(self, *kinds: str) -> list[Credential]:
        rows = self._broker.of(self._server.name, self._session.principal)
        return [row for row in rows if row.how.partition(":")[0] in kinds]

    def close(self) -> None:
        """Forget the files that the server could read."""
        for handle in self._files:
            os.close(handle)
        self._files.clear()


async def carrying(injected: Injected | None, permit: Permit) -> frozenset[str]:
    """Names of the credentials that go with a call; none without a broker. Raises as `Injected.carried`."""
    return frozenset() if injected is None else await injected.carried(permit)


def hands_in(injected: Injected | None, params: Mapping[str, object]) -> bool:
    """Does a request of the client hold a credential?"""
    return injected is not None and injected.handed_in(params)


def _header(row: Credential) -> str:
    kind, _, target = row.how.partition(":")
    return target if kind == "header" else "Authorization"
