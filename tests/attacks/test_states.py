"""The state of calls of several rounds: what is kept of it, and what is said of it when something is broken."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from assent.edges.mcp.state import MOST_SPENT, Given, States, Whose
from assent.errors import RefusedError
from assent.keys.seal import Seal
from tests.attacks.conftest import Place
from tests.edges.mcp.test_rounds import META
from tests.edges.mcp.wire import SERVERS
from tests.world import World


async def test_no_client_makes_the_list_of_used_states_grow_without_end(tmp_path: Path) -> None:
    """It is read and written with every round: it stops growing, and what is used up stays used up."""
    world = World(tmp_path)
    states = States(lambda: Seal(bytes(32)), Whose("c", "p", "own"), world.store, world.log, world.clock)
    end = world.clock.now() + 3_000_000
    known = {secrets.token_hex(12): end for _ in range(MOST_SPENT - 1)}
    world.put_state("spent:own", json.dumps(known))
    await states.spend(Given(None, frozenset(), "last", end))
    for id in ("one more", "last", next(iter(known))):
        with pytest.raises(RefusedError):
            await states.spend(Given(None, frozenset(), id, end))
    world.clock.pass_time(3_001)
    await states.spend(Given(None, frozenset(), "later", world.clock.now() + 1_000))


def test_a_broken_home_is_not_told_of_by_its_places(place: Place) -> None:
    """What an agent hears of an error of Assent holds no path (docs/mcp.md)."""
    wire = place.script(
        (SERVERS / "asking.py")
        .read_text()
        .replace("from serve", f"import sys; sys.path.insert(0, {str(SERVERS)!r})\nfrom serve")
    )
    key = place.home / "seal.key"
    key.write_bytes(b"short")
    key.chmod(0o600)
    for more in ({"requestState": "assent1." + "A" * 60}, {}):
        answer = wire.ask("tools/call", {"_meta": META, "name": "confirm", "arguments": {}, **more})
        assert str(place.folder) not in json.dumps(answer), answer
