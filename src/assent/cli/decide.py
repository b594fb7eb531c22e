"""`assent decide`: the decision on one action, without effect, receipt or question."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import click

from assent.cli.output import columns, print_json, verdict_word, visible
from assent.cli.seen import server_of
from assent.cli.shell import JSON_OPTION, Shell, with_shell
from assent.errors import ProofError, RefusedError
from assent.model.decision import Decision, Reason
from assent.model.ids import PrincipalId, SessionId
from assent.model.principal import KINDS
from assent.model.session import Session

if TYPE_CHECKING:
    from assent.assembly import Home
    from assent.enforce.gather import Call
    from assent.ports import Reader

_MEMBERS = {"principal": str, "session": str, "server": str, "tool": str, "arguments": dict}
_MOST = 16 * 1024 * 1024  # bytes of one action
_SUPPOSED = SessionId("ses_supposed")


@click.command("decide")
@JSON_OPTION
@with_shell
def command(shell: Shell, as_json: bool) -> int:
    """Decide the action on standard input; nothing happens and nothing is recorded.

    The action is {"principal", "session", "server", "tool", "arguments"}; without a
    session, a fresh one of the principal is supposed. Exit code 3 unless it is
    allowed.
    """
    action = _read()
    with shell.open() as home:
        decision = _decide(home, action)
    if as_json:
        print_json(as_json_decision(decision))
    else:
        would = f"  because observing; would be: {decision.observed}" if decision.observed else ""
        click.echo(verdict_word(decision.verdict) + would)
        for line in columns([r.code, r.policy or "built in", visible(r.message)] for r in decision.reasons):
            click.echo("  " + line)
    return 0 if decision.verdict == "allow" else 3


def _read() -> Mapping[str, object]:
    """The action, strictly parsed."""
    from assent_verify.canonical import parse

    try:
        value = parse(sys.stdin.buffer.read(_MOST + 1), max_bytes=_MOST)
    except ProofError as error:
        raise click.UsageError(f"standard input is not an action: {error.message}") from error
    if not isinstance(value, dict):
        raise click.UsageError("standard input is not an action: expected an object")
    for name in value:
        if name not in _MEMBERS:
            raise click.UsageError(f"`{visible(name)}` is not a member of an action: {', '.join(_MEMBERS)}")
    for name, kind in _MEMBERS.items():
        found = value.get(name)
        if found is None and name in ("session", "arguments"):
            continue
        if not isinstance(found, kind):
            raise click.UsageError(f"`{name}` is missing or not a {'string' if kind is str else 'object'}")
    return value


def _decide(home: Home, action: Mapping[str, object]) -> Decision:
    principal, given = str(action["principal"]), action.get("session") or ""
    with home.store.read() as reader:
        server = str(action["server"])
        if not reader.pins(server) and reader.state(f"about:{server}") is None:
            return _denied("unknown_server", "no server of this name has been started behind Assent here")
        call = _call(reader, action, SessionId(str(given) or _SUPPOSED))
        session = reader.session(SessionId(str(given))) if given else _supposed(home, principal)
    if session is None:
        return _denied("unknown_session", "the session is not known here")
    if session.principal != principal:
        return _denied("other_principal", "the session belongs to another principal")
    try:
        return home.guard.preview(call, lambda reader: cast("Reader", _Supposing(reader, session)))
    except RefusedError as error:
        return _denied(error.code, error.message)


def _denied(code: str, message: str) -> Decision:
    return Decision("deny", (Reason(code, "", message),))


def _supposed(home: Home, principal: str) -> Session:
    kind, _, name = principal.partition("::")
    if kind not in KINDS or not re.fullmatch(r'"[^"\\]{1,128}"', name) or not name.isascii():
        raise click.UsageError(f'`{visible(principal)}` is not a principal: write, for example, Agent::"local/NAME"')
    return Session(_SUPPOSED, PrincipalId(principal), home.owner, "", home.clock.now())


def _call(reader: Reader, action: Mapping[str, object], session: SessionId) -> Call:
    from assent.cli.listing import definition_of
    from assent.enforce.gather import Call

    server, tool = str(action["server"]), str(action["tool"])
    pin = reader.pin(server, tool)
    barred = "unknown_tool" if pin is None else "tool_changed" if pin.digest != pin.offered else ""
    params = {"arguments": action.get("arguments") or {}, "name": tool}
    definition = definition_of(pin) if pin else None
    return Call(session, server_of(reader, server), "tools/call", tool, definition, params, barred=barred)


class _Supposing:
    """A reader that also knows one session that was never opened."""

    def __init__(self, reader: Reader, session: Session) -> None:
        self._reader = reader
        self._session = session

    def session(self, id: SessionId) -> Session | None:
        """The supposed session, or a stored one."""
        return self._session if id == self._session.id else self._reader.session(id)

    def __getattr__(self, name: str) -> object:
        return getattr(self._reader, name)


def as_json_decision(decision: Decision) -> dict[str, object]:
    """The object of `assent decide --json`."""
    return {
        "verdict": decision.verdict,
        "observed": decision.observed,
        "delegation": decision.delegation or None,
        "reasons": [{"code": r.code, "policy": r.policy, "message": r.message} for r in decision.reasons],
        "effects": list(decision.effects),
        "reversibility": decision.reversibility,
        "policies": [{"id": p.id, "digest": p.digest} for p in decision.policies],
        "escalations": [
            {"policy": e.policy, "group": e.group, "quorum": e.quorum, "expires": e.expires, "reason": e.reason}
            | {"grantable": e.grantable}
            for e in decision.escalations
        ],
        "obligations": [
            {"kind": o.kind, "value": o.value, "on": o.on, "policy": o.policy} for o in decision.obligations
        ],
        "errors": decision.errors,
    }
