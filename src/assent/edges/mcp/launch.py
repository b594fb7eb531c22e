"""`assent mcp -- COMMAND`: who calls, which server, which roots; then the gateway until either end closes.

The server is started first, while this process still sets itself up.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assent.edges.mcp.caller import Caller, Client, join, parent, principal_of
from assent.edges.mcp.upstream import Upstream, name_of_url
from assent.edges.trace import TRACEPARENT, trace_of
from assent.errors import AssentError, ConfigError, UnavailableError
from assent.identity import names
from assent.model.ids import AttemptId, Digest
from assent.model.permit import Consumer, Permit
from assent.model.profile import ZONES, Server, ToolDefinition, Zone

if TYPE_CHECKING:
    from assent.edges.mcp.command import Program
    from assent.edges.mcp.permits import Bound
    from assent.edges.mcp.pins import Pins
    from assent.edges.mcp.state import Seal
    from assent.enforce.broker import Broker
    from assent.enforce.guard import Guard
    from assent.enforce.rules import Rules
    from assent.enforce.session import Sessions
    from assent.identity.presented import Presented
    from assent.inform.watch import Watch
    from assent.model.grant import Grant
    from assent.model.outcome import Outcome
    from assent.ports import Clock, Notifier, Signer, Store, Transaction
    from assent.record.log import Log

_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")
_NOBODY = Caller()


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says.

    Args:
        command: the server's command and arguments.
        name: `--name`; empty for the package's.
        zone: `--zone`; empty for what the package's profile says, else `external`.
        roots: `--root`, as given.
        caller: who calls.
        permits: `--permits`; empty for what the settings say.
        url: `--url`, where the server is if it is not started; empty if it is.
        late: start the server only when it is decided which credentials it gets.
    """

    command: tuple[str, ...]
    name: str = ""
    zone: str = ""
    roots: tuple[str, ...] = ()
    caller: Caller = _NOBODY
    permits: Consumer = ""
    url: str = ""
    late: bool = False


class Settings(Protocol):
    """What is read of the settings."""

    @property
    def home(self) -> Path: ...
    @property
    def user(self) -> str: ...
    @property
    def approval_wait(self) -> float: ...
    @property
    def max_body(self) -> int: ...
    @property
    def permits_home(self) -> tuple[str, ...]: ...
    @property
    def permits_own(self) -> tuple[str, ...]: ...


class Home(Protocol):
    """What the gateway needs of an opened home."""

    @property
    def config(self) -> Settings: ...
    @property
    def store(self) -> Store: ...
    @property
    def log(self) -> Log: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def guard(self) -> Guard: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def notifier(self) -> Notifier: ...
    @property
    def node(self) -> str: ...
    @property
    def broker(self) -> Broker: ...
    @property
    def watched(self) -> Watch: ...
    def rules(self, fresh: bool = True) -> Rules:
        """The bundle and catalog in force, now or as last seen."""

    def seal(self) -> Seal:
        """What seals for this home."""

    def authority(self) -> Signer:
        """What signs permits."""

    def mint(self, permit: Permit) -> str:
        """The signed token of a permit."""

    def prove(self, key: Path) -> str:
        """The id of the authenticator whose private key this file holds."""

    def present(self, token: Path, key: Path | None) -> Presented:
        """Who the token in this file stands for."""

    async def watch(self) -> None:
        """Look after the policy files until cancelled."""


def run(
    options: Options,
    environ: Mapping[str, str],
    opened: Callable[[], AbstractContextManager[Home]],
) -> int:
    """Wrap the server until the client or the server ends. The server's exit code.

    Args:
        opened: opens the home; called after the server has been started.

    Raises:
        ConfigError: name, zone, roots, key or command are not usable.
        RequestError: the principal is none.
        RefusedError: who calls has not proven to be who they say, or may not join.
        UnavailableError: the home cannot be opened.
    """
    _check(options)
    client = parent()
    upstream = Upstream(options.command, options.url, environ, options.late)
    try:
        # loaded while the server starts: together they take longer than starting it does
        import asyncio

        with opened() as home:
            server = _server(options, upstream.program(), home)
            bound = _bound(options.permits, server.name, home)
            return asyncio.run(_serve(home, upstream, server, (options.caller, client), bound))
    finally:
        upstream.kill()


