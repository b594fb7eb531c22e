"""A person with a home directory, clients' configurations in it, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
ASSENT = Path(sys.executable).parent / "assent"
SQLITE = str(ROOT / ".servers" / "sqlite" / "bin" / "mcp-server-sqlite")
DESKTOP = ".config/Claude/claude_desktop_config.json"
#: Parts of the environment that would move configurations of the person who runs the tests.
MOVED = ("ASSENT_", "XDG_", "CODEX_HOME", "CLAUDE_CONFIG_DIR", "COPILOT_HOME")


@dataclass
class Ran:
    """One run of the command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, parsed."""
        return json.loads(self.out)


@dataclass
class Person:
    """Somebody's directory."""

    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(MOVED)}
        return {**plain, "HOME": str(self.folder)}

    def command(self, *words: str) -> list[str]:
        """The words that start `assent`."""
        return [str(ASSENT), *words]

    def run(self, *words: str, code: int = 0, cwd: str = "project", **environ: str) -> Ran:
        """Run `assent` without a terminal, in a directory of a project."""
        done = subprocess.run(
            self.command(*words),
            env={**self.environ, **environ},
            cwd=self.folder / cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return Ran(done.returncode, done.stdout, done.stderr)

    def init(self) -> None:
        """Make the home."""
        self.run("init", "--yes", "--operator-key", str(self.folder / "operator.key"))

    def file(self, name: str, content: str | bytes | dict[str, Any] = "") -> Path:
        """A file below the directory, with this in it if anything is given."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            content = json.dumps(content, indent=2)
        if content:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path
