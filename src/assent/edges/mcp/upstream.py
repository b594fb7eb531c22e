"""Behind the gateway: a process, started at once or once its credentials are decided, or a server elsewhere."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from assent.edges.mcp.child import Child
from assent.errors import ConfigError

if TYPE_CHECKING:
    from assent.edges.mcp.command import Program
    from assent.edges.mcp.frames import Id, Lines, Outlet
    from assent.edges.mcp.injected import Injected
    from assent.edges.mcp.lifecycle import Wrapped
    from assent.edges.mcp.remote import Remote

_SECRET = "ASSENT_"  # noqa: S105 - the prefix of our own settings, which no server may see
#: Longest line of a server's error output that is looked at whole.
_LINE = 64 * 1024


class Before(Protocol):
    """The gateway before a server, as a server elsewhere needs it."""

    def lost(self, code: str, id: Id) -> None:
        """No answer will come to a request."""

    def schema_of(self, tool: str) -> Mapping[str, object]:
        """The input schema of a tool."""


def served(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment a server gets: ours, without our own settings."""
    return {name: value for name, value in environ.items() if not name.startswith(_SECRET)}


class Upstream:
    """The server of one gateway.

    Args:
        command: what starts it; empty if it is elsewhere.
        url: where it is; empty if it is started.
        environ: our environment.
        late: start it only in `connect`: it may be given credentials, which are decided first.

    Raises:
        ConfigError: it cannot be started, the address is none, or what speaks to one is not installed.
    """

    def __init__(self, command: Sequence[str], url: str, environ: Mapping[str, str], late: bool) -> None:
        self._command, self._url, self._environ = command, url, environ
        self._child: Child | None = None
        self._remote: Remote | None = None
        if url:
            try:
                from assent.edges.mcp.remote import checked_url
            except ImportError as error:
                text = "the server is elsewhere, and what speaks to one is not installed"
                raise ConfigError("extra_missing", text, help="pip install 'assent[remote]'") from error
            checked_url(url)
        elif not late:
            self._child = Child(command, served(environ))

    def program(self) -> Program:
        """What is started, or spoken to."""
        from assent.edges.mcp.command import Program, program_of

        if not self._url:
            return program_of(self._command, self._environ)
        parts = urlsplit(self._url)
        return Program(f"url:{parts.scheme}://{parts.netloc}{parts.path}", "", "", ())

    async def connect(self, limit: int, injected: Injected) -> tuple[tuple[Lines, Outlet], Wrapped]:
        """Both ends of it, and what ends it.

        Raises:
            ConfigError: it cannot be started.
            UnavailableError: a secret that this home holds cannot be opened.
        """
        from assent.edges.mcp.lifecycle import connect

        injected.refresh()
        if self._url:
            from assent.edges.mcp.remote import Remote

            self._remote = remote = Remote(self._url, limit, injected.dress)
            injected.http, injected.resource = remote.http, self._url
            return (remote.lines, remote), remote
        given = await injected.environment()
        if given and self._child is not None:  # it was started before anybody knew; nothing was sent to it yet
            self._child.kill()
            self._child = None
        child = self._child or Child(self._command, {**served(self._environ), **given}, held=bool(given))
        self._child = child
        if child.errors is not None:
            _filtering(child.errors.fileno(), injected.line)
        injected.stop = lambda: child.signal(15)
        return await connect(child.output, child.input, limit), child

    def attach(self, gateway: Before) -> None:
        """Say what tells the gateway that an answer is lost."""
        if self._remote is not None:
            self._remote.lost, self._remote.schema = gateway.lost, gateway.schema_of

    def kill(self) -> None:
        """End it at once if it still runs, for a start that failed."""
        if self._child is not None and self._child.running():
            self._child.kill()


def name_of_url(identity: str) -> str:
    """The host of a server elsewhere as a server's name, or empty."""
    host = urlsplit(identity.removeprefix("url:")).hostname or ""
    return re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:40].strip("-")


def _filtering(source: int, line: Callable[[bytes], bytes]) -> None:
    """Copy a server's error output to ours, line by line, without what Assent holds."""

    def copy() -> None:
        rest = b""
        while data := os.read(source, 65_536):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > _LINE:
                lines, rest = [*lines, rest], b""
            for each in lines:
                os.write(2, line(each + b"\n"))
        if rest:
            os.write(2, line(rest))

    threading.Thread(target=copy, name="assent-errors", daemon=True).start()