def checked_name(name: str) -> str:
    """A server name as it was given, or empty.

    Raises:
        ConfigError: `bad_name`: it is none.
    """
    if name and not _NAME.match(name):
        text = f"`{name}` is not a server name: expected `[a-z0-9-]{{1,40}}`"
        raise ConfigError("bad_name", text, help="give another with --name")
    return name


# ---- who and what ------------------------------------------------------------------


def _check(options: Options) -> None:
    """What can be refused before anything is started."""
    if bool(options.command) == bool(options.url):
        help = "assent mcp -- COMMAND [ARGUMENT…], or assent mcp --url https://HOST/PATH"
        raise ConfigError("no_command", "there is no server to start, or there are two", help=help)
    checked_name(options.name)
    if options.zone and options.zone not in ZONES:
        raise ConfigError("bad_zone", f"`{options.zone}` is not a zone: expected one of {', '.join(ZONES)}")
    if options.caller.principal:
        names.parse(options.caller.principal)


def _server(options: Options, started: Program, home: Home) -> Server:
    """The server as configuration and launch command say; its name is claimed for this program.

    Raises:
        ConfigError: the name belongs to another program, or a root holds the home.
    """
    name = options.name or name_of(started)
    profiles = home.rules().profiles
    said = options.zone or profiles.zone_of(started.package)
    zone: Zone = next((zone for zone in ZONES if zone == said), "external")
    given = options.roots or profiles.roots_of(started.package, started.arguments)
    roots = tuple(sorted({os.path.realpath(os.path.expanduser(root)) for root in given or ()}))
    for root in roots:
        _refuse_home(root, home.config.home)
    _claim(name, started, home)
    server = Server(
        name=name,
        zone=zone,
        roots=roots,
        roots_known=given is not None and bool(roots),
        package=started.package,
        version=started.version,
        cwd=os.getcwd(),
    )
    _describe(server, home)
    return server


def _describe(server: Server, home: Home) -> None:
    """Leave word of how the server was last started, for `decide`, `catalog` and `doctor`; no verdict reads it."""
    import json

    from assent.decide.exact import encode

    key, text = f"about:{server.name}", json.dumps(encode(server), sort_keys=True)
    with home.store.read() as reader:
        known = reader.state(key)
    if known != text:
        home.log.submit(lambda tx: tx.put_state(key, text), durable=False).result()


def name_of(started: Program) -> str:
    """The package's name, less its scope; of a script or program, its file name.

    Raises:
        ConfigError: none can be told.
    """
    kind, _, text = started.identity.partition(":")
    last = text.rstrip("/").rsplit("/", 1)[-1]
    if kind in ("script", "program"):
        last = last.partition(".")[0]
    last = name_of_url(started.identity) if kind == "url" else last
    name = re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40].strip("-")
    if not name:
        raise ConfigError("no_name", "the server has no name that can be told", help="give one with --name")
    return name


def _refuse_home(root: str, home: Path) -> None:
    inner = os.path.realpath(home)
    if os.path.commonpath([root, inner]) == root or os.path.commonpath([root, inner]) == inner:
        raise ConfigError(
            "root_holds_home",
            f"the root `{root}` would give the server the home of Assent, `{home}`",
            help="choose roots that neither hold the home nor lie in it",
        )


def _claim(name: str, started: Program, home: Home) -> None:
    """First come: a name stands for one program from then on."""
    key = f"server:{name}"
    with home.store.read() as reader:
        known = reader.state(key)

    def claim(tx: Transaction) -> str:
        if not tx.state(key):
            tx.put_state(key, started.identity)
        return tx.state(key) or ""

    known = known or home.log.submit(claim, durable=True).result()
    if known != started.identity:
        raise ConfigError(
            "name_taken",
            f"the name `{name}` belongs to `{known}`, and this command starts `{started.identity}`",
            help="give this server a name of its own with --name",
        )


