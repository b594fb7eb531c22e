"""`assent approvals`: what waits for a person."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from assent.cli.card import as_json as row
from assent.cli.card import proposed, status_of
from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, with_shell
from assent.errors import AssentError
from assent.model.approval import Approval
from assent.model.delegation import Delegation
from assent.ports import Reader

_POLL = 0.3  # seconds between two looks


@click.group("approvals", cls=Group, invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="The answered and expired ones too.")
@click.option(
    "--watch", is_flag=True, help="Stay, and ring the bell when a new question comes; with --json one object a line."
)
@JSON_OPTION
@with_shell
@click.pass_context
def command(ctx: click.Context, shell: Shell, everything: bool, watch: bool, as_json: bool) -> None:
    """List what waits for a person. Argument values are shown by --json and by `assent approve`."""
    if ctx.invoked_subcommand is not None:
        return
    if watch:
        _watch(shell, as_json)
        return
    now = int(time.time() * 1000)
    with shell.read() as reader:
        found = [one for one in reader.approvals() if everything or status_of(one, now) == "pending"]
    if as_json:
        print_json([row(one, now) for one in found])
        return
    if not found:
        click.echo("nothing waits for you" if not everything else "no question yet")
    for line in columns(_cells(one, now) for one in found):
        click.echo(line)
    with shell.read() as reader:
        repeated = _repeated(reader)
    for line in proposed(repeated):
        click.echo(line)


def _repeated(reader: Reader) -> list[tuple[int, str]]:
    """What people have said yes to again and again, as rules; none while no policy can be read."""
    from assent.admin.activate import active
    from assent.approve.repeated import proposals

    approvals = reader.approvals()
    if not any(one.answers for one in approvals):
        return []  # no policy need be loaded for this
    try:
        bundle, _ = active(reader)
    except AssentError:
        return []
    return proposals(approvals, bundle)


@command.command("delegations")
@JSON_OPTION
@with_shell
def delegations(shell: Shell, as_json: bool) -> None:
    """List what was granted for a session: what is used, what is left, what is over."""
    now = int(time.time() * 1000)
    with shell.read() as reader:
        found = reader.delegations()
    if as_json:
        print_json([_as_json(one, now) for one in found])
        return
    if not found:
        click.echo("nothing has been granted for a session")
    for line in columns(_row(one, now) for one in found):
        click.echo(line)


def _state(given: Delegation, now: int) -> str:
    if given.status != "live":
        return given.status
    return "used_up" if given.used >= given.count else "expired" if given.expires <= now else "live"


def _row(given: Delegation, now: int) -> list[str]:
    used = f"{given.used} of {given.count} used"
    what = visible(f"{given.server}/{given.tool}")
    rules = ", ".join(one.id for one in given.lifts)
    return [given.id, _state(given, now), used, f"until {when(given.expires)}", what, visible(given.principal), rules]


def _as_json(given: Delegation, now: int) -> dict[str, object]:
    """The object of `assent approvals delegations --json`."""
    return {
        "id": given.id,
        "status": _state(given, now),
        "session": given.session,
        "principal": given.principal,
        "server": given.server,
        "tool": given.tool,
        "targets": json.loads(given.card)["named"] if given.card else None,
        "rules": [one.id for one in given.lifts],
        "count": given.count,
        "used": given.used,
        "by": given.by,
        "approval": given.approval,
        "created_at": when(given.created),
        "expires_at": when(given.expires),
    }


@command.command("revoke")
@click.argument("id", metavar="ID")
@KEY_OPTION
@YES_OPTION
@with_shell
def revoke(shell: Shell, id: str, key: Path | None, yes: bool) -> None:
    """Take back what was granted for a session; from now on its calls ask again."""
    from assent.cli.taking import take

    take(shell, "delegation", id, "asked", (key, yes), as_json=False)


def _cells(approval: Approval, now: int) -> list[str]:
    """One line; never an argument value."""
    return [
        approval.id,
        status_of(approval, now),
        f"until {when(approval.expires)}",
        visible(f"{approval.server}/{approval.tool}"),
        visible(approval.principal),
        ", ".join(asked.policy for asked in approval.asked),
    ]


def _watch(shell: Shell, as_json: bool) -> None:
    """Print each question once, when it comes; Ctrl-C ends it."""
    seen: set[str] = set()
    while True:
        now = int(time.time() * 1000)
        with shell.read() as reader:
            waiting = [one for one in reader.approvals(status="pending") if status_of(one, now) == "pending"]
        for one in waiting:
            if one.id in seen:
                continue
            seen.add(one.id)
            told = "\a" + "  ".join(_cells(one, now)) + f"\n  answer with: assent approve {one.id}"
            click.echo(json.dumps(row(one, now)) if as_json else told)
        time.sleep(_POLL)
