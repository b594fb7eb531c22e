"""How well tools of real servers are told apart by what they are called and how they are described.

    python -m benchmarks.inference [--quick] [--json FILE]

`fixtures/tools.json` holds what installed servers listed, and by hand what each tool
does at worst. One half of the servers was looked at while the inference was written,
the other was not. A serious tool called harmless is a failure, not a number.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assent_verify.canonical import canonicalize, digest

from assent.catalog.infer import infer
from assent.model.ids import Digest
from assent.model.profile import ToolDefinition

FIXTURE = Path(__file__).parent / "fixtures" / "tools.json"
HALVES = ("looked at", "held out")


@dataclass(frozen=True)
class Judged:
    """One tool: what it does, and what was inferred.

    Args:
        name: package and tool.
        half: `looked at` or `held out`.
        true: effects by hand; reading beside another effect is left out, as inference does.
        found: effects inferred.
        votes: why.
    """

    name: str
    half: str
    true: frozenset[str]
    found: frozenset[str]
    votes: tuple[str, ...]

    @property
    def dangerous(self) -> bool:
        """A serious tool called harmless."""
        return self.found == {"read"} != self.true

    @property
    def nagging(self) -> bool:
        """A harmless tool called serious."""
        return self.true == {"read"} != self.found


def judged() -> list[Judged]:
    """Every tool of the fixture."""
    told = []
    for row in json.loads(FIXTURE.read_text("utf-8"))["tools"]:
        tool = row["tool"]
        profile = infer(ToolDefinition(tool["name"], tool, Digest(digest(canonicalize(tool)))))
        name = f"{row['package']} {tool['name']}"
        told.append(Judged(name, row["half"], frozenset(row["effects"]), profile.effects, profile.votes))
    return told


def measure(tools: Sequence[Judged]) -> dict[str, Any]:
    """The shares of one part of the fixture."""
    reads = [one for one in tools if one.true == {"read"}]
    return {
        "tools": len(tools),
        "serious": len(tools) - len(reads),
        "serious_called_harmless": [one.name for one in tools if one.dangerous],
        "exactly_right": sum(one.found == one.true for one in tools) / len(tools),
        "reads_exactly_right": sum(one.found == one.true for one in reads) / len(reads),
        "too_serious": sum(one.nagging for one in tools) / len(tools),
    }


def main() -> None:
    """Measure both halves and the whole."""
    parser = argparse.ArgumentParser(description="measure inference on tools of real servers")
    parser.add_argument("--quick", action="store_true", help="the same: it takes a second")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--wrong", choices=[*HALVES, "all"], help="name what is not exactly right, with the votes")
    options = parser.parse_args()
    tools = judged()
    parts = {half: [one for one in tools if one.half == half] for half in HALVES} | {"all": tools}
    found = {name: measure(part) for name, part in parts.items()}
    print(f"{'servers':<12}{'tools':>7}{'serious':>9}{'called harmless':>17}{'exactly right':>15}", end="")
    print(f"{'reads right':>13}{'too serious':>13}")
    for name, row in found.items():
        shares = f"{row['exactly_right']:>15.1%}{row['reads_exactly_right']:>13.1%}{row['too_serious']:>13.1%}"
        print(f"{name:<12}{row['tools']:>7}{row['serious']:>9}{len(row['serious_called_harmless']):>17}{shares}")
    for name in found["all"]["serious_called_harmless"]:
        print(f"called harmless: {name}")
    for one in parts.get(options.wrong, []):
        if one.found != one.true:
            print(f"{one.name}: is {', '.join(sorted(one.true))}, found {', '.join(sorted(one.found))}: {one.votes}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
