"""Bytes on disk of a governed call: its decision, its outcome, and all that goes with them.

Calls are made through the real guard, in sessions that end; then the database is
looked at as it lies, and once more after `VACUUM`. What the tables and indexes take
is told by SQLite's `dbstat`, where it is built in.

    python -m benchmarks.size [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import tempfile
from pathlib import Path

from assent import assembly
from assent.config import load
from benchmarks.governed import one_action, opened

PAGES = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC"


async def calls(home: assembly.Home, number: int, each: int) -> None:
    """So many calls in one session, which ends."""
    session = await opened(home, number)
    for done in range(each):
        await one_action(home, session, done)


def sizes(database: Path) -> dict[str, int]:
    """Bytes of each table and index that has any."""
    with sqlite3.connect(database) as connection:
        try:
            found = dict(connection.execute(PAGES).fetchall())
        except sqlite3.OperationalError:  # this SQLite cannot tell them apart
            found = {}
    connection.close()
    return found


def measure(sessions: int, each: int) -> dict[str, object]:
    """What `sessions * each` calls add to a home that has had as many before."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "home"
        database = path / "assent.db"

        def run() -> int:
            with assembly.open_home(load(path, {})) as home:
                for number in range(sessions):
                    asyncio.run(calls(home, number, each))
            return database.stat().st_size  # closed: everything is in the database

        before, tables = run(), sizes(database)
        after = run()
        done = sessions * each
        grown = {name: (size - tables.get(name, 0)) / done for name, size in sizes(database).items()}
        with sqlite3.connect(database) as connection:
            leaves = connection.execute("SELECT avg(length(body)) FROM leaf").fetchone()[0]
            sides = connection.execute("SELECT avg(length(body)) FROM sidecar").fetchone()[0]
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        packed = database.stat().st_size
    return {
        "calls": done,
        "bytes_per_call": (after - before) / done,
        "packed_bytes_per_call": packed / (2 * done),
        "leaf_bytes": leaves,
        "sidecar_bytes": sides,
        "grown": {name: round(size, 1) for name, size in grown.items() if size >= 1},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = measure(4, 100 if options.quick else 1000)
    for name, value in found.items():
        if isinstance(value, dict):
            for table, size in value.items():
                print(f"    {table:<28}{size:>10,.1f}")
        else:
            print(f"{name:<32}{value:>10,.1f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
