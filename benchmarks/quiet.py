"""Thirty recorded traces of ordinary work under the starter policy: how often is a person asked?

Every call of `tests/traces/recorded` goes through the real guard, with the real profiles and the answers
that the real servers gave, on a copy of the work directory. A question is answered yes, and for the session
where the rule allows that, as the person who asked for the work would. Goals: at most one question in fifty
calls, none for a read, nothing stopped.

    python -m benchmarks.quiet [--quick] [--json FILE] [--each]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from pathlib import Path

from tests.traces.replay import Replayed, names, replay


def main() -> None:
    """Print the table and write the numbers."""
    parser = argparse.ArgumentParser(description="questions in ordinary work")
    parser.add_argument("--quick", action="store_true", help="every third trace")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--each", action="store_true", help="list every question")
    options = parser.parse_args()
    chosen = names()[:: 3 if options.quick else 1]
    found: dict[str, Replayed] = {}
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = asyncio.run(replay(name, Path(folder)))
    print(f"{'trace':<26}{'calls':>7}{'asked':>7}{'of reads':>10}{'stopped':>9}")
    for name, one in found.items():
        print(f"{name:<26}{one.calls:>7}{len(one.asked):>7}{one.asked_for_reads:>10}{len(one.stopped):>9}")
        for line in (*one.asked, *one.stopped) if options.each else ():
            print(f"    {line}")
    calls, asked = sum(one.calls for one in found.values()), sum(len(one.asked) for one in found.values())
    total = {
        "traces": len(found),
        "calls": calls,
        "asked": asked,
        "per_fifty": round(50 * asked / calls, 3),
        "asked_for_reads": sum(one.asked_for_reads for one in found.values()),
        "stopped": sum(len(one.stopped) for one in found.values()),
    }
    print(
        f"{len(found)} traces, {calls} calls: {asked} questions ({total['per_fifty']} in fifty calls), "
        f"{total['asked_for_reads']} for reads, {total['stopped']} stopped"
    )
    rules = Counter(rule for one in found.values() for rule in one.rules)
    for rule, count in rules.most_common():
        print(f"  {rule:<40}{count:>5}")
    if options.json:
        options.json.write_text(json.dumps(total, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
