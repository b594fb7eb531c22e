"""Thirty recorded pieces of ordinary work: hardly a question, none for a read, nothing stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.traces.replay import RECORDED, Replayed, names, replay


@pytest.fixture(scope="module")
def work() -> dict[str, Replayed]:
    """What each trace came to; filled by the tests, one trace each."""
    return {}


@pytest.mark.parametrize("name", names())
async def test_ordinary_work_is_not_stopped(name: str, work: dict[str, Replayed], tmp_path: Path) -> None:
    """Nothing is denied or deferred, no read is asked about, at most one call in five asks, and all of it replays."""
    found = work[name] = await replay(name, tmp_path)
    assert found.stopped == []
    assert found.asked_for_reads == 0
    assert len(found.asked) * 5 <= found.calls, found.asked
    # replayed from its receipt alone, every decision comes out as recorded (invariant 10)
    assert found.again.decisions >= found.calls
    assert found.again.agree == found.again.decisions, found.again.told


async def test_at_most_one_question_in_fifty_calls(work: dict[str, Replayed], tmp_path: Path) -> None:
    """Over all traces together, of which there are thirty with fifteen hundred calls."""
    for name in names():
        if name not in work:  # run alone, or by another worker
            (tmp_path / name).mkdir()
            work[name] = await replay(name, tmp_path / name)
    calls, asked = sum(one.calls for one in work.values()), sum(len(one.asked) for one in work.values())
    assert len(work) >= 30
    assert calls >= 1_500
    assert asked * 50 <= calls


def test_every_trace_was_recorded_on_real_servers() -> None:
    """Each names the packages and versions that answered."""
    for name in names():
        assert '"package": "' in (RECORDED / f"{name}.json").read_text("utf-8")
