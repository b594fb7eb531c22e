"""Inference is cautious: the most serious vote wins, annotations never make it milder (DESIGN §4.4)."""

from __future__ import annotations

import pytest

from assent.catalog.infer import infer, sent
from assent.model.ids import Digest
from assent.model.profile import ToolDefinition

READS = [
    "list_items",
    "status",
    "check_stock",
    "getUser",
    "search_files",
    "read_graph",
    "buscar_datos",
    "получить_описание",
    "查询订单",
]
SERIOUS = {
    "delete_user": "delete",
    "send_email": "send",
    "transfer_money": "pay",
    "run_command": "execute",
    "grant_role": "grant",
    "frobnicate": "unknown",
    "get_and_delete": "delete",
    "loeschen": "delete",
    "発送_送信": "send",
    "": "unknown",
    "check_out_item": "unknown",
    "version_bump": "unknown",
    "verify_email": "send",
    "get_" + "very_" * 30 + "delete": "delete",
    "get_" + "a" * 300: "unknown",
}


def tool(name: str, annotations: object = None, **properties: object) -> ToolDefinition:
    schema = {"type": "object", "properties": properties}
    return ToolDefinition(name, {"name": name, "inputSchema": schema, "annotations": annotations}, Digest("sha256:0"))


@pytest.mark.parametrize("name", READS)
def test_a_clear_read_verb_without_dangerous_arguments_reads(name: str) -> None:
    """English and other languages."""
    found = infer(tool(name, query={"type": "string"}))
    assert (found.effects, found.reversibility, found.inferred) == (frozenset({"read"}), "reversible", True)


@pytest.mark.parametrize(("name", "effect"), SERIOUS.items())
def test_a_serious_or_unknown_verb_is_serious(name: str, effect: str) -> None:
    """Whatever the server says of it."""
    found = infer(tool(name, {"readOnlyHint": True, "destructiveHint": False}))
    assert effect in found.effects
    assert found.reversibility == "irreversible"
    assert found.votes


@pytest.mark.parametrize(
    ("argument", "effect"),
    [("amount", "pay"), ("recipient_email", "send"), ("url", "send"), ("shellCommand", "execute"), ("sql", "unknown")],
)
def test_a_dangerous_argument_outweighs_a_harmless_verb(argument: str, effect: str) -> None:
    """The shape of the arguments votes too."""
    assert effect in infer(tool("get_data", **{argument: {"type": "string"}})).effects


def test_annotations_can_only_make_it_more_serious() -> None:
    """DESIGN §4.4: they are an untrusted server's word."""
    assert infer(tool("list_items", {"readOnlyHint": False})).effects == {"write"}
    assert "delete" in infer(tool("list_items", {"destructiveHint": True})).effects
    assert infer(tool("drop_all", {"readOnlyHint": True})).effects == {"delete"}


def test_what_a_schema_hides_deep_inside_votes_too() -> None:
    """Nested objects, alternatives and definitions are part of the shape."""
    command = {"properties": {"command": {"type": "string"}}}
    for shape in ({"items": command}, {"anyOf": [command]}, {"type": "object", **command}):
        assert "execute" in infer(tool("get_data", wanted=shape)).effects
    schema = {"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": command}}
    assert "execute" in infer(ToolDefinition("get_data", {"inputSchema": schema}, Digest("sha256:0"))).effects
    assert infer(tool("get_data", target={"type": "string", "format": "uri"})).targets == {"target": "url"}


def test_each_choice_of_what_is_done_votes() -> None:
    """One tool that lists and deletes, deletes; a free choice is unknown."""
    assert infer(tool("read_issues", action={"enum": ["list", "get"]})).effects == {"read"}
    assert infer(tool("read_issues", action={"enum": ["list", "delete"]})).effects == {"delete"}
    assert infer(tool("get_resource", method={"enum": ["GET", "HEAD"]})).effects == {"read"}
    assert infer(tool("get_resource", method={"type": "string"})).effects == {"unknown"}


def test_a_query_in_a_language_is_a_statement() -> None:
    """Words to look for are harmless, SQL is not, wherever the tool says that it is SQL."""
    query = {"properties": {"query": {"type": "string"}}}
    for name, description in (("query_sql", ""), ("read_query", "Runs a query on the SQLite database")):
        definition = {"inputSchema": query, "description": description}
        assert infer(ToolDefinition(name, definition, Digest("sha256:0"))).effects == {"unknown"}
    assert infer(tool("search_notes", query={"type": "string"})).effects == {"read"}


def test_a_schema_too_large_to_read_is_unknown() -> None:
    """Nobody looked at the rest."""
    assert "unknown" in infer(tool("get_data", **{f"a{n}": {} for n in range(300)})).effects
    assert "unknown" in infer(tool("get_data", a={"anyOf": [{"anyOf": [{}] * 250}] * 250})).effects


@pytest.mark.parametrize(
    ("arguments", "effect"),
    [
        ({"command": "rm"}, "execute"),
        ({"a": [{"url": "x"}]}, "send"),
        ({"sql": "DROP"}, "unknown"),
        ({"amount": 3}, "pay"),
    ],
)
def test_names_that_no_schema_declares_vote_when_they_are_sent(arguments: object, effect: str) -> None:
    """An open schema need not say what its server reads."""
    assert effect in sent(arguments)
    assert sent({"query": "x", "limit": 3}) == frozenset()
