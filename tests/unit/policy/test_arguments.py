"""DESIGN §4, "From JSON arguments to Cedar values": each rule closes a way in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assent.policy.arguments import MAX_ARRAY, MAX_STRING
from tests.unit.decide.calls import SCHEMA, call, decided, verdict


def reads(condition: str) -> str:
    return f'@id("r") forbid (principal, action, resource) when {{ {condition} }};'


@pytest.mark.parametrize(
    ("arguments", "condition"),
    [
        ({"path": "/a"}, 'context.args.path == "/a"'),
        ({"path": "x", "count": 7}, "context.args has count && context.args.count == 7"),
        ({"path": "x", "price": 1.5}, 'context.args has price && context.args.price == decimal("1.5")'),
        ({"path": "x", "price": 3}, 'context.args has price && context.args.price.greaterThan(decimal("2.9999"))'),
        ({"path": "x", "force": True}, "context.args has force && context.args.force"),
        ({"path": "x", "tags": ["a", "b", "a"]}, 'context.args has tags && context.args.tags.contains("b")'),
        ({"path": "x", "tags": ["a", "a"]}, "context.args has tags_count && context.args.tags_count == 2"),
        ({"path": "é"}, "context.args.path_length == 2"),
        ({"path": "x", "note": None}, 'context.nulls.contains("note") && !(context.args has note)'),
        ({"path": "x", "other": 1}, 'context.undeclared.contains("other")'),
        ({"path": "x", "deep": {"path": "/b", "more": 1}}, 'context.undeclared.contains("deep.more")'),
        ({"path": "x", "deep": {"path": "/b"}}, 'context.args has deep && context.args.deep.path == "/b"'),
        ({"path": "x", "deep": {"path": "/b"}}, 'context.args has deep.path && context.args.deep == {path: "/b"}'),
        ({"path": 'User::"admin"'}, 'context.args.path == "User::\\"admin\\""'),
    ],
)
def test_each_json_type_has_one_cedar_type(arguments: dict[str, Any], condition: str) -> None:
    """String, Long, decimal, Bool, Set with its count; null is absent and named, nothing is dropped."""
    rule = reads(condition).replace("action,", 'action in Action::"tool:fs/write_file",')
    facts = call(arguments, profile={"analysers": ("path",)})
    assert verdict(rule, facts) == "deny policy_forbids"
    other = {**arguments, "path": "other", "count": 1, "price": 0, "force": False, "tags": ["z"], "note": "n"}
    other = {key: value for key, value in other.items() if key in SCHEMA["properties"]} | {"deep": {"path": "q"}}
    assert verdict(rule, call(other, profile={"analysers": ("path",)})) == "allow permitted"


@pytest.mark.parametrize("name", ["__entity", "__extn", "__expr"])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_cedar_escape_is_refused_anywhere(name: str, depth: int) -> None:
    """Without a schema Cedar's JSON would turn it into `User::"admin"`."""
    value: Any = {name: {"type": "User", "id": "admin"}}
    for _ in range(depth):
        value = [{"inner": value}]
    assert verdict("", call({"path": "x", "free": value})) == "deny cedar_escape"
    assert verdict("", call({"path": f'"{name}":', "free": name})) == "allow permitted"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "invalid_arguments"),
        ({"path": 1}, "invalid_arguments"),
        ({"path": "x", "count": "1"}, "invalid_arguments"),
        ({"path": "x", "count": True}, "invalid_arguments"),
        ({"path": "x", "price": 0.00001}, "invalid_arguments"),
        ({"path": "x", "price": 1e15}, "invalid_arguments"),
        ({"path": "x", "tags": [1]}, "invalid_arguments"),
        ({"path": "x", "deep": {}}, "invalid_arguments"),
    ],
)
def test_what_breaks_the_schema_is_refused(arguments: dict[str, Any], code: str) -> None:
    """Arguments are validated against the pinned schema first; the message holds no value."""
    decision = decided("", call(arguments))
    assert (decision.verdict, decision.reasons[0].code, decision.go_on) == ("deny", code, "if_changed")


def test_a_message_names_the_place_and_never_the_value() -> None:
    """What an agent sent is not repeated to it or to a log."""
    message = decided("", call({"path": "x", "tags": ["ok", {"k": "s3cret"}]})).reasons[0].message
    assert "tags/1" in message
    assert "s3cret" not in message


