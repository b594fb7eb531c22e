"""Shipped profiles speak of what their servers really list: version, tool list, each definition by its digest."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from assent_verify.canonical import canonicalize, digest

from assent.catalog.reading import Book, list_digest, read
from assent.edges.mcp.command import program_of
from assent.model.ids import Digest
from assent.model.profile import ToolDefinition
from tests.edges.mcp.wire import HERE

INSTALLED = HERE.parents[2] / ".servers"
NODE = INSTALLED / "node" / "node_modules" / ".bin"
KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:9"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
users: [{name: u, user: {token: none}}]
"""


@dataclass(frozen=True)
class Start:
    """How a server is started without an account: words and environment; PLACE is an empty directory."""

    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)


def python(server: str, *words: str, **environ: str) -> Start:
    """A program of a Python environment of its own."""
    return Start([str(INSTALLED / server / "bin" / words[0]), *words[1:]], environ)


def node(*words: str, **environ: str) -> Start:
    """A program of the Node environment."""
    return Start([str(NODE / words[0]), *words[1:]], environ)


STARTS = {
    "chrome-devtools-mcp": node("chrome-devtools-mcp", CHROME_DEVTOOLS_MCP_NO_USAGE_STATISTICS="1"),
    "kubernetes-mcp-server": node("kubernetes-mcp-server", KUBECONFIG="PLACE/kubeconfig"),
    "mcp-server-fetch": python("fetch", "mcp-server-fetch"),
    "mcp-server-git": python("git", "mcp-server-git"),
    "mcp-server-shell": python("shell", "python", "-m", "mcp_server_shell"),
    "mcp-server-sqlite": python("sqlite", "mcp-server-sqlite", "--db-path", "PLACE/db"),
    "mcp-server-time": python("time", "mcp-server-time", "--local-timezone", "Pacific/Auckland"),
    "mcp-shell-server": python("shell", "mcp-shell-server", ALLOW_COMMANDS="ls,cat"),
    "notion-mcp-server": node("notion-mcp-server", NOTION_TOKEN="none"),
    "playwright-mcp": node("playwright-mcp"),
    "server-everything": node("mcp-server-everything"),
    "server-filesystem": node("mcp-server-filesystem", "PLACE"),
    "server-github": node("mcp-server-github", GITHUB_PERSONAL_ACCESS_TOKEN="none"),
    "server-gitlab": node("mcp-server-gitlab", GITLAB_PERSONAL_ACCESS_TOKEN="none"),
    "server-memory": node("mcp-server-memory"),
    "server-postgres": node("mcp-server-postgres", "postgresql://nobody@127.0.0.1:9/none"),
    "server-puppeteer": node("mcp-server-puppeteer"),
    "server-sequential-thinking": node("mcp-server-sequential-thinking"),
    "server-slack": node("mcp-server-slack", SLACK_BOT_TOKEN="none", SLACK_TEAM_ID="T0"),
    "workspace-mcp": python(
        "workspace", "workspace-mcp", GOOGLE_OAUTH_CLIENT_ID="none", GOOGLE_OAUTH_CLIENT_SECRET="none"
    ),
}
#: A client that can do everything: some servers list more tools to it.
CLIENT: dict[str, object] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {
        "roots": {"listChanged": True},
        "sampling": {},
        "elicitation": {"form": {}, "url": {}},
        "tasks": {"requests": {"sampling": {"createMessage": {}}, "elicitation": {"create": {}}}},
    },
    "clientInfo": {"name": "t", "version": "0"},
}


@dataclass(frozen=True)
class Text:
    """A named profile text."""

    name: str
    text: str


def shipped() -> dict[str, Book]:
    """Every shipped profile file, read."""
    files = (resources.files("assent.catalog") / "profiles").iterdir()
    found = [Text(file.name, file.read_text("utf-8")) for file in files if file.name.endswith(".toml")]
    return {text.name.removesuffix(".toml"): read(text) for text in sorted(found, key=lambda text: text.name)}


def listed(start: Start, place: Path) -> Mapping[str, Any]:
    """What a server lists over stdio, page by page: tool name → definition."""
    (place / "kubeconfig").write_text(KUBECONFIG)
    words = [word.replace("PLACE", str(place)) for word in start.command]
    own = {name: value.replace("PLACE", str(place)) for name, value in start.environ.items()}
    environ = {"PATH": os.environ["PATH"], "HOME": str(place), "TMPDIR": str(place), **own}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=place, env=environ
    ) as server:
        overdue = Timer(120, server.kill)
        overdue.start()
        try:
            ask(server, 1, "initialize", CLIENT)
            tell(server, {"method": "notifications/initialized"})
            return {tool["name"]: tool for tool in pages(server)}
        finally:
            overdue.cancel()
            server.kill()


def pages(server: subprocess.Popen[str]) -> Iterator[Any]:
    """Every tool of every page."""
    cursor: dict[str, object] = {}
    for number in range(2, 100):
        page = ask(server, number, "tools/list", cursor)
        yield from page["tools"]
        if not (following := page.get("nextCursor")):
            return
        cursor = {"cursor": following}


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


def test_every_profile_is_tried_or_says_that_nobody_has() -> None:
    """A new file needs a way to start its server here, or `unverified = true`."""
    books = shipped()
    assert {name for name, book in books.items() if not book.unverified} == set(STARTS)
    assert all(book.versions and (book.unverified or book.tools_digest) and book.note for book in books.values())


@pytest.mark.parametrize("name", STARTS)
def test_a_profile_fits_what_is_installed(name: str, tmp_path: Path) -> None:
    """DESIGN §4.4: package, version and every definition; another definition is another tool, and inferred."""
    book, start = shipped()[name], STARTS[name]
    program = program_of(start.command, {"PATH": os.environ["PATH"]})
    assert (program.package, program.version) == (book.package, book.versions[-1])
    tools = listed(start, tmp_path)
    missing = {tool: "not in the profile" for tool in set(tools) - set(book.tools)}
    gone = {tool: "not listed any more" for tool in set(book.tools) - set(tools)}
    found = {
        tool: book.digest_of(ToolDefinition(tool, definition, Digest(digest(canonicalize(definition)))))
        for tool, definition in tools.items()
    }
    changed = {tool: each for tool, each in found.items() if tool in book.tools and each not in book.digests[tool]}
    assert {**missing, **gone, **changed} == {}
    assert list_digest(list(found.values())) == book.tools_digest
    for tool, profile in book.tools.items():  # a misspelt target would be looked at by nobody
        declared = tools[tool]["inputSchema"].get("properties", {})
        assert {*profile.targets, *profile.opaque, *profile.secret, *profile.narrowable} <= {*declared}, tool
