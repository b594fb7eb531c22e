"""Telling the demo: with colour and short pauses on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import click

from assent.cli.output import VERDICT_COLOUR, columns, visible
from assent.errors import AssentError

_PAUSE = 0.5  # seconds, on a terminal only
_NEXT = (
    ("assent init", "a home of your own, with a key that your passphrase locks"),
    ("assent mcp -- COMMAND", "before a server in your client's configuration: see examples/quickstart"),
    ("assent demo --keep", "then look round in its home: assent --home DIR/home receipts list"),
)


@dataclass
class Told:
    """One scene as it went."""

    title: str
    steps: list[dict[str, object]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Did every step end as it must?"""
        return bool(self.steps) and all(step["ok"] for step in self.steps)

    def as_json(self) -> dict[str, object]:
        """The object of `assent demo --json`."""
        return {"title": self.title, "ok": self.ok, "steps": self.steps}


class Teller:
    """Prints scenes and remembers how they went.

    Args:
        quiet: print nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._live = not quiet and sys.stdout.isatty()
        self.scenes: list[Told] = []

    @property
    def ok(self) -> bool:
        """Has every scene so far ended as it must?"""
        return all(scene.ok for scene in self.scenes)

    def play(self, title: str, about: str, run: Callable[[], None]) -> bool:
        """Play one scene; False if it could not be played to its end."""
        self.scenes.append(Told(title))
        self._head(len(self.scenes), title, about)
        try:
            run()
        except AssentError as error:
            self.step("demo", "plays on", "the scene to its end", wrong=f"{error.message} {error.help}".strip())
            return False
        return True

    def _head(self, number: int, title: str, about: str) -> None:
        if self._live:
            from rich.console import Console

            console = Console(highlight=False)
            console.print()
            console.rule(f"[bold]{number}  {title}[/bold]", align="left", style="dim")
            console.print(f"[dim]{about}[/dim]")
            time.sleep(_PAUSE)
        elif not self._quiet:
            click.echo(f"\n{number}  {title}\n   {about}")

    def step(self, who: str, did: str, must: str, *, wrong: str = "", verdict: str = "") -> None:
        """One step: who did what, and what came of it.

        Args:
            must: what must come of it.
            wrong: what came instead; empty if nothing did.
            verdict: gives `must` its colour.
        """
        ok = not wrong
        came = must if ok else f"expected {must}; got {wrong}"
        self.scenes[-1].steps.append({"who": who, "did": did, "came": came, "ok": ok})
        if self._quiet:
            return
        mark = click.style("ok", fg="green") if ok else click.style("WRONG", fg="red", bold=True)
        colour = VERDICT_COLOUR.get(verdict if ok else "deny")
        click.echo(f"   {click.style(who, bold=True)}: {visible(did)}")
        click.echo(f"     {mark}  {click.style(visible(came), fg=colour)}")
        if self._live:
            time.sleep(_PAUSE)

    def quote(self, text: str) -> None:
        """What a command or tool showed, as it was."""
        if not self._quiet:
            for line in text.strip().splitlines():
                click.echo(click.style(f"       | {visible(line)}", dim=True))

    def note(self, text: str) -> None:
        """A remark on the set-up; beside the JSON, where there is one."""
        click.echo(text, err=self._quiet)

    def finish(self, *, ok: bool, seconds: float) -> None:
        """The last lines: how it went, and what to try next."""
        steps = sum(len(scene.steps) for scene in self.scenes)
        word = "every one ended as it must" if ok else "NOT every one ended as it must"
        click.echo(f"\n{len(self.scenes)} scenes, {steps} steps in {seconds} s: {click.style(word, bold=True)}.")
        if ok:
            click.echo("\nTry next:")
            for line in columns(_NEXT):
                click.echo(f"  {line}")
