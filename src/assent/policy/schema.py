"""The Cedar schema, generated from a tool's profile and its JSON Schema (DESIGN §4)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from assent_verify.canonical import canonicalize

from assent.model.principal import KINDS
from assent.model.profile import DOMAINS, EFFECTS, REVERSIBILITY, Server, ToolProfile
from assent.policy.kinds import BOOL, DECIMAL, LONG, STRING, TEXT, Kind, Member, cedar_type

#: Beyond this a tool's JSON Schema is not mapped and the tool is unavailable.
MAX_SCHEMA = 64 * 1024  # bytes, canonical
_MAX_NODES = 4_000  # after references are followed: a small text can unfold into a vast one
SERVER_NAME = re.compile(r"[a-z0-9-]{1,40}")
ESCAPES = ("__entity", "__extn", "__expr")  # Cedar JSON's own keys
TOOL_CALL = "tools/call"

_SCALARS = {"string": STRING, "boolean": BOOL, "integer": LONG, "number": DECIMAL}
#: Members of `params` of the other governed MCP methods (MCP 2025-11-25).
_METHODS: dict[str, dict[str, object]] = {
    "resources/read": {"type": "object", "properties": {"uri": {"type": "string"}}, "required": ["uri"]},
    "resources/subscribe": {"type": "object", "properties": {"uri": {"type": "string"}}, "required": ["uri"]},
    "prompts/get": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    "credentials/use": {
        "type": "object",
        "properties": {"into": {"type": "string"}, "name": {"type": "string"}},
        "required": ["into", "name"],
    },
}


class SchemaError(ValueError):
    """A tool's schema cannot be mapped: the tool is unavailable, the bundle is not."""


def method_schema(method: str) -> Mapping[str, object]:
    """The JSON Schema of a governed method's params."""
    return _METHODS.get(method, {"type": "object"})


def arguments_kind(schema: Mapping[str, object], opaque: frozenset[str]) -> Kind:
    """The Record that a tool's arguments are.

    Args:
        schema: its input JSON Schema.
        opaque: top-level number arguments that reach policy as canonical text.

    Raises:
        SchemaError: too large, recursive, or with a reference that is not local.
    """
    if len(canonicalize(schema)) > MAX_SCHEMA:
        raise SchemaError(f"its input schema is larger than {MAX_SCHEMA} bytes")
    kind, _ = _Mapping(schema).kind(schema, ())
    if kind.name != "Record":  # nothing declared: every argument is an undeclared one
        kind = Kind("Record")
    members = {
        name: Member(TEXT, member.required) if name in opaque and member.kind is DECIMAL else member
        for name, member in kind.members.items()
    }
    return Kind("Record", members=members)


