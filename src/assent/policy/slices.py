"""A slice: all that Cedar needs for one tool, one principal and one effect, parsed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
from assent_verify.canonical import canonicalize, digest

from assent.model.decision import PolicyRef
from assent.model.ids import Digest
from assent.model.principal import KINDS, Principal
from assent.model.profile import Server, ToolDefinition, ToolProfile
from assent.policy import cedar
from assent.policy.arguments import encode, validator
from assent.policy.builtin import PERMIT
from assent.policy.cedar import Entities, PolicySet, Schema, Uid, Verdict
from assent.policy.kinds import Kind, cedar_type, context, project
from assent.policy.lru import Lru
from assent.policy.rule import Rule
from assent.policy.schema import (
    TOOL_CALL,
    SchemaError,
    action_name,
    arguments_kind,
    cedar_schema,
    groups_of,
    method_schema,
)

#: Answers remembered for one slice.
_ANSWERS = 64


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A tool cannot be decided: the operator learns why, the agent only that, and by which rule."""

    why: str
    rule: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What a tool's schema says of its calls; itself a key of what is built from it.

    Args:
        name: the action id, or the group of the per-effect actions.
        analysed: True if there is one action per effect.
        arguments: kind of its arguments.
        schema: compiled JSON Schema.
        archive: canonical bytes of what the Cedar schemas of its calls are made from.
        digest: their SHA-256, the `schema` version of a receipt.
    """

    name: str
    analysed: bool
    arguments: Kind
    schema: jsonschema_rs.Validator
    archive: bytes
    digest: Digest


def shape_of(
    server: Server, method: str, tool: str, profile: ToolProfile, definition: ToolDefinition | None
) -> Shape | Unavailable:
    """The shape of a tool, or why it is unavailable."""
    declared = definition.input_schema if definition and method == TOOL_CALL else method_schema(method)
    try:
        kind = arguments_kind(declared, profile.opaque)
        name, analysed = action_name(server.name, method, tool), bool(profile.analysers)
        archive = canonicalize({"action": name, "analysed": analysed, "context": cedar_type(context(kind))})
        return Shape(name, analysed, kind, validator(declared), archive, Digest(digest(archive)))
    except (SchemaError, ValueError) as error:
        return Unavailable(str(error))


@dataclass(frozen=True, slots=True)
class Case:
    """One question to Cedar before its context: who, which tool, which effect."""

    principal: Principal
    server: Server
    profile: ToolProfile
    effect: str
    reversibility: str

    def action(self, shape: Shape) -> tuple[str, tuple[str, ...]]:
        """The action's id and the groups it is in."""
        groups = groups_of(self.profile, self.server, self.effect, self.reversibility)
        if shape.analysed:
            return f"{shape.name}#{self.effect}", (shape.name, *groups)
        return shape.name, groups


@dataclass(slots=True)
class Layer:
    """Some of the rules of a slice, parsed when first asked."""

    rules: tuple[Rule, ...]
    suffix: str = ""
    _set: PolicySet | None = field(default=None, repr=False)
    _refs: tuple[PolicyRef, ...] = field(default=(), repr=False)

    def spoke(self, verdict: Verdict) -> list[tuple[Rule, PolicyRef]]:
        """The rules that determined a verdict, with what a receipt names them by."""
        if not self._refs:
            self._refs = tuple(PolicyRef(one.id, one.digest) for one in self.rules)
        return [(self.rules[at], self._refs[at]) for at in verdict.reasons if at < len(self.rules)]

    @property
    def text(self) -> str:
        """Its policies, in order."""
        return "\n".join([*(one.text for one in self.rules), self.suffix])

    @property
    def policies(self) -> PolicySet:
        """The parsed set; positions are those of `rules`."""
        if self._set is None:
            self._set = cedar.policy_set(self.text)
        return self._set


