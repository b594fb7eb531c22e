"""What joins an event to an attempt, and what is found where nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from assent.evidence.attempts import Attempt, Told
from assent.evidence.reconcile import GRUDGE, Finding, Reconciler
from assent.evidence.telemetry import Event, names, squeezed

NOW = 1_790_000_000_000
SQL = "SELECT name FROM customers WHERE id = 1"


def _attempt(name: str = "a", verdict: str = "allow", **more: Any) -> Attempt:
    given: dict[str, Any] = {
        "id": f"att_{name}",
        "index": 7,
        "session": "ses_a",
        "server": "pg",
        "tool": "query",
        "effects": ("read",),
        "verdict": verdict,
        "time": NOW,
        "ends": NOW + 1_000,
        "leaf": "sha256:00",
        "arguments": {"sql": SQL},
        "ids": {f"att_{name}", "t" * 32},
        "outcome": 8,
        "status": "succeeded",
    }
    return Attempt(**given | more)


def _event(text: str = "", time: int = NOW + 10, **more: Any) -> Event:
    return Event("postgres", "log:1", time, f"agent runs {text}", text=text, **more)


def _found(attempts: list[Attempt], *events: Event, tolerance: int = 100) -> list[tuple[str, float]]:
    run = Reconciler(Told({one.id: one for one in attempts}, latest=NOW + 5_000), tolerance)
    return [(one.kind, one.confidence) for one in run.events(events)]


@pytest.mark.parametrize(
    "text", [SQL, SQL.lower(), SQL.replace(" ", "\n  ") + ";", f"  {SQL} ; "], ids=["same", "case", "space", "end"]
)
def test_a_statement_joins_however_it_is_spelled(text: str) -> None:
    """White space, case and the closing semicolon are the log's, not the agent's."""
    assert _found([_attempt()], _event(text)) == []


@pytest.mark.parametrize(
    "event",
    [
        _event("DELETE FROM customers"),
        _event(SQL + " OR true"),
        _event(SQL, time=NOW + 1_200),
        _event(SQL, time=NOW - 200),
        Event("mcp", "log:1", NOW, "calls shell", tool="shell", arguments={"sql": SQL}),
        Event("kubernetes", "log:1", NOW, "delete pods/web", marks=("customer",)),
    ],
    ids=["another", "longer", "after its end", "before its decision", "another tool", "part of a longer name"],
)
def test_what_no_receipt_allowed_is_found(event: Event) -> None:
    """Another statement, another time, another tool, half a name: none of them is what was allowed."""
    assert _found([_attempt()], event) == [("EXECUTED_NO_RECEIPT", 0.95)]


def test_once_allowed_is_once_executed() -> None:
    """The same statement a second time in one log has no receipt; in another log it is the same statement."""
    twice = [_event(SQL), _event(SQL, time=NOW + 20)]
    assert _found([_attempt()], *twice) == [("EXECUTED_NO_RECEIPT", 0.95)]
    elsewhere = Event("otlp", "spans:1", NOW + 10, "span", text=SQL)
    assert _found([_attempt()], twice[0], elsewhere) == []


def test_two_allowed_are_two_executed() -> None:
    """Each of two receipts for one statement allows it once."""
    both = [_attempt("a"), _attempt("b", ids={"att_b"})]
    assert _found(both, _event(SQL), _event(SQL)) == []
    assert _found([_attempt("a"), _attempt("b", ids={"att_b"})], *[_event(SQL)] * 3) == [("EXECUTED_NO_RECEIPT", 0.95)]


def test_parts_of_a_script_join_each_once() -> None:
    """A script runs several statements; one of them twice may be its own loop, which the confidence says."""
    script = {"sql": f"BEGIN; {SQL}; DELETE FROM old WHERE id = 4; COMMIT"}
    parts = [_event(SQL), _event("DELETE FROM old WHERE id = 4")]
    assert _found([_attempt(arguments=script)], *parts) == []
    assert _found([_attempt(arguments=script)], *parts, parts[0]) == [("EXECUTED_NO_RECEIPT", 0.4)]


@pytest.mark.parametrize("verdict", ["deny", "escalate", "defer"])
def test_what_was_refused_and_ran_all_the_same_is_found(verdict: str) -> None:
    """Long after the refusal, too: it ran by other means."""
    late = _event(SQL, time=NOW + GRUDGE - 1)
    assert _found([_attempt(verdict=verdict, ends=NOW)], late) == [("DENIED_BUT_EXECUTED", 0.95)]


def test_a_refusal_that_was_allowed_later_is_no_finding() -> None:
    """Asked, refused for now, answered, allowed: the allow explains what ran."""
    first = _attempt("a", "escalate", ends=NOW)
    assert _found([first, _attempt("b", time=NOW + 500, ends=NOW + 900, ids=set())], _event(SQL, time=NOW + 600)) == []


def test_an_id_does_not_vouch_for_other_arguments() -> None:
    """A trace id is the agent's word: under that of an allowed call, something else is still something else."""
    smuggled = _event("DROP TABLE customers", ids=frozenset({"t" * 32}))
    assert _found([_attempt()], smuggled) == [("ARGS_MISMATCH", 1.0)]


def test_spans_that_only_name_the_attempt_join() -> None:
    """What says nothing of its content cannot differ from it."""
    assert _found([_attempt()], Event("otlp", "s:1", NOW, "span", ids=frozenset({"att_a"}), tool="query")) == []


