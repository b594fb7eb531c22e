"""Taking something back at the command line: asked, signed, done, told when nothing permitted before can begin."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.output import print_json, visible, when
from assent.cli.shell import Shell

if TYPE_CHECKING:
    from assent.admin.revoke import Revoked
    from assent.assembly import Home
    from assent.model.revocation import RevokedKind
    from assent.ports import Signer


def take(
    shell: Shell, kind: RevokedKind, id: str, reason: str, how: tuple[Path | None, bool], *, as_json: bool
) -> None:
    """Take one thing back, and return when it is acknowledged.

    Args:
        how: the key file, and whether a yes need not be asked for.

    Raises:
        RequestError: there is no such thing, or nobody who may say so has signed.
        UnavailableError: it cannot be made durable, or acknowledged.
    """
    from assent.admin.revoke import Wanted, revoke, sweep

    key, yes = how
    with shell.open() as home:
        confirm(f"Take back the {kind} `{visible(id)}`, and everything that stands on it?", yes=yes)
        signer = signer_of(home, key)
        done = revoke(home.log, Wanted(kind, id, reason), signer, home.clock.now())
        since = home.clock.steady()
        if not as_json:
            _say(done, f"{kind} {visible(id)}")
        acknowledged(home, done, since, lambda: sweep(home.store, home.log, done.what), as_json=as_json)


def signer_of(home: Home, key: Path | None) -> Signer | None:
    """The unlocked key of an enrolled person; None while nobody is enrolled.

    Raises:
        RequestError, ConfigError: it is no usable key.
    """
    from assent.assembly import unlock_key

    with home.store.read() as reader:
        enrolled = reader.state("operator")
    if not enrolled:
        return None
    return home.unlock(None, passphrase) if key is None else unlock_key(key, passphrase)


def acknowledged(home: Home, done: Revoked, since: int, after: Callable[[], int], *, as_json: bool) -> None:
    """Wait until nothing permitted before can begin any more, say so, and mark what is left.

    Args:
        since: steady time (ms) at which it was durable.
        after: marks what is void without it; how much that was.
    """
    from assent.admin.revoke import acknowledge, outstanding

    with home.store.read() as reader:
        until = max(done.until, outstanding(reader, home.clock.now()))
    if until and not as_json:
        click.echo(f"waiting       for permits whose executors keep a store of their own, until {when(until)}")
    acknowledge(home.store, home.clock, since, time.sleep, until)
    if not as_json:
        click.echo("acknowledged  nothing that was permitted before can begin any more")
    marked = after()
    if as_json:
        what = done.what
        print_json(
            {
                "kind": what.kind,
                "id": what.id,
                "fresh": done.fresh,
                "epoch": what.epoch,
                "at": when(what.at),
                "receipt": done.receipt if done.receipt >= 0 else None,
                "sessions": list(done.sessions),
                "permits": done.permits,
                "questions": done.questions,
                "delegations": marked,
                "acknowledged": True,
            }
        )
    elif marked:
        click.echo(f"marked        {marked} delegation(s) that stood on it")


def _say(done: Revoked, what: str) -> None:
    if not done.fresh:
        click.echo(f"revoked       {what}, before: at {when(done.what.at)}")
        return
    click.echo(f"revoked       {what}; receipt {done.receipt}, epoch {done.what.epoch}")
    counts = ((len(done.sessions), "session"), (done.permits, "permit"), (done.questions, "question"))
    ended = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count)
    if ended:
        click.echo(f"ended         {ended}")
