"""Each source as its maker writes it, and what becomes of a record that nobody writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assent.errors import ConfigError
from assent.evidence.feed import Feed
from assent.evidence.sources import SOURCES, Source, kind_of
from assent.evidence.sources.mapped import Terms
from assent.evidence.telemetry import Event

TIME = 1_795_512_600_000  # 2026-11-24T09:30:00Z
SPAN = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "name": "execute_tool query",
    "kind": 3,
    "startTimeUnixNano": str(TIME * 1_000_000),
    "attributes": [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "execute_tool"}},
        {"key": "gen_ai.tool.name", "value": {"stringValue": "query"}},
        {"key": "gen_ai.tool.call.arguments", "value": {"stringValue": '{"sql": "SELECT 1"}'}},
        {"key": "assent.attempt", "value": {"stringValue": "att_a"}},
    ],
}
DATABASE_SPAN = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "name": "SELECT",
    "startTimeUnixNano": TIME * 1_000_000,
    "attributes": [{"key": "db.query.text", "value": {"stringValue": "SELECT 1"}}],
}
CLOUDTRAIL = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/agent/s", "accessKeyId": "ASIAX"},
    "eventTime": "2026-11-24T09:30:00Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "DeleteBucket",
    "sourceIPAddress": "10.0.0.1",
    "requestParameters": {"bucketName": "backups", "flags": {"force": True}},
    "requestID": "R1",
    "readOnly": False,
}
AUDIT = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "stage": "ResponseComplete",
    "auditID": "A1",
    "verb": "delete",
    "requestURI": "/api/v1/namespaces/prod/pods/web-0",
    "user": {"username": "system:serviceaccount:prod:agent"},
    "objectRef": {"resource": "pods", "namespace": "prod", "name": "web-0"},
    "responseStatus": {"code": 200},
    "requestReceivedTimestamp": "2026-11-24T09:30:00.000000Z",
}
_POSTGRES = (
    '2026-11-24 09:30:00.000 UTC,"agent","shop",42,"10.0.0.1:5000",6b0.1,1,"{tag}",2026-11-24 09:29:00 UTC,3/4,0,LOG,'
    '00000,"{message}",,,,,,,,,"psql","client backend",,0\n'
)
_ACCESS = '10.0.0.1 - agent [24/Nov/2026:09:30:00 +0000] "DELETE /v1/orders/a%20b?x=1 HTTP/1.1" 204 0 "-" "curl"\n'
_ENVOY = (
    '[2026-11-24T09:30:00.000Z] "DELETE /v1/orders/a%20b HTTP/1.1" 204 - 0 2 0 - "-" "curl" '
    '"81dd2a66-0b41" "api:8080" "-"\n'
)
_NGINX_JSON = {
    "time_iso8601": "2026-11-24T09:30:00+00:00",
    "request_method": "DELETE",
    "request_uri": "/v1/orders/a%20b",
    "status": 204,
}
_CALL = {
    "jsonrpc": "2.0",
    "id": 3,
    "method": "tools/call",
    "params": {"name": "query", "arguments": {"sql": "SELECT 1"}},
}
_REFLOG = f"{'1' * 40} {'2' * 40} A <a@b> {TIME // 1000} +0100\tcommit: Add a file\n"


def _spans(*spans: dict[str, Any]) -> str:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "agent"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}) + "\n"


def _read(folder: Path, text: str, source: Source | None = None, **only: str) -> tuple[list[Event], list[str]]:
    path = folder / "log"
    path.write_text(text)
    feed = Feed(path, source, only)
    return list(feed.take()), feed.bad


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("otlp", _spans(SPAN)),
        ("cloudtrail", json.dumps({"Records": [CLOUDTRAIL]})),
        ("cloudtrail", json.dumps(CLOUDTRAIL) + "\n"),
        ("kubernetes", json.dumps(AUDIT) + "\n"),
        ("postgres", _POSTGRES.format(tag="SELECT", message="statement: SELECT 1")),
        ("access", _ACCESS),
        ("access", _ENVOY),
        ("mcp", f"2026-11-24T09:30:00.000Z [pg] [info] Message from client: {json.dumps(_CALL)}\n"),
        ("git", _REFLOG),
    ],
)
def test_a_file_says_what_it_is_and_when(tmp_path: Path, kind: str, text: str) -> None:
    """Its kind is told by what stands in it, and its one event has the time that it says."""
    assert kind_of(text) == kind
    [event], bad = _read(tmp_path, text)
    assert event.source.startswith(kind) and event.time == TIME and bad == []
    assert event.where.startswith("log:1")


def test_spans_tell_tools_statements_and_ids(tmp_path: Path) -> None:
    """Tool with arguments, statement of a database, trace id in hex; a span of a model's answer says nothing."""
    chat = SPAN | {"attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]}
    [tool, statement], _ = _read(tmp_path, _spans(SPAN, DATABASE_SPAN, chat))
    assert (tool.tool, tool.arguments) == ("query", {"sql": "SELECT 1"})
    assert tool.ids == {"att_a", SPAN["traceId"]} and statement.text == "SELECT 1"


def test_ids_in_base64_are_read_too(tmp_path: Path) -> None:
    """As exporters write them that leave protobuf's own JSON."""
    [event], _ = _read(tmp_path, _spans(SPAN | {"traceId": "W47/95gDgQPSabYzgT/GDA=="}))
    assert SPAN["traceId"] in event.ids


def test_cloudtrail_names_what_was_touched_and_by_whom(tmp_path: Path) -> None:
    """Names among the parameters, not flags; delete, read or unknown by name; who can be asked for."""
    text = json.dumps({"Records": [CLOUDTRAIL, CLOUDTRAIL | {"eventName": "GetObject", "readOnly": True}]})
    [gone, got], _ = _read(tmp_path, text)
    assert (gone.marks, gone.effect, got.effect) == (("backups",), "delete", "read")
    assert gone.ids == {"R1"} and gone.fields["access_key"] == "ASIAX"
    assert _read(tmp_path, text, access_key="OTHER")[0] == []


def test_kubernetes_tells_finished_requests_once(tmp_path: Path) -> None:
    """Of the stages of one request only the last counts."""
    text = "".join(json.dumps(AUDIT | {"stage": stage}) + "\n" for stage in ("RequestReceived", "ResponseComplete"))
    [event], _ = _read(tmp_path, text)
    assert (event.marks, event.effect, event.fields["namespace"]) == (("web-0",), "delete", "prod")


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("statement: SELECT 1", ["SELECT 1"]),
        ("execute <unnamed>: SELECT $1", ["SELECT $1"]),
        ("duration: 0.1 ms  statement: SELECT 1", ["SELECT 1"]),
        ('AUDIT: SESSION,1,1,WRITE,INSERT,,,""INSERT INTO t VALUES (1, 2)"",<none>', ["INSERT INTO t VALUES (1, 2)"]),
        ("statement: BEGIN", []),
        ("connection received", []),
    ],
)
def test_postgresql_tells_statements_however_it_logs_them(tmp_path: Path, message: str, found: list[str]) -> None:
    """`log_statement`, prepared statements, `log_min_duration_statement`, pgaudit; nothing of the rest."""
    events, bad = _read(tmp_path, _POSTGRES.format(tag="X", message=message), SOURCES["postgres"])
    assert [event.text for event in events] == found and bad == []


