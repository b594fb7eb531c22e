"""Errors as a person reads them: what happened, where, what to do."""

from __future__ import annotations

import click

from assent.cli.output import colour, visible
from assent.errors import AssentError, PolicyError, ProofError, RefusedError

FAILED, USAGE, NOT_ALLOWED, NOT_PROVED = 1, 2, 3, 4


def exit_code(error: Exception) -> int:
    """The exit code by family: 3 not allowed, 4 a proof did not hold, else 1."""
    if isinstance(error, RefusedError):
        return NOT_ALLOWED
    return NOT_PROVED if isinstance(error, ProofError) else FAILED


def report(error: AssentError | ProofError | OSError) -> None:
    """Print an expected error to standard error."""
    for line in lines_of(error):
        click.echo(line, err=True, color=colour())  # the command is over, and what it knew of colour with it


def lines_of(error: AssentError | ProofError | OSError) -> list[str]:
    """The lines that tell an expected error: message, place, text, help."""
    if isinstance(error, OSError):
        where = f"`{visible(str(error.filename))}`: " if error.filename else ""
        return [_head("system", f"{where}{error.strerror or error}")]
    lines = [_head(error.code, visible(error.message))]
    if isinstance(error, PolicyError) and error.file:
        lines += _place(error)
    lines += [
        f"  help: {visible(line)}" if at == 0 else f"        {visible(line)}" for at, line in enumerate(_help(error))
    ]
    return lines


def _help(error: AssentError | ProofError) -> list[str]:
    return error.help.splitlines()


def _head(code: str, message: str) -> str:
    return click.style("error", fg="red", bold=True) + f"[{code}]: {message}"


def _place(error: PolicyError) -> list[str]:
    """`at FILE:LINE:COLUMN`, and the offending text."""
    place = ":".join([visible(error.file), *(str(number) for number in (error.line, error.column) if number)])
    lines = [f"  at {place}"]
    if error.text:
        lines.append(f"     | {visible(error.text)}")
    return lines
