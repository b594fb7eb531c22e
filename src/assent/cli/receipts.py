"""`assent receipts`: list, show and export what the log holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from assent.cli.ledger import Lines, Receipt, find, receipts, whole_attempt
from assent.cli.output import columns, visible
from assent.cli.shell import JSON_OPTION, Shell, with_shell
from assent.cli.story import as_json_story, tell
from assent.errors import UnavailableError

_PAGE = 500  # lines aligned together


@click.group("receipts")
def command() -> None:
    """List, show and export receipts."""


@command.command("list")
@click.option("--session", metavar="ID", help="Only this session.")
@click.option("--kind", type=click.Choice(["decision", "outcome", "approval", "session", "system"]), help="Only these.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the last N leaves of the log.")
@JSON_OPTION
@with_shell
def list_(shell: Shell, session: str | None, kind: str | None, last: int | None, as_json: bool) -> None:
    """List receipts in log order."""
    with shell.read() as reader:
        lines = Lines(reader)
        start = max(0, reader.size() - last) if last else 0
        wanted = _wanted(receipts(reader, start), lines, session, kind)
        if as_json:
            _print_rows(lines.row(receipt) for receipt in wanted)
            return
        page: list[list[str]] = []
        for receipt in wanted:
            page.append(lines.cells(receipt))
            if len(page) == _PAGE:
                click.echo("\n".join(columns(page)))
                page.clear()
        if page:
            click.echo("\n".join(columns(page)))


def _wanted(found: Iterable[Receipt], lines: Lines, session: str | None, kind: str | None) -> Iterator[Receipt]:
    for receipt in found:
        if receipt.kind == "decision":
            lines.row(receipt)  # an outcome listed alone still knows its tool
        if (session is None or receipt.session == session) and (kind is None or receipt.kind == kind):
            yield receipt


def _print_rows(rows: Iterable[dict[str, object]]) -> None:
    """A JSON array, one object a line, never whole in memory."""
    click.echo("[", nl=False)
    for at, row in enumerate(rows):
        click.echo((",\n " if at else "\n ") + json.dumps(row), nl=False)
    click.echo("\n]")


@command.command("show")
@click.argument("id", metavar="ID")
@JSON_OPTION
@with_shell
def show(shell: Shell, id: str, as_json: bool) -> None:
    """Tell one receipt: who, what, which rule, which context, who approved, what came of it.

    ID is an index of the log, a leaf hash, an attempt or an approval.
    """
    print_story(shell, id, as_json)


def print_story(shell: Shell, id: str, as_json: bool) -> None:
    """What `receipts show` and `explain` print."""
    with shell.read() as reader:
        found = find(reader, id)
        if len(found) == 1:
            found = whole_attempt(reader, found[0])
        if as_json:
            click.echo(json.dumps(as_json_story(reader, found), indent=2))
            return
        for line in tell(reader, found):
            click.echo(line)


@command.command("export")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Default: stdout."
)
@click.option("--disclose", is_flag=True, help="With the clear values that are not erased; they can then be checked.")
@with_shell
def export(shell: Shell, output: Path | None, disclose: bool) -> None:
    """Write the log as one file that `assent verify` and `assent-verify` check anywhere."""
    from assent.cli.exporting import export_lines

    with shell.read() as reader:
        lines = export_lines(reader, disclose=disclose)
        if output is None:
            for line in lines:
                sys.stdout.buffer.write(line)
            return
        try:
            with click.open_file(str(output), "wb", atomic=True) as file:
                for line in lines:
                    file.write(line)
        except OSError as error:
            text = f"`{output}` cannot be written: {error.strerror}"
            raise UnavailableError("export_unwritable", text, help="choose another place") from error
    click.echo(f"wrote {visible(str(output))}", err=True)
