"""Dangerous calls under the starter policy: how many are asked about or denied.

python -m benchmarks.dangerous [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path

from tests.corpora.judge import allowed, corpus


def main() -> None:
    """Print the table and write the numbers."""
    parser = argparse.ArgumentParser(description="dangerous calls")
    parser.add_argument("--quick", action="store_true", help="the same: it takes seconds")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    every = corpus()
    with tempfile.TemporaryDirectory() as folder:
        passed = list(allowed(Path(folder)))
    total, missed = Counter(danger.kind for danger in every), Counter(danger.kind for danger in passed)
    print(f"{'kind':<12}{'calls':>7}{'held back':>11}")
    for kind, count in total.items():
        print(f"{kind:<12}{count:>7}{count - missed[kind]:>11}")
    for danger in passed:
        print(f"  passed: {danger.name}")
    found = {
        "calls": len(every),
        "disguised": sum(danger.disguised for danger in every),
        "held_back": len(every) - len(passed),
        "passed": [danger.name for danger in passed],
    }
    print(f"{found['held_back']} of {found['calls']} held back, {found['disguised']} of them disguised")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