@pytest.mark.parametrize(
    ("allowed", "ran"),
    [
        (SQL + " AND owner = 2", SQL),
        ("DELETE FROM customers WHERE id = 1", "DELETE FROM customers"),
        ("DELETE FROM customers -- one\nWHERE id = 1", "DELETE FROM customers -- one WHERE id = 1"),
        ("DELETE FROM customers -- one\rWHERE id = 1", "DELETE FROM customers -- one WHERE id = 1"),
        ("DELETE FROM customers\nWHERE id = 1", "DELETE FROM customers"),
        ("get https://a.example/x?to=bob now", "https://a.example/x"),
    ],
)
def test_the_beginning_of_what_was_allowed_is_another_statement(allowed: str, ran: str) -> None:
    """Without its condition, or with the condition in a comment, it does more: it is no part of a script."""
    assert _found([_attempt(arguments={"sql": allowed})], _event(ran)) == [("EXECUTED_NO_RECEIPT", 0.95)]


@pytest.mark.parametrize("script", ["a; {}; b", "run('{}')", 'psql -c "{}"', "(\n{}\n)", "{};\nCOMMIT"])
def test_a_whole_statement_within_a_script_is_a_part_of_it(script: str) -> None:
    """Between semicolons, quotes and brackets it stands whole."""
    assert _found([_attempt(arguments={"sql": script.format(SQL)})], _event(SQL)) == []


def test_names_join_only_with_an_effect_that_was_allowed() -> None:
    """What was allowed to be read explains no deletion of it."""
    for effect, found in (("read", []), ("", []), ("delete", [("EXECUTED_NO_RECEIPT", 0.95)])):
        event = Event("access", "log:1", NOW + 5, "/v1/orders/7", marks=("v1", "orders", "7"), effect=effect)
        assert _found([_attempt(arguments={"path": "/v1/orders/7"})], event) == found


def test_an_id_vouches_for_nothing_where_values_are_erased() -> None:
    """An agent can have its values withheld by a secret among them: its trace then covers one event of its time."""
    withheld = _attempt(arguments=None)
    drop = [_event(f"DROP TABLE {name}", ids=frozenset({"t" * 32})) for name in "ab"]
    assert _found([withheld], *drop) == [("EXECUTED_NO_RECEIPT", 0.5)]
    late = Event("otlp", "s:1", NOW + 10**7, "span", ids=frozenset({"t" * 32}), tool="query")
    assert _found([_attempt()], late) == [("EXECUTED_NO_RECEIPT", 0.95)]  # a trace can be used for ever


def test_one_call_with_erased_values_explains_one_event() -> None:
    """The others are told, surely enough to be told by default."""
    erased = _attempt(arguments=None, effects=("write",))
    found = _found([erased], *[_event(f"UPDATE {name}", effect="write") for name in "abc"])
    assert found == [("EXECUTED_NO_RECEIPT", 0.5)] * 2


def _tool(arguments: Mapping[str, Any]) -> Event:
    return Event("mcp", "log:1", NOW + 5, "tools/call query", tool="query", arguments=arguments)


def test_the_same_tool_with_other_arguments_is_told_with_the_receipt_beside_it() -> None:
    """Joined to nothing, next to an allow of that tool that nothing was seen of."""
    assert _found([_attempt()], _tool({"sql": "other"})) == [("ARGS_MISMATCH", 0.7)]
    assert _found([_attempt()], _tool({"sql": SQL}), _tool({"sql": "other"})) == [("EXECUTED_NO_RECEIPT", 0.95)]


def test_erased_values_make_it_less_sure_and_say_so() -> None:
    """What could have been an erased call is accused with less certainty; the tool alone still joins, once."""
    erased = _attempt(arguments=None, effects=("write",))
    run = Reconciler(Told({erased.id: erased}), 100)
    [found] = run.events([_event("DELETE FROM customers", effect="delete")])
    assert (found.kind, found.confidence) == ("EXECUTED_NO_RECEIPT", 0.5) and "erased" in found.says
    twice = _found([_attempt(arguments=None)], _tool({"sql": "x"}), _tool({"sql": "y"}))
    assert twice == [("EXECUTED_NO_RECEIPT", 0.5)]


def _log(attempts: list[Attempt], now: int, stray: list[tuple[int, str, int]] | None = None) -> list[Finding]:
    return list(Reconciler(Told({one.id: one for one in attempts}, stray or []), 100).log(now))


def test_an_allow_without_an_outcome_is_found_once_its_time_is_over() -> None:
    """And not before: the call may still be under way."""
    open_ = _attempt(outcome=None)
    assert _log([open_], NOW + 1_050) == []
    assert [one.kind for one in _log([open_], NOW + 1_200)] == ["ALLOW_NO_OUTCOME"]
    assert "gap" in _log([_attempt(outcome=None, gap=True)], NOW + 5_000)[0].says


def test_an_outcome_without_an_allow_is_found() -> None:
    """Somebody wrote down the end of what nobody allowed."""
    assert [one.kind for one in _log([], NOW, [(9, "att_x", NOW)])] == ["OUTCOME_NO_ALLOW"]


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("web", "delete web now", True),
        ("web", "delete webshop", False),
        ("web", "my_web", False),
        ("/a/b", "x/a/b c", True),
        ("", "x", False),
        ("web", "webshop web", True),
    ],
)
def test_a_name_stands_as_a_whole(text: str, words: str, found: bool) -> None:
    """`web` is not in `webshop`: a name that is part of another would allow what it did not."""
    assert names(squeezed(text), squeezed(words)) is found
