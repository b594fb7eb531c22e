"""How long analysers take: ordinary arguments up to 64 KiB, and hostile ones.

Processor time of one reading, since other work may share the machine. Ordinary arguments are of sizes as agents
send them, most of them short; `long` are ordinary ones of 16 to 64 KiB; hostile ones are made to be slow.
A further analyser is one more entry of `CASES`.

    python -m benchmarks.analysers [--quick] [--json FILE] [NAME…]
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from assent.catalog.analysers.address import read_address
from assent.catalog.analysers.shell import read_shell
from assent.catalog.analysers.sql import read_sql
from assent.catalog.analysers.url import read_url
from assent.catalog.observation import Reading
from assent.model.profile import ToolProfile

_LONGEST = 64 * 1024
_SELECT = (
    "SELECT o.id, c.name, count(*) AS n FROM orders o JOIN customers c ON c.id = o.customer_id "
    "WHERE o.status = 'open{0}' AND o.total > {0} GROUP BY o.id, c.name ORDER BY n DESC LIMIT 10"
)
_WINDOW = (
    "WITH recent AS (SELECT * FROM events WHERE at > date('now', '-{0} day')) SELECT day, sum(n) OVER (ORDER BY day) "
    "FROM (SELECT date(at) AS day, count(*) AS n FROM recent GROUP BY 1) AS days"
)


@dataclass(frozen=True)
class Cases:
    """What one analyser is given.

    Args:
        read: the analyser.
        profile: of the tool that is called.
        ordinary: arguments as agents send them, in their usual sizes.
        long: ordinary arguments of 16 to 64 KiB.
        hostile: arguments made to be slow.
    """

    read: Callable[[object, ToolProfile], Reading]
    profile: ToolProfile
    ordinary: tuple[str, ...]
    long: tuple[str, ...]
    hostile: tuple[str, ...]


def _sql() -> Cases:
    short = [
        "SELECT * FROM items WHERE id = 7",
        "SELECT name FROM sqlite_master WHERE type = 'table'",
        "UPDATE items SET price = 3 WHERE id = 7",
        "DELETE FROM items WHERE id = 7",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
        "PRAGMA table_info(items)",
    ]
    rows = ", ".join(f"({number}, 'name {number}', {number * 7}.5)" for number in range(2_200))
    script = "".join(f"INSERT INTO items VALUES ({number}, 'name {number}');\n" for number in range(1_300))
    hostile = (
        "SELECT " + "(SELECT " * 38 + "1" + ")" * 38,
        "SELECT " + "1+" * 8_000 + "1",
        "SELECT " + "NOT " * 4_000 + "1",
        "SELECT " + "CASE WHEN " * 1_500,
        "SELECT * FROM t " + "JOIN t ON a=b " * 1_100,
        "SELECT f(" + "'/a'," * 10_000 + "'b')",
        "SELECT " + "a/" * 8_000 + "b",
        "'" * _LONGEST,
        "".join(f"SELECT a{number};" for number in range(3_000)),
    )
    many = [text.format(number) for number in range(20) for text in (_SELECT, _WINDOW)]
    bulk = (f"INSERT INTO t (a, b, c) VALUES {rows}", script, f"SELECT * FROM t WHERE a IN ({'7, ' * 20_000}7)")
    profile = ToolProfile("query", frozenset({"read"}), dialect="sqlite")
    some = f"INSERT INTO t VALUES {rows[: rows.index('), (80,')]})"
    return Cases(read_sql, profile, (*short * 10, *many, some), bulk, hostile)


def _url() -> Cases:
    pages = [
        f"https://www.example.com/{path}?q=word+{number}"
        for number in range(30)
        for path in ("docs/library/asyncio-task.html", "wiki/%E6%97%A5%E6%9C%AC", "a/b/issues/4711")
    ]
    long = ("https://example.com/?d=" + "aZ9" * 21_000, "https://example.com/" + "word-" * 13_000)
    hostile = (
        "https://example.com/" + "%25" * 21_000,
        "https://" + "a@" * 32_000,
        "http://" + "é" * 500 + "/" + "é" * 60_000,
        "http://[" + ":" * 60_000,
        "http://a.example/?" + "http://a.example/?" * 3_000,
        "http://a.example/?" + "password=" * 7_000,
    )
    return Cases(read_url, ToolProfile("fetch", frozenset({"read"})), tuple(pages), long, hostile)


def _address() -> Cases:
    single = [f"Person {number} <person.{number}@example.com>" for number in range(60)]
    many = ", ".join(f"person.{number}@example{number % 7}.com" for number in range(40))
    hostile = ("@" * 16_000, '"\\' * 8_000 + "@a", "(" * 8_000 + ")" * 8_000 + "@", "a@b.c," * 2_700, "@[" * 8_000)
    profile = ToolProfile("send", frozenset({"send"}))
    return Cases(read_address, profile, (*single, many, "+49 30 1234567"), ("a@example.com, " * 4_000,), hostile)


def _shell() -> Cases:
    table = Path(__file__).parent.parent / "tests" / "unit" / "catalog" / "shell.txt"
    single = [line.split(" | ", 2)[2] for line in table.read_text("utf-8").splitlines()[1:]]
    step = (
        'for f in $(ls src/*.py); do\n  if grep -q \'foo bar\' "$f"; then\n    cp "$f" backup/\n  fi\ndone\n'
        "cd build && make -j4 2>&1 | tail -n 20\n"
    )
    body = "def value(x):\n    return {'a': (x, 1)}\n"
    long = (*(f"cat > f.py <<'EOF'\n{body * count}EOF\nls\n" for count in (450, 900, 1_700)), step * 400)
    hostile = (
        "ls;" * 1_000,
        step * 30,
        "<<'A'\n" * 10_000,
        "$(" * 30_000,
        "x" * (1 << 20),
        "x=a;" + "x=$x$x;" * 200 + "rm $x",
        "for i in a b c d e f g h; do " * 30 + "ls" + "; done" * 30,
        "cat " + "{a,b}" * 12_000,
        "eval " * 1_000 + "ls",
    )
    profile = ToolProfile("run", frozenset({"execute"}))
    return Cases(read_shell, profile, (*single, step, step * 4, step * 8), long, hostile)


CASES: Mapping[str, Callable[[], Cases]] = {"sql": _sql, "url": _url, "address": _address, "shell": _shell}


def _times(cases: Cases, texts: tuple[str, ...], rounds: int) -> list[float]:
    """Milliseconds of each text, the least of a few rounds: what else the machine does is not the analyser's."""
    order = list(range(len(texts)))
    random.Random(7).shuffle(order)
    least = [float("inf")] * len(texts)
    for _ in range(rounds):
        for at in order:
            start = process_time()
            cases.read(texts[at], cases.profile)
            least[at] = min(least[at], (process_time() - start) * 1e3)
    return sorted(least)


def measure(name: str, rounds: int) -> dict[str, object]:
    """The row of one analyser, in milliseconds."""
    cases = CASES[name]()
    cases.read(cases.ordinary[0], cases.profile)  # what loads at the first call is not counted
    ordinary, long, hostile = (_times(cases, texts, rounds) for texts in (cases.ordinary, cases.long, cases.hostile))
    return {
        "analyser": name,
        "p50_ms": round(ordinary[len(ordinary) // 2], 3),
        "p99_ms": round(ordinary[int(len(ordinary) * 0.99)], 3),
        "long_ms": round(long[-1], 3),
        "hostile_ms": round(hostile[-1], 3),
    }


def main() -> None:
    """Print the table and write the numbers."""
    parser = argparse.ArgumentParser(description="time of argument analysers")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these analysers")
    options = parser.parse_args()
    rows = [measure(name, 2 if options.quick else 7) for name in options.names or CASES]
    print(f"{'analyser':<12}{'p50 ms':>10}{'p99 ms':>10}{'64 KiB ms':>12}{'hostile ms':>12}")
    for row in rows:
        print(f"{row['analyser']:<12}{row['p50_ms']:>10}{row['p99_ms']:>10}{row['long_ms']:>12}{row['hostile_ms']:>12}")
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
