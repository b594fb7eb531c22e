"""An executor in Node, written from docs/permits.md alone, takes and refuses what ours does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from conformance.permit import generate


def test_a_foreign_executor_passes_the_vectors() -> None:
    """Every step has its code, and every action its digest, in another language with nothing of ours."""
    text = (generate.HERE / "vectors.json").read_text()
    told = json.loads(text)
    script = Path(__file__).with_name("permit.mjs")
    ran = subprocess.run(["node", script], input=text, capture_output=True, text=True, check=True, timeout=60)
    found = json.loads(ran.stdout)
    wanted = {step["name"]: step["code"] for step in told["steps"]}
    assert dict(zip(wanted, found["codes"], strict=True)) == wanted
    assert found["digests"] == [one["digest"] for one in told["actions"]]
    assert len(wanted) > 50
