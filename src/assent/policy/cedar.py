"""The Cedar engine behind a typed wrapper; the sole importer of cedarpy.

Everything the engine can refuse or half-answer surfaces here as a value or a
`ValueError`: an error is never mistaken for a verdict (DESIGN §4.1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

import cedarpy
from cedarpy import Entities, PolicySet, Schema, pst

__all__ = ["Entities", "Parsed", "PolicySet", "Reads", "Schema", "Scope", "Uid", "Verdict"]

Uid = tuple[str, str]  # (entity type, id)


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope constraint.

    Args:
        op: `any`, `==`, `in`, `is` or `is in`.
        uids: the entities of `==` and `in` (several only for actions).
        type: the entity type of `is` and `is in`.
    """

    op: Literal["any", "==", "in", "is", "is in"]
    uids: tuple[Uid, ...] = ()
    type: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What loading keeps of one policy; its syntax tree is dropped again."""

    effect: Literal["permit", "forbid"]
    principal: Scope
    action: Scope
    resource: Scope
    annotations: Mapping[str, str]
    template: bool
    entities: frozenset[Uid]
    reads_arguments: bool
    conditional: bool


@dataclass(frozen=True, slots=True)
class Reads:
    """What policies look at.

    Args:
        values: attribute names whose value is read.
        presence: attribute names that are only asked for with `has`.
        whole: names used as a whole value (`context.args == {…}`); `context` means everything.
        entities: every entity literal.
        principal: whether a condition looks at who acts; a scope does not count.
    """

    values: frozenset[str] = frozenset()
    presence: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    entities: frozenset[Uid] = frozenset()
    principal: bool = False

    def mentions(self, name: str) -> bool:
        """Is this attribute looked at in any way?"""
        return name in self.values or name in self.presence or "context" in self.whole

    def reads(self, name: str) -> bool:
        """Is the value of this attribute looked at, not only its presence?"""
        return name in self.values or "context" in self.whole


@dataclass(frozen=True, slots=True)
class Verdict:
    """The engine's answer; `NoDecision` is not an allow.

    Args:
        reasons: positions of the determining policies in the set, ascending.
        errors: what went wrong, for the operator; never shown to the agent.
    """

    decision: Literal["Allow", "Deny", "NoDecision"]
    reasons: tuple[int, ...]
    errors: tuple[str, ...]


def engine() -> str:
    """Names and versions of what decides, as receipts carry it: the engine, and what is built on it here."""
    return f"cedarpy {version('cedarpy')}, assent {version('assent')}"


def policy_set(text: str) -> PolicySet:
    """A parsed policy set; the policies are numbered as they stand.

    Raises:
        ValueError: the text does not parse.
    """
    return PolicySet.from_str(text)


def schema(text: str) -> Schema:
    """A parsed Cedar JSON schema.

    Raises:
        ValueError: the schema is not consistent.
    """
    return Schema.from_json_str(text)


def entities(text: str, kinds: Schema) -> Entities:
    """Parsed Cedar JSON entities, checked against a schema whose actions come along.

    Raises:
        ValueError: not Cedar JSON, or not as the schema says; the cause after a colon.
    """
    try:
        return Entities.from_json_str(text, kinds)
    except ValueError as error:
        cause = error.__cause__
        raise ValueError(f"{error}: {cause}" if cause else str(error)) from None


def parse(text: str) -> list[Parsed]:
    """Every policy of the text, in order.

    Raises:
        ValueError: the text does not parse, or nests too deeply to be read.
    """
    parsed = cedarpy.policies_to_pst(text)
    every = {**parsed.static_policies, **parsed.templates}
    return [_parsed(every[f"policy{at}"], f"policy{at}" in parsed.templates) for at in range(len(every))]


def reads(text: str) -> Reads:
    """What all policies of the text look at, in their scopes and conditions.

    Raises:
        ValueError: the text does not parse.
    """
    return _look(cedarpy.policies_to_pst(text))


def validate(text: str, kinds: Schema) -> list[tuple[int, str]]:
    """Type errors of the policies against a schema, as (position, message)."""
    problems: list[tuple[int, str]] = []
    for error in cedarpy.validate_policies(text, kinds).errors:
        position = error.policy_id.removeprefix("policy")
        message = error.error.partition(", ")[2] if error.error.startswith("for policy ") else error.error
        problems.append((int(position) if position.isdecimal() else -1, message or error.error))
    return problems


def tree(text: str) -> object:
    """The syntax tree of a policy text in Cedar's JSON form.

    Raises:
        ValueError: the text does not parse, or nests too deeply to be read.
    """
    return json.loads(cedarpy.policies_to_json_str(text))


def of_tree(value: object) -> tuple[PolicySet, str]:
    """The policies of a syntax tree, and their text as Cedar prints them.

    Raises:
        ValueError: not a tree of policies, or it nests too deeply to be read.
    """
    text = json.dumps(value)
    return PolicySet.from_json_str(text), cedarpy.policies_from_json_str(text)


def authorize(
    request: tuple[Uid, Uid, Uid], context: str, policies: PolicySet, store: Entities, kinds: Schema
) -> Verdict:
    """One evaluation: principal, action, resource, and the context as JSON text."""
    principal, action, resource = request
    asked = {
        "principal": {"type": principal[0], "id": principal[1]},
        "action": {"type": action[0], "id": action[1]},
        "resource": {"type": resource[0], "id": resource[1]},
        "context": context,
    }
    result = cedarpy.is_authorized(asked, policies, store, kinds)
    positions = sorted(int(reason.removeprefix("policy")) for reason in result.diagnostics.reasons)
    return Verdict(result.decision.value, tuple(positions), tuple(result.diagnostics.errors))


def _parsed(policy: pst.Template, template: bool) -> Parsed:
    seen = _look(policy)
    return Parsed(
        policy.effect,
        _scope(policy.principal),
        _action_scope(policy.action),
        _scope(policy.resource),
        dict(policy.annotations),
        template,
        seen.entities,
        seen.mentions("args"),
        bool(policy.clauses),
    )


def _scope(scope: pst.PrincipalOrResourceConstraint) -> Scope:
    match scope:
        case pst.ScopeEq(pst.EntityUid() as uid):
            return Scope("==", (_uid(uid),))
        case pst.ScopeIn(pst.EntityUid() as uid):
            return Scope("in", (_uid(uid),))
        case pst.ScopeIs(entity_type):
            return Scope("is", type=str(entity_type))
        case pst.ScopeIsIn(entity_type, pst.EntityUid() as uid):
            return Scope("is in", (_uid(uid),), str(entity_type))
    return Scope("any")  # ScopeAny, or a template's slot: the superset


def _action_scope(scope: pst.ActionConstraint) -> Scope:
    match scope:
        case pst.ActionEq(uid):
            return Scope("==", (_uid(uid),))
        case pst.ActionIn(uids):
            return Scope("in", tuple(_uid(uid) for uid in uids))
    return Scope("any")


def _uid(uid: pst.EntityUid) -> Uid:
    return (str(uid.type), uid.id)


def _look(root: pst.PolicySet | pst.Template) -> Reads:
    """Everything looked at under a node; an explicit stack, so that depth costs memory, not frames."""
    values: set[str] = set()
    presence: set[str] = set()
    whole: set[str] = set()
    found: set[Uid] = set()
    who = False
    stack: list[tuple[object, bool]] = [(root, False)]  # node, and whether it is only the base of an access
    while stack:
        node, based = stack.pop()
        kind = type(node)
        if kind is tuple:
            stack.extend((one, False) for one in node)  # type: ignore[attr-defined]
        elif isinstance(node, Mapping):
            stack.extend((one, False) for one in node.values())
        elif isinstance(node, pst.EntityUid):
            found.add(_uid(node))
        elif isinstance(node, pst.GetAttr | pst.HasAttr):
            stack.append((node.base, True))
            if isinstance(node, pst.HasAttr):
                presence.update(node.attrs)
            else:
                values.add(node.attr)
                whole.update((node.attr,) if not based else ())
        elif isinstance(node, pst.Var):
            whole.update(("context",) if node.name == "context" and not based else ())
            who = who or node.name == "principal"
        elif kind.__module__ == pst.__name__:
            stack.extend((getattr(node, name), False) for name in kind.__slots__)  # type: ignore[attr-defined]
    return Reads(frozenset(values), frozenset(presence - values), frozenset(whole), frozenset(found), who)
