"""One profile file: TOML, read strictly (docs/catalog.md).

A mistake is refused with file, line, key and what to write. Which profile applies
to which tool is said in `catalog.book`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from assent_verify.canonical import canonicalize, digest

from assent.catalog.external import PATH
from assent.errors import PolicyError
from assent.model.ids import Digest
from assent.model.profile import DOMAINS, EFFECTS, REVERSIBILITY, TARGET_KINDS, ZONES, ToolDefinition, ToolProfile, Undo

OWN = "catalog/"
#: Analysers that a profile may ask for.
ANALYSERS = ("address", "code", "git", "path", "shell", "sql", "url")
#: Words for where an output comes from; only the last three do not make it untrusted (`catalog.labels`).
TRUST = ("untrusted", "account", "fact", "internal")
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
    "varying": None,
}
TOOL_KEYS = frozenset(_LISTS) | {"reversibility", "targets", "output_trust", "idempotency_key", "outcome_deadline"} | {
    "cost", "undo", "error_means_no_effect", "relative", "dialect", "external"
}  # fmt: skip
SERVER_KEYS = frozenset(
    {"package", "name", "versions", "zone", "roots", "roots_option", "tools_digest", "unverified", "note"}
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_PACKAGE = re.compile(r"(?:pypi:[a-z0-9]+(?:-[a-z0-9]+)*|npm:(?:@[a-z0-9~_.-]+/)?[a-z0-9~_.-]+)\Z")
_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,39}\Z")
#: Only words for a reader may differ from place to place: never a name, a type or a choice.
_VARYING = re.compile(r"(?:/[^/]+)*/description\Z")
_FROM = re.compile(r"(?:arguments|result)(?:\.|\Z)")


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
        source: name of the file.
        own: written by the operator.
        package: `pypi:NAME` or `npm:NAME`; empty if it goes by server name.
        name: server name; empty if it goes by package.
        versions: versions it was written from; empty for any (own files only).
        zone: default zone of the server, empty if it does not say.
        roots: `positional`; `cwd` if it is the directory it is started in; or empty.
        roots_option: options whose value is a root.
        tools: by tool name.
        varying: by tool name, places in its definition (RFC 6901) whose text differs from machine to machine and
            is left out of the digest.
        digests: definition digests a tool's profile was written from; empty for any (own and unverified files only).
        tools_digest: `list_digest` of the tool list it was written from; empty if it does not say.
        unverified: nobody has held it against the running server: what it says only adds to inference.
        note: what stands out, one line for a person.
    """

    source: str
    own: bool
    package: str
    name: str
    versions: tuple[str, ...]
    zone: str
    roots: str
    roots_option: tuple[str, ...]
    tools: Mapping[str, ToolProfile]
    varying: Mapping[str, frozenset[str]]
    digests: Mapping[str, frozenset[str]]
    tools_digest: str
    unverified: bool
    note: str

    def digest_of(self, definition: ToolDefinition) -> Digest:
        """The digest that `digests` lists: of the definition, less what differs from machine to machine."""
        places = self.varying.get(definition.name)
        if not places:
            return definition.digest
        return Digest(digest(canonicalize(_without(definition.definition, "", places))))


def _without(value: object, place: str, places: frozenset[str]) -> object:
    """A JSON value with the texts at these places empty."""
    if isinstance(value, Mapping):
        return {key: _without(inner, f"{place}/{key}", places) for key, inner in value.items()}
    return "" if isinstance(value, str) and place in places else value


def list_digest(definitions: Sequence[str]) -> Digest:
    """Digest of a whole tool list: SHA-256 over the canonical form of its sorted definition digests."""
    return Digest(digest(canonicalize(sorted(definitions))))


def package_of(source: Source) -> str:
    """The package a file is about, as far as a look at it tells; empty if it does not."""
    match = re.search(r'^package = "([^"\n]+)"$', source.text, re.MULTILINE)
    return match[1] if match else ""


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
    reader.keys(server, SERVER_KEYS, "server")
    own = source.name.startswith(OWN)
    unverified = reader.flag(server, "unverified", "server")
    package, name = reader.matching(server, "package", _PACKAGE), reader.matching(server, "name", _NAME)
    if not (package or (own and name)):
        raise reader.refuse("package", "expected `pypi:NAME` or `npm:NAME`, or in your own files the server's `name`")
    book = Book(
        source=source.name,
        own=own,
        package=package,
        name=name,
        versions=tuple(reader.texts(server, "versions", None)),
        zone=reader.one_of(server, "zone", (*ZONES, ""), ""),
        roots=reader.one_of(server, "roots", ("positional", "cwd", ""), ""),
        roots_option=tuple(reader.texts(server, "roots_option", None)),
        tools={tool: reader.profile(tool, entry) for tool, entry in tools.items()},
        varying={tool: frozenset(reader.texts(entry, "varying", None)) for tool, entry in tools.items()},
        digests={tool: frozenset(reader.texts(entry, "digests", None)) for tool, entry in tools.items()},
        tools_digest=reader.matching(server, "tools_digest", _DIGEST),
        unverified=unverified,
        note=reader.text(server, "note", "server"),
    )
    if not own:
        _written_from(reader, book)
    for tool, profile in book.tools.items():
        if profile.undo is not None and profile.undo.tool not in tools:
            raise reader.refuse("undo", f"`{profile.undo.tool}` is no tool of this file", tool)
    return book


