"""Which analyser reads which argument: by the kind of thing that the profile says it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from assent.catalog.analysers.address import read_address, read_payee
from assent.catalog.analysers.code import read_code
from assent.catalog.analysers.git import read_ref
from assent.catalog.analysers.shell import read_shell
from assent.catalog.analysers.sql import read_sql
from assent.catalog.analysers.url import read_host_name, read_url
from assent.catalog.observation import Reading
from assent.model.action import Action
from assent.model.profile import ToolProfile

#: Analysers that a profile may trust to take effects away; every other one only adds.
DECIDING = frozenset({"sql", "shell"})
_Reader = Callable[[object, ToolProfile], Reading]
#: (target kind, analyser that the profile must name or empty) → analyser and what it is called; the first that fits.
_READERS: tuple[tuple[str, str, str, _Reader], ...] = (
    ("code", "sql", "sql", read_sql),
    ("url", "", "url", read_url),
    ("host", "", "url", read_host_name),
    ("address", "", "address", read_address),
    ("payee", "", "address", read_payee),
    ("code", "", "code", read_code),
    ("command", "", "shell", read_shell),
    ("ref", "git", "git", read_ref),
)


def read_arguments(profile: ToolProfile, action: Action) -> Mapping[str, Reading]:
    """What analysers read out of the arguments of one call, by argument. Never raises."""
    found: dict[str, Reading] = {}
    for argument, kind in profile.targets.items():
        if argument not in action.arguments:
            continue
        for wanted, named, analyser, read in _READERS:
            if kind == wanted and (not named or named in profile.analysers):
                found[argument] = replace(read(action.arguments[argument], profile), analyser=analyser)
                break
    return found
