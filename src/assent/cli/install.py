"""`assent install`: put Assent in front of the servers of a client's configuration, and take it away again."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.asking import confirm
from assent.cli.output import columns, print_json, visible
from assent.cli.shell import JSON_OPTION, YES_OPTION, Shell, with_shell
from assent.errors import ConfigError
from assent.model.client import CLIENTS, Client

if TYPE_CHECKING:
    from assent.edges.clients.files import Held
    from assent.edges.clients.install import Plan, Step
    from assent.edges.clients.naming import Names
    from assent.edges.clients.places import Place

_SAID = {
    "wrap": "{name}",
    "unwrap": "no longer {name}",
    "wrapped": "left alone: it goes through Assent already",
    "http": "left alone: reached over HTTP, which `assent mcp` cannot stand before",
    "unreadable": "left alone: no command can be read",
}


@click.command("install")
@click.argument("name", metavar="CLIENT", type=click.Choice([client.name for client in CLIENTS]))
@click.option("--undo", is_flag=True, help="Take Assent away again; byte for byte, if nothing else has changed.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Its configuration (default: where the client keeps it, and in the current directory).",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@YES_OPTION
@JSON_OPTION
@with_shell
def command(shell: Shell, name: str, undo: bool, config: Path | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Put Assent in front of every MCP server that a client is configured to start.

    CLIENT is claude-desktop, claude-code, cursor, vscode, codex, gemini, windsurf
    or copilot. Shows the difference and asks; only the commands change, and a copy
    of each file stays in the home until --undo.
    """
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json asks nothing: add --dry-run to look, or --yes")
    client = next(client for client in CLIENTS if client.name == name)
    plans = _undone(shell, client, config) if undo else _wrapped(shell, client, config, dry_run)
    changed = [one for one in plans if one.changes]
    done = not dry_run and (bool(changed) or undo)
    if not as_json:
        _show(plans, undo)
    if changed and not dry_run:
        what = "Take Assent away from" if undo else "Put Assent in front of"
        confirm(f"{what} {_counted(changed)} of {client.title}?", yes=yes)
    if done:
        for one in plans:
            one.carry_out(shell.config().home)
    if as_json:
        print_json({"client": name, "undo": undo, "written": done and bool(changed), "files": [*map(_json, plans)]})
    elif done and changed:
        click.echo(
            f"Done. Restart {client.title}." + ("" if undo else f" Take it back with: assent install {name} --undo")
        )


def _wrapped(shell: Shell, client: Client, config: Path | None, dry_run: bool) -> list[Plan]:
    """What wrapping comes to, file by file."""
    from assent.edges.clients.install import Launcher, plan

    settings = shell.config()
    usual = Path(os.path.expanduser("~")) / ".assent"
    launcher = Launcher(_program(), "" if settings.home == usual else str(settings.home), shell.environ)
    with _names(shell, dry_run) as names:
        return [plan(place, held, launcher, names) for place, held in _held(shell, client, config)]


def _held(shell: Shell, client: Client, config: Path | None) -> list[tuple[Place, Held]]:
    """The files of a client that are there.

    Raises:
        ConfigError: `client_missing`: none is; or one cannot be read.
    """
    from assent.edges.clients.files import read

    looked = _places(shell, client, config)
    found = [(place, held) for place in looked if (held := read(place.path))]
    if not found:
        where = "`, `".join(place.path for place in looked)
        text = f"{client.title} has no configuration here: looked for `{where}`"
        help = "name a file that is there" if config else "name the file with --config FILE, or run this in the project"
        raise ConfigError("client_missing", text, help=help)
    return found


def _places(shell: Shell, client: Client, config: Path | None) -> list[Place]:
    from assent.edges.clients.places import places

    given = os.path.abspath(config) if config else ""
    return list(places([client], os.path.expanduser("~"), os.getcwd(), shell.environ, given))


@contextmanager
def _names(shell: Shell, dry_run: bool) -> Iterator[Names]:
    """Names that the home knows; to look only, there need not be one."""
    from assent.assembly import begun
    from assent.edges.clients.kept import records
    from assent.edges.clients.naming import Names

    config = shell.config()
    home = config.home
    if dry_run and not begun(config):
        yield Names(lambda _: "", {})
        return
    with shell.read() as reader:
        given = {name: what for record in records(home) for name, what in record.identities.items()}
        yield Names(lambda name: reader.state(f"server:{name}") or "", given)


def _undone(shell: Shell, client: Client, config: Path | None) -> list[Plan]:
    """What undoing comes to, for each file that was written for this client."""
    from assent.edges.clients.files import read
    from assent.edges.clients.install import plan_undo
    from assent.edges.clients.kept import records
    from assent.edges.clients.places import places

    home, given = shell.config().home, os.path.abspath(config) if config else ""
    mine = [one for one in records(home) if one.client == client.name and (not given or one.file == given)]
    plans = []
    for file in dict.fromkeys(one.file for one in mine):
        held = read(file)
        if held is None:
            raise ConfigError("client_missing", f"`{file}` is not there any more", help="put it back, then undo")
        [place] = places([client], "/", "/", {}, file)
        plans.append(plan_undo(place, held, [one for one in mine if one.file == file], home))
    return plans


def _program() -> str:
    """The absolute path of the `assent` that is running.

    Raises:
        ConfigError: `no_program`: there is none that a client could start.
    """
    found = shutil.which("assent", path=os.path.dirname(sys.executable))
    if found is None and os.path.basename(sys.argv[0]).startswith("assent"):
        found = shutil.which(os.path.abspath(sys.argv[0]))
    if found is None:
        help = "install the package so that there is one, for example with pipx"
        raise ConfigError("no_program", "there is no program `assent` beside this Python", help=help)
    return os.path.abspath(found)


# ---- what is shown -----------------------------------------------------------------


def _show(plans: list[Plan], undo: bool) -> None:
    if not plans:
        click.echo("nothing to undo")
    for one in plans:
        click.echo(visible(one.held.label))
        for line in one.diff:
            click.echo(click.style(visible(line), fg={"+": "green", "-": "red"}.get(line[0])))
        for line in columns(["", visible(step.entry.label), _said(step)] for step in one.steps):
            click.echo(line)
        if not one.steps:
            click.echo("  nothing to undo" if undo else "  it names no server")


def _said(step: Step) -> str:
    return _SAID[step.state].format(name=step.name) + (" (disabled)" if step.entry.disabled else "")


def _counted(plans: list[Plan]) -> str:
    count = sum(step.state in ("wrap", "unwrap") for one in plans for step in one.steps)
    return f"{count} {'server' if count == 1 else 'servers'}"


def _json(one: Plan) -> dict[str, object]:
    servers = [
        {"server": step.entry.label, "state": step.state, "name": step.name, "disabled": step.entry.disabled}
        for step in one.steps
    ]
    return {"file": one.held.path, "changed": one.changes, "diff": list(one.diff), "servers": servers}