_FORMS = {
    "package": "`pypi:NAME` or `npm:NAME`",
    "name": "a-z, 0-9 and `-`",
    "tools_digest": "`sha256:` and 64 hex digits",
}


def _written_from(reader: _Reader, book: Book) -> None:
    """A shipped file says what it was written from, and a verified one down to each definition."""
    if not book.versions:
        raise reader.refuse("versions", "a shipped profile names the versions it was written from", "server")
    if book.unverified:
        return
    for tool, digests in book.digests.items():
        if not digests:
            raise reader.refuse(
                "digests", f"`{tool}` needs the digest of its definition, or the file `unverified`", tool
            )


def _header(line: str) -> str:
    """The table a line opens: `server`, or a tool's name without `tools.` and quotes; empty if it opens none."""
    line = line.strip()
    if not line.startswith("[") or "]" not in line:
        return ""
    return line[1 : line.rindex("]")].strip().removeprefix("tools.").strip("\"' ")


class _Reader:
    """Reads members of one file, and says where what is wrong stands."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def refuse(self, key: str, message: str, section: str = "") -> PolicyError:
        """The error for one key, with its line."""
        lines = self._source.text.splitlines()
        start = next((at for at, line in enumerate(lines) if section and _header(line) == section), 0)
        pattern = re.compile(rf"\s*\[?\"?{re.escape(key)}\"?\s*[=\]]")
        at = next((n for n in range(start, len(lines)) if pattern.match(lines[n])), start)
        text = lines[at].strip()[:200] if lines else ""
        return PolicyError("bad_profile", f"`{key}`: {message}", file=self._source.name, line=at + 1, text=text)

    def keys(self, table: Mapping[str, object], known: frozenset[str], section: str) -> None:
        """Refuse a key that means nothing: it is a misspelt one."""
        for key in table:
            if key not in known:
                raise self.refuse(key, f"not a key here: expected one of {', '.join(sorted(known))}", section)

    def table(self, value: Mapping[str, Any], key: str, section: str = "") -> Mapping[str, Any]:
        """A table member."""
        found = value.get(key, {})
        if not isinstance(found, dict):
            raise self.refuse(key, "expected a table", section)
        return found

    def text(self, table: Mapping[str, object], key: str, section: str) -> str:
        """A string member, empty if absent."""
        found = table.get(key, "")
        if not isinstance(found, str):
            raise self.refuse(key, "expected a string", section)
        return found

    def texts(self, table: Mapping[str, object], key: str, known: Sequence[str] | None, section: str = "") -> list[str]:
        """A list of strings, each one of `known` if that is given."""
        found = table.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise self.refuse(key, "expected a list of strings", section)
        for one in found:
            if known is not None and one not in known:
                raise self.refuse(key, f"`{one}` is none of {', '.join(known)}", section)
            if not one:
                raise self.refuse(key, "an empty text means nothing here", section)
        return found

    def flag(self, table: Mapping[str, object], key: str, section: str) -> bool:
        """A yes or no, no if absent."""
        found = table.get(key, False)
        if not isinstance(found, bool):
            raise self.refuse(key, "expected `true` or `false`", section)
        return found

    def matching(self, table: Mapping[str, object], key: str, pattern: re.Pattern[str]) -> str:
        """A string member of this form, empty if absent."""
        found = self.text(table, key, "server")
        if key in table and not pattern.match(found):
            raise self.refuse(key, f"`{found}` is not of the form {_FORMS[key]}", "server")
        return found

    def one_of(
        self, table: Mapping[str, object], key: str, known: Sequence[str], default: str, section: str = ""
    ) -> Any:
        """A string member that is one of `known`."""
        found = table.get(key, default)
        if found not in known:
            raise self.refuse(key, f"`{found}` is none of {', '.join(word for word in known if word)}", section)
        return found

    def relative(self, tool: str, entry: Mapping[str, Any], targets: Mapping[str, object]) -> dict[str, str]:
        """Target argument → the target argument it is relative to."""
        found = self.table(entry, "relative", tool)
        for name, other in found.items():
            if name not in targets or other not in targets:
                raise self.refuse(
                    "relative", f"`{name}`: expected a target argument and the target argument it is relative to", tool
                )
        return {name: str(other) for name, other in found.items()}

    def targets(self, tool: str, entry: Mapping[str, Any]) -> dict[str, str]:
        """Argument → what kind of thing it names."""
        found = self.table(entry, "targets", tool)
        for name, kind in found.items():
            if kind not in TARGET_KINDS:
                raise self.refuse("targets", f"`{name}`: `{kind}` is none of {', '.join(TARGET_KINDS)}", tool)
        return dict(found)

    def undo(self, tool: str, entry: Mapping[str, Any]) -> Undo | None:
        """The tool that takes the call back, and where its arguments come from."""
        found = self.table(entry, "undo", tool)
        arguments = found.get("arguments", {})
        if not found:
            return None
        if set(found) - {"tool", "arguments"} or not isinstance(found.get("tool"), str):
            raise self.refuse("undo", "expected `{ tool = NAME, arguments = { … } }`", tool)
        if not isinstance(arguments, dict) or not all(_FROM.match(str(place)) for place in arguments.values()):
            raise self.refuse("undo", "its arguments come from `arguments.NAME` or `result.NAME`", tool)
        return Undo(found["tool"], {name: str(place) for name, place in arguments.items()})

    def trust(self, tool: str, entry: Mapping[str, Any]) -> dict[str, str]:
        """Place in the output → trust word."""
        found = self.table(entry, "output_trust", tool)
        for place, word in found.items():
            if not place.startswith("$") or word not in TRUST:
                raise self.refuse("output_trust", f'expected `{{ "$" = WORD }}` with one of {", ".join(TRUST)}', tool)
        return dict(found)

    def external(self, tool: str, entry: Mapping[str, Any]) -> str:
        """Where the executor's id stands in a result."""
        path = self.text(entry, "external", tool)
        if path and not PATH.fullmatch(path):
            raise self.refuse("external", "expected a path such as `$.structuredContent.id`", tool)
        return path

    def fitting(self, tool: str, entry: Mapping[str, Any], lists: Mapping[str, frozenset[str]]) -> None:
        """What makes sense only beside another key, or in one form."""
        if not lists["effects"]:
            raise self.refuse("effects", f"`{tool}` needs at least one of {', '.join(EFFECTS)}", tool)
        if lists["authoritative"] and not lists["analysers"]:
            raise self.refuse("authoritative", "needs an analyser that it trusts", tool)
        if "dialect" in entry and "sql" not in lists["analysers"]:
            raise self.refuse("dialect", 'needs `analysers = ["sql"]`', tool)
        for key, pattern, form in (
            ("digests", _DIGEST, "`sha256:` and 64 hex digits"),
            ("output_labels", _LABEL, "a-z, 0-9, `-` and `_`"),
            ("varying", _VARYING, "`/…/description`"),
        ):
            for one in lists[key]:
                if not pattern.match(one):
                    raise self.refuse(key, f"`{one}` is not of the form {form}", tool)

    def profile(self, tool: str, entry: object) -> ToolProfile:
        """One tool's profile."""
        if not isinstance(entry, dict):
            raise self.refuse(tool, "expected a table")
        self.keys(entry, TOOL_KEYS, tool)
        lists = {key: frozenset(self.texts(entry, key, known, tool)) for key, known in _LISTS.items()}
        self.fitting(tool, entry, lists)
        targets = self.targets(tool, entry)
        deadline = entry.get("outcome_deadline", 300)
        if isinstance(deadline, bool) or not isinstance(deadline, int) or not 1 <= deadline <= 86_400:
            raise self.refuse("outcome_deadline", "expected seconds from 1 to 86400", tool)
        return ToolProfile(
            tool=tool,
            effects=lists["effects"],
            domains=lists["domains"],
            reversibility=self.one_of(entry, "reversibility", REVERSIBILITY, "irreversible", tool),
            inferred=False,
            targets=targets,
            relative=self.relative(tool, entry, targets),
            dialect=self.text(entry, "dialect", tool),
            analysers=tuple(sorted(lists["analysers"])),
            authoritative=lists["authoritative"],
            narrowable=lists["narrowable"],
            opaque=lists["opaque"],
            secret=lists["secret"],
            output_trust=self.trust(tool, entry),
            output_labels=lists["output_labels"],
            idempotency_key=self.text(entry, "idempotency_key", tool) or None,
            outcome_deadline=deadline,
            external=self.external(tool, entry),
            cost=self.text(entry, "cost", tool),
            undo=self.undo(tool, entry),
            error_means_no_effect=self.flag(entry, "error_means_no_effect", tool),
        )
