"""What a leaf says of time, and for how long its clear values are kept."""

from __future__ import annotations

import json

import pytest

from assent.model.ids import LeafIndex, SessionId
from assent.record import leaves
from assent.record.leaves import Draft, append, rfc3339, system
from assent.stores.memory import MemoryStore
from tests.stores.world import a_session

NOW = 1_790_000_000_000
NODE = "node_" + "a" * 26


@pytest.mark.parametrize(("high", "written"), [(NOW + 5_000, NOW + 5_000), (NOW - 5_000, NOW)])
def test_a_leaf_is_never_older_than_the_highest_time_recorded(high: int, written: int) -> None:
    """Time is max(clock, highest recorded) (DESIGN §5): a process whose clock is behind writes the later one."""
    store = MemoryStore()
    with store.begin() as tx:
        tx.put_state(leaves.CLOCK, json.dumps({"high": high}))
        append(tx, system(NODE, NOW, "pin", {"server": "files"}), None)
    with store.read() as reader:
        leaf = json.loads(reader.leaf(LeafIndex(0)) or b"")
    assert leaf["time"] == rfc3339(written)


def test_clear_values_are_kept_for_the_days_promised_from_the_time_of_their_leaf() -> None:
    """Thirty days from what the leaf says, not from a clock that may be elsewhere."""
    store, session = MemoryStore(), SessionId("ses_one")
    with store.begin() as tx:
        tx.put_session(a_session("one"))
        tx.put_state(leaves.CLOCK, json.dumps({"high": NOW + 5_000}))
        body = {"kind": "session", "event": "close", "reason": "ended", "node": NODE, "time": rfc3339(NOW), "v": 1}
        append(tx, Draft(body, b"s" * 16, b'{"task":"x"}'), session, keep_days=30)
    with store.read() as reader:
        kept = reader.sidecar(LeafIndex(0))
    assert kept is not None and kept.expires == NOW + 5_000 + 30 * 86_400_000
