"""Rules: the bundle and catalog in force, with the versions a commit compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assent_verify.canonical import canonicalize, digest

from assent.catalog.book import Profiles
from assent.catalog.methods import method_profile
from assent.decide.exact import encode
from assent.model.ids import Digest
from assent.model.profile import Server, ToolDefinition, ToolProfile
from assent.policy.bundle import Bundle
from assent.policy.schema import TOOL_CALL
from assent.policy.slices import Unavailable

#: State key that is set while everything is stopped (`assent kill --all`).
KILL = "killed"
#: State keys that every decision depends on; a commit compares each of them.
COMPARED = ("bundle", "catalog", "pins", "epoch", "broken", "observe", "rolled_back", "breakglass", KILL)
#: Kinds of revocations that bar a call by what it names; those of others are found where they are looked up.
BARRING = ("key", "server", "tool")
_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class Text:
    """Something a decision was made by, archived by digest for ever."""

    digest: Digest
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of one tool or method, and what a receipt names it by.

    Args:
        profile: what it does.
        digest: of the profile's canonical JSON.
        schema: digest of what its Cedar schemas are made from; empty if it is unavailable.
        texts: profile, definition and schema, to be archived.
    """

    profile: ToolProfile
    digest: Digest
    schema: str
    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Rules:
    """What is in force.

    Args:
        bundle: policies and entities.
        profiles: every tool profile, shipped and the operator's.
        versions: the values of `COMPARED` that these rules were read at.
        barred: a code if nothing may be allowed under them now: `killed`, `bundle_too_old`, `rolled_back`,
            `witness_overdue`.
        revoked: servers, tools (`SERVER/TOOL`) and keys that were taken back, as kind and id.
        read: steady time (ms) at which they were read.
        until: when (ms) the bundle ends by itself, for it only stands in for the active one; 0 if it does not.
    """

    bundle: Bundle
    profiles: Profiles
    versions: Mapping[str, str]
    barred: str = ""
    read: int = 0
    revoked: frozenset[tuple[str, str]] = frozenset()
    until: int = 0
    _known: dict[tuple[Server, str, str, Digest | None], Described] = field(
        default_factory=dict, repr=False, compare=False
    )

    def bars(self, server: str, tool: str, key: str) -> str:
        """A code if this server or tool, or the key that the session was opened with, was taken back; else empty."""
        if not self.revoked:
            return ""
        taken = (("server", server), ("tool", f"{server}/{tool}"), ("key", key))
        return next((f"{kind}_revoked" for kind, id in taken if (kind, id) in self.revoked), "")

    def observing(self, now: int) -> bool:
        """Is policy observed and not enforced at this time (ms)? It ends by itself."""
        until = self.versions.get("observe", "")
        return bool(until) and now < int(until)

    def over(self, now: int) -> bool:
        """Has a bundle that only stood in ended by itself at this time (ms)?"""
        return bool(self.until) and now >= self.until

    def profile_of(self, server: Server, definition: ToolDefinition) -> ToolProfile:
        """The profile of a tool; the same for the same server and definition as long as these rules hold."""
        return self.described(server, TOOL_CALL, definition.name, definition).profile

    def described(self, server: Server, method: str, tool: str, definition: ToolDefinition | None) -> Described:
        """What is known of a tool, or of a method that is not a tool call."""
        key = (server, method, tool, definition.digest if definition else None)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = self._describe(server, method, tool, definition)
        return known

    def _describe(self, server: Server, method: str, tool: str, definition: ToolDefinition | None) -> Described:
        if method == TOOL_CALL and definition is not None:
            profile = self.profiles.profile_of(server, definition)
        else:
            profile = method_profile(method)
        content = canonicalize(encode(profile))
        found = Digest(digest(content))
        texts = [Text(found, "profile", content)]
        if method == TOOL_CALL and definition is None:
            return Described(profile, found, "", tuple(texts))  # a name of the agent's making is not archived
        if definition is not None:
            texts.append(Text(definition.digest, "definition", canonicalize(dict(definition.definition))))
        shape = self.bundle.shape(server, method, tool, profile, definition)
        if isinstance(shape, Unavailable):
            return Described(profile, found, "", tuple(texts))
        texts.append(Text(shape.digest, "schema", shape.archive))
        return Described(profile, found, shape.digest, tuple(texts))


#: Gives the rules in force; read anew if asked for fresh ones. Raises UnavailableError if there are none.
RuleSource = Callable[[bool], Rules]
