"""Facts: everything a decision takes, gathered before it and recorded with it (DESIGN §3).

`decide()` sees nothing else, so the same facts and the same bundle give the
same decision, always (DESIGN §4.11).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from assent_verify.canonical import canonicalize, digest

from assent.catalog.analysers.secrets import carries_secret, strings
from assent.catalog.analysis import INTEGRITY_LABELS, Analysis
from assent.decide.exact import decode, encode
from assent.model.action import Action
from assent.model.approval import Approval
from assent.model.decision import Decision
from assent.model.delegation import Delegation
from assent.model.grant import Grant
from assent.model.ids import AttemptId, Digest, PrincipalId
from assent.model.principal import Principal
from assent.model.profile import Server, ToolDefinition, ToolProfile

Role = Literal["actor", "delegator"]


@dataclass(frozen=True, slots=True)
class Link:
    """One principal of the chain: 0 is the depth of its root, the actor is the deepest.

    Args:
        grant: what was delegated to it, without the token; None for the root.
    """

    principal: Principal
    role: Role = "actor"
    depth: int = 0
    grant: Grant | None = field(default=None, metadata={"added": True})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The session as the decision saw it: its labels, how many calls went before, the digest of its task."""

    labels: frozenset[str] = frozenset()
    calls: int = 0
    task: str = field(default="", metadata={"added": True})


@dataclass(frozen=True, slots=True)
class Versions:
    """What the decision used; the commit compares them again (DESIGN §3, step 6).

    Args:
        bundle: digest of the active policy bundle.
        catalog: digest of the active catalog.
        schema: digest of the tool's generated Cedar schema, or empty.
        session: the session's version.
        epoch: the revocation epoch.
        engine: name and version of the Cedar engine.
        profile: digest of the tool profile's canonical JSON, or empty.
    """

    bundle: str = ""
    catalog: str = ""
    schema: str = ""
    session: int = 0
    epoch: int = 0
    engine: str = ""
    profile: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything the decision takes.

    Args:
        action: the exact action, referents included.
        attempt: this occurrence of it.
        chain: who acts, root first, the actor last; a chain of one is the actor alone.
        profile: what the catalog knows of the tool.
        server: the configured server.
        definition: the pinned tool definition; None for other methods.
        analysis: what was found about this call.
        session: labels and counters of the session.
        time: milliseconds since the epoch, max(clock, highest recorded).
        may_have_happened: an earlier attempt of the same action is open or unknown.
        refused_by_person: somebody said no in this session to the same tool and targets.
        approvals: answers presented for this attempt.
        versions: what all this was read at.
        delegations: what people have granted for this session and tool, presented.
        observing: policy is only observed by an operator's signed word; what guards Assent is not.
        trouble: codes of what could not be established (`clock_jump`, `store_stale`); each defers.
    """

    action: Action
    attempt: AttemptId
    chain: tuple[Link, ...]
    profile: ToolProfile
    server: Server
    definition: ToolDefinition | None
    analysis: Analysis
    session: Snapshot
    time: int
    may_have_happened: bool = False
    refused_by_person: bool = False
    approvals: tuple[Approval, ...] = ()
    versions: Versions = field(default_factory=Versions)
    observing: bool = False
    delegations: tuple[Delegation, ...] = ()
    trouble: tuple[str, ...] = ()

    @property
    def actor(self) -> Principal:
        """Who acts: the last link of the chain."""
        return self.chain[-1].principal

    @property
    def owner(self) -> PrincipalId:
        """The `User` who answers for the actor; a `User` answers for itself."""
        return self.actor.owner or self.actor.id

    @property
    def refusal(self) -> Digest:
        """What a person's *no* to this call holds for, all session."""
        return refusal_key(self)

    def as_json(self) -> dict[str, object]:
        """JSON of all facts; definition and profile, archived by digest, stand as their digests."""
        members = {field: encode(getattr(self, field)) for field in _RECORDED}
        named = self.versions.profile or encode(self.profile)
        return {**members, "definition": self.definition.digest if self.definition else None, "profile": named}

    @classmethod
    def from_json(
        cls,
        value: object,
        definition: ToolDefinition | None = None,
        profile: ToolProfile | None = None,
        *,
        known: str = "",
    ) -> Facts:
        """The facts back, exactly.

        Args:
            definition: the archived definition that they name.
            profile: the archived profile that they name; needed only if they hold its digest.
            known: digest of `profile`, if it has been computed already.

        Raises:
            ValueError: the JSON is not facts, or names another definition or profile.
        """
        if not isinstance(value, dict):
            raise ValueError(f"expected an object of facts, got `{type(value).__name__}`")
        named = value.get("definition")
        if named != (definition.digest if definition else None):
            raise ValueError(f"the facts name definition `{named}`, got another one")
        found = value.get("profile")
        if not isinstance(found, str):
            profile = decode(ToolProfile, found)
        elif profile is None or (known or digest(canonicalize(encode(profile)))) != found:
            raise ValueError(f"the facts name profile `{found}`, got another one")
        return decode(cls, value, definition=definition, profile=profile)


#: Members of `Facts` that are recorded as they are.
_RECORDED = tuple(field.name for field in fields(Facts) if field.name not in ("definition", "profile"))


#: Stands for an argument that holds a secret: cards are kept, and secrets never are (DESIGN §7).
_WITHHELD = {"withheld": "it holds a secret"}


