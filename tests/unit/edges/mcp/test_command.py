"""A launch command resolves to the package it starts, whatever it is called."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest

from assent.edges.mcp.command import program_of


@pytest.mark.parametrize(
    ("command", "package", "version", "arguments"),
    [
        ("uvx mcp-server-git --repository /r", "pypi:mcp-server-git", "", ("--repository", "/r")),
        ("uvx mcp_server.git@1.2", "pypi:mcp-server-git", "1.2", ()),
        ("uvx --from mcp-server-git==1.2 other x", "pypi:mcp-server-git", "1.2", ("x",)),
        ("uvx --python 3.12 mcp-server-git", "pypi:mcp-server-git", "", ()),
        ("uv tool run mcp-server-git", "pypi:mcp-server-git", "", ()),
        ("pipx run --spec mcp-server-git==1.2 other", "pypi:mcp-server-git", "1.2", ()),
        ("npx -y @scope/server@1.2.3 /a /b", "npm:@scope/server", "1.2.3", ("/a", "/b")),
        ("npx -y -p @scope/server other", "npm:@scope/server", "", ()),
        ("uvx --from git+https://example.org/x other", "", "", ()),
        ("npx -y ./here", "", "", ()),
        ("/no/such/thing a b", "", "", ("a", "b")),
        ("python3 server.py a", "", "", ("a",)),
    ],
)
def test_runners_name_the_package(command: str, package: str, version: str, arguments: tuple[str, ...]) -> None:
    """What cannot be told stays empty."""
    found = program_of(command.split(), {"PATH": ""})
    assert (found.package, found.version, found.arguments) == (package, version, arguments)
    assert found.identity


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment with one package that has a program."""
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    info = site / "mcp_server_x-1.2.dist-info"
    info.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "mcp-server-x"
    program.write_text("#!python\n")
    program.chmod(0o755)
    hashed = base64.urlsafe_b64encode(sha256(program.read_bytes()).digest()).rstrip(b"=").decode()
    rows = f"../../../bin/mcp-server-x,sha256={hashed},9\nmcp_server_x/__main__.py,sha256=x,1\n"
    (info / "RECORD").write_text(rows)
    return tmp_path


def test_an_installed_program_is_the_package_that_recorded_it(environment: Path) -> None:
    """By the hash that its installation wrote down."""
    program = environment / "bin" / "mcp-server-x"
    found = program_of([str(program), "--flag"], {})
    assert (found.package, found.version, found.arguments) == ("pypi:mcp-server-x", "1.2", ("--flag",))


def test_a_program_that_was_changed_is_not_the_package(environment: Path) -> None:
    """Its name and place prove nothing."""
    program = environment / "bin" / "mcp-server-x"
    program.write_text("#!/bin/sh\nother\n")
    found = program_of([str(program)], {})
    assert (found.package, found.identity) == ("", f"program:{program}")


def test_a_module_is_the_package_that_holds_it(environment: Path) -> None:
    """`python -m` looks in the interpreter's own packages."""
    python = environment / "bin" / "python"
    python.write_text("")
    python.chmod(0o755)
    found = program_of([str(python), "-m", "mcp_server_x", "a"], {})
    assert (found.package, found.version, found.arguments) == ("pypi:mcp-server-x", "1.2", ("a",))
    assert program_of([str(python), "-m", "other"], {}).package == ""


def test_a_script_of_a_node_package_is_that_package(tmp_path: Path) -> None:
    """Started by node, or by the link that its installation made."""
    folder = tmp_path / "node_modules" / "@scope" / "server"
    (folder / "dist").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": "@scope/server", "version": "1.2.3"}))
    script = folder / "dist" / "index.js"
    script.write_text("")
    script.chmod(0o755)
    link = tmp_path / "node_modules" / ".bin" / "server"
    link.parent.mkdir()
    link.symlink_to(script)
    for command in (["node", str(script), "/root"], [str(link), "/root"]):
        found = program_of(command, {"PATH": ""})
        assert (found.package, found.version, found.arguments) == ("npm:@scope/server", "1.2.3", ("/root",))