@dataclass(frozen=True, slots=True)
class Common:
    """What everybody shares to whom the same rules can apply: parsed and checked once for all of them.

    Args:
        base: rules without `@escalate`.
        escalations: rules with it, and the one permit they restrict.
        both: all of them: an allow here is an allow of both layers.
        kind: the context that is handed over.
        literals: every entity that the rules name.
        answers: what Cedar said to a layer and a context, if no rule looks at who acts; else None.
    """

    base: Layer
    escalations: Layer
    both: Layer
    kind: Kind
    schema: Schema
    literals: frozenset[Uid]
    answers: Lru[tuple[int, str], Verdict] | None


@dataclass(frozen=True, slots=True)
class Slice:
    """The rules that can apply, and everything to evaluate them with.

    Args:
        base, escalations, both, kind, schema: as in `Common`.
        missing: entities that are reachable but not known; not empty means deny.
        answers: what Cedar said to a layer and a context, by their whole text.
    """

    base: Layer
    escalations: Layer
    both: Layer
    missing: tuple[Uid, ...]
    kind: Kind
    request: tuple[Uid, Uid, Uid]
    entities: Entities
    schema: Schema
    answers: Lru[tuple[int, str], Verdict]

    def context(self, values: Mapping[str, object], dump: Callable[[Any], str]) -> dict[str, str]:
        """What its policies are handed of the context: name → Cedar JSON text.

        Raises:
            RequestError: a policy reads an argument that is not handed over.
        """
        return {name: dump(value) for name, value in encode(self.kind, values).items()}

    def ask(self, layer: Layer, context: str) -> Verdict:
        """Evaluate one layer; equal questions have equal answers (DESIGN §4.11), so each is asked once."""
        return self.answers.get(
            (id(layer), context),
            lambda: cedar.authorize(self.request, context, layer.policies, self.entities, self.schema),
        )


def share(case: Case, shape: Shape, rules: tuple[Rule, ...]) -> Common | Unavailable:
    """What the slices of these rules share, type-checked against the tool, or why the tool is unavailable."""
    base = Layer(tuple(one for one in rules if not one.group))
    escalations = Layer(tuple(one for one in rules if one.group), PERMIT)
    both = Layer((*base.rules, *escalations.rules))
    name, groups = case.action(shape)
    reads = cedar.reads(both.text)
    try:
        kind = project(context(shape.arguments), reads)
        named = [uid[1] for uid in reads.entities if uid[0] == "Action"]
        schema = cedar.schema(cedar_schema({name: groups}, named, kind))
    except ValueError as error:
        return Unavailable(str(error))
    for position, message in cedar.validate(both.text, schema):
        unfit = both.rules[max(position, 0)].id
        return Unavailable(f"policy `{unfit}` does not fit it: {message}", unfit)
    # who acts brings groups of its own, so a rule that names anybody may turn on who it is
    anybody = any(uid[0] in KINDS for uid in reads.entities)
    blind = not reads.principal and not anybody and all(rule.principal.op == "any" for rule in rules)
    answers: Lru[tuple[int, str], Verdict] | None = Lru(_ANSWERS) if blind else None
    return Common(base, escalations, both, kind, schema, reads.entities, answers)


def build(
    case: Case, shape: Shape, common: Common, closure: Callable[..., tuple[str, list[Uid]]]
) -> Slice | Unavailable:
    """The slice for one who acts, or why the tool is unavailable."""
    try:
        text, missing = closure(case.principal, case.server, common.literals)
        entities = cedar.entities(text, common.schema)
    except ValueError as error:
        return Unavailable(str(error))
    principal = (case.principal.kind, case.principal.name)
    name, _ = case.action(shape)
    request: tuple[Uid, Uid, Uid] = (principal, ("Action", name), ("Server", case.server.name))
    answers: Lru[tuple[int, str], Verdict] = Lru(_ANSWERS) if common.answers is None else common.answers
    layers = (common.base, common.escalations, common.both)
    return Slice(*layers, tuple(missing), common.kind, request, entities, common.schema, answers)
