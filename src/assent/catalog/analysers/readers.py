"""Which analyser reads which argument: by the kind of thing that the profile says it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from assent.catalog.observation import Reading
from assent.model.action import Action
from assent.model.profile import ToolProfile

#: Analysers that a profile may trust to take effects away; every other one only adds.
DECIDING = frozenset({"sql", "shell"})
_Reader = Callable[[object, ToolProfile], Reading]


def read_arguments(profile: ToolProfile, action: Action) -> Mapping[str, Reading]:
    """What analysers read out of the arguments of one call, by argument. Never raises."""
    found: dict[str, Reading] = {}
    for argument, kind in profile.targets.items():
        if argument in action.arguments and (reader := _reader(kind, profile)):
            analyser, read = reader
            found[argument] = replace(read(action.arguments[argument], profile), analyser=analyser)
    return found


def _reader(kind: str, profile: ToolProfile) -> tuple[str, _Reader] | None:
    """The analyser of a kind and what it is called; each is loaded with the first argument of its kind."""
    if kind in ("url", "host"):
        from assent.catalog.analysers.url import read_host_name, read_url

        return "url", (read_url if kind == "url" else read_host_name)
    if kind in ("address", "payee"):
        from assent.catalog.analysers.address import read_address, read_payee

        return "address", (read_address if kind == "address" else read_payee)
    if kind == "command":
        from assent.catalog.analysers.shell import read_shell

        return "shell", read_shell
    if kind == "code" and "sql" in profile.analysers:
        from assent.catalog.analysers.sql import read_sql

        return "sql", read_sql
    if kind == "code":
        from assent.catalog.analysers.code import read_code

        return "code", read_code
    if kind == "ref" and "git" in profile.analysers:
        from assent.catalog.analysers.git import read_ref

        return "git", read_ref
    return None
