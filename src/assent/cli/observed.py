"""`assent observed`: what policy would have asked about and stopped, had it been enforced."""

from __future__ import annotations

import click

from assent.cli.mode import said
from assent.cli.observations import Observations, observations
from assent.cli.output import columns, print_json, visible, when
from assent.cli.shell import JSON_OPTION, Shell, with_shell


@click.command("observed")
@JSON_OPTION
@with_shell
def command(shell: Shell, as_json: bool) -> None:
    """Say, rule by rule, what would have been asked and stopped since observing began.

    Variations of one call (the same tool and targets in one session) are one question.
    """
    with shell.read() as reader:
        found = observations(reader)
    if as_json:
        print_json(found.as_json())
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: Observations) -> list[str]:
    if not found.since:
        return ["nothing was ever observed only on this home: policy is enforced", "to begin: assent policy observe"]
    lines = [said(found.until), f"since {when(found.since)}: {_many(found.calls, 'call')} decided"]
    if not found.rules:
        return [*lines, "policy would have let every one of them pass", *_next(found)]
    asked = f"{found.asked} ({_many(found.questions, 'question')})"
    lines += [f"policy would have asked about {asked} and stopped {found.stopped}", ""]
    for rule in found.rules:
        head = f"{visible(rule.id)}  asked {rule.asked}, stopped {rule.stopped}, {_many(rule.questions, 'question')}"
        lines += [click.style(head, bold=True), f"  {visible(rule.reason)}"]
        lines += ["  " + line for line in columns([visible(name), f"{count}"] for name, count in rule.tools)]
        for text in rule.proposals:
            lines += ["  to let the most frequent of these pass, write the rule like this:"]
            lines += ["    " + visible(line) for line in text.splitlines()]
    return [*lines, "", *_next(found)]


def _next(found: Observations) -> list[str]:
    return ["enforce it now: assent policy enforce"] if found.until else []


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
