"""`assent approve`: a person's yes to one exact action, or to more like it in this session."""

from __future__ import annotations

import re
from pathlib import Path

import click

from assent.cli.card import give
from assent.cli.shell import KEY_OPTION, YES_OPTION, Shell, with_shell

_UNITS = {"s": 1, "m": 60, "h": 3_600}


def seconds(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """A number and one of s, m, h, as seconds."""
    match = re.fullmatch(r"([1-9][0-9]{0,4})([smh])", value)
    if match is None:
        raise click.BadParameter(f"`{value}` is not a time: write, for example, 30m")
    return int(match[1]) * _UNITS[match[2]]


@click.command("approve")
@click.argument("id", metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="For the record.")
@click.option("--session", is_flag=True, help="Let more calls to the same targets pass, until this session ends.")
@click.option("--count", type=click.IntRange(1, 100), default=20, show_default=True, help="With --session: how many.")
@click.option(
    "--expires",
    default="30m",
    show_default=True,
    callback=seconds,
    metavar="TIME",
    help="With --session: for how long, at most 24h.",
)
@KEY_OPTION
@YES_OPTION
@with_shell
def command(
    shell: Shell, id: str, reason: str, session: bool, count: int, expires: int, key: Path | None, yes: bool
) -> int:
    """Say yes to one exact action, after it has been shown whole.

    The yes is signed with your key, counts for this attempt with these
    arguments, and works once. With --session it is also a delegation: later calls
    of this session, of the same tool and within the targets shown, pass without a
    question, where every rule that asked is @grantable.
    """
    return give(shell, id, ("approve", reason), (yes, key), (session, count, expires))
