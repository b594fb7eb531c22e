"""DESIGN §4: the Cedar schema is generated from profile and JSON Schema, or the tool is unavailable."""

from __future__ import annotations

from typing import Any

import pytest

from assent.policy import cedar
from assent.policy.kinds import DECIMAL, LONG, STRING, TEXT, Kind
from assent.policy.schema import SchemaError, action_name, arguments_kind
from tests.unit.decide.calls import bundle, call, verdict


def kind(schema: Any) -> Kind:
    return arguments_kind({"type": "object", "properties": {"a": schema}}, frozenset()).members["a"].kind


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "enum": ["a"]}, STRING),
        ({"type": ["integer", "null"]}, LONG),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, DECIMAL),
        ({"enum": ["a", "b"]}, STRING),
        ({"const": "a"}, STRING),
        ({"enum": ["a", 1]}, TEXT),
        ({"type": ["integer", "string"]}, TEXT),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, TEXT),
        ({"type": "object"}, TEXT),
        ({"type": "object", "additionalProperties": {"type": "string"}}, TEXT),
        ({"type": "array", "items": {"type": "integer"}}, Kind("Set", LONG)),
        ({"type": "array", "items": {"type": ["integer", "null"]}}, TEXT),
        ({"type": "array"}, TEXT),
        ({"type": "array", "items": {"type": "object", "properties": {"b": {"type": "string"}}}}, TEXT),
        ({}, TEXT),
        (True, TEXT),
        ({"$ref": "#/$defs/b~1c"}, LONG),
        ({"$ref": "#/$defs/d%20e/anyOf/0"}, STRING),
    ],
)
def test_a_json_schema_has_one_kind(schema: Any, expected: Kind) -> None:
    """What has no single type is canonical text."""
    root = {"$defs": {"b/c": {"type": "integer"}, "d e": {"anyOf": [{"type": "string"}]}}}
    found = arguments_kind({"type": "object", "properties": {"a": schema}, **root}, frozenset()).members["a"].kind
    assert found == expected


def bomb() -> dict[str, Any]:
    defs: dict[str, Any] = {"d0": {"type": "string"}}
    for level in range(1, 14):
        inner = {"$ref": f"#/$defs/d{level - 1}"}
        defs[f"d{level}"] = {"type": "object", "properties": {"l": inner, "r": inner}}
    return {"type": "object", "properties": {"a": {"$ref": "#/$defs/d13"}}, "$defs": defs}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "object", "properties": {"a": {"$ref": "#"}}}, "recursive"),
        ({"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}}, "recursive"),
        ({"type": "object", "properties": {"a": {"$ref": "https://example.com/s"}}}, "another document"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}}, "not there"),
        ({"type": "object", "properties": {"a": {"$dynamicRef": "#x"}}}, "itself"),
        ({"type": "object", "properties": {"__entity": {"type": "string"}}}, "Cedar"),
        ({"type": "object", "description": "x" * 65536}, "larger"),
        (bomb(), "unfolds"),
    ],
)
def test_a_schema_that_cannot_be_mapped_makes_the_tool_unavailable(schema: dict[str, Any], why: str) -> None:
    """It does not take the bundle down: other tools are still decided."""
    with pytest.raises(SchemaError, match=why):
        arguments_kind(schema, frozenset())
    rules = bundle('@id("a") permit (principal, action, resource);')
    assert verdict(rules, call({}, schema=schema)) == "deny tool_unavailable"
    assert verdict(rules, call()) == "allow permitted"


def test_a_schema_that_is_no_schema_makes_the_tool_unavailable() -> None:
    """A definition comes from an untrusted server."""
    for schema in ({"type": 7}, {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}):
        assert verdict("", call({}, schema=schema)) == "deny tool_unavailable"


def test_an_ill_typed_rule_makes_its_tool_unavailable() -> None:
    """A rule that reads a Long as a String denies that tool alone."""
    rule = (
        '@id("r") forbid (principal, action == Action::"tool:fs/write_file", resource) when { context.args.path > 3 };'
    )
    assert verdict(rule, call()) == "deny tool_unavailable"
    assert verdict(rule, call(schema={"type": "object"})) == "deny tool_unavailable"
    numbers = {"type": "object", "properties": {"path": {"type": "integer"}}, "required": ["path"]}
    assert verdict(rule, call({"path": 4}, schema=numbers)) == "deny policy_forbids"


def test_a_derived_name_cannot_be_a_declared_one() -> None:
    """A policy that reads `tags_count` must not read what the agent sent as such."""
    tags = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": {"tags": tags, "tags_count": {"type": "integer"}}}
    rule = '@id("r") forbid (principal, action, resource) when { context.args has tags_count };'
    rule = rule.replace("action,", 'action == Action::"tool:fs/write_file",')
    assert verdict(rule, call({}, schema=schema)) == "deny tool_unavailable"
    assert verdict("", call({}, schema=schema)) == "allow permitted"


@pytest.mark.parametrize("name", ["a b", "ä", 'quo"te', "sla/sh", "ha#sh", "per%cent", "new\nline", "::", ""])
def test_a_tool_name_is_percent_encoded(name: str) -> None:
    """No name can reach another action or a group."""
    encoded = action_name("fs", "tools/call", name)
    assert encoded.startswith("tool:fs/")
    assert set(encoded.removeprefix("tool:fs/")) <= set("%0123456789ABCDEFabcdefghijklmnopqrstuvwxyz")


def test_attribute_names_that_are_not_identifiers_are_quoted() -> None:
    """An argument may be called anything."""
    schema = {"type": "object", "properties": {"my-path é": {"type": "string"}}, "required": ["my-path é"]}
    scope = '(principal, action == Action::"tool:fs/write_file", resource)'
    rule = f'@id("r") forbid {scope} when {{ context.args["my-path é"] == "x" }};'
    assert verdict(rule, call({"my-path é": "x"}, schema=schema)) == "deny policy_forbids"
    assert verdict(rule, call({"my-path é": "y"}, schema=schema)) == "allow permitted"


def test_a_required_argument_may_be_null_where_the_schema_says_so() -> None:
    """Required but nullable is an optional attribute, and null is named."""
    note = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    schema = {"type": "object", "properties": {"note": note}, "required": ["note"]}
    scope = '(principal, action == Action::"tool:fs/write_file", resource)'
    rule = f'@id("r") forbid {scope} when {{ context.args has note || context.nulls.contains("note") }};'
    for value in (None, "text"):
        assert verdict(rule, call({"note": value}, schema=schema)) == "deny policy_forbids"
    unguarded = f'@id("r") forbid {scope} when {{ context.args.note == "x" }};'
    assert verdict(unguarded, call({"note": "x"}, schema=schema)) == "deny tool_unavailable"


def test_what_a_policy_looks_at_is_read_from_its_syntax() -> None:
    """Values, presence, whole records and entity literals, wherever they stand."""
    seen = cedar.reads(
        'permit (principal in Group::"g", action, resource) when { context.a.b && context has c.d && [context.e] == [] '
        '&& (if principal == User::"u" then context else context) == context };'
    )
    assert (seen.values, seen.presence) == ({"a", "b", "c", "e"}, {"d"})  # `has c.d` reads `c` on its way
    assert seen.whole == {"b", "e", "context"}
    assert seen.entities == {("Group", "g"), ("User", "u")}
    assert cedar.reads("permit (principal, action, resource) when { context.a == 1 };").whole == {"a"}
