"""Profiles from TOML, and which of them applies to a tool (DESIGN §4.4).

A shipped profile applies only where the launch command resolves to the package
and version it was written from and the tool's definition digest is one it lists.
The operator's own profiles (`catalog/…`) count as reviewed; everything else is
inferred.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from assent.catalog.infer import infer
from assent.errors import PolicyError
from assent.model.profile import (
    DOMAINS,
    EFFECTS,
    REVERSIBILITY,
    TARGET_KINDS,
    ZONES,
    Server,
    ToolDefinition,
    ToolProfile,
    Undo,
)

OWN = "catalog/"
ANALYSERS = ("path", "sql", "url")
_LISTS: Mapping[str, Sequence[str] | None] = {
    "effects": EFFECTS,
    "domains": DOMAINS,
    "analysers": ANALYSERS,
    "authoritative": EFFECTS,
    "narrowable": None,
    "opaque": None,
    "secret": None,
    "output_labels": None,
    "digests": None,
}
_TOOL_KEYS = frozenset(_LISTS) | {"reversibility", "targets", "output_trust", "idempotency_key", "outcome_deadline"} | {
    "cost", "undo", "error_means_no_effect", "relative", "dialect"
}  # fmt: skip
_SERVER_KEYS = frozenset({"package", "name", "versions", "zone", "roots", "roots_option"})


class Source(Protocol):
    """A named text."""

    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Book:
    """One profile file.

    Args:
        own: written by the operator.
        package: `pypi:NAME` or `npm:NAME`; empty if it goes by server name.
        name: server name; empty if it goes by package.
        versions: versions it was written from; empty for any (own files only).
        zone: default zone of the server, empty if it does not say.
        roots: `positional`, or empty.
        roots_option: options whose value is a root.
        tools: by tool name.
        digests: definition digests a tool's profile was written from; empty for any (own files only).
    """

    own: bool
    package: str
    name: str
    versions: tuple[str, ...]
    zone: str
    roots: str
    roots_option: tuple[str, ...]
    tools: Mapping[str, ToolProfile]
    digests: Mapping[str, frozenset[str]]

    def profile_of(self, server: Server, definition: ToolDefinition) -> ToolProfile | None:
        """The profile this file has for exactly this tool, else None."""
        named = self.name == server.name if self.name else self.package == server.package
        if not named or (self.versions and server.version not in self.versions):
            return None
        profile, digests = self.tools.get(definition.name), self.digests.get(definition.name, frozenset())
        if profile is None or ((digests or not self.own) and definition.digest not in digests):
            return None
        return profile


class Profiles:
    """Every profile in force."""

    def __init__(self, books: Sequence[Book]) -> None:
        self._books = tuple(books)

    @classmethod
    def load(cls, sources: Sequence[Source]) -> Profiles:
        """Read profile texts.

        Raises:
            PolicyError: with file, line, key and what to write.
        """
        return cls([read(source) for source in sources])

    @property
    def books(self) -> tuple[Book, ...]:
        """The files, as loaded."""
        return self._books

    def profile_of(self, server: Server, definition: ToolDefinition) -> ToolProfile:
        """The reviewed profile of a tool, else an inferred one."""
        found = [(book.own, profile) for book in self._books if (profile := book.profile_of(server, definition))]
        own = [profile for mine, profile in found if mine]
        chosen = own or [profile for _, profile in found]
        if not chosen:
            return infer(definition)
        return chosen[0] if len(chosen) == 1 else _united(chosen)

    def roots_of(self, package: str, arguments: Sequence[str]) -> tuple[str, ...] | None:
        """Roots that a server's own arguments name; None if no profile says which."""
        for book in self._books:
            if book.package == package and package:
                if book.roots == "positional":
                    return tuple(word for word in arguments if not word.startswith("-"))
                if book.roots_option:
                    return _options(book.roots_option, arguments)
        return None

    def zone_of(self, package: str) -> str:
        """Default zone of a package; empty if no profile says."""
        return next((book.zone for book in self._books if package and book.package == package and book.zone), "")


def _united(profiles: Sequence[ToolProfile]) -> ToolProfile:
    """Two profiles for one tool: the more serious of everything, and a word of warning."""
    first = profiles[0]
    return replace(
        first,
        effects=frozenset().union(*(one.effects for one in profiles)),
        domains=frozenset().union(*(one.domains for one in profiles)),
        reversibility=max((one.reversibility for one in profiles), key=REVERSIBILITY.index),
        authoritative=frozenset.intersection(*(one.authoritative for one in profiles)),
        analysers=tuple(sorted({name for one in profiles for name in one.analysers})),
        secret=frozenset().union(*(one.secret for one in profiles)),
        error_means_no_effect=all(one.error_means_no_effect for one in profiles),
        idempotency_key=None,
        votes=(f"{len(profiles)} profiles name this tool: the most serious of each was taken",),
    )


