"""kill -9 while calls pass on a grant: its count is never overspent, and every call that passed is in it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from pathlib import Path

import pytest

from assent import assembly
from assent.admin import home as homes
from assent.approve.answer import Said, answer
from assent.approve.delegate import Terms
from assent.config import load
from assent.enforce.guard import Refused
from assent.inform.process import process_text
from assent.keys import file
from tests.faults.test_processes import drain
from tests.faults.worker import called, prepared, spend_until_killed
from tests.stores.places import durable_directory
from tests.unit.enforce.test_delegations import POLICY
from tests.verify_log import verify_log

HOMES, ROUNDS = (25 if os.environ.get("ASSENT_SOAK") else 1), 12
COUNT = 100


async def granted(home: assembly.Home, signer: file.KeySigner, client: str) -> None:
    """The owner's yes to so many messages to one person."""
    session = await home.sessions.join(home.principal("agent"), client, home.process)
    ruling = await home.guard.authorize(called(session.id, "first"))
    assert isinstance(ruling, Refused) and ruling.approval is not None, ruling
    said = Said(ruling.approval.id, home.owner, "approve", home.clock.now(), terms=Terms(COUNT, 3600))
    answer(home.log, said, signer, home.rules().bundle.members)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_grant_under_kill_9_is_never_overspent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Round after round: allows that stand on it are as many as it says were used, and at most its count."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]))
    chance, passed, counted = random.Random(7), 0, 0
    for _ in range(HOMES):
        with durable_directory() as path:
            of_home, used = spent(path, chance)
            passed, counted = passed + of_home, counted + used
    assert passed > HOMES * ROUNDS / 2
    print(f"\n{HOMES * ROUNDS} kills: {passed} calls acknowledged on {HOMES} grants of {COUNT}, {counted} counted")


def spent(path: Path, chance: random.Random) -> tuple[int, int]:
    """One home and one grant, until all rounds are over: calls that were acknowledged, and counted."""
    context, passed = prepared(), 0
    (path / "home" / "policy").mkdir(parents=True)
    os.chmod(path / "home", 0o700)
    (path / "home" / "policy" / "all.cedar").write_text(POLICY)
    config, client = load(path / "home", {}), f"{process_text(os.getpid())}|test"
    signer = file.create(path / "operator.key")
    with assembly.open_home(config) as home:
        homes.enrol(home.log, config, signer, home.clock.now())
        asyncio.run(granted(home, signer, client))
    for number in range(ROUNDS):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=spend_until_killed, args=(path / "home", client, number, theirs))
        process.start()
        theirs.close()
        ours.poll(20)
        time.sleep(chance.uniform(0.0, 0.05))
        process.kill()
        process.join()
        passed += len(drain(ours))
        ours.close()
    with assembly.open_home(config) as home:
        home.log.checkpoint().result()
        with home.store.read() as reader:
            (given,) = reader.delegations()
            leaves = [json.loads(data) for _, data in reader.leaves()]
            report = verify_log(reader.leaves(), reader.checkpoints(), home.log_key)
    stood = sum(leaf.get("delegation") == given.id and leaf.get("verdict") == "allow" for leaf in leaves)
    assert report.complete is not False, report.problems
    assert passed <= stood == given.used <= COUNT
    return passed, given.used
