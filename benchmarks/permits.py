"""What a permit costs: minted, verified, used up; and a store that a million have gone through.

    python -m benchmarks.permits [--quick] [--json FILE]

Minting and verifying are computing alone; using one up waits for the disk. A store is
measured empty and with many rows that cannot be forgotten yet, and its size after many
that can. Times are p50 and p99 of wall time, in microseconds.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from assent.identity import permits
from assent.identity.permits import Trust
from assent.resource.executor import Asked, Executor
from assent.stores.consumed import SqliteConsumption
from conformance.permit import generate

NOW = generate.NOW
#: An ordinary call.
PARAMS = {"arguments": {"content": "hello world " * 5, "path": "/srv/data/report.txt"}, "name": "put"}


def spread(times: list[float]) -> dict[str, float]:
    """p50 and p99 in microseconds."""
    times.sort()
    return {"p50_us": times[len(times) // 2] * 1e6, "p99_us": times[len(times) * 99 // 100] * 1e6}


def timed(rounds: int, run: Callable[[int], object]) -> dict[str, float]:
    """How long each round takes."""
    times = []
    for n in range(rounds):
        begun = time.perf_counter()
        run(n)
        times.append(time.perf_counter() - begun)
    return spread(times)


def minted(rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    """Minting, verifying against the arguments, and both."""
    made = generate.permit(1, PARAMS)
    trust = Trust.parse(generate.jwks())
    executor = Executor(generate.AUDIENCE, trust, SqliteConsumption(folder / "mint.db", lambda: NOW))
    asked = Asked.of_params("tools/call", PARAMS)

    def mint(n: int) -> str:
        return permits.mint(made, generate.ISSUER, generate.HOME)

    token = mint(0)
    executor.check(token, asked)
    return {
        "mint": timed(rounds, mint),
        "verify": timed(rounds, lambda n: executor.check(token, asked)),
        "mint_and_verify": timed(rounds, lambda n: executor.check(mint(n), asked)),
    }


def consumed(rows: int, rounds: int, folder: Path) -> dict[str, object]:
    """Using permits up with this many others that cannot be forgotten yet, and looking one up."""
    path = folder / f"{rows}.db"
    store = SqliteConsumption(path, lambda: NOW)
    known = permits.read(generate.token(1), Trust.parse(generate.jwks()))
    with sqlite3.connect(path) as db:
        filled = ((generate.AUDIENCE, f"prm_{n:026d}", NOW + 30) for n in range(rows))
        db.executemany("INSERT INTO consumed (audience, id, expires) VALUES (?, ?, ?)", filled)
    db.close()
    look = "SELECT 1 FROM consumed WHERE audience = ? AND id = ?"
    with sqlite3.connect(path) as db:
        step = max(rows // rounds, 1)
        found = timed(
            rounds, lambda n: db.execute(look, (generate.AUDIENCE, f"prm_{n * step % max(rows, 1):026d}")).fetchone()
        )
    db.close()
    used = timed(rounds, lambda n: store.consume("", replace(known, id=permits.PermitId(f"prm_used{n}"))))
    store.close()
    return {"rows": rows, "consume": used, "lookup": found}


def bounded(through: int, folder: Path) -> dict[str, object]:
    """Rows and bytes of a store that this many permits have gone through, fifty a second."""
    path, now = folder / "bounded.db", [float(NOW)]
    store = SqliteConsumption(path, lambda: now[0])
    store._db.execute("PRAGMA synchronous=OFF")  # what is measured is its size
    known = permits.read(generate.token(1), Trust.parse(generate.jwks()))
    for n in range(through):
        now[0] = NOW + n / 50
        issued = int(now[0])
        store.consume("", replace(known, id=permits.PermitId(f"prm_{n}"), issued=issued, expires=issued + 30))
    rows = store._db.execute("SELECT count(*) FROM consumed").fetchone()[0]
    store.close()
    return {"through": through, "rows": rows, "bytes": path.stat().st_size}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rounds, many = (200, 20_000) if options.quick else (3_000, 1_000_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = {
            "computed": minted(rounds, folder),
            "stores": [consumed(rows, rounds, folder) for rows in (0, many)],
            "bounded": bounded(many // 10 if options.quick else many, folder),
        }
    for what, row in result["computed"].items():  # type: ignore[attr-defined]
        print(f"{what:16} p50 {row['p50_us']:6.0f} us   p99 {row['p99_us']:6.0f} us")
    for row in result["stores"]:  # type: ignore[attr-defined]
        used, found = row["consume"]["p50_us"], row["lookup"]["p50_us"]
        print(f"{row['rows']:>9,} rows   consume p50 {used:6.0f} us   lookup p50 {found:5.1f} us")
    told = result["bounded"]
    print(f"{told['through']:>9,} through   {told['rows']:,} rows, {told['bytes']:,} bytes left")  # type: ignore[index]
    if options.json:
        options.json.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
