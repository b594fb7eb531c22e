"""The package as it is installed: light to import, whole in the wheel, locked by hash."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"assent": ROOT, "assent_verify": ROOT / "packages/assent-verify"}
LOCKS = [
    ROOT / "requirements/runtime.txt",
    ROOT / "requirements/dev.txt",
    *sorted((ROOT / "tests/servers").glob("*.txt")),
]
HEAVY = {
    "asyncio", "cedarpy", "cryptography", "jsonschema_rs", "multiprocessing", "pydantic", "rich", "sqlglot", "sqlite3",
    "ssl", "mcp",
}  # fmt: skip


def project(root: Path) -> dict[str, Any]:
    """The `[project]` table of a package."""
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]  # type: ignore[no-any-return]


def pins(lock: Path) -> dict[str, str]:
    """Name → version of each line of a lock."""
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", lock.read_text(), re.MULTILINE))


def loaded(code: str) -> set[str]:
    """The heavy modules that a fresh interpreter has after this code."""
    code += "\nimport sys; print(*(name.split('.')[0] for name in sys.modules), file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stderr.split()) & HEAVY


@pytest.mark.parametrize(
    "code",
    [
        "import assent",
        "import assent.cli",
        "import assent.cli.main",
        "from assent.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass",
    ],
)
def test_nothing_heavy_is_imported(code: str) -> None:
    """The package, its command line and `assent --help` load no engine, no parser, no event loop."""
    assert loaded(code) == set()


def test_a_heavy_import_is_seen() -> None:
    """The check above would see one."""
    assert "asyncio" in loaded("import asyncio")


@pytest.mark.parametrize("name", PACKAGES)
def test_wheel_is_whole(name: str, tmp_path: Path) -> None:
    """The wheel holds every tracked file of the package, data included, the licence, and nothing else."""
    root = PACKAGES[name]
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1"})
    [wheel] = tmp_path.glob("*.whl")
    held = {entry for entry in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in entry}
    listed = subprocess.run(
        ["git", "ls-files", "-z", f"src/{name}"], cwd=root, capture_output=True, text=True, check=True
    )
    wanted = {path.removeprefix("src/") for path in listed.stdout.split("\0") if path}
    assert wanted <= held
    assert {Path(entry).suffix for entry in held - wanted} <= {".py", ".sql", ".toml", ".cedar", ".json"}
    assert f"{name}/py.typed" in held
    assert any(entry.endswith("licenses/LICENSE") for entry in zipfile.ZipFile(wheel).namelist())


def test_wheel_ships_what_the_code_reads(tmp_path: Path) -> None:
    """SQL, profiles, starter policies and schemas are in the wheel of `assent`."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    suffixes = {Path(entry).suffix for entry in zipfile.ZipFile(wheel).namelist()}
    assert {".sql", ".toml", ".cedar", ".json"} <= suffixes


def test_one_version() -> None:
    """Writer and verifier carry one version, and the writer asks for exactly it."""
    versions = {project(root)["version"] for root in PACKAGES.values()}
    assert len(versions) == 1
    [version] = versions
    assert f"assent-verify=={version}" in project(ROOT)["dependencies"]
    for name, root in PACKAGES.items():
        assert f'__version__ = "{version}"' in (root / "src" / name / "__init__.py").read_text()


def test_every_dependency_has_its_reason() -> None:
    """Each dependency of both packages says in its line why it is there."""
    for root in PACKAGES.values():
        text = (root / "pyproject.toml").read_text()
        block = text.split("dependencies = [\n", 1)[1].split("\n]", 1)[0]
        assert all(re.search(r'",\s+# \w', line) for line in block.splitlines()), block


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_locks_are_hashed_and_name_no_host(lock: Path) -> None:
    """Each requirement of a lock is one exact version with hashes, and the lock names no address."""
    text = lock.read_text()
    assert "://" not in text and "--index" not in text
    requirements = re.split(r"\n(?=[A-Za-z])", text.strip())
    assert [part for part in requirements if "--hash=sha256:" not in part or "==" not in part.split()[0]] == []


def test_locks_agree() -> None:
    """What is tested is what is installed: the development lock holds every runtime pin unchanged."""
    assert pins(LOCKS[0]).items() <= pins(LOCKS[1]).items()


def test_node_lock_names_no_host() -> None:
    """The lock of the Node servers pins every package by integrity and leaves the address to the client."""
    text = (ROOT / "tests/servers/node/package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert "://" not in text
    assert [name for name, package in packages.items() if name and not package.get("integrity")] == []


@pytest.mark.parametrize("wanted", sorted((ROOT / "tests/servers").glob("*.in")), ids=lambda path: path.stem)
def test_server_environments_hold_their_lock(wanted: Path) -> None:
    """Each MCP server's environment was made from its lock, in an environment of its own."""
    python = ROOT / ".servers" / wanted.stem / "bin/python"
    code = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()), sep='\\n')"
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    for line in wanted.read_text().splitlines():
        name = re.split(r"[<=]", line)[0]
        version = pins(wanted.with_suffix(".txt"))[name]
        assert f"{name}=={version}" in run.stdout.split()


@pytest.mark.timeout(600)
def test_set_up_has_nothing_to_do_twice() -> None:
    """A second `make setup` says and does nothing, in about the time it takes to look."""
    setup = [str(ROOT / "scripts/setup"), "test"]
    subprocess.run(setup, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    again = subprocess.run(setup, check=True, capture_output=True, stdin=subprocess.DEVNULL, text=True)
    assert again.stdout + again.stderr == ""


def test_continuous_integration_runs_the_whole() -> None:
    """CI calls `make test` and nothing that matters is hidden outside it."""
    text = (ROOT / ".ci/run").read_text()
    assert "set -euo pipefail" in text and text.rstrip().endswith("make test")
