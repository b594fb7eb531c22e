"""kill -9 at every step of an erasure: afterwards it is not begun or completed, and the log says which."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from assent.assembly import Home
from assent.model.ids import LeafIndex
from assent.record.log import Log
from assent.stores.sqlite import SqliteStore
from assent.stores.vault import FOLDER
from tests.faults import erasing
from tests.faults.worker import prepared
from tests.stores.places import durable_directory
from tests.verify_log import verify_log
from tests.world import World, tool

READ = tool("list_things")
MOST = 40  # steps; the erasure has fewer


async def made(folder: Path) -> tuple[World, tuple[bytes, bytes]]:
    """A home with two calls of one session, one of which mentions somebody; closed."""
    world = World(folder, store=SqliteStore(folder / "home"))
    await world.join()
    await world.run(world.call(READ, {"query": "ann@x.org"}))
    await world.run(world.call(READ, {"query": "something else"}))
    world.log.close()
    world.store.close()
    return world, (world.log_key.key.private_bytes_raw(), world.operator.key.private_bytes_raw())


def standing(world: World, home: Path) -> tuple[list[bool], int, int]:
    """After a start: which decisions still open, how many redactions there are, how many keys; the log is verified."""
    store = SqliteStore(home)
    log = Log(store, world.clock, world.log_key, origin="assent/world", node=world.log.node)
    Home(world.config, store, log, world.clock, world.key)
    log.checkpoint().result()
    with store.read() as reader:
        verify_log(reader.leaves(), reader.checkpoints(), world.key, reviewer_roots=[world.operator.public])
        leaves = {index: json.loads(data) for index, data in reader.leaves()}
        decisions = [index for index, leaf in leaves.items() if leaf["kind"] == "decision"]
        opens = [reader.sidecar(LeafIndex(index)) is not None for index in decisions]
        redactions = sum(leaf.get("event") == "redaction" for leaf in leaves.values())
    log.close()
    known = store._writer.execute("SELECT id FROM value_key").fetchall()
    keys = {path.name for path in (home / FOLDER).iterdir()}
    store.close()
    return opens, redactions, len(keys & {row[0] for row in known})


async def test_an_erasure_is_not_begun_or_completed_wherever_it_is_killed() -> None:
    """The leaf is there exactly if the values are gone and their key is; what stays is read."""
    context = prepared()
    seen = set()
    with durable_directory() as folder:
        world, keys = await made(folder)
        for step in range(1, MOST):
            home = folder / f"killed-{step}"
            shutil.copytree(folder / "home", home)
            mine, theirs = context.Pipe()
            child = context.Process(target=erasing.erase_and_die, args=(home, keys, step, theirs))
            child.start()
            child.join(60)
            done = mine.poll()
            opens, redactions, live = standing(world, home)
            assert (opens, redactions, live) in (([True, True], 0, 1), ([False, True], 1, 1)), f"step {step}"
            before = {path.name for path in (folder / "home" / FOLDER).iterdir()}
            after = {path.name for path in (home / FOLDER).iterdir()}
            assert bool(before & after) is opens[0], f"step {step}: the old key outlives the values, or goes before"
            seen.add(redactions)
            if done:
                break
        assert done, "the erasure has more steps than were tried"
        assert seen == {0, 1}
        assert step > 10
