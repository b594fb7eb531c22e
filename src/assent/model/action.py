"""Action: one proposed effect, and the digest that names exactly it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from assent_verify.canonical import canonicalize, digest

from assent.model.ids import ActionDigest, Digest, PrincipalId, SessionId

#: Keys of `params._meta` that carry transport, not meaning; not in the digest (DESIGN §8).
TRANSPORT_META = frozenset({"progressToken", "traceparent", "tracestate", "baggage"})


@dataclass(frozen=True, slots=True)
class Referent:
    """Something a call executes or sends by reference (DESIGN §4.10).

    Args:
        kind: `file`, `directory` or `git_ref`.
        name: how the call names it, resolved.
        digest: SHA-256 of its content; None means `not pinned`.
    """

    kind: str
    name: str
    digest: Digest | None

    def as_json(self) -> dict[str, object]:
        """The form that is part of the action digest."""
        return {"digest": self.digest, "kind": self.kind, "name": self.name}


@dataclass(frozen=True)
class Action:
    """Who, what, with which arguments and referents, in which session (DESIGN §2).

    Args:
        principal: the actor.
        chain: ids of the delegations it acts under, root first; empty for a chain of one.
        session: the session it happens in.
        server: the configured server name.
        method: the MCP method, `tools/call` for a tool.
        tool: tool name at the server; for other methods the method itself.
        definition: digest of the pinned tool definition; None for other methods.
        params: the request's params less transport keys, parsed from canonical bytes.
        referents: what it reaches by reference.
    """

    principal: PrincipalId
    chain: tuple[str, ...]
    session: SessionId
    server: str
    method: str
    tool: str
    definition: Digest | None
    params: Mapping[str, object]
    referents: tuple[Referent, ...] = field(default=())

    @property
    def arguments(self) -> Mapping[str, object]:
        """The tool's arguments (`params.arguments`), or all params for other methods."""
        if self.method != "tools/call":
            return self.params
        arguments = self.params.get("arguments")
        return arguments if isinstance(arguments, dict) else {}

    @cached_property
    def canonical(self) -> bytes:
        """RFC 8785 form of the whole action; SHA-256 of it is the action digest."""
        return canonicalize(
            {
                "chain": list(self.chain),
                "definition": self.definition,
                "method": self.method,
                "params": dict(self.params),
                "principal": self.principal,
                "referents": [referent.as_json() for referent in self.referents],
                "server": self.server,
                "session": self.session,
                "tool": self.tool,
            }
        )

    @cached_property
    def digest(self) -> ActionDigest:
        """`sha256:` + hex of the canonical form."""
        return ActionDigest(digest(self.canonical))

    @cached_property
    def sameness(self) -> Digest:
        """Digest without the session: does this repeat an earlier effect of the principal?"""
        same = {
            "method": self.method,
            "params": dict(self.params),
            "principal": self.principal,
            "server": self.server,
            "tool": self.tool,
        }
        return Digest(digest(canonicalize(same)))
