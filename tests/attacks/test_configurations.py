"""Configuration files of a project that somebody hostile wrote, looked at by the operator's commands."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from assent.edges.clients.entries import find, wrapped_by
from assent.edges.clients.files import MOST, Held, parse, read
from assent.edges.clients.install import Launcher, plan
from assent.edges.clients.naming import Names
from assent.edges.clients.places import places
from assent.edges.clients.shown import hidden
from assent.edges.clients.tree import texts
from assent.edges.mcp.command import program_of
from assent.errors import ConfigError
from assent.model.client import CLIENTS

CURSOR = next(client for client in CLIENTS if client.name == "cursor")


def spent(started: float) -> float:
    """Processor seconds since then."""
    return time.process_time() - started


DEEP = {
    "a dotted key": ".".join(["a"] * 400_000) + "=1",
    "a table": "[" + ".".join(["a"] * 3_000) + "]",
    "keys in quotes": '"\\"".' * 150_000 + "a=1",
    "long keys": ".".join(["a" * 70] * 2_000) + "=1",
    "blanks around the dots": "a            .   " * 60_000 + "a=1",
    "tables in tables": "x=" + "{a.a.a.a=" * 90 + "1" + "}" * 90,
    "lists in lists": "x=" + "[" * 300 + "]" * 300,
}


@pytest.mark.parametrize("what", DEEP)
def test_no_depth_of_toml_ends_or_holds_up_a_command(what: str) -> None:
    """Refused by name, soon: the standard library takes quadratic time for a dotted key, and trees are walked."""
    started = time.process_time()
    with pytest.raises(ConfigError):
        list(texts(parse("config.toml", DEEP[what].encode()).root))
    assert spent(started) < 10


def test_what_clients_write_is_read() -> None:
    """Else the other tests would show nothing."""
    text = '[projects."/srv/a.b.c"]\ntrust = "x"\n[mcp_servers.git.env]\nA = "1.2.3' + ".4" * 60 + '"\n'
    root = parse("config.toml", text.encode()).root
    assert root.get("mcp_servers", "git", "env", "A")


def test_no_number_of_servers_holds_up_a_command(tmp_path: Path) -> None:
    """A file that names more servers than anybody has is refused: showing them takes quadratic time."""
    servers: dict[str, Any] = {f"s{number}": {"command": "uvx"} for number in range(100_000)}
    content = json.dumps({"mcpServers": servers}).encode()
    assert len(content) < MOST
    [place] = places([CURSOR], "/", "/", {}, str(tmp_path / "c.json"))
    held = Held(place.path, place.path, content, os.stat(tmp_path))
    started = time.process_time()
    with pytest.raises(ConfigError, match="servers"):
        plan(place, held, Launcher("/opt/assent", "", {}), Names(lambda _: "", {}))
    assert spent(started) < 20


@pytest.mark.parametrize("file", ["lib/python3.12/site-packages/x-1.dist-info/RECORD", "node_modules/x/package.json"])
def test_a_pipe_in_place_of_a_package_holds_up_nothing(tmp_path: Path, file: str) -> None:
    """What a command starts is told by reading regular files of a bounded size; opening a pipe would wait for ever."""
    program = tmp_path / ("bin/x" if "RECORD" in file else "node_modules/x/x.js")
    for path in (program, tmp_path / file):
        path.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("x")
    program.chmod(0o755)
    os.mkfifo(tmp_path / file)
    assert program_of([str(program)], {}).package == ""
    (tmp_path / file).unlink()
    with (tmp_path / file).open("wb") as sparse:
        sparse.truncate(1 << 33)
    assert program_of([str(program)], {}).package == ""


def test_a_pipe_in_place_of_a_program_holds_up_nothing(tmp_path: Path) -> None:
    """A RECORD may name a program that is none."""
    record = tmp_path / "lib/python3.12/site-packages/x-1.dist-info/RECORD"
    record.parent.mkdir(parents=True)
    record.write_text("../../../bin/x,sha256=abc,1\n")
    (tmp_path / "bin").mkdir()
    os.mkfifo(tmp_path / "bin/x", 0o755)
    assert program_of([str(tmp_path / "bin/x")], {}).package == ""


def test_a_link_of_a_project_is_shown_as_what_it_leads_to(tmp_path: Path) -> None:
    """A project's file may be a link to anywhere: what is asked about is the file that would be written."""
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "mcp.json").symlink_to(tmp_path / "other.json")
    held = read(str(tmp_path / "mcp.json"))
    assert held is not None and held.label == f"{tmp_path / 'mcp.json'} (leads to {tmp_path / 'other.json'})"


WRAPPED_LIES = {
    "another package beside": ["uvx", "--with", "assent", "mcp", "--", "x"],
    "another package under the name": ["uvx", "--from=evil", "assent", "mcp", "--", "x"],
    "the value of an option": ["uvx", "--python", "assent", "mcp", "--", "x"],
    "another package for pipx": ["pipx", "run", "--spec=evil", "assent", "mcp", "--", "x"],
    "another folder": ["uv", "run", "--project", "assent", "mcp", "--", "x"],
}


@pytest.mark.parametrize("what", WRAPPED_LIES)
def test_what_starts_another_package_does_not_count_as_wrapped(what: str) -> None:
    """A runner starts the package that its options name: the word `assent` among them is not Assent."""
    assert wrapped_by(WRAPPED_LIES[what]) is None


@pytest.mark.parametrize("words", ["uvx assent mcp", "uvx --python 3.12 assent@1.2 mcp", "uv run assent mcp"])
def test_what_starts_assent_counts(words: str) -> None:
    """Else the other tests would show nothing."""
    assert wrapped_by([*words.split(), "--name", "x", "--", "y"]) is not None


def test_a_home_that_the_environment_moves_is_told(tmp_path: Path) -> None:
    """A policy of the agent's own on another home governs nothing: coverage names the home."""
    entry = {"command": "/opt/assent", "args": ["mcp", "--", "x"], "env": {"HOME": "/tmp/agent"}}
    root = parse("c.json", json.dumps({"mcpServers": {"a": entry}}).encode())
    [found] = find(root, [("mcpServers",)])
    assert found.wrapped is not None and found.wrapped.home == "/tmp/agent/.assent"


@pytest.mark.parametrize(
    ("word", "before"),
    [
        ("-s3cret", "--password"),
        ("https://abcdef0123456789@example.org/x", ""),
        ("postgresql://u:p/w@example.org/x", ""),
        ("https://example.org/x?sig=abcdef", ""),
    ],
)
def test_no_secret_of_an_odd_form_is_shown_in_a_difference(word: str, before: str) -> None:
    """What an option that is called a password is given, and whatever stands before the host of an address."""
    assert hidden(word, before)
    assert not hidden("https://example.org/mail@home", "") and not hidden("--verbose", "--no-auth")
