"""What has changed in a tool's definition, part by part, and what that means for its effects."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from assent.cli.output import visible
from assent.model.profile import ToolDefinition, ToolProfile

#: The parts that are shown apart; whatever else a definition holds is `other`.
_PARTS = ("description", "inputSchema", "outputSchema", "annotations")
#: Most lines that are aligned: aligning takes time that grows with the square.
_ALIGNED = 2_000
_WIDTH = 200


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a definition that is not as it was.

    Args:
        name: `description`, `inputSchema`, `outputSchema`, `annotations` or `other`.
        lines: of a unified diff, invisible characters made visible.
    """

    name: str
    lines: Sequence[str]


def changed(before: ToolDefinition, after: ToolDefinition) -> list[Part]:
    """The parts that differ, each line by line and whole."""
    old, new = _parts(before.definition), _parts(after.definition)
    found = [Part(name, _compared(old[name], new[name])) for name in old]
    return [part for part in found if part.lines]


def meaning(before: ToolProfile, after: ToolProfile) -> list[str]:
    """What the change means for what a call is taken to do, in words."""
    told = []
    if gained := sorted(after.effects - before.effects):
        told.append(f"more serious: would now also count as {', '.join(gained)}")
    if lost := sorted(before.effects - after.effects):
        told.append(f"would no longer count as {', '.join(lost)}: make sure that this is so")
    if before.reversibility != after.reversibility:
        told.append(f"{before.reversibility} would become {after.reversibility}")
    if after.inferred and not before.inferred:
        told.append("its reviewed profile was written from another definition: it would be inferred from now on")
    return told or ["its effects stay: " + ", ".join(sorted(after.effects))]


def printed(parts: Sequence[Part]) -> Iterator[str]:
    """The parts as lines for a terminal."""
    for part in parts:
        yield f"  {part.name}:"
        for line in part.lines:
            yield "    " + click.style(line, fg={"+": "green", "-": "red"}.get(line[:1]))


def _parts(definition: Mapping[str, object]) -> dict[str, list[str]]:
    told = {name: _lines(definition.get(name)) for name in _PARTS}
    rest = {key: value for key, value in definition.items() if key not in _PARTS}
    return {**told, "other": _lines(rest)}


def _lines(value: object) -> list[str]:
    """A value as lines that show whatever is in them; long ones are folded, none is cut off."""
    if value is None:
        return []
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    lines = [visible(line) for line in text.split("\n")]
    return [line[at : at + _WIDTH] for line in lines for at in range(0, max(len(line), 1), _WIDTH)]


def _compared(old: list[str], new: list[str]) -> list[str]:
    if old == new:
        return []
    if len(old) + len(new) > _ALIGNED:
        return [f"-{line}" for line in old] + [f"+{line}" for line in new]
    return list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
