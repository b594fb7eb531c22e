"""`assent receipts`: list, show and export what the log holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from assent.cli import publishing
from assent.cli.convert import command as convert
from assent.cli.erasing import erase, hold
from assent.cli.ledger import Lines, Receipt, away, find, receipts, whole_attempt
from assent.cli.output import columns, visible
from assent.cli.sealing import seal
from assent.cli.shell import ARCHIVE_OPTION, JSON_OPTION, Group, Shell, with_shell
from assent.cli.story import as_json_story, tell

_PAGE = 500  # lines aligned together


_COMMANDS = [convert, erase, hold, publishing.proof, publishing.publish, publishing.serve, seal]


@click.group("receipts", cls=Group, commands=_COMMANDS)
def command() -> None:
    """List, show, export, prove and publish receipts."""


@command.command("list")
@click.option("--session", metavar="ID", help="Only this session.")
@click.option("--kind", type=click.Choice(["decision", "outcome", "approval", "session", "system"]), help="Only these.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the last N leaves of the log.")
@ARCHIVE_OPTION
@JSON_OPTION
@with_shell
def list_(
    shell: Shell, session: str | None, kind: str | None, last: int | None, archives: Sequence[str], as_json: bool
) -> None:
    """List receipts in log order."""
    with shell.read(archives) as reader:
        lines = Lines(reader)
        start = max(0, reader.size() - last) if last else 0
        if start < (end := away(reader)):
            click.echo(f"note: receipts 1 to {end - 1} lie in an archive; --archive PLACE lists them too", err=True)
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
@ARCHIVE_OPTION
@JSON_OPTION
@with_shell
def show(shell: Shell, id: str, archives: Sequence[str], as_json: bool) -> None:
    """Tell one receipt: who, what, which rule, which context, who approved, what came of it.

    ID is an index of the log, a leaf hash, an attempt or an approval.
    """
    print_story(shell, id, archives, as_json)


def print_story(shell: Shell, id: str, archives: Sequence[str], as_json: bool) -> None:
    """What `receipts show` and `explain` print."""
    with shell.read(archives) as reader:
        found = find(reader, id)
        if len(found) == 1:
            found = whole_attempt(reader, found[0])
        if as_json:
            click.echo(json.dumps(as_json_story(reader, found), indent=2))
            return
        for line in tell(reader, found):
            click.echo(line)


def _time(context: click.Context, option: click.Parameter, text: str) -> str:
    """A time as leaves spell it; a day begins at midnight UTC."""
    if not text:
        return ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("not a date or an RFC 3339 time") from error
    found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    return found.strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.microsecond // 1000:03d}Z"


@command.command("export")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Default: stdout."
)
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Only what is chosen below, whole sessions of it, with proofs that lead to the signed checkpoint.",
)
@click.option("--session", "sessions", multiple=True, metavar="ID", help="A session.")
@click.option("--attempt", "attempts", multiple=True, metavar="ID", help="An attempt: its session up to its end.")
@click.option("--receipt", "receipts", multiple=True, metavar="ID", help="A receipt, by index or leaf hash; the same.")
@click.option(
    "--since",
    metavar="TIME",
    default="",
    callback=_time,
    help="Sessions with a receipt since: 2026-01-31 or RFC 3339.",
)
@click.option("--until", metavar="TIME", default="", callback=_time, help="Sessions with a receipt until then.")
@click.option(
    "--disclose",
    is_flag=False,
    flag_value="all",
    default="",
    metavar="[NAME,…]",
    help="With the clear values that are not erased, or only these: argument:NAME, facts:PART, response, …",
)
@click.option(
    "--with-policies",
    "policies",
    is_flag=True,
    help="With the policies that were in force, for `assent replay`.",
)
@ARCHIVE_OPTION
@with_shell
def export(
    shell: Shell,
    output: Path | None,
    bundle: Path | None,
    disclose: str,
    policies: bool,
    archives: Sequence[str],
    **chosen: Any,
) -> None:
    """Write the log as one file that `assent verify` and `assent-verify` check anywhere.

    With --bundle: evidence about some sessions, for somebody who shall not have the whole log.
    """
    from assent.cli.exporting import Choice, evidence_lines, export_lines, write_private

    choice = Choice(**chosen)
    if (bundle is None) is not (choice == Choice()):
        raise click.UsageError("--bundle FILE goes with --session, --attempt, --receipt, --since or --until")
    if bundle is not None and output is not None:
        raise click.UsageError("-o writes the whole log, --bundle a part of it")
    if policies and bundle is None and not disclose:
        raise click.UsageError("--with-policies goes with --disclose or --bundle")
    from assent.assembly import open_place
    from assent.evidence.disclosure import Disclosure
    from assent.record.archive import filled

    shown = Disclosure.parse(disclose)
    with shell.read() as found:
        reader = filled(found, [open_place(one) for one in archives])
        if bundle is not None:
            write_private(bundle, evidence_lines(reader, choice, shown, policies=policies))
        elif output is not None and str(output) != "-":
            write_private(output, export_lines(reader, shown, policies=policies))
        else:
            for line in export_lines(reader, shown, policies=policies):
                sys.stdout.buffer.write(line)
            return
    click.echo(f"wrote {visible(str(bundle or output))}", err=True)
