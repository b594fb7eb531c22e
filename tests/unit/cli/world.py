"""A home with a little history, made through the commands alone: two calls allowed, two questions, one refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs

import assent
from tests.edges.mcp.wire import Wire, decision

SCHEMAS = Path(assent.__file__).parent / "schemas"
SQLITE = Path(__file__).parents[3] / ".servers" / "sqlite" / "bin" / "mcp-server-sqlite"


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
class World:
    """A home, its operator's key, a database, and the agent's gateway."""

    folder: Path
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    wire: Wire | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def key(self) -> Path:
        return self.folder / "operator.key"

    @property
    def database(self) -> Path:
        return self.folder / "work.db"

    @property
    def environ(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("ASSENT_")}
        return {**plain, "ASSENT_HOME": str(self.home), "HOME": str(self.folder), "ASSENT_APPROVAL_WAIT": "0"}

    def run(self, *words: str, stdin: str = "", **environ: str) -> Ran:
        """Run `assent` without a terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "assent", *words],
            env={**self.environ, **environ},
            input=stdin,
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def init(self) -> None:
        """Make the home, with an operator's key outside it."""
        done = self.run("init", "--yes", "--operator-key", str(self.key))
        assert done.code == 0, done.err

    def connect(self) -> Wire:
        """The agent's connection to sqlite behind Assent."""
        command = [sys.executable, "-m", "assent", "mcp", "--name", "sqlite", "--as", "local/tester", "--"]
        self.wire = Wire([*command, str(SQLITE), "--db-path", str(self.database)], self.environ)
        self.wire.hello()
        return self.wire

    def query(self, tool: str, query: str) -> dict[str, Any]:
        """One call; its decision if it was refused, else empty."""
        assert self.wire is not None
        answer = self.wire.call(tool, {"query": query})
        return decision(answer) if answer["result"].get("_meta", {}).get("assent/decision") else {}

    def ask(self, table: str) -> str:
        """Ask for one table to be dropped; the id of the question."""
        self.asked[table] = self.query("write_query", f"DROP TABLE {table}")
        return str(self.asked[table]["approval"])


def valid(name: str, value: object) -> None:
    """The value is what the published schema says, and the schema is not empty words."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema_rs.validator_for(schema).validate(value)
