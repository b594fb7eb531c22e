"""Whatever was decided is decided again from its receipt: zero differences over random worlds."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assent.evidence.replay import Replayer
from assent.model.profile import Server
from assent.policy.bundle import Source, load
from tests.oracle.decision_worlds import ARGUMENTS, EVERYTHING, answered, calls, entities, granted, policy
from tests.unit.decide.calls import definition
from tests.unit.evidence.recording import ENGINE, at_home, named, of_store, record
from tests.world import World

QUIET = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
GUARDED = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@QUIET
@given(st.data())
def test_any_decision_is_replayed(data: st.DataObject) -> None:
    """Chains, answers, delegations, observing, errors: from the leaf, the sidecar and the archive alone."""
    drawn = (EVERYTHING, *(data.draw(policy(at)) for at in range(data.draw(st.integers(0, 5)))))
    text = "\n".join(one.text for one in drawn)
    rules = load([Source("random.cedar", text)], entities=json.dumps(data.draw(entities())))
    facts = at_home(data.draw(calls()))

    def of(name: str) -> Any:
        rule = rules.rule(name)
        assert rule is not None
        return rule.digest

    if data.draw(st.booleans()):
        facts = data.draw(st.one_of(answered(facts, drawn, of), granted(facts, drawn, of)))
    one, archive = record(named(facts), rules)
    found = Replayer(archive.get, ENGINE).judge(one)
    assert (found.answer, found.stricter) == ("agrees", ""), found


@GUARDED
@given(st.data())
def test_any_world_is_replayed(data: st.DataObject) -> None:
    """Random policies, people and calls through the real guard; some questions are answered, the policy changes."""
    drawn = [(EVERYTHING, *(data.draw(policy(at)) for at in range(data.draw(st.integers(1, 4))))) for _ in range(2)]
    texts = ["\n".join(one.text for one in policies) for policies in drawn]
    people = json.dumps(data.draw(entities()))
    moves = data.draw(st.lists(st.tuples(ARGUMENTS, st.sampled_from(("yes", "no", ""))), min_size=1, max_size=6))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_lived(Path(folder), texts, people, moves, data.draw(st.sampled_from(("local", "external")))))


async def _lived(folder: Path, texts: list[str], people: str, moves: list[tuple[Any, str]], zone: Any) -> None:
    (folder / "home" / "policy").mkdir(parents=True)
    (folder / "home").chmod(0o700)
    (folder / "home" / "policy" / "entities.json").write_text(people)
    world = World(folder, texts[0])
    world.server = Server("fs", zone=zone, cwd=str(folder))
    await world.join()
    for at, (arguments, answer) in enumerate(moves):
        if at == 3:
            world.activate(texts[1])
        ruling = await world.guard.authorize(world.call(definition(), arguments))
        asked = getattr(ruling, "approval", None)
        if asked is not None and answer and all(one.self_ and one.group == "owner" for one in asked.asked):
            world.say(asked.id, "approve" if answer == "yes" else "deny")
            await world.guard.authorize(world.call(definition(), arguments))
        world.clock.pass_time(1)
    tally = of_store(world.store)
    assert tally.decisions >= len(moves)
    assert tally.agree == tally.decisions, tally.told
    world.verify()
