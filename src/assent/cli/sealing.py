"""`assent receipts seal`: old receipts to an archive."""

from __future__ import annotations

from pathlib import Path

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import visible
from assent.cli.shell import KEY_OPTION, YES_OPTION, Shell, with_shell


@click.command("seal")
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Receipts before this day (UTC).")
@click.option("--leaves", type=click.IntRange(1), metavar="N", help="The first N receipts of the log.")
@click.option("--to", "place", required=True, metavar="DIR", help="The archive: a directory, or s3://BUCKET/PREFIX.")
@KEY_OPTION
@YES_OPTION
@with_shell
def seal(shell: Shell, before: object, leaves: int | None, place: str, key: Path | None, yes: bool) -> None:
    """Move old receipts to an archive; every proof stays.

    The archive is written and read back, a signed `seal` receipt names it, and only then the
    receipts leave the database. Their hashes stay. Keep the archive: without it nobody can
    read them again. Give the same archive to `assent verify --archive` and to export.
    """
    from assent.admin import sealing
    from assent.assembly import open_place

    if (before is None) is (leaves is None):
        raise click.UsageError("give --before DATE or --leaves N")
    with shell.open() as home:
        with home.store.read() as reader:
            upto = leaves if leaves is not None else sealing.before(reader, f"{before:%Y-%m-%d}T00:00:00.000Z")
        confirm(f"Move the receipts before {upto} to {visible(place)}, and remove them here?", yes=yes)
        signer = home.unlock(key, passphrase)
        done = sealing.seal(home.log, home.store, open_place(place), upto, lambda: (home.clock.now(), signer))
        with home.store.read() as reader:
            kept, hold = sealing.kept_here(reader, upto)
    if hold:
        click.echo(f"on hold: receipts from {kept} on stay here, for the hold {visible(hold)} keeps some of them")
    click.echo(f"sealed receipts {done.first} to {done.size - 1} in {visible(place)} ({done.archive})")
