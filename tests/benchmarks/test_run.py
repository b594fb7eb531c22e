"""The runner of the benchmarks: it finds them, each goal reads a number, and a missed goal is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import run


def test_every_benchmark_is_found() -> None:
    """Each module that measures something is run, and each goal's benchmark is one of them."""
    assert {goal.benchmark for goal in run.GOALS} <= set(run.names())
    assert "run" not in run.names() and "echo_server" not in run.names()


def test_a_goal_is_held_or_missed() -> None:
    """A limit from above and one from below are judged on their own side."""
    assert run.Goal("x", "x", 5, "s", float).held(5) and not run.Goal("x", "x", 5, "s", float).held(5.1)
    assert not run.Goal("x", "x", 5, "/s", float, least=True).held(4.9)


@pytest.mark.timeout(300)
def test_the_runner_writes_what_it_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One quick benchmark end to end: its numbers and its goals are in the JSON and on the table."""
    file = tmp_path / "bench.json"
    assert run.main(["--quick", "--json", str(file), "verify", "startup"]) == 0
    found = json.loads(file.read_text())
    assert found["quick"] is True and found["results"]["verify"]["verify"]["leaves"] > 0
    assert {row["goal"] for row in found["goals"]} == {
        goal.name.strip() for goal in run.GOALS if goal.benchmark in ("verify", "startup")
    }
    assert "measured" in capsys.readouterr().out


def test_a_benchmark_that_fails_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """A benchmark that is not there fails the run by name."""
    assert run.main(["none"]) == 1
    assert "none: did not end as it should" in capfd.readouterr().out
