"""`assent receipts erase` and `assent receipts hold`: what the operator's key takes away, and what it keeps."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.ledger import find, whole_attempt
from assent.cli.output import columns, print_json, visible
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, with_shell
from assent.errors import RequestError

if TYPE_CHECKING:
    from assent.admin.erase import Plan, Wanted
    from assent.ports import Reader
    from assent.record.holds import Hold

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
#: Option → the pattern of its values, and one of them.
_SPELLED = {
    "principal": (r'(?:User|Agent|Service|Model)::"[^"\\]{1,200}"', 'Agent::"local/claude"'),
    "owner": (r'User::"[^"\\]{1,200}"', 'User::"local/ann"'),
    "session": (r"ses_[a-z2-7]{26}", "ses_…, see: assent sessions --all"),
}
_STAYS = (
    "the leaves stay, and every proof over them holds: who, which tool, which rule, when; no argument, no content",
    "one redaction leaf per 200 ranges says which leaves, and why; whose values they were only as a commitment",
    "copies that others hold (exports, bundles with disclosed values) are out of reach",
)


def _code(_: click.Context, __: click.Parameter, value: str) -> str:
    if not _CODE.fullmatch(value):
        raise click.BadParameter("expected a code: a-z, 0-9 and _, at most 64")
    return value


def moment(text: str) -> str:
    """A date or an RFC 3339 time as leaves write it.

    Raises:
        BadParameter: it is neither.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"`{text}` is no date and no time, as 2026-11-24 or 2026-11-24T08:30:00Z") from error
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return f"{found:%Y-%m-%dT%H:%M:%S}.{found.microsecond // 1000:03d}Z"


