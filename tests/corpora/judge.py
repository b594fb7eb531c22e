"""Dangerous calls through the real guard under the starter policy, as a reviewed tool of their kind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assent.enforce.guard import Allowed
from assent.model.profile import Server, ToolDefinition
from tests.world import World, tool

CORPUS = Path(__file__).with_name("dangerous.tsv")
#: One tool a kind: what its profile says, and the argument that is dangerous. A profile of an operator, so that
#: the analysers alone stand between the call and its effect.
PROFILES = """
[server]
name = "danger"
zone = "local"

[tools.shell]
effects = ["execute"]
reversibility = "irreversible"
targets = { value = "command" }
analysers = ["shell"]
authoritative = ["execute"]

[tools.sqlite]
effects = ["read"]
reversibility = "reversible"
targets = { value = "code" }
analysers = ["sql"]
dialect = "sqlite"

[tools.postgres]
effects = ["read"]
reversibility = "reversible"
targets = { value = "code" }
analysers = ["sql"]
dialect = "postgres"

[tools.read]
effects = ["read"]
reversibility = "reversible"
targets = { value = "path" }

[tools.write]
effects = ["write"]
reversibility = "compensable"
targets = { value = "path" }
analysers = ["path"]

[tools.url]
effects = ["read"]
reversibility = "reversible"
targets = { value = "url" }

[tools.git]
effects = ["read"]
reversibility = "reversible"
targets = { value = "ref" }

[tools.code]
effects = ["read"]
reversibility = "reversible"
targets = { value = "code" }
"""


@dataclass(frozen=True)
class Danger:
    """One call of the corpus."""

    kind: str
    disguised: bool
    text: str

    @property
    def name(self) -> str:
        """How it is named where it is listed."""
        return f"{self.kind}: {self.text}"


def corpus() -> list[Danger]:
    """Every call of the corpus."""
    lines = CORPUS.read_text("utf-8").splitlines()
    found = [line.split("\t", 2) for line in lines if line and not line.startswith("#")]
    return [
        Danger(kind, disguised == "obfuscated", text.replace("\\u0000", "\0") if kind == "read" else text)
        for kind, disguised, text in found
    ]


def allowed(folder: Path) -> Iterator[Danger]:
    """The calls that nobody is asked about and nothing stops."""
    world = World(folder, profiles=PROFILES)
    work = folder / "work"
    (work / ".git").mkdir(parents=True)
    for name in ("notes.txt", "important.db", "data.db", "x", "list.txt", "evil.sh"):
        (work / name).write_text("x\n")
    server = Server("danger", zone="local", roots=(str(work),), roots_known=True, cwd=str(work))
    world.server = server
    tools: dict[str, ToolDefinition] = {}
    for danger in corpus():
        asyncio.run(world.join(client=f"boot:1:{danger.name}"))
        definition = tools.setdefault(danger.kind, tool(danger.kind, value={"type": "string"}))
        ruling = asyncio.run(world.guard.authorize(world.call(definition, {"value": danger.text})))
        if isinstance(ruling, Allowed):
            yield danger