def shown(facts: Facts, decision: Decision) -> dict[str, object]:
    """The card a reviewer sees; its digest is what an approval is bound to (DESIGN §4.7).

    Stable between asking and deciding again: no time, no counters, not the
    escalations, which an approval names one by one, and no integrity label, which
    nearly every session has after its first read: a yes is to this exact action.
    """
    profile, analysis, arguments = facts.profile, facts.analysis, facts.action.arguments
    secret = profile.secret | analysis.secret_arguments
    unnamed = {name: f"(name {at} holds a secret)" for at, name in enumerate(sorted(analysis.secret_names), 1)}
    return {
        "action": facts.action.digest,
        "arguments": {
            unnamed.get(name, name): _WITHHELD if name in secret else encode(value) for name, value in arguments.items()
        },
        "beside": _beside(facts, secret),
        "chain": [link.principal.id for link in facts.chain],
        "cost": profile.cost,
        "definition": facts.action.definition,
        "effects": list(decision.effects),
        "facts": {**analysis.facts, "may_have_happened": facts.may_have_happened},
        "fixed": _fixed(facts),
        "inferred": profile.inferred,
        "labels": sorted(facts.session.labels - INTEGRITY_LABELS),
        "method": facts.action.method,
        "named": {of: _WITHHELD if of.removeprefix(ARGUMENT) in secret else all_ for of, all_ in named(facts).items()},
        "notes": list(analysis.notes),
        "owner": facts.owner,
        "principal": facts.actor.id,
        "referents": [referent.as_json() for referent in facts.action.referents],
        "reversibility": decision.reversibility,
        "server": facts.server.name,
        "targets": {kind: _shown(values, secret) for kind, values in analysis.targets.items()},
        "tool": facts.action.tool,
        "undo": encode(profile.undo),
        "zone": facts.server.zone,
    }


def _beside(facts: Facts, secret: frozenset[str]) -> dict[str, object]:
    """What goes to the server beside a tool's arguments, such as answers to what it has asked."""
    if facts.action.method != "tools/call":
        return {}
    beside = {name: value for name, value in facts.action.params.items() if name not in _SAID_ELSEWHERE}
    return {name: _WITHHELD if secret & {name, ""} else encode(value) for name, value in beside.items()}


def _fixed(facts: Facts) -> Digest:
    """Digest of all that is sent but the texts of arguments: names, numbers, truth values, choices, what is beside."""
    choices = _choices(facts.definition.definition if facts.definition else {})
    arguments = {name: _frame(value, name in choices) for name, value in facts.action.arguments.items()}
    beside = {name: value for name, value in facts.action.params.items() if name not in _SAID_ELSEWHERE}
    return Digest(digest(canonicalize({"arguments": arguments, "beside": beside})))


def _frame(value: object, whole: bool) -> object:
    """A value without its texts; a list as the set of what stands in it."""
    if whole:
        return encode(value)
    if isinstance(value, str):
        return ""
    if isinstance(value, Mapping):
        return {str(name): _frame(one, whole) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [json.loads(one) for one in sorted({canonicalize(_frame(one, whole)) for one in value})]
    return encode(value)


def _choices(definition: Mapping[str, object]) -> frozenset[str]:
    """Arguments of which the tool's schema lists some value: another one of these is no other text."""
    schema = definition.get("inputSchema")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return frozenset()
    listed = _lists(canonicalize(schema))
    texts = {str(name): canonicalize(one) for name, one in properties.items()}
    return frozenset(name for name, text in texts.items() if _lists(text) or (listed and b'"$ref"' in text))


def _lists(schema: bytes) -> bool:
    return b'"enum":' in schema or b'"const":' in schema


def _shown(targets: Iterable[str], secret: frozenset[str]) -> list[str]:
    """Targets as a card may keep them: where an argument holds a secret, what was read out of it may too."""
    return ["(holds a secret)" if secret and carries_secret(target) else target for target in targets]


#: Members of the params that a card shows by themselves, or that carry no meaning.
_SAID_ELSEWHERE = frozenset({"name", "arguments", "_meta"})
#: Kinds of targets that are what the call names, and not what an analyser makes of it.
_NAMED = frozenset({"address", "database", "id", "payee", "ref"})
#: Begins the kind of a target that is a whole argument.
ARGUMENT = "argument "


def named(facts: Facts) -> dict[str, object]:
    """What the call names, by kind: normalised targets, and arguments that are names themselves."""
    found: dict[str, object] = {kind: sorted(values) for kind, values in facts.analysis.targets.items() if values}
    for name, kind in facts.profile.targets.items():
        if kind in _NAMED and name in facts.action.arguments:
            found[f"{ARGUMENT}{name}"] = _alike(facts.action.arguments[name], whole=True)
    return found


def refusal_key(facts: Facts) -> Digest:
    """Digest of server, tool and targets: what a person's *no* holds for (DESIGN §4.7).

    Variations of one call have one key: space, case and order count for nothing, nor
    does any text beside the targets. Without any target the arguments stand in, so
    that a *no* to one call does not refuse every later call of a tool whose targets
    nobody can tell.
    """
    targets = named(facts)
    about: dict[str, object] = {"server": facts.server.name, "tool": facts.action.tool, "targets": targets}
    if not targets:
        about["arguments"] = _alike(facts.action.arguments)
    return Digest(digest(canonicalize(about)))


def _alike(value: object, *, whole: bool = False) -> object:
    """The same for values that a person would take for the same: white space, case and order left out.

    Args:
        whole: of a structure, its strings alone.
    """
    if whole:
        texts = sorted({" ".join(text.casefold().split()) for text in strings(value)})
        return texts or encode(value)
    if isinstance(value, str):
        return " ".join(value.casefold().split())
    if isinstance(value, Mapping):
        return {str(name): _alike(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return sorted((_alike(one) for one in value), key=canonicalize)
    return encode(value)
