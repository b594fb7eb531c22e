"""`assent policy`: check what the files say, show what is in force, activate a change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.asking import confirm, passphrase
from assent.cli.mode import DAYS_OPTION, said, start, switch
from assent.cli.output import print_json, visible
from assent.cli.shell import JSON_OPTION, KEY_OPTION, YES_OPTION, Group, Shell, with_shell
from assent.errors import ConfigError, PolicyError, RequestError

if TYPE_CHECKING:
    from assent.admin.activate import Standing
    from assent.assembly import Home
    from assent.policy.rule import Rule


@click.group("policy", cls=Group)
def command() -> None:
    """Check, show, activate, observe and enforce policies."""


@command.command("check")
@JSON_OPTION
@with_shell
def check(shell: Shell, as_json: bool) -> int:
    """Check the files in the home against what is in force; changes nothing.

    Exit code 1 if they could not be put in force: the last good policies stay.
    """
    from assent.admin.activate import standing
    from assent.admin.foresee import foresee

    home = shell.config().home
    with shell.read() as reader:
        found = standing(reader, home)
        digest = reader.state("bundle") or ""
        notes = foresee(reader, *found.texts.check()) if found.texts else []
    if as_json:
        print_json(_as_json(found, digest, notes))
        return 1 if found.error else 0
    if found.error is not None:
        raise found.error
    click.echo(f"in force  {digest}")
    if found.state == "same":
        click.echo("files     are what is in force")
    else:
        click.echo("files     differ, and could be put in force with `assent policy activate`:")
        _print_difference(found.difference)
    _print_notes(notes)
    return 0


def _as_json(found: Standing, digest: str, notes: Sequence[str]) -> dict[str, object]:
    error = found.error
    place = {}
    if isinstance(error, PolicyError):
        place = {"file": error.file, "line": error.line, "column": error.column, "text": error.text}
    told = {"code": error.code, "message": error.message, "help": error.help, **place} if error else None
    return {"state": found.state, "bundle": digest, "difference": found.difference, "error": told, "notes": list(notes)}


@command.command("activate")
@KEY_OPTION
@YES_OPTION
@with_shell
def activate(shell: Shell, key: Path | None, yes: bool) -> None:
    """Put the files of the home in force, after showing what changes."""
    from assent.admin.activate import activate as put_in_force
    from assent.admin.activate import standing
    from assent.admin.foresee import foresee

    with shell.open() as home:
        with home.store.read() as reader:
            found = standing(reader, home.config.home)
        if found.error is not None:
            raise found.error
        if found.state == "same" or found.texts is None:
            click.echo("nothing to activate: the files are what is in force")
            return
        _must_have_operator(home)
        _print_difference(found.difference)
        confirm("Put this in force?", yes=yes)
        signer = home.unlock(key, passphrase)
        digest = put_in_force(home.log, found.texts, signer, home.clock.now())
        rules = home.rules()
        with home.store.read() as reader:
            notes = foresee(reader, rules.bundle, rules.profiles)
    click.echo(f"in force  {digest}")
    _print_notes(notes)


@command.command("observe")
@DAYS_OPTION
@KEY_OPTION
@YES_OPTION
@with_shell
def observe(shell: Shell, days: int, key: Path | None, yes: bool) -> None:
    """Only record what policy would ask about and stop, for some days; signed, and receipted.

    What reaches Assent's own files and commands is stopped all the same, and so is
    what is malformed or cannot be recorded.
    """
    with shell.open() as home:
        question = f"Let pass for {days} days what policy would ask about or stop?"
        switch(home, key, yes, question, lambda signer: start(home, signer, days))


@command.command("enforce")
@KEY_OPTION
@YES_OPTION
@with_shell
def enforce(shell: Shell, key: Path | None, yes: bool) -> None:
    """Enforce policy from the next call on."""
    from assent.admin import mode

    with shell.open() as home:
        switch(home, key, yes, "Enforce policy from now on?", lambda by: mode.enforce(home.log, by, home.clock.now()))
    click.echo(f"mode      {said(0)}")


def _print_notes(notes: Sequence[str]) -> None:
    """What loads, and will still not do what was meant."""
    for note in notes:
        click.echo(f"note      {visible(note)}")


def _must_have_operator(home: Home) -> None:
    with home.store.read() as reader:
        if not reader.state("operator"):
            help = "run `assent init` at a terminal"
            raise ConfigError("no_operator_key", "no operator's key is enrolled on this home", help=help)


def _print_difference(difference: str) -> None:
    """The diff, made visible: the agent may have written what is to be activated."""
    for line in difference.split("\n"):
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        click.echo("  " + click.style(visible(line), fg=colour))


@command.command("show")
@click.argument("id", metavar="[ID]", required=False)
@JSON_OPTION
@with_shell
def show(shell: Shell, id: str | None, as_json: bool) -> None:
    """Print the policies in force, or the one with this @id."""
    from assent.admin.activate import active

    with shell.read() as reader:
        bundle, _ = active(reader)
    rule = None if id is None else bundle.rule(id)
    if id is not None and rule is None:
        raise RequestError(
            "unknown_policy", f"no policy in force has the id `{visible(id)}`", help="assent policy show"
        )
    if as_json:
        rules = bundle.rules() if rule is None else (rule,)
        print_json({"bundle": bundle.digest, "policies": [_told(one) for one in rules]})
    elif rule is not None:
        click.echo(_whole(rule.text))
    else:
        click.echo(f"// in force: {bundle.digest}")
        for source in bundle.sources:
            click.echo(f"\n// {visible(source.name)}\n" + _whole(source.text))


def _told(rule: Rule) -> dict[str, object]:
    return {"id": rule.id, "effect": rule.effect, "group": rule.group, "digest": rule.digest, "text": rule.text}


def _whole(text: str) -> str:
    return "\n".join(visible(line) for line in text.removesuffix("\n").split("\n"))