def _spelled(_: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """As receipts spell it: another spelling names nobody, and would erase or hold nothing, in silence."""
    pattern, example = _SPELLED[str(option.name)]
    if text is not None and not re.fullmatch(pattern, text):
        raise click.BadParameter(f"expected it as receipts have it: {example}")
    return text


@click.command("erase")
@click.option("--receipt", metavar="ID", help="One call: an index, a leaf hash, an attempt or an approval.")
@click.option("--session", metavar="ID", callback=_spelled, help="Everything of one session.")
@click.option(
    "--principal", metavar="P", callback=_spelled, help='Every session of a principal, as Agent::"local/claude".'
)
@click.option(
    "--owner", metavar="U", callback=_spelled, help='Every session of whom a User owns, as User::"local/ann".'
)
@click.option("--matching", metavar="VALUE", help="Every call whose values mention this text, however spelled.")
@click.option("--before", metavar="DATE", help="Everything that was written before this date or time.")
@click.option(
    "--reason", metavar="CODE", callback=_code, default="request", show_default=True, help="Why; stands in the leaf."
)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would go and stay, and do nothing.")
@KEY_OPTION
@YES_OPTION
@JSON_OPTION
@with_shell
def erase(
    shell: Shell, reason: str, only_plan: bool, key: Path | None, yes: bool, as_json: bool, **chosen: str | None
) -> None:
    """Erase clear values for good, with the operator's key; the receipts and their proofs stay.

    Shows what would go, then asks. What a legal hold keeps, and calls that still go on, stay.
    """
    from assent.admin import erase as erasing

    named = {name: value for name, value in chosen.items() if value is not None}
    if len(named) != 1:
        raise click.UsageError("give one of --receipt, --session, --principal, --owner, --matching, --before")
    with shell.open() as home:
        with home.store.read() as reader:
            plan = erasing.plan(reader, _wanted(reader, *named.popitem()))
        if not as_json:
            _tell(plan)
        if only_plan:
            if as_json:
                print_json(_planned(plan) | {"redactions": None, "salt": None})
            return
        if not plan.leaves:
            raise RequestError("nothing_to_erase", "there is nothing to erase, or all of it is on hold or under way")
        confirm(f"Erase the values of {len(plan.leaves)} leaves for good?", yes=yes)
        signer = home.unlock(key, passphrase)
        done = erasing.erase(home.log, signer, plan, reason, home.clock.now())
        home.log.checkpoint().result()
    if as_json:
        print_json(_planned(plan) | {"redactions": list(done.receipts), "salt": erasing.proof_of(done)})
        return
    told = ", ".join(map(str, done.receipts))
    click.echo(f"erased the values of {done.leaves} leaves; redaction: receipt {told}")
    click.echo(f"to show later for whom, keep this salt; nothing here does: {erasing.proof_of(done)}")


def _wanted(reader: Reader, by: str, value: str) -> Wanted:
    from assent.admin.erase import Wanted

    if by == "receipt":
        found = find(reader, value)
        whole = {one.index for each in found for one in whole_attempt(reader, each)}
        return Wanted("receipt", ",".join(map(str, sorted(whole))))
    return Wanted(by, moment(value) if by == "before" else value)  # type: ignore[arg-type]


def _planned(plan: Plan) -> dict[str, object]:
    return {
        "leaves": len(plan.leaves),
        "sessions": len(plan.sessions),
        "on_hold": len(plan.held),
        "under_way": len(plan.live),
        "gone": plan.erased,
    }


def _tell(plan: Plan) -> None:
    click.echo(f"goes      values of {len(plan.leaves)} leaves of {len(plan.sessions)} sessions")
    if plan.held:
        click.echo(f"on hold   values of {len(plan.held)} leaves stay: a legal hold keeps them")
    if plan.live:
        click.echo(f"under way values of {len(plan.live)} leaves stay: their calls still go on; erase again afterwards")
    if plan.erased:
        click.echo(f"gone      {plan.erased} leaves have no values any more")
    for text in _STAYS:
        click.echo(f"stays     {text}")


@click.group("hold", cls=Group)
def hold() -> None:
    """Legal holds: what is on hold is neither erased nor does it expire."""


@hold.command("add")
@click.argument("name", metavar="NAME")
@click.option("--session", metavar="ID", callback=_spelled, help="Everything of one session.")
@click.option(
    "--principal", metavar="P", callback=_spelled, help="Every session of a principal, or of whom a User owns."
)
@click.option("--since", metavar="DATE", help="Everything from this date or time on.")
@click.option("--until", metavar="DATE", help="… and before this one.")
@click.option("--everything", is_flag=True, help="The whole log.")
@click.option(
    "--reason", metavar="CODE", callback=_code, default="legal_hold", show_default=True, help="Stands in the leaf."
)
@KEY_OPTION
@YES_OPTION
@with_shell
def add(
    shell: Shell, name: str, everything: bool, reason: str, key: Path | None, yes: bool, **chosen: str | None
) -> None:
    """Keep values from being erased, with the operator's key, until `hold release`."""
    from assent.admin.hold import add as place
    from assent.record.holds import Hold

    session, principal = chosen["session"], chosen["principal"]
    since, until = chosen["since"], chosen["until"]
    if [bool(session), bool(principal), bool(since or until), everything].count(True) != 1:
        raise click.UsageError("give one of --session, --principal, --since/--until, --everything")
    kind = "session" if session else "principal" if principal else "everything" if everything else "time"
    times = (moment(since) if since else "", moment(until) if until else "")
    wanted = Hold(name, kind, session or principal or "", *times, reason)  # type: ignore[arg-type]
    placed: list[Hold] = []
    _with_key(
        shell,
        key,
        yes,
        f"Put on hold: {_what(wanted)}?",
        lambda home, signer: placed.append(place(home.log, signer, home.clock.now(), wanted)),
    )
    click.echo(f"hold      {name} is on: {_what(placed[0])}")


@hold.command("list")
@JSON_OPTION
@with_shell
def list_(shell: Shell, as_json: bool) -> None:
    """List the holds that are on."""
    from assent.record.holds import held

    with shell.read() as reader:
        on = held(reader).holds
    if as_json:
        print_json([{"name": one.name, "since": one.placed, "what": _what(one), "reason": one.reason} for one in on])
        return
    for line in columns([one.name, one.placed, _what(one), one.reason] for one in on):
        click.echo(line)


@hold.command("release")
@click.argument("name", metavar="NAME")
@KEY_OPTION
@YES_OPTION
@with_shell
def release(shell: Shell, name: str, key: Path | None, yes: bool) -> None:
    """Let go of what a hold kept, with the operator's key."""
    from assent.admin.hold import release as let_go

    _with_key(
        shell,
        key,
        yes,
        f"Release the hold {visible(name)}?",
        lambda home, signer: let_go(home.log, signer, home.clock.now(), name),
    )
    click.echo(f"hold      {visible(name)} is off")


def _what(hold: Hold) -> str:
    if hold.kind == "time":
        return f"from {hold.since or 'the beginning'} until {hold.until or 'further notice'}"
    return hold.kind if hold.kind == "everything" else visible(f"{hold.kind} {hold.value}")


def _with_key(shell: Shell, key: Path | None, yes: bool, question: str, do: Callable[[Any, Any], object]) -> None:
    """Ask, unlock the operator's key, do it, and sign a checkpoint over it."""
    with shell.open() as home:
        confirm(question, yes=yes)
        do(home, home.unlock(key, passphrase))
        home.log.checkpoint().result()
