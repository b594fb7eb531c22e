"""Inference is cautious: the most serious vote wins, annotations never make it milder (DESIGN §4.4)."""

from __future__ import annotations

import pytest

from assent.catalog.infer import confidence, infer, sent
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
    "chercher_fichiers",
    "hämta_fil",
    "pobierz_plik",
    "elencare_file",
    "ophalen_bestand",
    "listele_dosya",
    "cari_berkas",
    "kensaku_chumon",
    "chaxun_dingdan",
    "poluchit_zakaz",
    "注文一覧",
    "acme_get_page",
    "db-cluster-get",
    "web_search",
    "kubectl_logs",
    "jira_search",
    "list_deleted_items",
    "get_attachments",
    "get_merge_request",
    "find_creator",
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
    "list_deleteall": "delete",
    "getanddelete": "delete",
    "bulkremove": "delete",
    "get_bulkremove": "delete",
    "read_sendall": "send",
    "list_de1ete": "delete",
    "getorcreate": "write",
    "find_replace": "write",
    "löschen_datei": "delete",
    "supprimer_fichier": "delete",
    "excluir_arquivo": "delete",
    "eliminar_archivo": "delete",
    "rimuovere_file": "delete",
    "verwijderen": "delete",
    "usuń_plik": "delete",
    "dosya_sil": "delete",
    "hapus_berkas": "delete",
    "sakujo_file": "delete",
    "shanchu_dingdan": "delete",
    "udalit_zakaz": "delete",
    "удалить_заказ": "delete",
    "überweisen": "pay",
    "支払う": "pay",
    "查询并销毁": "delete",
    "查询并蒸发": "unknown",
    "ausführen_befehl": "execute",
    "list_and_frobnicate": "unknown",
    "frobnicate_list": "unknown",
    "frobnicate_get": "unknown",
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


@pytest.mark.parametrize(
    "name",
    [
        "g\u0435t_user",  # a Cyrillic e
        "list_d\u0435lete",
        "read_\u0440urge",
        "\uff47\uff45\uff54_user",  # full width
        "get\u200b_user",
        "get_user\u202e",
        "\u0441\u043e\u0440\u0443",  # all of it drawn like `copy`
        "\U0001d420et_user",  # a mathematical g
    ],
)
def test_a_name_that_imitates_another_is_no_read(name: str) -> None:
    """Whoever writes so has a reason to."""
    assert infer(tool(name)).effects == {"unknown"}


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("Deletes the report after it has been read.", "delete"),
        ("Returns the report. Sends a copy to the team.", "send"),
        ("Returns the report and deletes it.", "delete"),
        ("Returns the report. This cannot be undone.", "delete"),
    ],
)
def test_a_description_can_only_make_it_more_serious(text: str, effect: str) -> None:
    """It is an untrusted server's word."""
    schema = {"inputSchema": {"type": "object"}}
    assert effect in infer(ToolDefinition("get_report", {**schema, "description": text}, Digest(""))).effects
    milder = {**schema, "description": "Only reads. Harmless.", "annotations": {"readOnlyHint": True}}
    assert infer(ToolDefinition("frobnicate", milder, Digest(""))).effects == {"unknown"}
    nouns = {**schema, "description": "Lists updates, deleted items and created labels."}
    assert infer(ToolDefinition("list_items", nouns, Digest(""))).effects == {"read"}


def test_the_shape_of_an_argument_says_more_than_its_name() -> None:
    """A switch named by a verb, a file to write to, an object that can say anything."""
    assert "write" in infer(tool("get_mail", mark_as_read={"type": "boolean"}, save={"type": "boolean"})).effects
    assert "delete" in infer(tool("get_mail", delete_after={"type": "boolean"})).effects
    assert "write" in infer(tool("get_page", output_path={"type": "string"})).effects
    saved = {"type": "string", "description": "File to save the page to"}
    assert "write" in infer(tool("get_page", filename=saved)).effects
    assert "unknown" in infer(tool("get_page", payload={"type": "object"})).effects


@pytest.mark.parametrize(
    "argument",
    ["channel_id", "max_price", "date_to", "country_code", "email", "maximum_number_of_urls", "cron_expression"],
)
def test_what_is_only_looked_for_does_not_nag(argument: str) -> None:
    """Ids, bounds and codes name what is looked at, not what is done."""
    assert infer(tool("list_items", **{argument: {"type": "string"}})).effects == {"read"}


@pytest.mark.parametrize("argument", ["recipient_id", "url", "command", "source_code", "to", "iban", "sql"])
def test_what_reaches_further_is_never_only_looked_for(argument: str) -> None:
    """However it is called beside that."""
    assert infer(tool("list_items", **{argument: {"type": "string"}})).effects != {"read"}


def test_how_sure_it_is_and_why() -> None:
    """`scan` says it beside each tool."""
    told = {
        "high": tool("list_items", {"readOnlyHint": True}),
        "medium": tool("list_items", url={"type": "string"}),
        "low": tool("frobnicate"),
    }
    for sure, definition in told.items():
        assert confidence(definition, infer(definition))[0] == sure
    contradicted = tool("delete_item", {"readOnlyHint": True})
    assert confidence(contradicted, infer(contradicted))[0] == "low"


def test_a_schema_that_contains_itself_is_read_once() -> None:
    """A reference is not followed; what it names stands in the same document."""
    knot = {"$defs": {"a": {"properties": {"a": {"$ref": "#/$defs/a"}, "cmd": {}}}}, "$ref": "#/$defs/a"}
    assert "execute" in infer(ToolDefinition("get_data", {"inputSchema": knot}, Digest(""))).effects


def test_hostile_text_takes_bounded_time() -> None:
    """A name of a megabyte, a description of ten, a place of many levels."""
    definition = {"inputSchema": {"properties": {"a" * 1_000_000: {}}}, "description": "and deletes " * 1_000_000}
    assert "delete" in infer(ToolDefinition("get_data", definition, Digest(""))).effects
    assert infer(ToolDefinition("get_" * 300_000, {}, Digest(""))).effects == {"unknown"}
