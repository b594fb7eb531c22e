"""`assent approvals`: what waits for a person."""

from __future__ import annotations

import json
import time

import click

from assent.cli.card import as_json as row
from assent.cli.card import status_of
from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, Shell, with_shell
from assent.model.approval import Approval

_POLL = 0.3  # seconds between two looks


@click.command("approvals")
@click.option("--all", "everything", is_flag=True, help="The answered and expired ones too.")
@click.option(
    "--watch", is_flag=True, help="Stay, and ring the bell when a new question comes; with --json one object a line."
)
@JSON_OPTION
@with_shell
def command(shell: Shell, everything: bool, watch: bool, as_json: bool) -> None:
    """List what waits for a person. Argument values are shown by --json and by `assent approve`."""
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
