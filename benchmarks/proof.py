"""Proofs from kept tiles: microseconds for one inclusion and one consistency proof in a log of a million.

The log is on SQLite on a real disk; each proof is made from a fresh reader, with nothing remembered.

    python -m benchmarks.proof [--quick] [--leaves N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from assent_verify.merkle import verify_consistency, verify_inclusion

from assent.ports import Store
from assent.record import tiles
from assent.stores.sqlite import SqliteStore

ROUNDS = 500
_BATCH = 20_000


def fill(store: Store, leaves: int) -> float:
    """Append this many leaves of a usual length and keep their tiles; seconds that the tiles took."""
    store.durable(False)
    for start in range(0, leaves, _BATCH):
        with store.begin() as tx:
            for index in range(start, min(leaves, start + _BATCH)):
                tx.append(b"%0512d" % index)
    begun = time.process_time()
    while not tiles.fill(store):
        pass
    return time.process_time() - begun


def timed(proof: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    begun = time.process_time()
    proof()
    return time.process_time() - begun


def measure(store: Store, leaves: int) -> dict[str, float]:
    """Median and worst of many proofs, each checked."""
    chance = random.Random(6962)
    with store.read() as reader:
        root = tiles.tree(reader).root()
    inclusion, consistency = [], []
    for _ in range(ROUNDS):
        index, old = chance.randrange(leaves), chance.randrange(1, leaves)
        with store.read() as reader:
            inclusion.append(timed(lambda: tiles.tree(reader).inclusion(index)))  # noqa: B023 - called at once
            consistency.append(timed(lambda: tiles.tree(reader).consistency(old)))  # noqa: B023
            tree = tiles.tree(reader)
            verify_inclusion(tree.leaf(index), index, leaves, tree.inclusion(index), root)
            verify_consistency(old, leaves, tree.root(old), root, tree.consistency(old))
    return {
        "inclusion_p50_ms": statistics.median(inclusion) * 1000,
        "inclusion_p99_ms": statistics.quantiles(inclusion, n=100)[98] * 1000,
        "consistency_p50_ms": statistics.median(consistency) * 1000,
    }


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--leaves", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    leaves = arguments.leaves or (100_000 if arguments.quick else 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "home")
        took = fill(store, leaves)
        found = {"leaves": leaves, "tiles_us_per_leaf": took / leaves * 1e6, **measure(store, leaves)}
        store.close()
    for name, value in found.items():
        print(f"{name:<22} {value:>12,.3f}" if isinstance(value, float) else f"{name:<22} {value:>12,}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
