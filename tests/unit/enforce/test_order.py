"""Two orders that nothing may turn round: flushed before allowed, decided before a kept result is given out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from assent_verify.canonical import canonicalize

from assent.enforce.guard import Allowed
from assent.model.outcome import Outcome
from assent.record.log import Log
from tests.world import World, tool

ALL = '@id("t/all") permit (principal, action, resource);\n'
READ = tool("list_items")


async def test_an_allow_waits_for_the_flush_of_its_receipt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN §7: durable before the allow is returned."""
    world = World(tmp_path, ALL)
    await world.join()
    waited: list[bool] = []
    commit = Log.commit

    async def watched(log: Log, job: Any, *, durable: bool, **more: Any) -> Any:
        waited.append(durable)
        return await commit(log, job, durable=durable, **more)

    monkeypatch.setattr(Log, "commit", watched)
    await world.permit(world.call(READ))
    assert waited == [True]


async def test_a_kept_result_is_not_given_out_against_policy(tmp_path: Path) -> None:
    """What was kept for a caller that had gone is decided anew when it is asked for."""
    world = World(tmp_path, ALL)
    await world.join()
    for policy in (ALL, f'{ALL}@id("t/none") forbid (principal, action, resource);\n'):
        permit = await world.permit(world.call(READ))
        await world.guard.begin(permit)
        await world.guard.settle(
            permit, Outcome("succeeded", "gateway", canonicalize({"content": []})), {"content": []}
        )
        await world.guard.keep(permit, b'{"content":[]}')
        world.activate(policy)
        if "t/none" in policy:
            assert (await world.refusal(world.call(READ))).decision.verdict == "deny"
        else:
            ruling = await world.guard.authorize(world.call(READ))
            assert isinstance(ruling, Allowed) and ruling.replayed is not None
