"""What the writer remembers is never what another process has changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assent.model.ids import AttemptId, SessionId
from assent.ports import AttemptState, Reader
from assent.stores import remembered
from assent.stores.memory import MemoryStore
from assent.stores.sqlite import SqliteStore
from tests.stores.places import durable_directory
from tests.stores.world import a_session, an_attempt, sha

Step = tuple[int, str, int, int, bool]
#: Which process, what kind of row, which key, which value, and does the batch fail?
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["state", "session", "attempt", "settled", "refusal", "nothing"]),
        st.integers(0, 2),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=25,
)
STATES: tuple[AttemptState, ...] = ("waiting", "executing", "unknown", "gap")


def everything(reader: Reader) -> list[object]:
    """All that the writer remembers, by key and by what repeats an effect."""
    keys = range(3)
    return [
        [reader.state(f"k{n}") for n in keys],
        [reader.session(SessionId(f"ses_{n}")) for n in keys],
        [reader.attempt(AttemptId(f"att_{n}")) for n in keys],
        [reader.refused(SessionId(f"ses_{n}"), sha(f"no {value}")) for n in keys for value in range(4)],
        [sorted(attempt.id for attempt in reader.attempts_like(sha(f"same {value}"))) for value in range(2)],
    ]


def write(store: SqliteStore | MemoryStore, step: Step) -> list[object]:
    """One batch that looks, writes, looks again, and may fail; what it saw."""
    _, kind, key, value, fails = step
    seen: list[object] = []
    try:
        with store.begin() as tx:
            seen.append(everything(tx))
            if kind == "state":
                tx.put_state(f"k{key}", str(value))
            elif kind == "session":
                tx.put_session(a_session(str(key), version=value))
            elif kind == "attempt":
                tx.put_attempt(an_attempt(str(key), STATES[value], sameness=sha(f"same {value % 2}")))
            elif kind == "settled":
                tx.drop_attempt(AttemptId(f"att_{key}"))
            elif kind == "refusal":
                tx.put_refusal(SessionId(f"ses_{key}"), sha(f"no {value}"))
            seen.append(everything(tx))
            if fails:
                raise LookupError
    except LookupError:
        pass
    return seen


@pytest.mark.parametrize("patience", [0, 8])
def test_two_writers_see_each_other_as_one_dictionary_would(patience: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes on one home, in any order, with batches that fail, see what one store in memory shows."""
    monkeypatch.setattr(remembered, "_PATIENCE", patience)

    @settings(max_examples=30, deadline=None)
    @given(STEPS)
    def holds(steps: Sequence[Step]) -> None:
        with durable_directory() as path:
            stores, model = (SqliteStore(path / "home"), SqliteStore(path / "home")), MemoryStore()
            for step in steps:
                assert write(stores[step[0]], step) == write(model, step)
            for store in stores:
                store.close()

    holds()


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many sessions and attempts pass through, only so many rows are kept."""
    monkeypatch.setattr(remembered, "_MOST", 10)
    with durable_directory() as path:
        store = SqliteStore(Path(path) / "home")
        for n in range(100):
            with store.begin() as tx:
                tx.attempts_like(sha(str(n)))
                tx.put_state(f"k{n}", "v")
                tx.put_session(a_session(str(n)))
                tx.put_attempt(an_attempt(str(n), sameness=sha(str(n))))
            with store.begin() as tx:
                tx.drop_attempt(AttemptId(f"att_{n}"))
        kept = store._remembered
        sizes = [len(kept._state), len(kept._session), len(kept._attempt), len(kept._unsettled or ())]
        store.close()
    assert max(sizes) <= 12, sizes
