"""What counts as wrapped, what a server is called, where clients keep their files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assent.catalog.analysers.path import runs_by_itself
from assent.cli import install
from assent.edges.clients.entries import Wrapped, wrapped_by
from assent.edges.clients.naming import Names, plain
from assent.edges.clients.places import places
from assent.edges.clients.shown import hidden
from assent.inform.observe import guarded_paths
from assent.model.client import CLIENTS, client_files

WRAPPED = {
    "assent mcp -- x": Wrapped("assent", "", "", 3),
    "/o/assent --home /h mcp --name a -- x -y": Wrapped("/o/assent", "/h", "a", 7),
    "assent mcp --name=a --home=/h x": Wrapped("assent", "/h", "a", 4),
    "C:\\o\\assent.exe mcp --root / -- x": Wrapped("C:\\o\\assent.exe", "", "", 5),
    "assent mcp --url https://h/mcp --name a": Wrapped("assent", "", "a", 6),
    "python3.11 -m assent mcp -- x": Wrapped("python3.11", "", "", 5),
    "uvx assent mcp -- x": Wrapped("uvx", "", "", 4),
    "uv tool run assent==1 mcp -- x": Wrapped("uv", "", "", 6),
    "pipx run assent mcp -- x": Wrapped("pipx", "", "", 5),
}
NOT_WRAPPED = [
    "x",
    "assent",
    "assent demo",
    "assent verify mcp",
    "assent-mcp mcp -- x",
    "uvx other assent mcp -- x",
    "python -m other assent mcp -- x",
    "sh -c assent",
    "env assent.sh mcp -- x",
]


@pytest.mark.parametrize("line", WRAPPED)
def test_what_goes_through_assent_is_seen(line: str) -> None:
    """`assent mcp`, however it is started, with its name, its home, and where the server's own command begins."""
    assert wrapped_by(line.split(" ")) == WRAPPED[line]


@pytest.mark.parametrize("line", NOT_WRAPPED)
def test_what_does_not_is_not_taken_for_it(line: str) -> None:
    """Another program, another subcommand, or the word somewhere else is no gateway."""
    assert wrapped_by(line.split(" ")) is None


def test_names_are_server_names() -> None:
    """Lower case, digits and `-`, 1 to 40 of them, whatever the client calls it."""
    assert [plain(name) for name in ("My_Server 2", "é è", "--", "", "x" * 99, "a.b/c")] == [
        "my-server-2",
        "e-e",
        "server",
        "server",
        "x" * 40,
        "a-b-c",
    ]


def test_a_name_that_stands_for_another_program_is_not_given() -> None:
    """Neither one that the home knows, nor one of an earlier install, nor one of the same file."""
    names = Names(lambda name: "npm:other" if name == "a" else "", {"a-2": "npm:third"})
    taken = {"a-3"}
    assert [names.choose("a", "pypi:mine", taken), names.choose("a", "npm:other", taken)] == ["a-4", "a"]
    assert names.choose("a", "npm:third", set()) == "a-2"


def test_every_file_that_holds_servers_is_kept_from_the_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's file is guarded, wherever it was moved; a project's runs by itself, so that writing it asks."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CODEX_HOME", "/elsewhere/codex")
    guarded = guarded_paths(tmp_path / "home").clients
    found = list(places(CLIENTS, str(tmp_path), "/project", os.environ))
    assert {"/elsewhere/codex/config.toml", f"{tmp_path}/.codex/config.toml"} <= set(guarded)
    for place in found:
        kept = runs_by_itself(place.path) if place.path.startswith("/project/") else place.path in guarded
        assert kept, place.path
    assert set(client_files(str(tmp_path), {})) <= set(guarded)
    assert len({place.path for place in found}) == len(found) > 15


def test_a_moved_place_is_absolute() -> None:
    """A variable that holds no absolute path moves nothing: what it would mean depends on where one stands."""
    assert client_files("/u", {"CODEX_HOME": "relative"}) == client_files("/u", {})


def test_the_command_takes_every_client() -> None:
    """The help of the command names exactly the clients of the list."""
    assert all(client.name in str(install.command.help) for client in CLIENTS)


@pytest.mark.parametrize(
    ("word", "before"),
    [
        ("x", "--token"),
        ("x", "-e"),
        ("--api-key=x", ""),
        ("API_TOKEN=x", ""),
        ("postgresql://u:p@h/d", ""),
        ("Authorization: Bearer x", ""),
        ("https://h/?key=x", ""),
        ("ghp_" + "a" * 36, ""),
    ],
)
def test_words_that_may_be_secret_are_hidden(word: str, before: str) -> None:
    """By shape, by name, by the option before it."""
    assert hidden(word, before)


@pytest.mark.parametrize("word", ["-y", "@scope/server-memory@1.2", "/src/app", "--repository", "https://h/x", "a=b"])
def test_ordinary_words_are_shown(word: str) -> None:
    """What says which server is started stays readable."""
    assert not hidden(word, "--db-path")
