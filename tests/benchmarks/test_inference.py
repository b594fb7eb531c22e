"""Inference on tools of real servers (`benchmarks/fixtures/tools.json`)."""

from __future__ import annotations

from benchmarks.inference import HALVES, judged, measure


def test_no_serious_tool_is_called_harmless() -> None:
    """Whatever else is wrong: what is not a plain read is never taken for one."""
    assert [(one.name, one.votes) for one in judged() if one.dangerous] == []


def test_the_fixture_is_what_the_goal_asks_for() -> None:
    """At least 200 tools of many servers, serious and harmless in both halves."""
    tools = judged()
    assert len(tools) >= 200 and len({one.name.split()[0] for one in tools}) >= 40
    for half in HALVES:
        part = measure([one for one in tools if one.half == half])
        assert part["tools"] > 100 and 0.3 < part["serious"] / part["tools"] < 0.7


def test_most_reads_are_known_for_what_they_are() -> None:
    """An inferred read called serious nags; what has been reached is not given up."""
    found = measure(judged())
    assert found["reads_exactly_right"] > 0.75 and found["too_serious"] < 0.12
