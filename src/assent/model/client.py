"""Where MCP clients keep which servers they start.

One list for both who edits these files for a person and who keeps the agent from
them: an agent that can write one starts its servers without Assent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Stands for every member in `ClientFile.keys`.
EVERY = "*"
_SERVERS = (("mcpServers",),)


@dataclass(frozen=True, slots=True)
class ClientFile:
    """One configuration file.

    Args:
        path: below the user's directory, or below a project's; with `/`.
        keys: where in it the servers are; none if it is only guarded.
        project: it lies in a project; else in the user's directory.
        moved: environment variable that moves it, and the path below what that names.
    """

    path: str
    keys: tuple[tuple[str, ...], ...] = _SERVERS
    project: bool = False
    moved: tuple[str, str] = ("", "")

    def place(self, base: str, environ: Mapping[str, str]) -> str:
        """Its absolute path.

        Args:
            base: the user's directory, or the project's.
            environ: the environment, of which only `moved` is read.
        """
        variable, below = self.moved
        folder = environ.get(variable, "") if variable else ""
        return f"{folder.rstrip('/')}/{below}" if folder.startswith("/") else f"{base.rstrip('/')}/{self.path}"


@dataclass(frozen=True, slots=True)
class Client:
    """A program that starts MCP servers.

    Args:
        name: as `assent install` takes it, and the name its agent gets.
        title: as its maker writes it.
        files: all its files, those of the user first.
    """

    name: str
    title: str
    files: tuple[ClientFile, ...]


_CODE_KEYS = (("servers",), ("mcp", "servers"))
_PROJECTS = (*_SERVERS, ("projects", EVERY, "mcpServers"))
_CODEX = (("mcp_servers",),)
_HERE = "CLAUDE_CONFIG_DIR"
_DESKTOP, _CODE, _INSIDERS = "Claude/claude_desktop_config.json", "Code/User/mcp.json", "Code - Insiders/User/mcp.json"
_MAC, _WINDOWS = "Library/Application Support/", "AppData/Roaming/"

#: Every client that is known, from its maker's documentation.
CLIENTS = (
    Client(
        "claude-desktop",
        "Claude Desktop",
        (
            ClientFile(".config/" + _DESKTOP, moved=("XDG_CONFIG_HOME", _DESKTOP)),
            ClientFile(_MAC + _DESKTOP),
            ClientFile(_WINDOWS + _DESKTOP),
        ),
    ),
    Client(
        "claude-code",
        "Claude Code",
        (
            ClientFile(".claude.json", _PROJECTS, moved=(_HERE, ".claude.json")),
            ClientFile(".claude/settings.json", (), moved=(_HERE, "settings.json")),
            ClientFile(".claude/settings.local.json", (), moved=(_HERE, "settings.local.json")),
            ClientFile(".mcp.json", project=True),
        ),
    ),
    Client(
        "cursor",
        "Cursor",
        (
            ClientFile(".cursor/mcp.json"),
            ClientFile(".cursor/hooks.json", ()),
            ClientFile(".cursor/mcp.json", project=True),
        ),
    ),
    Client(
        "vscode",
        "VS Code",
        (
            ClientFile(".config/" + _CODE, _CODE_KEYS, moved=("XDG_CONFIG_HOME", _CODE)),
            ClientFile(_MAC + _CODE, _CODE_KEYS),
            ClientFile(_WINDOWS + _CODE, _CODE_KEYS),
            ClientFile(".config/" + _INSIDERS, _CODE_KEYS, moved=("XDG_CONFIG_HOME", _INSIDERS)),
            ClientFile(_MAC + _INSIDERS, _CODE_KEYS),
            ClientFile(_WINDOWS + _INSIDERS, _CODE_KEYS),
            ClientFile(".vscode/mcp.json", _CODE_KEYS, project=True),
        ),
    ),
    Client(
        "codex",
        "Codex",
        (
            ClientFile(".codex/config.toml", _CODEX, moved=("CODEX_HOME", "config.toml")),
            ClientFile(".codex/config.toml", _CODEX, project=True),
        ),
    ),
    Client(
        "gemini", "Gemini CLI", (ClientFile(".gemini/settings.json"), ClientFile(".gemini/settings.json", project=True))
    ),
    Client("windsurf", "Windsurf", (ClientFile(".codeium/windsurf/mcp_config.json"),)),
    Client(
        "copilot",
        "Copilot CLI",
        (
            ClientFile(".copilot/mcp-config.json", moved=("COPILOT_HOME", "mcp-config.json")),
            ClientFile(".github/mcp.json", project=True),
        ),
    ),
)


def client_files(user: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Every file in the user's directory that says what a client starts, where it usually is and where it was moved to.

    Args:
        user: the user's directory, absolute.
        environ: the environment.
    """
    files = [one for client in CLIENTS for one in client.files if not one.project]
    return tuple(sorted({place for one in files for place in (one.place(user, {}), one.place(user, environ))}))