@pytest.mark.parametrize("text", [_ACCESS, _ENVOY, json.dumps(_NGINX_JSON) + "\n"])
def test_access_logs_tell_the_parts_of_a_path(tmp_path: Path, text: str) -> None:
    """Combined, Envoy's default and JSON say the same; the path is compared without its spelling."""
    [event], _ = _read(tmp_path, text, SOURCES["access"])
    assert (event.marks, event.effect) == (("v1", "orders", "a b"), "delete")


def test_a_wrapped_message_is_found(tmp_path: Path) -> None:
    """A logger that puts the message and its time into an object of its own."""
    [event], _ = _read(
        tmp_path, json.dumps({"timestamp": "2026-11-24T09:30:00Z", "message": _CALL}) + "\n", SOURCES["mcp"]
    )
    assert (event.tool, event.arguments, event.time) == ("query", {"sql": "SELECT 1"}, TIME)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("otlp", '{"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": [], "name": "x"}]}]}]}\nnot json\n'),
        ("otlp", "[" * 100_000 + "\n"),
        ("cloudtrail", '{"eventName": 1}\n{"eventName": "X", "eventTime": "yesterday"}\n'),
        ("kubernetes", '{"verb": "get"}\n[1, "x", null]\n'),
        ("postgres", 'a,b\n"unclosed\n'),
        ("access", "hello\n{}\n"),
        ("mcp", '2026 {"method": "tools/call"\n'),
        ("git", "not a reflog\n"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_read_on(tmp_path: Path, kind: str, text: str) -> None:
    """A bad record is no event and no end: each is told with its place."""
    events, bad = _read(tmp_path, text, SOURCES[kind])
    assert events == [] and all(line.startswith("log:") for line in bad)
    assert bad or kind == "otlp"


@pytest.mark.parametrize(
    "message",
    [
        "statement: BEGIN; DELETE FROM customers; COMMIT",
        "statement: set x = 1; DELETE FROM customers",
        f"statement: DELETE FROM customers /*{'x' * 200_000}*/",
        f"AUDIT: SESSION,1,1,WRITE,DELETE,,,DELETE FROM customers /*{'x' * 200_000}*/,<none>",
    ],
    ids=["begin", "set", "long", "long audit"],
)
def test_no_way_to_write_a_statement_hides_it(tmp_path: Path, message: str) -> None:
    """Behind what a session says of itself, or longer than a reader of CSV takes."""
    [event], _ = _read(tmp_path, _POSTGRES.format(tag="DELETE", message=message), SOURCES["postgres"])
    assert "DELETE FROM customers" in event.text


def test_a_broken_line_hides_no_line_after_it(tmp_path: Path) -> None:
    """The first one that is read may be half of one: after a rotation, or because somebody wrote it."""
    events, bad = _read(tmp_path, '{"half": \n' + _spans(SPAN), SOURCES["otlp"])
    assert [event.tool for event in events] == ["query"] and len(bad) == 1


def test_arguments_nested_too_deep_are_none_and_no_exception(tmp_path: Path) -> None:
    """The call is still told."""
    deep = {"key": "gen_ai.tool.call.arguments", "value": {"stringValue": "[" * 100_000}}
    named = {"key": "gen_ai.tool.name", "value": {"stringValue": "query"}}
    [event], _ = _read(tmp_path, _spans(SPAN | {"attributes": [named, deep]}))
    assert event.tool == "query" and event.arguments is None


def test_a_growing_file_is_read_from_where_it_was_left(tmp_path: Path) -> None:
    """A line that is still being written waits; a file that was rotated begins anew."""
    path = tmp_path / "log"
    path.write_text(_ACCESS + _ACCESS[:20])
    feed = Feed(path, SOURCES["access"])
    assert len(list(feed.take(whole=False))) == 1
    with path.open("a") as file:
        file.write(_ACCESS[20:])
    [second] = feed.take(whole=False)
    assert second.where == "log:2"
    path.unlink()
    path.write_text(_ACCESS)
    assert [event.where for event in feed.take(whole=False)] == ["log:1"]


MAPPING = """
format = "json"
time = "at"
text = "what.statement"
ids = ["request"]
effect = "op"
effects = { PURGE = "delete" }
only = { level = "audit" }
"""


def _mapped(text: str) -> Source:
    terms = Terms.load(text)
    return Source(terms.records, terms.parse)


def test_a_mapping_says_how_any_other_log_is_read(tmp_path: Path) -> None:
    """JSON with objects in objects; only the records that it asks for; words for effects."""
    record = {"at": TIME / 1000, "level": "audit", "op": "PURGE", "what": {"statement": "purge x"}, "request": "R1"}
    text = json.dumps(record) + "\n" + json.dumps(record | {"level": "debug"}) + "\n"
    [event], _ = _read(tmp_path, text, _mapped(MAPPING))
    assert (event.time, event.text, event.effect, event.ids) == (TIME, "purge x", "delete", {"R1"})


def test_a_mapping_reads_lines_by_a_pattern_and_csv_by_its_heading(tmp_path: Path) -> None:
    """With the time in a form of its own, and marks."""
    lines = (
        'format = "lines"\npattern = "(?P<at>[^|]+)[|](?P<who>.+)"\n'
        'time = "at"\ntime_format = "%d.%m.%Y %H:%M"\nmarks = ["who"]\n'
    )
    [event], bad = _read(tmp_path, "24.11.2026 09:30|customer 7\nnothing\n", _mapped(lines))
    assert (event.time, event.marks, len(bad)) == (TIME, ("customer 7",), 1)
    table = 'format = "csv"\ntime = "at"\ntool = "tool"\narguments = "input"\n'
    [event], _ = _read(
        tmp_path, 'at,tool,input\n2026-11-24T09:30:00Z,query,"{""sql"": ""SELECT 1""}"\n', _mapped(table)
    )
    assert (event.tool, event.arguments) == ("query", {"sql": "SELECT 1"})


@pytest.mark.parametrize(
    "text",
    [
        "no toml",
        'format = "xml"\ntime = "at"\ntext = "x"',
        'format = "json"\ntext = "x"',
        'format = "json"\ntime = "at"',
        'format = "json"\ntime = "at"\ntext = "x"\ntypo = 1',
        'format = "lines"\ntime = "at"\ntext = "x"\npattern = "("',
        'format = "json"\ntime = "at"\nmarks = "x"',
    ],
)
def test_a_mapping_that_says_nothing_or_something_else_is_refused(text: str) -> None:
    """A misspelt word would silently map nothing."""
    with pytest.raises(ConfigError) as caught:
        Terms.load(text)
    assert caught.value.code == "bad_mapping"
