"""Rules of `examples/quickstart`: each client's configuration starts a governed server, and the rest runs as shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assent.edges.mcp.command import program_of
from assent.policy.bundle import Source, load
from tests.edges.mcp.wire import Wire
from tests.stores.places import durable_directory
from tests.stories.story import ROOT

QUICKSTART = ROOT / "examples" / "quickstart"
#: What `ask.py` prints about a table that would be dropped.
PRINTED = "escalate: starter/irreversible: it cannot be undone"


def configured() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Client, server and its entry, of every configuration."""
    for path in sorted(QUICKSTART.glob("*.json")):
        found = json.loads(path.read_text())
        for name, entry in found.get("mcpServers", found.get("servers")).items():
            yield path.stem, name, entry


ENTRIES = list(configured())
NAMES = [f"{client}-{name}" for client, name, _ in ENTRIES]


@pytest.fixture
def folder() -> Iterator[Path]:
    with durable_directory() as path:
        subprocess.run(["git", "init", "-q", "app"], cwd=path, check=True)
        yield path


def environ(folder: Path) -> dict[str, str]:
    """A home of its own, and `assent` on the path."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ASSENT_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**plain, "ASSENT_HOME": str(folder / "home"), "ASSENT_APPROVAL_WAIT": "0", "PATH": path}


def started(entry: dict[str, Any], name: str, folder: Path) -> Wire:
    """The entry as the client would start it, with the installed server in place of the runner."""
    words = entry["args"]
    at = next(index for index, word in enumerate(words) if word.startswith("mcp-server-"))
    server = str(ROOT / ".servers" / name / "bin" / f"mcp-server-{name}")
    argument = str(folder / "app" if name == "git" else folder / "notes.db")
    governed = words[: words.index("--") + 1]
    wire = Wire([entry["command"], *governed, server, words[at + 1], argument], environ(folder))
    wire.hello()
    return wire


@pytest.mark.parametrize(("client", "name", "entry"), ENTRIES, ids=NAMES)
def test_a_configuration_starts_a_governed_server(client: str, name: str, entry: dict[str, Any], folder: Path) -> None:
    """It starts, lists tools under the client's name, and names a package and version that a shipped profile knows."""
    wire = started(entry, name, folder)
    wire.close()
    shown = subprocess.run(
        ["assent", "sessions", "--all", "--json"], env=environ(folder), capture_output=True, check=True
    )
    assert [one["principal"] for one in json.loads(shown.stdout)] == [f'Agent::"local/{client}"']
    program = program_of(entry["args"][entry["args"].index("--") + 1 :], {})
    profile = ROOT / "src" / "assent" / "catalog" / "profiles" / f"mcp-server-{name}.toml"
    assert (program.package, f'"{program.version}"' in profile.read_text()) == (f"pypi:mcp-server-{name}", True)


def test_every_client_is_there() -> None:
    """Four clients, each named by the page."""
    page = (QUICKSTART / "README.md").read_text()
    assert {client for client, _, _ in ENTRIES} == {"claude-desktop", "claude-code", "cursor", "vscode"}
    assert all(f"({path.name})" in page for path in QUICKSTART.iterdir() if path.name != "README.md")


def test_the_policy_has_three_lines_and_loads() -> None:
    """It is one rule in three lines."""
    text = (QUICKSTART / "no-drop.cedar").read_text()
    assert (text.count("\n"), len(load([Source("no-drop.cedar", text)]))) == (3, len(load([])) + 1)


def test_a_program_asks_what_would_be_decided(folder: Path) -> None:
    """`ask.py` prints the verdict and its reason, once the server is known."""
    entry = next(entry for _, name, entry in ENTRIES if name == "sqlite")
    started(entry, "sqlite", folder).close()
    command = [sys.executable, str(QUICKSTART / "ask.py")]
    done = subprocess.run(command, env=environ(folder), capture_output=True, text=True, check=True)
    assert done.stdout == f"{PRINTED}\n"