def test_an_undeclared_argument_of_a_closed_schema_is_refused() -> None:
    """`additionalProperties: false` is the tool's word that it knows no other."""
    closed = {**SCHEMA, "additionalProperties": False}
    assert verdict("", call({"path": "x", "other": 1}, schema=closed)) == "deny invalid_arguments"


def test_a_number_may_be_opaque_if_the_profile_says_so() -> None:
    """Canonical text instead of a decimal, on the word of a reviewed profile."""
    rule = reads('context.args has price && context.args.price == "0.00001"').replace(
        "action,", 'action == Action::"tool:fs/write_file",'
    )
    facts = call({"path": "x", "price": 0.00001}, profile={"opaque": frozenset({"price"})})
    assert verdict(rule, facts).endswith("policy_forbids")


@pytest.mark.parametrize(
    ("arguments", "name", "raw", "about"),
    [
        ({"path": "x" * (MAX_STRING + 1)}, "path", 'context.args.path like "y*"', "context.args.path_length > 4096"),
        ({"path": "é" * (MAX_STRING // 2 + 1)}, "path", 'context.args.path == "y"', "context.args.path_length > 4096"),
        (
            {"path": "x", "tags": ["t"] * (MAX_ARRAY + 1)},
            "tags",
            'context.args has tags && context.args.tags.contains("u")',
            "context.args has tags_count && context.args.tags_count > 256",
        ),
    ],
)
def test_what_is_too_large_reaches_policy_as_its_size(
    arguments: dict[str, Any], name: str, raw: str, about: str
) -> None:
    """A policy that reads the raw value denies; one that reads length or count, or asks `has`, decides."""

    def of_tool(condition: str) -> str:
        return reads(condition).replace("action,", 'action == Action::"tool:fs/write_file",')

    assert verdict(of_tool(raw), call(arguments)) == "deny argument_too_large"
    assert verdict(of_tool(about), call(arguments)) == "deny policy_forbids"
    assert verdict(of_tool(f"context.args has {name} && false"), call(arguments)) == "allow permitted"
    assert verdict("", call(arguments)) == "allow permitted"


def test_a_digest_stands_for_a_text() -> None:
    """`path_digest` is the SHA-256 of the UTF-8 text."""
    known = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    rule = reads(f'context.args.path_digest == "{known}"').replace("action,", 'action == Action::"tool:fs/write_file",')
    assert verdict(rule, call({"path": "abc"})) == "deny policy_forbids"
    assert verdict(rule, call({"path": "abd"})) == "allow permitted"


def test_a_whole_record_is_compared_whole() -> None:
    """Handing over only mentioned attributes must not change `==` between records."""
    rule = reads('context.args has deep && context.args.deep == {path: "/b"}').replace(
        "action,", 'action == Action::"tool:fs/write_file",'
    )
    deep = {"type": "object", "properties": {"path": {"type": "string"}, "mode": {"type": "string"}}}
    schema = {"type": "object", "properties": {"deep": deep}}
    assert verdict(rule, call({"deep": {"path": "/b"}}, schema=schema)) == "deny tool_unavailable"
    closed = {**deep, "required": ["path", "mode"]}
    rule = rule.replace('{path: "/b"}', '{path: "/b", mode: "r"}')
    schema = {"type": "object", "properties": {"deep": closed}}
    assert verdict(rule, call({"deep": {"path": "/b", "mode": "r"}}, schema=schema)) == "deny policy_forbids"
    assert verdict(rule, call({"deep": {"path": "/b", "mode": "w"}}, schema=schema)) == "allow permitted"


@pytest.mark.parametrize("given", [[], None, "x", ["path"]])
def test_arguments_that_are_no_object_are_refused(given: Any) -> None:
    """Judged as none but forwarded as they are, they would pass unseen."""
    facts = call({}, schema={"type": "object"})
    sent = replace(facts, action=replace(facts.action, params={"name": "write_file", "arguments": given}))
    assert verdict("", sent) == "deny invalid_arguments"
    none = replace(facts, action=replace(facts.action, params={"name": "write_file"}))
    assert verdict("", none) == "allow permitted"