def _epoch(home: Home) -> int:
    """The epoch as this process saw it last; every commit compares it."""
    try:
        return int(home.rules(False).versions["epoch"] or "0")
    except UnavailableError:
        return 0  # nothing is in force, so nothing is allowed


# ---- the run -----------------------------------------------------------------------


def _bound(given: Consumer, server: str, home: Home) -> Bound | None:
    """Whether this server takes permits, as the command line says, else the settings."""
    from assent.admin import executors
    from assent.edges.mcp.permits import Bound

    said: Consumer = "home" if server in home.config.permits_home else ""
    consumer: Consumer = given or ("own" if server in home.config.permits_own else said)
    if not consumer:
        return None
    home.authority()  # a key that cannot be used is said now, not with the first call

    def vouched(permit: Permit, said: object, answer: Mapping[str, object]) -> Outcome | None:
        with home.store.read() as reader:
            return executors.vouched(reader, permit, said, answer, home.clock.now())

    return Bound(consumer, home.mint, vouched)


def _pins(home: Home, server: Server) -> Pins:
    """The pins of its tools; a person is told when some have changed."""
    import asyncio

    from assent.edges.mcp.pins import Pins

    def tell(count: int) -> None:
        body = f"{server.name}: {count} tool(s) changed and are stopped. Run: assent catalog"
        asyncio.get_running_loop().run_in_executor(None, home.notifier.notify, "Assent", body)

    steady: Callable[[ToolDefinition], Digest] = lambda tool: home.rules().profiles.steady(server, tool)  # noqa: E731
    return Pins(home.store, home.log, home.clock, home.node, server.name, tell, steady)


async def _serve(
    home: Home, upstream: Upstream, server: Server, who: tuple[Caller, Client], bound: Bound | None
) -> int:
    """Join the session, connect both ends, run until one closes, end in order."""
    import asyncio

    from assent.edges.mcp.checked import Checked
    from assent.edges.mcp.gateway import Gateway
    from assent.edges.mcp.governed import Setting
    from assent.edges.mcp.injected import Injected
    from assent.edges.mcp.lifecycle import connect, until_closed
    from assent.edges.mcp.roots import configured
    from assent.edges.mcp.state import States, Whose
    from assent.edges.mcp.visible import Seen
    from assent.enforce.gather import elevations

    caller, client = who
    principal = principal_of(caller.principal, home.config.user, client.name)
    session = await join(home, caller, principal, client)
    limit = home.config.max_body

    def due(attempt: AttemptId) -> float:
        with home.store.read() as reader:
            row = reader.attempt(attempt)
        return 0.0 if row is None else (row.deadline - home.clock.now()) / 1000

    roots = configured(server, str(home.config.home))
    states = States(home.seal, Whose(client.key, principal.id, server.name), home.store, home.log, home.clock)
    trace = trace_of(os.environ.get(TRACEPARENT.upper()))
    credentials = Injected(home.broker, (session, server), home.watched, lambda: _epoch(home))
    setting = Setting(
        home.guard, session.id, server, home.config.approval_wait, due, states, roots, trace, bound, credentials
    )
    lines, sink = await connect(os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0), limit)
    theirs = lines, Checked(sink, credentials.leaks)
    ours, wrapped = await upstream.connect(limit, credentials)

    seen = Seen(principal, server)

    def shown(tool: ToolDefinition) -> bool:
        rules = home.rules()
        return rules.observing(home.clock.now()) or seen.shows(rules, tool)

    def elevated() -> Sequence[Grant]:
        with home.store.read() as reader:
            return elevations(reader, session, home.clock.now())

    asks = elevated if session.chain else None
    gateway = Gateway(theirs, ours, setting, _pins(home, server), shown, limit, elevated=asks)
    upstream.attach(gateway)
    watching = asyncio.create_task(home.watch())
    try:
        return await until_closed(gateway, theirs, ours, wrapped)
    finally:
        watching.cancel()
        credentials.close()
        for descriptor in (0, 1):
            os.set_blocking(descriptor, True)  # a terminal is not ours alone
        with contextlib.suppress(AssentError):
            await home.sessions.leave(session.id)
