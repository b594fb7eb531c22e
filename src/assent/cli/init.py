"""`assent init`: a home with keys, starter policy and its first receipts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.asking import confirm, has_terminal, passphrase
from assent.cli.mode import DAYS_OPTION, start
from assent.cli.output import visible
from assent.cli.shell import YES_OPTION, Shell, with_shell
from assent.errors import ConfigError

if TYPE_CHECKING:
    from assent.assembly import Home
    from assent.ports import Signer

_NEXT = """\
Next: put `assent mcp --` in front of the command that starts an MCP server, for example
  assent mcp -- mcp-server-sqlite --db-path notes.db
and keep `assent approvals --watch` open somewhere."""


@click.command("init")
@click.option(
    "--operator-key",
    "key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="An Ed25519 key file outside the home, for scripts; made if it is not there. Whoever can read it can answer.",
)
@click.option(
    "--recovery",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Make a recovery key there as well, locked; it goes into a safe (assent recover).",
)
@click.option("--observe", is_flag=True, help="Only record, for --days, what policy would ask about and stop.")
@DAYS_OPTION
@YES_OPTION
@with_shell
def command(shell: Shell, key: Path | None, recovery: Path | None, observe: bool, days: int, yes: bool) -> None:
    """Make a home: log key, operator key, starter policy, first receipts.

    Without --operator-key the operator's key is locked with a passphrase, which
    is asked for at the terminal. May be run again: what is there stays.
    """
    from assent.admin.home import enrol
    from assent.assembly import OPERATOR_KEY, create_operator, open_home

    config = shell.config()
    new = not (config.home / "assent.db").exists()
    confirm(f"Make a home for `{config.user}` in {config.home}?" if new else f"Complete {config.home}?", yes=yes)
    with open_home(config) as home:
        click.echo(f"home      {config.home}")
        click.echo(f"log       {home.log_key}")
        click.echo(f"policy    {len(home.rules().bundle)} rules in force, from {config.home / 'policy'}")
        with home.store.read() as reader:
            enrolled = reader.state("operator") or ""
        if enrolled and key is None:
            click.echo(f"operator  {visible(home.owner)}, key {enrolled}")
            if observe or recovery:
                _more(home, home.unlock(None, passphrase), recovery, days if observe else 0)
        elif key is None and not has_terminal():
            _without_key(needed="observing" if observe else "a recovery key" if recovery else "")
        else:
            if enrolled and key is not None and not key.exists():
                raise ConfigError(
                    "other_operator", "another operator key is enrolled on this home", help=f"`{key}` was not made"
                )
            signer, path = create_operator(config, key, passphrase)
            enrol(home.log, config, signer, home.clock.now(), path)
            click.echo(f"operator  {visible(home.owner)}, key in {path}")
            if path != config.home / OPERATOR_KEY:
                _warn_of(path, signer.assurance)
            _more(home, signer, recovery, days if observe else 0)
    click.echo("\n" + _NEXT)


def _more(home: Home, signer: Signer, recovery: Path | None, days: int) -> None:
    """What the operator's key signs at once, if it is asked for."""
    if recovery is not None:
        from assent.admin.recover import seal
        from assent.assembly import create_recovery

        sealed, place = create_recovery(home.config, recovery, passphrase)
        seal(home.log, sealed.public, place, signer, home.clock.now())
        click.echo(
            f"recovery  key in {place}: take it off this machine, into a safe; then: assent recover rehearse FILE"
        )
    if days:
        start(home, signer, days)


def _without_key(*, needed: str) -> None:
    if needed:
        text = f"{needed} needs the operator's key, and there is no terminal"
        raise ConfigError("no_operator_key", text, help="run this at a terminal, or give --operator-key FILE")
    click.echo("operator  none")
    click.echo(
        "warning: no operator key was made, for there is no terminal to type a passphrase at.\n"
        "  Questions wait until there is one: run `assent init` at a terminal, or give --operator-key FILE.",
        err=True,
    )


def _warn_of(path: Path, assurance: str) -> None:
    if assurance == "same-user":
        click.echo(
            f"warning: `{path}` is not locked: whatever runs as your user can answer in your name.\n"
            "  Receipts say so (assurance same-user). Use it for scripts and tests.",
            err=True,
        )
