"""The official conformance suites say the same of a server and of the gateway before it, check by check."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.edges.mcp.home import OPEN, Home
from tests.official.bridge import bridged

HERE = Path(__file__).resolve().parent
INSTALLED = HERE.parents[1] / ".servers"
SERVER = (str(INSTALLED / "sdk2" / "bin" / "python"), str(HERE / "fixture.py"))
#: Suite → its options, and how many checks pass at least: fewer would compare nothing with nothing.
SUITES = {"2025": ((), 39), "2026": (("--requirements", "2026-07-28"), 130)}

#: What is meant to differ: suite, scenario and check → why.
MEANT = {
    ("2026", "input-required-result-ignore-extra-params", "sep-2322-ignore-unexpected-params"): (
        "the suite answers in the first round, before it was asked; such answers never reach a server"
    ),
}

Found = dict[str, list[tuple[str, str]]]


def judged(suite: str, command: Sequence[str], environ: dict[str, str], folder: Path) -> Found:
    """Scenario → the checks of it, in order, with what the suite made of each."""
    program = INSTALLED / "clients" / "node_modules" / f"conformance-{suite}" / "dist" / "index.js"
    with bridged(command, {**os.environ, **environ}) as bridge:
        words = ["server", "--url", bridge.url, "--output-dir", str(folder), *SUITES[suite][0]]
        subprocess.run(
            ["node", "--import", str(HERE / "fs22.mjs"), str(program), *words],
            cwd=HERE,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            timeout=900,
            check=False,  # it fails with any check that fails: of both, or of neither
        )
    found: Found = {}
    for file in folder.glob("*/checks.json"):
        scenario = re.sub(r"^server-|-\d{4}-\d\d-\d\dT[\d-]+Z$", "", file.parent.name)
        checks = [(check["id"], check["status"]) for check in json.loads(file.read_text())]
        found[scenario] = [check for check in checks if (suite, scenario, check[0]) not in MEANT]
    return found


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("suite", SUITES)
def test_every_check_says_the_same_with_and_without_the_gateway(
    home: Home, suite: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under a policy that allows everything nothing is lost, added or changed that a client may rely on."""
    home.policy(OPEN)
    gateway = (sys.executable, "-m", "assent", "mcp", "--name", "fixture", "--zone", "local", "--", *SERVER)
    with ThreadPoolExecutor(2) as both:
        direct = both.submit(judged, suite, SERVER, {}, home.work / "direct")
        through = both.submit(judged, suite, gateway, home.environ, home.work / "through")
    assert through.result() == direct.result()
    passed = [check for checks in direct.result().values() for check in checks if check[1] == "SUCCESS"]
    with capsys.disabled():
        total = sum(map(len, direct.result().values()))
        print(
            f"\nconformance {suite}: {len(direct.result())} scenarios, {len(passed)} of {total} checks pass, all equal"
        )
    assert len(passed) >= SUITES[suite][1]
    assert len(home.receipts("decision")) > 10
