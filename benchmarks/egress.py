"""What looking for secrets and for text of the session costs, and how well it does.

Recall and false positives on the corpus of the tests; CPU that fingerprints add to a call of a local
server, by length of its answer, with the write in batches of 64; CPU to look at what is sent to
an external server; memory of a process that has looked after 100,000 calls were made in its session.

    python -m benchmarks.egress [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import string
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assent.catalog.analysers.secrets import carries_secret, holds_secret
from assent.inform.seen import Seen, open_shelf, sent
from assent.model.ids import SessionId
from assent.stores.sqlite import SqliteStore
from tests.unit.catalog.secret_corpus import harmless, secrets

BATCH = 64


def words(length: int, seed: int) -> str:
    """Text of random words."""
    drawn = random.Random(seed)
    text = ""
    while len(text) < length:
        text += "".join(drawn.choices(string.ascii_lowercase, k=drawn.randint(2, 9))) + " "
    return text[:length]


def answer(length: int, seed: int) -> dict[str, object]:
    """What a tool returns."""
    return {"content": [{"type": "text", "text": words(length, seed)}]}


def cpu(run: Callable[[], object], rounds: int) -> float:
    """Least CPU time of some rounds, µs."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best * 1e6


def opened(store: SqliteStore, name: str) -> SessionId:
    """A session of its own for each measurement: a full one writes nothing."""
    session = SessionId(f"ses_{name}")
    with store.begin() as tx:
        open_shelf(tx, session, (), os.urandom(16))
    return session


def settled(store: SqliteStore, length: int, rounds: int) -> dict[str, float]:
    """CPU per call: cutting, and all of it with the write."""
    seen, session = Seen(store), opened(store, f"answer{length}")
    rounds = min(rounds, 100_000 // (BATCH * (length // 40 + 1)) or 1)
    answers = [answer(length, seed) for seed in range(BATCH)]
    cut = cpu(lambda: [seen.prints(session, one) for one in answers], rounds) / BATCH

    def write(prints: list[bytes]) -> None:
        with store.begin() as tx:
            tx.put_state("other", "x")  # the transaction is there in any case
            for found in prints:
                seen.put(tx, session, "files", found)

    store.durable(False)
    found = [seen.prints(session, one) for one in answers]
    bare = cpu(lambda: write([b""] * BATCH), rounds)
    kept = cpu(lambda: write(found), rounds)
    return {"bytes": length, "cut_us": round(cut, 2), "with_write_us": round(cut + (kept - bare) / BATCH, 2)}


def resident() -> float:
    """MiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def memory(store: SqliteStore, calls: int) -> dict[str, float]:
    """MiB that a long session adds to a process that writes, and to one that also looks."""
    seen, session = Seen(store), opened(store, "memory")
    before = resident()
    for start in range(0, calls, BATCH):
        found = [seen.prints(session, answer(300, start + each)) for each in range(BATCH)]
        with store.begin() as tx:
            for one in found:
                seen.put(tx, session, "files", one)
    wrote = resident()
    with store.read() as reader:
        seen.look(reader, session, "web", sent({"q": words(500, -1)}))
    return {"calls": calls, "writes_mib": round(wrote - before, 1), "looks_mib": round(resident() - before, 1)}


def main() -> None:
    """Measure, print, and write JSON if it is wanted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    rounds = 5 if wanted.quick else 40
    shapes, alike = secrets(), harmless()
    data: dict[str, Any] = {
        "shapes": len(shapes),
        "found": sum(holds_secret(text) for _, text in shapes),
        "look_alikes": len(alike),
        "false": sum(carries_secret(text) for text in alike),
    }
    print(f"secrets   {data['found']} of {data['shapes']} shapes, {data['false']} of {data['look_alikes']} look-alikes")
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "home")
        data["local"] = [settled(store, length, rounds) for length in (50, 100, 200, 255, 2_000, 20_000)]
        for row in data["local"]:
            print(f"answer    {row['bytes']:6} bytes  cut {row['cut_us']:8} µs, and write {row['with_write_us']:8} µs")
        data["external"] = []
        seen, session = Seen(store), opened(store, "sent")
        with store.begin() as tx:
            for each in range(200):
                seen.put(tx, session, "files", seen.prints(session, answer(10_000, each)))
        for length in (200, 2_000, 20_000):
            said = {"q": words(length, -2)}

            def look(said: dict[str, str] = said) -> None:
                with store.read() as reader:
                    seen.look(reader, session, "web", sent(said))

            data["external"].append({"bytes": length, "us": round(cpu(look, rounds), 1)})
            print(f"sent      {length:6} bytes  {data['external'][-1]['us']:10} µs")
        data["memory"] = memory(store, 2_000 if wanted.quick else 100_000)
        print(f"memory    {data['memory']}")
        store.close()
    if wanted.json:
        wanted.json.write_text(json.dumps(data))


if __name__ == "__main__":
    main()
