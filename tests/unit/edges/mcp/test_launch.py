"""Names, roots, principals: what is not sure is refused before a message is read."""

from __future__ import annotations

import concurrent.futures
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assent.edges.mcp import launch
from assent.edges.mcp.caller import Caller, principal_of
from assent.edges.mcp.command import Program
from assent.edges.mcp.launch import Options
from assent.errors import ConfigError, RequestError


class Home:
    """State and settings in memory."""

    def __init__(self, folder: Path) -> None:
        self.config = SimpleNamespace(home=folder, user="someone")
        self.known: dict[str, str] = {}
        self.log = self

    @property
    def store(self) -> Any:
        @contextmanager
        def read() -> Any:
            yield self

        return SimpleNamespace(read=read)

    def submit(self, job: Any, *, durable: bool) -> concurrent.futures.Future[Any]:
        before = dict(self.known)
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_result(job(self))
        claimed = any(key.startswith("server:") for key in self.known.keys() - before.keys())
        assert durable or not claimed  # a name that a crash could give to another program is none
        return future

    def state(self, key: str) -> str | None:
        return self.known.get(key)

    def put_state(self, key: str, value: str) -> None:
        self.known[key] = value

    def rules(self) -> Any:
        return SimpleNamespace(profiles=self)

    def zone_of(self, package: str) -> str:
        return "local" if package == "npm:files" else ""

    def roots_of(self, package: str, arguments: Any) -> tuple[str, ...] | None:
        return tuple(arguments) if package == "npm:files" else None


def program(identity: str = "pypi:mcp-server-git", *arguments: str) -> Program:
    package = identity if identity.startswith(("pypi:", "npm:")) else ""
    return Program(identity, package, "", arguments)


@pytest.mark.parametrize(
    "options",
    [
        Options(()),
        Options(("x",), name="Reversible!"),
        Options(("x",), name="a" * 41),
        Options(("x",), zone="everywhere"),
        Options(("x",), caller=Caller('Group::"admins"')),
        Options(("x",), caller=Caller('Agent::"a" or true')),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_starts(options: Options) -> None:
    """Server names cannot hold what could join a Cedar group; principals are of four kinds."""
    with pytest.raises((ConfigError, RequestError)):
        launch._check(options)


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ("pypi:mcp-server-git", "mcp-server-git"),
        ("npm:@scope/server-files", "server-files"),
        ("script:/a/My Server.py", "my-server"),
        ("program:/usr/bin/x.y", "x"),
    ],
)
def test_a_server_without_a_name_has_its_packages(tmp_path: Path, identity: str, name: str) -> None:
    """`--name` comes first."""
    home: Any = Home(tmp_path)
    assert launch._server(Options(("x",)), program(identity), home).name == name
    assert launch._server(Options(("x",), name="other"), program(identity), home).name == "other"


def test_a_name_belongs_to_the_first_program_that_had_it(tmp_path: Path) -> None:
    """Other arguments are the same program; another program is refused by name."""
    home: Any = Home(tmp_path)
    launch._server(Options(("x",), name="git"), program("pypi:mcp-server-git", "/a"), home)
    launch._server(Options(("x",), name="git"), program("pypi:mcp-server-git", "/b"), home)
    with pytest.raises(ConfigError) as refused:
        launch._server(Options(("x",), name="git"), program("script:/evil.py"), home)
    assert refused.value.code == "name_taken" and "--name" in refused.value.help


def test_an_unknown_zone_is_external_and_unknown_roots_are_unknown(tmp_path: Path) -> None:
    """Both are the cautious reading."""
    home: Any = Home(tmp_path)
    server = launch._server(Options(("x",)), program(), home)
    assert (server.zone, server.roots, server.roots_known) == ("external", (), False)


def test_roots_are_those_given_else_those_the_profile_reads(tmp_path: Path) -> None:
    """Resolved, so that a link cannot stand for another place."""
    home: Any = Home(tmp_path / "home")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    server = launch._server(Options(("x",), roots=(str(tmp_path / "link"),)), program(), home)
    assert (server.roots, server.roots_known) == ((str(tmp_path / "real"),), True)
    server = launch._server(Options(("x",)), program("npm:files", str(tmp_path / "real")), home)
    assert (server.roots, server.zone) == ((str(tmp_path / "real"),), "local")


@pytest.mark.parametrize("root", ["", "..", "policy"])
def test_a_root_that_meets_the_home_is_refused(tmp_path: Path, root: str) -> None:
    """The home itself, what holds it, and what lies in it."""
    home: Any = Home(tmp_path / "home")
    with pytest.raises(ConfigError) as refused:
        launch._server(Options(("x",), roots=(str(tmp_path / "home" / root),)), program(), home)
    assert refused.value.code == "root_holds_home"


def test_the_principal_is_named_or_the_parent_program() -> None:
    """What a client says of itself is not asked."""

    assert principal_of("", "me", "Claude Desktop").id == 'Agent::"local/Claude-Desktop"'
    assert principal_of("local/x", "me", "Claude Desktop").id == 'Agent::"local/x"'
    assert principal_of('Service::"ci"', "me", "Claude Desktop").id == 'Service::"ci"'
    assert principal_of("", "me", "Claude Desktop").owner == 'User::"local/me"'
