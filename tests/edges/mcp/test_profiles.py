"""Shipped profiles speak of the tools that their servers really list, each definition by its digest."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from assent_verify.canonical import canonicalize, digest

from assent.catalog.book import Book, read
from tests.edges.mcp.wire import HERE

INSTALLED = HERE.parents[2] / ".servers"
NODE = INSTALLED / "node" / "node_modules" / ".bin"
COMMANDS = {
    "mcp-server-fetch": [str(INSTALLED / "fetch" / "bin" / "mcp-server-fetch")],
    "mcp-server-git": [str(INSTALLED / "git" / "bin" / "mcp-server-git")],
    "mcp-server-sqlite": [str(INSTALLED / "sqlite" / "bin" / "mcp-server-sqlite"), "--db-path", "PLACE/db"],
    "mcp-server-time": [str(INSTALLED / "time" / "bin" / "mcp-server-time")],
    "server-filesystem": [str(NODE / "mcp-server-filesystem"), "PLACE"],
    "server-memory": [str(NODE / "mcp-server-memory")],
}


@dataclass(frozen=True)
class Text:
    """A named profile text."""

    name: str
    text: str


def shipped(name: str) -> Book:
    """One shipped profile file, read."""
    file = resources.files("assent.catalog") / "profiles" / f"{name}.toml"
    return read(Text(f"{name}.toml", file.read_text("utf-8")))


def listed(command: list[str], place: Path) -> Mapping[str, Any]:
    """What a server lists over stdio to a plain client: tool name → definition."""
    client: dict[str, object] = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "0"},
    }
    words = [word.replace("PLACE", str(place)) for word in command]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=place) as server:
        try:
            ask(server, 1, "initialize", client)
            tell(server, {"method": "notifications/initialized"})
            return {tool["name"]: tool for tool in ask(server, 2, "tools/list", {})["tools"]}
        finally:
            server.kill()


def tell(server: subprocess.Popen[str], message: dict[str, object]) -> None:
    """One message to a server."""
    assert server.stdin
    print(json.dumps({"jsonrpc": "2.0", **message}), file=server.stdin, flush=True)


def ask(server: subprocess.Popen[str], id: int, method: str, params: dict[str, object]) -> Any:
    """The result of one request; what else the server says is passed over."""
    assert server.stdout
    tell(server, {"id": id, "method": method, "params": params})
    for line in server.stdout:
        if (answer := json.loads(line)).get("id") == id:
            return answer["result"]
    raise AssertionError(f"{method}: the server ended")


def test_every_shipped_profile_is_tried() -> None:
    """A new file needs a command here."""
    files = (resources.files("assent.catalog") / "profiles").iterdir()
    assert {file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_profile_has_every_tool_of_its_server_and_its_digest(name: str, tmp_path: Path) -> None:
    """DESIGN §4.4: another definition is another tool, and would be inferred."""
    book, tools = shipped(name), listed(COMMANDS[name], tmp_path)
    assert set(book.tools) == set(tools)
    for tool, definition in tools.items():
        assert digest(canonicalize(definition)) in book.digests[tool], tool