class _Mapping:
    """One walk over a JSON Schema, following local references."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self._nodes = 0

    def kind(self, schema: object, following: tuple[str, ...]) -> tuple[Kind, bool]:
        """The kind, and whether null is admitted."""
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise SchemaError(f"its input schema unfolds into more than {_MAX_NODES} parts")
        if not isinstance(schema, Mapping):
            return TEXT, True
        if "$dynamicRef" in schema or "$recursiveRef" in schema:
            raise SchemaError("its input schema refers to itself")
        if isinstance(reference := schema.get("$ref"), str):
            return self._follow(reference, following)
        if (union := self._union(schema, following)) is not None:
            return union
        kinds = schema.get("type")
        named = [kinds] if isinstance(kinds, str) else list(kinds) if isinstance(kinds, list) else []
        plain = [one for one in named if one != "null"]
        nullable = "null" in named or not named
        if len(plain) != 1:
            return self._untyped(schema), nullable
        return self._single(str(plain[0]), schema, following), nullable

    def _follow(self, reference: str, following: tuple[str, ...]) -> tuple[Kind, bool]:
        if reference in following:
            raise SchemaError("its input schema is recursive")
        if not reference.startswith("#"):
            raise SchemaError("its input schema refers to another document")
        node: object = self._root
        for part in reference[1:].split("/")[1:]:  # RFC 6901 in a URI fragment
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and name.isascii() and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            elif isinstance(node, Mapping) and name in node:
                node = node[name]
            else:
                raise SchemaError("its input schema refers to a part that is not there")
        return self.kind(node, (*following, reference))

    def _union(self, schema: Mapping[str, object], following: tuple[str, ...]) -> tuple[Kind, bool] | None:
        """`X or null` is an optional X; every other union is canonical text."""
        for word in ("anyOf", "oneOf", "allOf"):
            branches = schema.get(word)
            if not isinstance(branches, list):
                continue
            kinds = [self.kind(branch, following) for branch in branches if branch != {"type": "null"}]
            nullable = len(kinds) < len(branches) or any(null for _, null in kinds)
            if len(kinds) == 1 and "properties" not in schema:
                return kinds[0][0], nullable
            if schema.get("type") == "object" and "properties" in schema:
                return None  # the branches only constrain what is declared beside them
            return TEXT, nullable
        return None

    def _untyped(self, schema: Mapping[str, object]) -> Kind:
        choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
        if isinstance(choices, list) and choices and all(isinstance(one, str) for one in choices):
            return STRING
        return TEXT

    def _single(self, name: str, schema: Mapping[str, object], following: tuple[str, ...]) -> Kind:
        if name in _SCALARS:
            return _SCALARS[name]
        if name == "array":
            element, null = self.kind(schema.get("items", {}), following)
            typed = element.name in ("String", "Bool", "Long", "decimal") and not null and "prefixItems" not in schema
            return Kind("Set", element) if typed else TEXT
        properties = schema.get("properties")
        if name == "object" and isinstance(properties, Mapping) and properties:
            return self._object(properties, schema, following)
        return TEXT

    def _object(
        self, properties: Mapping[str, object], schema: Mapping[str, object], following: tuple[str, ...]
    ) -> Kind:
        required = schema.get("required")
        needed = required if isinstance(required, list) else []
        members: dict[str, Member] = {}
        for name, inner in properties.items():
            if name in ESCAPES:
                raise SchemaError("its input schema declares a name that Cedar keeps for itself")
            kind, null = self.kind(inner, following)
            members[name] = Member(kind, name in needed and not null)
        return Kind("Record", members=members)


def action_name(server: str, method: str, tool: str) -> str:
    """The id of the action, or of the group of its per-effect actions."""
    if method == TOOL_CALL:
        return f"tool:{server}/{quote(tool, safe='')}"
    return f"method:{server}/{quote(method, safe='')}"


def groups_of(profile: ToolProfile, server: Server, effect: str, reversibility: str) -> tuple[str, ...]:
    """The action groups of one call decided for one effect; prefixes keep them apart."""
    domains = (f"domain:{name}" for name in sorted(profile.domains))
    return (f"effect:{effect}", *domains, f"rev:{reversibility}", f"server:{server.name}")


def known_groups() -> list[str]:
    """Every group that exists without any server."""
    named = [f"effect:{name}" for name in EFFECTS] + [f"domain:{name}" for name in DOMAINS]
    return named + [f"rev:{name}" for name in REVERSIBILITY]


def cedar_schema(actions: Mapping[str, Iterable[str]], groups: Iterable[str], context: Kind) -> str:
    """The Cedar JSON schema.

    Args:
        actions: action id → the groups it is in; each applies to all four principal types.
        groups: further action ids that policies name, without a call of their own.
        context: what the actions' context is.
    """
    applies = {"principalTypes": list(KINDS), "resourceTypes": ["Server"], "context": cedar_type(context)}
    every: dict[str, object] = {group: {} for group in groups}
    for parents in actions.values():
        every.update({group: {} for group in parents})
    for name, parents in actions.items():
        every[name] = {"memberOf": [{"id": group} for group in parents], "appliesTo": applies}
    owned = {"type": "Record", "attributes": {"owner": {"type": "Entity", "name": "User", "required": True}}}
    types: dict[str, object] = {
        "User": {"memberOfTypes": ["Group"]},
        "Group": {"memberOfTypes": ["Group"]},
        "Server": {"shape": {"type": "Record", "attributes": {"zone": {"type": "String", "required": True}}}},
    }
    types.update({kind: {"memberOfTypes": ["Group"], "shape": owned} for kind in KINDS if kind != "User"})
    return json.dumps({"": {"entityTypes": types, "actions": every}})
