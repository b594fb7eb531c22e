"""Inference is cautious: the most serious vote wins, annotations never make it milder (DESIGN §4.4)."""

from __future__ import annotations

import pytest

from assent.catalog.infer import infer
from assent.model.ids import Digest
from assent.model.profile import ToolDefinition

READS = ["list_items", "getUser", "search_files", "read_graph", "buscar_datos", "получить_описание", "查询订单"]
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
