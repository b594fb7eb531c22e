"""Observing and enforcing: saying it loudly, and switching with the operator's key."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import when
from assent.errors import ConfigError

if TYPE_CHECKING:
    from assent.assembly import Home
    from assent.ports import Reader, Signer

DAYS_OPTION = click.option(
    "--days", type=click.IntRange(1, 30), default=7, show_default=True, help="When observing ends by itself."
)
LOUD = "OBSERVING, NOT ENFORCING: what policy would ask about or stop goes through and is recorded, until"


def observing_until(reader: Reader) -> int:
    """Until when (ms) policy is only observed on this home; 0 if it is enforced now."""
    from assent.admin.mode import STATE

    until = int(reader.state(STATE) or "0")
    return until if until > time.time() * 1000 else 0


def said(until: int) -> str:
    """The mode in one line, as it must be said."""
    return f"{LOUD} {when(until)}" if until else "policy is enforced"


def start(home: Home, signer: Signer, days: int) -> None:
    """Observe from now on, and say so."""
    from assent.admin.mode import observe

    until = observe(home.log, signer, home.clock.now(), days)
    click.echo(f"mode      {said(until)}")
    click.echo("          see what it would have done: assent observed; enforce it: assent policy enforce")


def switch(home: Home, key: Path | None, yes: bool, question: str, do: Callable[[Signer], None]) -> None:
    """Ask, unlock the operator's key, do it.

    Raises:
        ConfigError: no operator's key is enrolled, so nobody can say it.
    """
    with home.store.read() as reader:
        enrolled = reader.state("operator")
    if not enrolled:
        help = "run `assent init` at a terminal"
        raise ConfigError("no_operator_key", "no operator's key is enrolled on this home", help=help)
    confirm(question, yes=yes)
    do(home.unlock(key, passphrase))