def _options(names: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
    found = []
    for at, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name in names:
            following = arguments[at + 1] if at + 1 < len(arguments) else ""
            found.append(value if equals else following)
    return tuple(value for value in found if value)


def read(source: Source) -> Book:
    """One profile file.

    Raises:
        PolicyError: with file, line, key and what to write.
    """
    try:
        value = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        line = int(match[1]) if (match := re.search(r"line (\d+)", str(error))) else 0
        raise PolicyError("bad_profile", f"not TOML: {error}", file=source.name, line=line) from error
    reader = _Reader(source)
    reader.keys(value, frozenset({"server", "tools"}), "")
    server, tools = reader.table(value, "server"), reader.table(value, "tools")
    reader.keys(server, _SERVER_KEYS, "server")
    own = source.name.startswith(OWN)
    package, name = reader.text(server, "package"), reader.text(server, "name")
    versions = tuple(reader.texts(server, "versions", None))
    if not (package or (own and name)):
        raise reader.refuse("package", "expected `pypi:NAME` or `npm:NAME`, or in your own files the server's `name`")
    if not own and not versions:
        raise reader.refuse("versions", "a shipped profile names the versions it was written from")
    return Book(
        own=own,
        package=package,
        name=name,
        versions=versions,
        zone=reader.one_of(server, "zone", (*ZONES, ""), ""),
        roots=reader.one_of(server, "roots", ("positional", ""), ""),
        roots_option=tuple(reader.texts(server, "roots_option", None)),
        tools={tool: reader.profile(tool, entry) for tool, entry in tools.items()},
        digests={tool: frozenset(reader.texts(entry, "digests", None)) for tool, entry in tools.items()},
    )


class _Reader:
    """Reads members of one file, and says where what is wrong stands."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def refuse(self, key: str, message: str, section: str = "") -> PolicyError:
        """The error for one key, with its line."""
        lines = self._source.text.splitlines()
        start = next((at for at, line in enumerate(lines) if section and section in line and "[" in line), 0)
        pattern = re.compile(rf"\s*\[?\"?{re.escape(key)}\"?\s*[=\]]")
        at = next((n for n in range(start, len(lines)) if pattern.match(lines[n])), start)
        text = lines[at].strip()[:200] if lines else ""
        return PolicyError("bad_profile", f"`{key}`: {message}", file=self._source.name, line=at + 1, text=text)

    def keys(self, table: Mapping[str, object], known: frozenset[str], section: str) -> None:
        """Refuse a key that means nothing: it is a misspelt one."""
        for key in table:
            if key not in known:
                raise self.refuse(key, f"not a key here: expected one of {', '.join(sorted(known))}", section)

    def table(self, value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """A table member."""
        found = value.get(key, {})
        if not isinstance(found, dict):
            raise self.refuse(key, "expected a table")
        return found

    def text(self, table: Mapping[str, object], key: str) -> str:
        """A string member, empty if absent."""
        found = table.get(key, "")
        if not isinstance(found, str):
            raise self.refuse(key, "expected a string")
        return found

    def texts(self, table: Mapping[str, object], key: str, known: Sequence[str] | None) -> list[str]:
        """A list of strings, each one of `known` if that is given."""
        found = table.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise self.refuse(key, "expected a list of strings")
        for one in found:
            if known is not None and one not in known:
                raise self.refuse(key, f"`{one}` is none of {', '.join(known)}")
        return found

    def one_of(self, table: Mapping[str, object], key: str, known: Sequence[str], default: str) -> Any:
        """A string member that is one of `known`."""
        found = table.get(key, default)
        if found not in known:
            raise self.refuse(key, f"`{found}` is none of {', '.join(word for word in known if word)}")
        return found

    def names(self, entry: Mapping[str, Any], key: str, known: Mapping[str, object]) -> dict[str, str]:
        """A table of target argument → another target argument."""
        found = self.table(entry, key)
        for name, other in found.items():
            if name not in known or other not in known:
                raise self.refuse(name, "expected a target argument and the target argument it is relative to", key)
        return {name: str(other) for name, other in found.items()}

    def profile(self, tool: str, entry: object) -> ToolProfile:
        """One tool's profile."""
        if not isinstance(entry, dict):
            raise self.refuse(tool, "expected a table")
        self.keys(entry, _TOOL_KEYS, tool)
        lists = {key: frozenset(self.texts(entry, key, known)) for key, known in _LISTS.items()}
        if not lists["effects"]:
            raise self.refuse("effects", f"`{tool}` needs at least one of {', '.join(EFFECTS)}", tool)
        targets = self.table(entry, "targets")
        for name, kind in targets.items():
            if kind not in TARGET_KINDS:
                raise self.refuse(name, f"`{kind}` is none of {', '.join(TARGET_KINDS)}", tool)
        deadline = entry.get("outcome_deadline", 300)
        if isinstance(deadline, bool) or not isinstance(deadline, int) or not 1 <= deadline <= 86_400:
            raise self.refuse("outcome_deadline", "expected seconds from 1 to 86400", tool)
        undo = self.table(entry, "undo")
        return ToolProfile(
            tool=tool,
            effects=lists["effects"],
            domains=lists["domains"],
            reversibility=self.one_of(entry, "reversibility", REVERSIBILITY, "irreversible"),
            inferred=False,
            targets=dict(targets),
            relative=self.names(entry, "relative", targets),
            dialect=self.text(entry, "dialect"),
            analysers=tuple(self.texts(entry, "analysers", ANALYSERS)),
            authoritative=lists["authoritative"],
            narrowable=lists["narrowable"],
            opaque=lists["opaque"],
            secret=lists["secret"],
            output_trust=dict(self.table(entry, "output_trust")),
            output_labels=lists["output_labels"],
            idempotency_key=self.text(entry, "idempotency_key") or None,
            outcome_deadline=deadline,
            cost=self.text(entry, "cost"),
            undo=Undo(str(undo["tool"]), dict(self.table(undo, "arguments"))) if "tool" in undo else None,
            error_means_no_effect=entry.get("error_means_no_effect") is True,
        )
