"""Which analyser reads which argument: by the kind of thing that the profile says it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module

from assent.catalog.observation import Reading
from assent.model.action import Action
from assent.model.profile import ToolProfile

#: Analysers that a profile may trust to take effects away; every other one only adds.
DECIDING = frozenset({"sql", "shell"})
_Reader = Callable[[object, ToolProfile], Reading]
#: (target kind, analyser that the profile must name or empty) → module and function, and what the analyser is called;
#: the first that fits. Each is loaded with the first argument of its kind: most servers need few of them.
_READERS: tuple[tuple[str, str, str, str, str], ...] = (
    ("code", "sql", "sql", "sql", "read_sql"),
    ("url", "", "url", "url", "read_url"),
    ("host", "", "url", "url", "read_host_name"),
    ("address", "", "address", "address", "read_address"),
    ("payee", "", "address", "address", "read_payee"),
    ("code", "", "code", "code", "read_code"),
    ("command", "", "shell", "shell", "read_shell"),
    ("ref", "git", "git", "git", "read_ref"),
)


@cache
def _reader(module: str, name: str) -> _Reader:
    found: _Reader = getattr(import_module(f"assent.catalog.analysers.{module}"), name)
    return found


def read_arguments(profile: ToolProfile, action: Action) -> Mapping[str, Reading]:
    """What analysers read out of the arguments of one call, by argument. Never raises."""
    found: dict[str, Reading] = {}
    for argument, kind in profile.targets.items():
        if argument not in action.arguments:
            continue
        for wanted, named, analyser, module, name in _READERS:
            if kind == wanted and (not named or named in profile.analysers):
                read = _reader(module, name)
                found[argument] = replace(read(action.arguments[argument], profile), analyser=analyser)
                break
    return found
