"""`assent tail`: decisions and outcomes as they are made."""

from __future__ import annotations

import json
import time

import click

from assent.cli.ledger import Lines, receipts
from assent.cli.output import columns
from assent.cli.shell import JSON_OPTION, Shell, with_shell

_POLL = 0.2  # seconds between two looks


@click.command("tail")
@click.option("-n", "--lines", type=click.IntRange(0), default=10, show_default=True, help="Receipts to start with.")
@click.option("--follow/--no-follow", default=True, help="Wait for more (default), or stop at the end.")
@JSON_OPTION
@with_shell
def command(shell: Shell, lines: int, follow: bool, as_json: bool) -> None:
    """Follow receipts as they are written; Ctrl-C ends it. With --json, one object a line."""
    at = -1
    tools: dict[str, tuple[str, str]] = {}
    while True:
        with shell.read() as reader:
            teller = Lines(reader, tools)
            at = max(0, reader.size() - lines) if at < 0 else at
            for receipt in receipts(reader, at):
                at = receipt.index + 1
                click.echo(json.dumps(teller.row(receipt)) if as_json else columns([teller.cells(receipt)])[0])
        if not follow:
            return
        time.sleep(_POLL)
