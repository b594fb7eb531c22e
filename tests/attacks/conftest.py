"""Agents of the attacks: real gateways before real servers, ended with the test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.edges.mcp.wire import HELLO, Wire

ROOT = Path(__file__).resolve().parents[2]
ASSENT = str(ROOT / ".venv" / "bin" / "assent")
NODE = ROOT / ".servers" / "node" / "node_modules" / ".bin"
SERVERS = ROOT / ".servers"


class Place:
    """A home, a workspace beside it, and the gateways of one agent."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.work = folder / "work"
        self.key = folder / "operator"
        self.work.mkdir()
        self.folder = folder
        self.started: list[Wire] = []
        self.environ = {"ASSENT_HOME": str(self.home), "ASSENT_APPROVAL_WAIT": "0"}
        self.assent("init", "--yes", "--operator-key", str(self.key))

    def assent(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the operator."""
        environ = {**os.environ, **self.environ}
        return subprocess.run([ASSENT, *words], env=environ, capture_output=True, text=True, check=True, timeout=60)

    def policy(self, text: str) -> None:
        """Put one more policy in force."""
        (self.home / "policy" / "attack.cedar").write_text(text)
        self.assent("policy", "activate", "--yes", "--key", str(self.key))

    def agent(self, *command: str, options: Sequence[str] = (), roots: bool = False) -> Wire:
        """A gateway before a server, started in the workspace and shaken hands with."""
        here = os.getcwd()
        os.chdir(self.work)
        try:
            wire = Wire([ASSENT, "mcp", *options, "--", *command], self.environ, errors=self.folder / "errors")
        finally:
            os.chdir(here)
        self.started.append(wire)
        wire.ask("initialize", {**HELLO, "capabilities": {"roots": {"listChanged": True}} if roots else {}})
        wire.send(method="notifications/initialized")
        return wire

    def script(self, text: str, *options: str) -> Wire:
        """A gateway before a server of the test's own."""
        file = self.folder / "server.py"
        file.write_text(text)
        return self.agent(sys.executable, str(file), options=("--name", "own", "--zone", "local", *options))

    def files(self, **options: Any) -> Wire:
        """The filesystem server on the workspace."""
        return self.agent(str(NODE / "mcp-server-filesystem"), str(self.work), **options)

    def git(self) -> Wire:
        """The git server on the workspace, which becomes a repository."""
        subprocess.run(["git", "init", "-q", str(self.work)], check=True)
        return self.agent(str(SERVERS / "git" / "bin" / "mcp-server-git"), "--repository", str(self.work))


def verdict(answer: dict[str, Any]) -> str:
    """What was decided: `allow` if the answer is the server's."""
    meta = answer.get("result", {}).get("_meta", {})
    found = meta.get("assent/decision") or answer.get("error", {}).get("data") or {}
    return str(found.get("verdict", "allow"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """One machine under attack."""
    made = Place(tmp_path)
    yield made
    for wire in made.started:
        wire.kill()
