"""Coding agents as people install them, headless, before a scripted model, through the gateway to a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.model import DONE, Model, listening
from tests.edges.mcp.home import OPEN, Home

HERE = Path(__file__).resolve().parent
MODULES = HERE.parents[1] / ".servers" / "clients" / "node_modules"
BIN = MODULES / ".bin"
POLICY = OPEN + (
    '@id("no-erasing")\nforbid (principal, action == Action::"tool:notes/erase", resource)'
    " when { context.session.calls >= 0 };\n"
)
#: What a client is given of this machine; nothing it might fetch is found.
CLEAN = {
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "LANG": "C.UTF-8",
    "NO_PROXY": "127.0.0.1,localhost",
    "PATH": os.environ["PATH"],
}
PROMPT = "Record a note, then erase one."


@dataclass(frozen=True, slots=True)
class Run:
    """One client about to be run.

    Args:
        folder: its HOME and working directory; empty.
        model: where its model listens.
        server: command, arguments and environment of the gateway, as its configuration names a server.
    """

    folder: Path
    model: Model
    server: Mapping[str, Any]

    def write(self, name: str, text: str) -> Path:
        """One file of its configuration."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


def claude(run: Run) -> tuple[list[str], dict[str, str]]:
    """Claude Code: the binary that its package brings for this platform."""
    binary = next(MODULES.glob("@anthropic-ai/claude-code-*/claude"))
    config = run.write("mcp.json", json.dumps({"mcpServers": {"notes": run.server}}))
    command = [str(binary), "-p", PROMPT, "--mcp-config", str(config), "--strict-mcp-config"]
    environ = {
        "ANTHROPIC_API_KEY": "sk-ant-none",
        "ANTHROPIC_BASE_URL": run.model.url,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "ENABLE_TOOL_SEARCH": "false",
        "MCP_CONNECTION_NONBLOCKING": "0",
        "MCP_CONNECT_TIMEOUT_MS": "120000",
        "MCP_TIMEOUT": "120000",
    }
    return [*command, "--allowedTools", "mcp__notes__record,mcp__notes__erase"], environ


def codex(run: Run) -> tuple[list[str], dict[str, str]]:
    """Codex: a model provider and a server in config.toml."""
    server = run.server
    environ = ", ".join(f"{name} = {json.dumps(value)}" for name, value in server["env"].items())
    run.write(
        ".codex/config.toml",
        f"""model = "scripted"
model_provider = "loopback"
approval_policy = "never"
[model_providers.loopback]
name = "loopback"
base_url = "{run.model.url}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
[mcp_servers.notes]
command = {json.dumps(server["command"])}
args = {json.dumps(server["args"])}
env = {{ {environ} }}
default_tools_approval_mode = "approve"
required = true
startup_timeout_sec = 120
""",
    )
    command = [str(BIN / "codex"), "exec", "--skip-git-repo-check", "--sandbox", "danger-full-access", PROMPT]
    return command, {"SCRIPTED_KEY": "none"}


def gemini(run: Run) -> tuple[list[str], dict[str, str]]:
    """Gemini CLI: settings.json."""
    settings = {
        "mcpServers": {"notes": {**run.server, "trust": True}},
        "privacy": {"usageStatisticsEnabled": False},
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "telemetry": {"enabled": False},
    }
    run.write(".gemini/settings.json", json.dumps(settings))
    environ = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": run.model.url, "GEMINI_CLI_NO_RELAUNCH": "1"}
    return [str(BIN / "gemini"), "--approval-mode", "yolo", "-m", "gemini-2.5-pro", "-p", PROMPT], environ


def copilot(run: Run) -> tuple[list[str], dict[str, str]]:
    """Copilot CLI with a model of one's own, offline."""
    server = {**run.server, "tools": ["*"], "type": "local"}
    config = run.write("mcp.json", json.dumps({"mcpServers": {"notes": server}}))
    command = [str(BIN / "copilot"), "-p", PROMPT, "--allow-all-tools", "--disable-builtin-mcps", "--no-color"]
    environ = {
        "COPILOT_MODEL": "scripted",
        "COPILOT_OFFLINE": "true",
        "COPILOT_PROVIDER_API_KEY": "none",
        "COPILOT_PROVIDER_BASE_URL": run.model.url,
        "COPILOT_PROVIDER_TYPE": "anthropic",
    }
    return [*command, "--additional-mcp-config", f"@{config}"], environ


#: How each is run, and the protocol version it speaks; the second where a server is slow to answer the first.
CLIENTS: dict[str, tuple[Callable[[Run], tuple[list[str], dict[str, str]]], tuple[str, ...]]] = {
    "claude": (claude, ("2026-07-28", "2025-11-25")),
    "codex": (codex, ("2025-06-18",)),
    "copilot": (copilot, ("2026-07-28", "2025-11-25")),
    "gemini": (gemini, ("2025-06-18",)),
}
#: Writes down what the client is told, on its way from the gateway.
TAP = ("-c", '"$@" | tee "$TOLD"', "sh")


@pytest.fixture
def model() -> Iterator[Model]:
    """A scripted model."""
    with listening() as found:
        yield found


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_runs_what_is_allowed_and_hears_what_is_refused(home: Home, model: Model, name: str) -> None:
    """One call is carried out once and its result reaches the model; the other never is, and the model reads why."""
    home.policy(POLICY)
    seen, told, folder = home.work / "seen", home.work / "told", home.work / "client"
    folder.mkdir()
    gateway = [sys.executable, "-m", "assent", "mcp", "--name", "notes", "--zone", "local", "--as", "local/agent"]
    server = {
        "args": [*TAP, *gateway, "--", sys.executable, str(HERE / "notes.py")],
        "command": "sh",
        "env": {**home.environ, "NOTES_SEEN": str(seen), "TOLD": str(told)},
    }
    configure, versions = CLIENTS[name]
    command, environ = configure(Run(folder, model, server))
    done = subprocess.run(
        command,
        cwd=folder,
        env={**CLEAN, "HOME": str(folder), "TMPDIR": str(home.work), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0 and DONE in done.stdout, (done.stdout[-2000:], done.stderr[-4000:])
    (call,) = read(seen)
    assert (call["tool"], call["arguments"]) == ("record", {"text": "the allowed one"})
    assert call["version"] in versions
    allowed, refused = model.results
    assert "noted: " in allowed and "the allowed one" in allowed
    assert "Not done" in refused and "noted" not in refused
    (decision,) = [d for d in map(decided, read(told)) if d]
    (deny,) = [leaf for leaf in home.receipts("decision") if leaf["verdict"] == "deny"]
    assert (decision["verdict"], decision["receipt"], deny["tool"]) == ("deny", deny["index"], "erase")
    assert [leaf["tool"] for leaf in home.receipts("decision") if leaf["verdict"] == "allow"] == ["record"]
    assert [outcome["status"] for outcome in home.receipts("outcome")] == ["succeeded"]


def read(path: Path) -> list[Any]:
    """The messages in a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def decided(message: Any) -> Any:
    """The decision in what a client was told, if there is one."""
    return (message.get("result") or {}).get("_meta", {}).get("assent/decision")
