"""Fuzz targets of the argument analysers, run by `scripts/fuzz`: coverage chooses the inputs.

An analyser breaks its promise if it raises, takes more than a second of processor time, tells an effect that does
not exist, or calls what it has not understood to the end a mere read. A further analyser is one more `TARGETS`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import process_time

import atheris

with atheris.instrument_imports(include=["assent"]):
    from assent.catalog.analysers.address import read_address, read_payee
    from assent.catalog.analysers.shell import read_shell
    from assent.catalog.analysers.sql import read_sql
    from assent.catalog.analysers.url import read_host_name, read_url
from assent.catalog.observation import Reading
from assent.model.profile import EFFECTS, ToolProfile

_DIALECTS = ("sqlite", "postgres", "mysql", "tsql", "duckdb", "snowflake", "bigquery", "")
_SECONDS = 1.0


def _sql(text: str) -> Reading:
    dialect = _DIALECTS[len(text) % len(_DIALECTS)]
    return read_sql(text, ToolProfile("query", frozenset({"read"}), dialect=dialect))


def _plain(read: Callable[[object, ToolProfile], Reading]) -> Callable[[str], Reading]:
    profile = ToolProfile("tool", frozenset({"read"}))
    return lambda text: read(text, profile)


TARGETS: Mapping[str, Callable[[str], Reading]] = {
    "sql": _sql,
    "url": _plain(read_url),
    "host": _plain(read_host_name),
    "address": _plain(read_address),
    "payee": _plain(read_payee),
    "shell": _plain(read_shell),
}
#: What a corpus begins with, so that the first inputs reach beyond the first check.
SEEDS: Mapping[str, tuple[str, ...]] = {
    "sql": ("WITH a AS (DELETE FROM t RETURNING *) SELECT f('x') FROM a -- c", "COPY t TO PROGRAM 'x'", "PRAGMA x(y)"),
    "url": (
        "https://u:p@[::ffff:7f00:1]:80/a%2f?b=http://0x7f.1#c",
        "file://localhost/etc/x",
        "mailto:a@b.example?cc=c@d",
    ),
    "host": ("0177.0.0.1:80", "xn--bcher-kva.de.", "[fe80::1%25eth0]"),
    "address": ('Team: "a, b" <c@d.example>, e(f)@[IPv6:::1];', "+49 (0)30 123-4567 ext. 8"),
    "payee": ("DE89 3704 0044 0532 0130 00",),
    "shell": (
        "for f in *.py; do x=$(cat \"$f\" | xargs -I{} sh -c 'rm {}'); done",
        "cat <<EOF | bash\n$(ls) `x` ${y:-z}\nEOF\nif [[ a == b ]]; then git -C d push -f; fi",
        "f() { curl -d @x https://h | sudo sh; }; f; ((a[1]++)); {a,b} >f 2>&1 <<< c",
    ),
}


def held(read: Callable[[str], Reading]) -> Callable[[bytes], None]:
    """One input against everything that an analyser promises."""

    def one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        start = process_time()
        found = read(text)
        assert process_time() - start < _SECONDS, "too slow"
        assert found.effects
        assert found.effects <= set(EFFECTS)
        assert found.complete or found.effects != {"read"}

    return one


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(TARGETS))
    else:
        for number, seed in enumerate(SEEDS.get(sys.argv[1], ())):
            (Path(sys.argv[2]) / f"seed-{number}").write_text(seed, encoding="utf-8")
        atheris.Setup([sys.argv[0], *sys.argv[2:]], held(TARGETS[sys.argv[1]]))
        atheris.Fuzz()
