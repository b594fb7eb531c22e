"""Rules: the bundle and catalog in force, with the versions a commit compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assent.catalog.book import Profiles
from assent.model.ids import Digest
from assent.model.profile import Server, ToolDefinition, ToolProfile
from assent.policy.bundle import Bundle

#: State keys that every decision depends on; a commit compares each of them.
COMPARED = ("bundle", "catalog", "pins", "epoch")
_REMEMBERED = 4_096


@dataclass(frozen=True)
class Rules:
    """What is in force.

    Args:
        bundle: policies and entities.
        profiles: every tool profile, shipped and the operator's.
        versions: the values of `COMPARED` that these rules were read at.
    """

    bundle: Bundle
    profiles: Profiles
    versions: Mapping[str, str]
    _known: dict[tuple[Server, Digest], ToolProfile] = field(default_factory=dict, repr=False, compare=False)

    def profile_of(self, server: Server, definition: ToolDefinition) -> ToolProfile:
        """The profile of a tool; the same for the same server and definition as long as these rules hold."""
        key = (server, definition.digest)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = self.profiles.profile_of(server, definition)
        return known


#: Gives the rules in force now; raises UnavailableError if there are none.
RuleSource = Callable[[], Rules]
