"""Tool profile: what the catalog knows of a tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from assent.model.ids import Digest

#: The effects a call can have; each is a Cedar group `effect:NAME`.
EFFECTS = ("read", "write", "delete", "send", "pay", "execute", "grant", "unknown")
DOMAINS = ("financial", "identity", "infrastructure", "data", "communication", "code")
Reversibility = Literal["reversible", "compensable", "irreversible"]
REVERSIBILITY: tuple[Reversibility, ...] = ("reversible", "compensable", "irreversible")  # by severity
Zone = Literal["local", "own", "external"]
ZONES: tuple[Zone, ...] = ("local", "own", "external")
#: What kind of thing an argument names; analysers and Cedar targets go by it.
TARGET_KINDS = ("path", "url", "host", "address", "payee", "table", "database", "ref", "command", "code", "id")


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A tool as its server describes it, pinned by digest.

    Args:
        name: the server's name for it, any text.
        definition: the whole tool object of `tools/list`, parsed.
        digest: SHA-256 over its canonical form.
    """

    name: str
    definition: Mapping[str, object]
    digest: Digest

    @property
    def input_schema(self) -> Mapping[str, object]:
        """The JSON Schema of the arguments; an empty object schema if none."""
        schema = self.definition.get("inputSchema")
        return schema if isinstance(schema, dict) else {"type": "object"}


@dataclass(frozen=True, slots=True)
class Undo:
    """How a compensable call is undone: a tool and where its arguments come from."""

    tool: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolProfile:
    """What is known of one tool (DESIGN §2, §4.4).

    Args:
        tool: the tool's name at its server.
        effects: subset of `EFFECTS`, never empty.
        domains: subset of `DOMAINS`.
        reversibility: the worst case before argument analysis.
        inferred: True if no reviewed profile applies; policy sees it.
        targets: argument name → target kind, one of `TARGET_KINDS`.
        relative: path argument → the argument whose directory a relative path is relative to; without
            one it is read against the server's working directory and every root.
        dialect: SQL dialect of its `sql` analyser, empty if it has none.
        analysers: analyser names to run. `path`: its path arguments are what it changes, so their
            bytes from before are the undo; `sql`: its `code` arguments are SQL.
        authoritative: effects that an analyser may take away after a complete parse.
        narrowable: arguments that an obligation may narrow.
        opaque: number arguments handed to policy as canonical text.
        secret: arguments never stored in the clear.
        output_trust: JSON path of the output → trust word (`untrusted` if absent).
        output_labels: confidentiality labels every output of the tool carries.
        idempotency_key: argument that the upstream honours for exactly-once; None if none.
        outcome_deadline: seconds until a missing outcome becomes a gap.
        external: path of the id that the executor gives what it did (`catalog.external`), empty if none.
        cost: words for a person, empty if free.
        undo: how to undo a compensable call; None if the kept prior bytes are the undo.
        error_means_no_effect: an error result proves that nothing happened.
        votes: why an inferred profile says what it says, for a person.
    """

    tool: str
    effects: frozenset[str]
    domains: frozenset[str] = frozenset()
    reversibility: Reversibility = "irreversible"
    inferred: bool = True
    targets: Mapping[str, str] = field(default_factory=dict)
    relative: Mapping[str, str] = field(default_factory=dict)
    dialect: str = ""
    analysers: tuple[str, ...] = ()
    authoritative: frozenset[str] = frozenset()
    narrowable: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    output_trust: Mapping[str, str] = field(default_factory=dict)
    output_labels: frozenset[str] = frozenset()
    idempotency_key: str | None = None
    outcome_deadline: int = 300
    external: str = field(default="", metadata={"added": True})
    cost: str = ""
    undo: Undo | None = None
    error_means_no_effect: bool = False
    votes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """One governed server, as configuration and launch command say.

    Args:
        name: `[a-z0-9-]{1,40}`, unique on the home.
        zone: set by the operator; `external` if unknown.
        roots: absolute, resolved directories or files it may touch; empty if none are known.
        roots_known: False if nobody said; then writes escalate.
        package: `pypi:NAME` or `npm:NAME` the launch command resolves to; empty if unknown.
        version: its version; empty if unknown.
        cwd: the server's working directory, against which it resolves relative paths.
    """

    name: str
    zone: Zone = "external"
    roots: tuple[str, ...] = ()
    roots_known: bool = False
    package: str = ""
    version: str = ""
    cwd: str = ""
