"""A home on which nothing is pretended: made by `assent init`, driven by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.edges.mcp.wire import SERVERS, Wire

#: A policy that allows everything.
OPEN = '@id("open")\npermit (principal, action, resource);\n'


class Home:
    """A home made by `assent init`, and the command line on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "home"
        self.key = folder / "operator.key"
        self.work = folder / "work"
        self.work.mkdir()
        self.environ = {"ASSENT_HOME": str(self.folder), "ASSENT_APPROVAL_WAIT": "0"}
        self.run("init", "--yes", "--operator-key", str(self.key))
        self._wires: list[Wire] = []

    def run(self, *words: str, code: int = 0) -> str:
        """Run `assent`; what it prints."""
        command = [sys.executable, "-m", "assent", *words]
        done = subprocess.run(
            command, env={**os.environ, **self.environ}, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def json(self, *words: str) -> Any:
        """What it prints as JSON."""
        return json.loads(self.run(*words, "--json"))

    def policy(self, text: str) -> None:
        """Put one policy in force instead of the starter."""
        for file in (self.folder / "policy").glob("*.cedar"):
            file.unlink()
        (self.folder / "policy" / "test.cedar").write_text(text)
        self.run("policy", "activate", "--yes", "--key", str(self.key))

    def gateway(
        self,
        *server: str,
        options: tuple[str, ...] = (),
        hello: bool = True,
        through: tuple[str, ...] = (),
        **environ: str,
    ) -> Wire:
        """A gateway before a server, shaken hands with; started `through` another program if one is given."""
        command = [*through, sys.executable, "-m", "assent", "mcp", *options, "--", *server]
        wire = Wire(command, {**self.environ, **environ}, errors=self.work / "errors")
        self._wires.append(wire)
        if hello:
            wire.hello()
        return wire

    def odd(self, server: str = "odd.py", name: str = "odd", **environ: Any) -> Wire:
        """A gateway before a server of this folder."""
        seen = {"ODD_SEEN": str(self.work / "seen")}
        return self.gateway(
            sys.executable, str(SERVERS / server), options=("--name", name, "--zone", "local"), **seen, **environ
        )

    def reached(self) -> list[dict[str, Any]]:
        """Calls that the odd server saw."""
        path = self.work / "seen"
        lines = path.read_text().splitlines() if path.exists() else []
        return [value for value in map(json.loads, lines) if "name" in value]

    def receipts(self, kind: str) -> list[dict[str, Any]]:
        """Receipts of one kind in log order."""
        return [leaf for leaf in self.json("receipts", "list") if leaf["kind"] == kind]

    def end(self) -> None:
        """Close everything; the log must verify."""
        for wire in self._wires:
            if wire.process.poll() is None:
                wire.close()
        found = self.json("verify", str(self.folder))
        assert found["sound"] is True and found["problems"] == []


def said(answer: dict[str, Any]) -> str:
    """The text of a result."""
    return str(answer["result"]["content"][0]["text"])
