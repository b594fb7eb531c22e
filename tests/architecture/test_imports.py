"""The import contracts hold, and each deliberate breach turns its contract red."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


def breaches() -> list[tuple[str, str, set[str]]]:
    """The list of violations.txt: file, line, contracts that must go red."""
    found = []
    for text in (HERE / "violations.txt").read_text().splitlines():
        if text and not text.startswith("#"):
            file, line, contracts = (part.strip() for part in text.split("|"))
            found.append((file, line, set(contracts.split())))
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Broken contracts of a copied tree: untouched, then with each breach of the list."""
    tree = tmp_path_factory.mktemp("tree")
    only_python = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "assent", tree / "assent", ignore=only_python)
    shutil.copytree(ROOT / "packages/assent-verify/src/assent_verify", tree / "assent_verify", ignore=only_python)
    listed = json.dumps([[file, line] for file, line, _ in breaches()])
    run = subprocess.run(
        [sys.executable, HERE / "contracts.py", tree, ROOT / "pyproject.toml", listed],
        env={**os.environ, "PYTHONPATH": str(tree)},
        cwd=tree,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    found: list[list[str]] = json.loads(run.stdout.splitlines()[-1])
    return found


def test_contracts_hold(results: list[list[str]]) -> None:
    """The tree as it is breaks no contract, and every module of the verifier is under one."""
    assert results[0] == []


@pytest.mark.timeout(300)
def test_each_breach_is_refused(results: list[list[str]]) -> None:
    """Each line of violations.txt turns every contract red that it names."""
    missed = [
        f"{file} += {line}: expected {sorted(wanted)}, got {found}"
        for (file, line, wanted), found in zip(breaches(), results[1:], strict=True)
        if not wanted <= set(found)
    ]
    assert not missed, "\n".join(missed)


def test_every_contract_is_tried(results: list[list[str]]) -> None:
    """No contract is without a breach that it refuses: a contract nobody can break checks nothing."""
    named = {contract for _, _, contracts in breaches() for contract in contracts}
    text = (ROOT / "pyproject.toml").read_text()
    ids = {line.split('"')[1] for line in text.splitlines() if line.startswith("id = ")}
    assert ids <= named
