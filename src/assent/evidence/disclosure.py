"""Which clear values of a leaf are shown to somebody: all of them, or single ones that open alone.

A single value goes along with its derived salt, which opens this commitment and says
nothing of the others: what was not disclosed cannot be tried out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assent_verify.bundle import disclosed_line, opened_line
from assent_verify.opening import ARGUMENT, FACTS
from assent_verify.receipt import MAX_ARGUMENTS, PARTS, commit, derived_salt

from assent.errors import RequestError
from assent.evidence.recorded import names_of
from assent.ports import Sidecar

#: What a leaf commits to by one name; `argument:NAME` and `facts:PART` beside them.
NAMES = (
    *("action", "arguments", "external", "facts", "reason", "referents"),
    *("resource", "response", "task", "tool", "trace"),
)
#: Name → derived salt and value.
Opened = Iterator[tuple[str, tuple[bytes, object]]]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What is to be shown.

    Args:
        whole: everything that is kept, with the leaf's salt.
        names: else these values alone.
    """

    whole: bool = False
    names: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Disclosure:
        """What `--disclose` asks for: `all`, or names with commas between them.

        Raises:
            RequestError: `unknown_disclosure`, a name that no leaf commits to.
        """
        names = frozenset(name for name in text.split(",") if name)
        for name in names - {"all"}:
            part = name.removeprefix(FACTS)
            if name not in NAMES and not name.startswith(ARGUMENT) and (part == name or part not in PARTS):
                known = ", ".join([*NAMES, "argument:NAME", *(FACTS + part for part in PARTS)])
                raise RequestError(
                    "unknown_disclosure", f"no receipt commits to a value `{name}`", help=f"one of: {known}"
                )
        return cls("all" in names, names - {"all"})

    def line(self, index: int, kept: Sidecar) -> tuple[bytes, frozenset[str]] | None:
        """The line that discloses, and what it names by digest; None if nothing of this leaf is asked for."""
        values = json.loads(kept.values)
        if self.whole:
            return disclosed_line(index, kept.salt, values), frozenset(names_of(values))
        shown = dict(_chosen(kept.salt, values, self.names))
        if not shown:
            return None
        return opened_line(index, shown), frozenset(names_of(values)) if "facts:profile" in shown else frozenset()


def _chosen(salt: bytes, values: Mapping[str, object], names: frozenset[str]) -> Opened:
    """Name → derived salt and value, of each value that is asked for and kept."""
    arguments, facts = values.get("arguments"), values.get("facts")
    parts = facts if isinstance(facts, dict) and sorted(facts) == list(PARTS) else {}
    for name in sorted(names):
        if name == "arguments" or name.startswith(ARGUMENT):
            if isinstance(arguments, dict) and not values.get("withheld"):
                yield from _arguments(salt, arguments, name)
        elif name == "facts" or name.startswith(FACTS):
            if parts:
                yield from _facts(salt, parts, name)
            elif name == "facts" and facts is not None:  # of a decision leaf of version 1
                yield name, (derived_salt(salt, name), facts)
        elif name in values:
            yield name, (derived_salt(salt, name), values[name])


def _arguments(salt: bytes, arguments: Mapping[str, object], name: str) -> Opened:
    if len(arguments) > MAX_ARGUMENTS:  # one commitment covers them all
        if name == "arguments":
            yield name, (derived_salt(salt, name), arguments)
        return
    for each, value in arguments.items():
        if name in ("arguments", ARGUMENT + each):
            yield ARGUMENT + each, (derived_salt(salt, ARGUMENT + each), [each, value])


def _facts(salt: bytes, parts: Mapping[str, object], name: str) -> Opened:
    """The commitments of all parts, which open the leaf's, and the parts that are asked for."""
    committed = {part: commit(salt, FACTS + part, value) for part, value in parts.items()}
    yield "facts", (derived_salt(salt, "facts"), committed)
    for part, value in parts.items():
        if name in ("facts", FACTS + part):
            yield FACTS + part, (derived_salt(salt, FACTS + part), value)
