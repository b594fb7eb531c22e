"""What every file of the tree must be free of, whatever its language; each rule refuses a deliberate breach."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Put together here, so that this file is no breach of its own rule.
HOSTS = ["py" + "pi.org", "python" + "hosted", "npm" + "js.", "crates" + ".io", "deb." + "debian", "maven" + ".org"]
#: Directories in which somebody once worked; where a program happens to lie is no part of the project.
MACHINES = ["/wo" + "rk/", "/ro" + "ot/", "/home/run" + "ner", "/Us" + "ers/"]
LATER = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
#: Texts of others, and what the tests say as an attacker would.
EXEMPT = {"LICENSE", "packages/assent-verify/LICENSE"}


def tracked() -> list[Path]:
    """The files under version control that hold text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name and name not in EXEMPT]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


def stray(text: str) -> list[str]:
    """Words that must not be committed: machine paths, registry hosts, work left for later."""
    found = [word for word in [*HOSTS, *MACHINES] if word in text]
    return found + [word for word in LATER if re.search(rf"\b{re.escape(word)}", text)]


def shipped(text: str) -> list[str]:
    """Words that must not be in the packages: a place of some machines only, and code that stands in for code."""
    return re.findall(r"/(?:var/)?tmp/|/dev/shm|#.*\b(?:stub|placeholder|for now|hack)\b", text, re.IGNORECASE)


def untold(text: str) -> list[str]:
    """Names of the tests in this module whose docstring states no rule."""
    return [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]


def test_no_stray_words() -> None:
    """No file names a machine, a registry's host or work left for later."""
    found = {str(path.relative_to(ROOT)): words for path in tracked() if (words := stray(path.read_text("utf-8")))}
    assert found == {}


@pytest.mark.parametrize("word", [HOSTS[0], f"in {MACHINES[0]}main", f"# {LATER[0]} later"])
def test_stray_words_are_found(word: str) -> None:
    """A host, a path of this machine and an unfinished note are each found."""
    assert stray(f"something {word} something") != []


def test_packages_are_finished_and_at_home_anywhere() -> None:
    """No file of the packages names a temporary place of its own, or says that it is provisional."""
    paths = [path for path in tracked() if {"src", "packages"} & set(path.relative_to(ROOT).parts[:1])]
    found = {str(path.relative_to(ROOT)): words for path in paths if (words := shipped(path.read_text("utf-8")))}
    assert paths and found == {}


@pytest.mark.parametrize("text", ["open('/tmp/x')", "Path('/var/tmp/x')", "x = 1  # for now", "# a stub"])
def test_provisional_code_is_found(text: str) -> None:
    """A temporary place and a comment that promises better are each found."""
    assert shipped(text) != []


def test_every_test_states_its_rule() -> None:
    """Each test's docstring says what must hold, so that a failure tells which rule was broken."""
    paths = [path for path in tracked() if path.name.startswith("test_") and path.suffix == ".py"]
    found = {str(path.relative_to(ROOT)): names for path in paths if (names := untold(path.read_text("utf-8")))}
    assert found == {}


def test_an_untold_test_is_found() -> None:
    """A test without a docstring is a breach; a fixture without one is not this rule's."""
    assert untold("def test_x(): ...\ndef helper(): ...") == ["test_x"]


def test_no_test_is_named_for_coverage() -> None:
    """A test is named by the rule it holds, not by the lines it reaches."""
    assert [path.name for path in tracked() if re.match(r"test_(coverage|misc|extra|more)", path.name)] == []
