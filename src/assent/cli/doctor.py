"""`assent doctor`: what is set up, what is not, and what to do about it."""

from __future__ import annotations

import json
import platform
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from assent import __version__
from assent.cli.card import status_of
from assent.cli.mode import observing_until, said
from assent.cli.output import columns, print_json, visible, when
from assent.cli.seen import server_of, servers
from assent.cli.shell import JSON_OPTION, Shell, with_shell
from assent.errors import AssentError, ConfigError

if TYPE_CHECKING:
    from assent.config import Config
    from assent.ports import Reader

State = Literal["ok", "warn", "fail"]
_COLOUR = {"ok": "green", "warn": "yellow", "fail": "red"}
_BYPASS = (
    "an agent that can start programs as your user can start the same server without Assent; "
    "where that matters, keep the server's credentials where only Assent can read them"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what to do; `help` is empty if nothing is to be done."""

    check: str
    state: State
    message: str
    help: str = ""


@click.command("doctor")
@JSON_OPTION
@with_shell
def command(shell: Shell, as_json: bool) -> int:
    """Say what is set up, what is not, and what to do. Exit code 1 if something is broken."""
    found = list(_findings(shell))
    if as_json:
        print_json([{"check": f.check, "state": f.state, "message": f.message, "help": f.help} for f in found])
    else:
        rows = [[click.style(f"{f.state:<4}", fg=_COLOUR[f.state]), f.check, visible(f.message)] for f in found]
        for line, finding in zip(columns(rows), found, strict=True):
            click.echo(line)
            if finding.help:
                click.echo(f"      do: {visible(finding.help)}")
    return 1 if any(f.state == "fail" for f in found) else 0


def _findings(shell: Shell) -> Iterator[Finding]:
    yield Finding("version", "ok", f"assent {__version__}, Python {platform.python_version()}, {platform.system()}")
    try:
        config = shell.config()
    except ConfigError as error:
        yield _failed("settings", error)
        return
    yield Finding("settings", "ok", f"home {config.home}, user {config.user}")
    if not (config.home / "assent.db").exists():
        yield Finding("home", "warn", "there is no home yet: `assent mcp` makes one without a key", "run: assent init")
        return
    try:
        with shell.open():  # checks durability, permissions, the log's edge
            pass
    except AssentError as error:
        yield _failed("home", error)
        return
    with shell.read() as reader:
        yield from _home(config, reader)
        yield _operator(config, reader)
        yield _policy(config, reader)
        yield _mode(reader)
        yield from _recovery(reader)
        yield from _in_force(reader)
        yield from _clock(reader)
        yield from _witnesses(config, reader)
        yield from _servers(config, reader)
        yield _coverage(shell)
        yield _secrets(shell, reader)
        yield from _open_ends(reader)
        yield _notifications()


def _failed(check: str, error: AssentError) -> Finding:
    return Finding(check, "fail", f"{error.message} ({error.code})", error.help or "see the message")


def _home(config: Config, reader: Reader) -> Iterator[Finding]:
    mode = stat.S_IMODE(config.home.stat().st_mode)
    if mode & 0o077:
        yield Finding("home", "fail", f"others can reach {config.home}", f"run: chmod 700 {config.home}")
    else:
        yield Finding("home", "ok", "opens, is private, and its disk is durable")
    yield Finding("log key", "ok", "is the one that the log began with, and only you can read it")
    signed = max((size for size, _ in reader.checkpoints()), default=0)
    yield Finding("log", "ok", f"{reader.size():,} receipts, the first {signed:,} under a signed checkpoint")


def _operator(config: Config, reader: Reader) -> Finding:
    enrolled = reader.state("operator") or ""
    if not enrolled:
        text = "no operator key: nobody can approve, accept or activate"
        return Finding("operator", "warn", text, "run `assent init` at a terminal")
    place = "locked, in the home" if (config.home / "operator.key").exists() else "a key file outside the home (--key)"
    return Finding("operator", "ok", f"key {enrolled[:19]}…, {place}")


def _policy(config: Config, reader: Reader) -> Finding:
    from assent.admin.activate import BROKEN, standing, too_old

    found = standing(reader, config.home)
    digest = (reader.state("bundle") or "none")[:19]
    if found.error is not None:
        place = ":".join(str(p) for p in (getattr(found.error, "file", ""), getattr(found.error, "line", 0)) if p)
        text = f"the files cannot be put in force{' at ' + place if place else ''}: {found.error.message}"
        old = too_old(reader.state(BROKEN) or "", int(time.time() * 1000), config.bundle_max_age_hours)
        after = f"for over {config.bundle_max_age_hours} h, so every call is denied" if old else "stays in force"
        return Finding("policy", "fail", f"{text}; {digest}… {after}", found.error.help or "assent policy check")
    if found.state == "changed":
        help = "look with `assent policy check`, then run `assent policy activate`"
        return Finding("policy", "warn", f"files changed but not activated; {digest}… is in force", help)
    return Finding("policy", "ok", f"{digest}… is in force, the files are the same")


def _recovery(reader: Reader) -> Iterator[Finding]:
    """Is there a way back if the operator's key is gone, and does another bundle stand in?"""
    from assent.cli.recover import said as said_of
    from assent.cli.recover import standing

    found = standing(reader, int(time.time() * 1000))
    if found["breakglass"]:
        yield Finding("break-glass", "warn", said_of(found["breakglass"]), "when it is over: assent recover end")
    if not reader.state("operator"):
        return
    if not found["recovery"] and not found["two_people"]:
        text = "a lost operator's key cannot be replaced: no recovery key is sealed, and there is no second person"
        yield Finding("recovery", "warn", text, "run: assent recover seal FILE; see docs/recovery.md")
    elif found["recovery"] and not found["rehearsed"]:
        yield Finding("recovery", "warn", "the recovery key was never tried", "run: assent recover rehearse FILE")
    else:
        yield Finding("recovery", "ok", f"tried {found['rehearsed']}" if found["rehearsed"] else "by two people")


def _mode(reader: Reader) -> Finding:
    until = observing_until(reader)
    help = "look with `assent observed`, then run `assent policy enforce`"
    return Finding("mode", "warn" if until else "ok", said(until), help if until else "")


def _in_force(reader: Reader) -> Iterator[Finding]:
    """Rules that will deny although they loaded, and how much of what was seen somebody has reviewed."""
    from assent.admin.activate import active
    from assent.admin.foresee import foresee
    from assent.cli.listing import definition_of

    try:
        bundle, profiles = active(reader)
    except AssentError as error:
        yield _failed("policy", error)
        return
    for note in foresee(reader, bundle, profiles):
        yield Finding("policy", "warn", note, "correct the rule or policy/entities.json; see: assent policy check")
    pins = reader.pins()
    inferred = sum(profiles.profile_of(server_of(reader, pin.server), definition_of(pin)).inferred for pin in pins)
    text = (
        f"profiles of {len(profiles.books)} servers; {len(pins)} tools seen, {inferred or 'none'} of them only inferred"
    )
    yield Finding("catalog", "ok", text)


def _clock(reader: Reader) -> Iterator[Finding]:
    from assent.inform.clock import SystemClock, jumped

    known, clock = json.loads(reader.state("clock") or "{}"), SystemClock()
    if known and jumped(known, clock.now(), clock.steady()):
        text = f"the clock has jumped (highest recorded {when(int(known['high']))}): every decision is deferred"
        yield Finding("clock", "fail", text, "if the time is right now, run: assent clock confirm")
    else:
        yield Finding("clock", "ok", "has not jumped")


def _witnesses(config: Config, reader: Reader) -> Iterator[Finding]:
    """How far the witnesses of this log are, if it has any."""
    from assent.inform.clock import SystemClock
    from assent.record.vouched import late, waiting
    from assent.record.witnesses import policy, standing

    if config.witness_required and late(waiting(reader), SystemClock().now(), config.witness_max_lag):
        text = f"a receipt waits longer than {config.witness_max_lag} s for the witnesses: every decision is deferred"
        yield Finding("witness", "fail", text, "see: assent witness list; ask their operators")
    found = policy(reader)
    for key in found.witnesses.values() if found else ():
        one = standing(reader, key)
        seen = f"{one.size:,} of {reader.size():,} receipts, {when(one.time)}" if one.size else "nothing yet"
        text = f"{key.name}: cosigned {seen}"
        if one.error:
            yield Finding("witness", "warn", f"{text}; {one.error}", "see: assent witness list; ask its operator")
        else:
            yield Finding("witness", "ok", text)


def _servers(config: Config, reader: Reader) -> Iterator[Finding]:
    found = servers(reader)
    if not found:
        yield Finding("servers", "warn", "no server has been wrapped yet", "run: assent mcp -- COMMAND")
        return
    for server in found:
        pins = reader.pins(server.name)
        roots = ", ".join(server.roots) if server.roots_known else "no roots known, so its writes ask"
        text = f"{server.name}: {server.package or 'no known package'} {server.version}, zone {server.zone}, {roots}"
        yield Finding("server", "ok", f"{text}, {len(pins)} tools")
        changed = [pin.tool for pin in pins if pin.digest != pin.offered]
        if changed:
            help = f"look at the difference, then run: assent catalog accept {server.name}"
            yield Finding("server", "warn", f"{server.name}: changed and stopped: {', '.join(changed)}", help)
    held = {*config.permits_home, *config.permits_own}
    if bound := ", ".join(server.name for server in found if server.name in held):
        yield Finding("permits", "ok", f"{bound}: runs nothing without a permit, if it is set up as the settings say")
    if free := ", ".join(server.name for server in found if server.name not in held):
        yield Finding("bypassable", "warn", f"{free} can be reached without Assent", _BYPASS)


def _coverage(shell: Shell) -> Finding:
    from assent.cli.coverage import covered

    found = covered(shell.environ)
    through = sum(one.state == "wrapped" for one in found)
    text = f"{through} of {_counted(found, 'configured server', 'configured servers')} go through Assent"
    if not found:
        text = "no known client is configured to start a server"
    help = "" if through == len(found) else "see which with `assent coverage`, then run: assent install CLIENT"
    return Finding("coverage", "warn" if help else "ok", text, help)


def _secrets(shell: Shell, reader: Reader) -> Finding:
    """Secrets that stand in clients' configurations, where every program of the user, and the agent, can read them."""
    from assent.admin.credentials import live
    from assent.cli.coverage import covered

    found = [one for one in covered(shell.environ) if one.secrets]
    if not found:
        held = len(live(reader))
        return Finding("credentials", "ok", f"{held} held; no configuration of a client seems to hold a secret")
    shown = "; ".join(f"{one.server} of {one.client} ({', '.join(one.secrets)})" for one in found[:3])
    text = f"{_counted(found, 'configured server has', 'configured servers have')} secrets in the clear: {shown}"
    help = "run `assent credentials add NAME --server SERVER --env VARIABLE`, then take them out of the configuration"
    return Finding("credentials", "warn", f"{text}{' …' if len(found) > 3 else ''}", help)


def _open_ends(reader: Reader) -> Iterator[Finding]:
    unknown = [*reader.attempts_in("unknown"), *reader.attempts_in("gap")]
    if unknown:
        ids = ", ".join(attempt.id for attempt in unknown[:3])
        text = f"{_counted(unknown, 'call', 'calls')} may have happened: {ids}{' …' if len(unknown) > 3 else ''}"
        yield Finding("outcomes", "warn", text, "assent explain ID; repeating one asks first")
    now = int(time.time() * 1000)
    waiting = [one for one in reader.approvals(status="pending") if status_of(one, now) == "pending"]
    if waiting:
        yield Finding(
            "approvals",
            "warn",
            f"{_counted(waiting, 'question waits', 'questions wait')} for a person",
            "assent approvals",
        )


def _counted(found: Sequence[object], one: str, more: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else more}"


def _notifications() -> Finding:
    from assent.assembly import can_notify

    if can_notify():
        return Finding("notify", "ok", "a question shows on this desktop")
    help = "keep `assent approvals --watch` open somewhere; on Linux `notify-send` would show them"
    return Finding("notify", "warn", "no desktop notifications here: nobody is told that a question waits", help)
