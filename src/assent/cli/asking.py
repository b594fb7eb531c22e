"""Asking the person at the terminal: a yes, a passphrase. Never anybody else."""

from __future__ import annotations

import getpass
import os
import sys

import click

from assent.errors import RequestError

_TERMINAL = "/dev/tty"


def passphrase(prompt: str) -> str:
    """A passphrase, typed at the terminal and not shown.

    Raises:
        RequestError: `no_terminal`: a passphrase is never read from a pipe, where an agent could write it.
    """
    if not has_terminal():
        raise RequestError(
            "no_terminal",
            "the operator's key is locked, and there is no terminal to type its passphrase at",
            help="run this at a terminal; scripts give a key file outside the home with --key",
        )
    return getpass.getpass(prompt)


def has_terminal() -> bool:
    """Is there a terminal that belongs to this process?"""
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def confirm(question: str, *, yes: bool) -> None:
    """Ask for a yes, unless `yes` says so already.

    Raises:
        UsageError: nobody is there to be asked.
        RequestError: `not_confirmed`: the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"there is no terminal to ask at: {question} Say so with --yes")
    if not click.confirm(question):
        raise RequestError("not_confirmed", "nothing was done, for the answer was no")
