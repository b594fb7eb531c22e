"""`assent receipts proof`, `publish`, `serve`: the log for others, in the formats of C2SP."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.output import visible
from assent.cli.shell import ARCHIVE_OPTION, Shell, with_shell
from assent.errors import ConfigError

if TYPE_CHECKING:
    from assent.assembly import Home
    from assent.ports import Place


@click.command("proof")
@click.argument("id", metavar="ID")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Default: stdout."
)
@ARCHIVE_OPTION
@with_shell
def proof(shell: Shell, id: str, output: Path | None, archives: Sequence[str]) -> None:
    """Prove that one receipt is in the log, in a file that `assent-verify` checks anywhere.

    ID is an index of the log, a leaf hash, an attempt or an approval; of several receipts the first.
    The proof is a C2SP tlog-proof: leaf, place, path and signed checkpoint.
    """
    from assent.cli.exporting import write_private
    from assent.cli.ledger import find
    from assent.evidence.proof import prove

    with shell.read(archives) as reader:
        data = prove(reader, find(reader, id)[0].index)
    if output is None:
        sys.stdout.buffer.write(data)
        return
    write_private(output, [data])
    click.echo(f"wrote {visible(str(output))}", err=True)


@click.command("publish")
@click.argument("place", metavar="PLACE")
@click.option("--watch", is_flag=True, help="Go on publishing what is new, until interrupted.")
@click.option("--every", type=click.IntRange(1, 86_400), default=10, metavar="SECONDS", help="With --watch: how often.")
@with_shell
def publish(shell: Shell, place: str, watch: bool, every: int) -> None:
    """Publish the log at PLACE: a directory, or s3://BUCKET/PREFIX (needs the extra `objects`).

    Checkpoint, hash tiles and entry bundles as c2sp.org/tlog-tiles says. What is there is
    only ever extended: another log, a fork or a later state is refused.
    """
    from assent.assembly import open_place

    where = open_place(place)
    with shell.open() as home:
        while True:
            _once(home, where, place)
            if not watch:
                return
            time.sleep(every)


def _once(home: Home, where: Place, name: str) -> None:
    from assent.record.publish import publish

    home.log.checkpoint().result()
    home.log.keep_tiles()
    with home.store.read() as reader:
        done = publish(reader, where)
    if done.size != done.before:
        click.echo(f"published {done.size:,} leaves at {visible(name)} ({done.files} files)")


@click.command("serve")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Where to listen (default: this machine alone).")
@click.option("--port", type=click.IntRange(0, 65_535), default=8420, metavar="PORT", help="Default: 8420.")
@with_shell
def serve(shell: Shell, host: str, port: int) -> None:
    """Serve checkpoint, tiles, entries and proofs over HTTP, read-only (needs the extra `server`).

    Whoever can connect can read every receipt. Receipts hold no clear values, but they tell
    who acted when on which server: put what asks for a password before it on a network.
    While it runs, this log's witnesses are asked and its silence is proved, as by `assent mcp`.
    """
    try:
        from assent.api.app import app
        from assent.api.log import routes
        from assent.api.serving import run
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        text = "serving over HTTP needs the extra `server`"
        raise ConfigError("extra_missing", text, help="pip install 'assent[server]'") from error
    with shell.open() as home:
        home.log.keep_tiles()
        home.attend()
        run(app(routes(home.store)), host, port, lambda where: click.echo(f"serving the log at {where}"))
