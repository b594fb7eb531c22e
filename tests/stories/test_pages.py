"""Rules of README and `docs/scripts.md`: what they show was run, and what they name is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from assent.cli.main import SECTIONS
from assent.policy.bundle import Source, load
from tests.stories.story import MANUAL, ROOT
from tests.stories.test_quickstart import PRINTED

README = (ROOT / "README.md").read_text()
SCRIPTS = (ROOT / "docs" / "scripts.md").read_text()


def blocks(kind: str) -> list[str]:
    """The fenced blocks of a kind."""
    return re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)


def test_code_stands_on_the_first_screen() -> None:
    """The one-line use, both commands, the policy and the limits are there before line 30."""
    first = "\n".join(README.splitlines()[:30])
    for shown in ("assent mcp -- ", "make demo", "make test", "```cedar", "(docs/limits.md)"):
        assert shown in first, shown


def test_a_session_in_the_readme_was_run() -> None:
    """Each console block is part of the manual, which the tests play."""
    for block in blocks("console"):
        assert block in MANUAL.read_text()


def test_the_policy_in_the_readme_loads() -> None:
    """Each policy is a policy."""
    for block in blocks("cedar"):
        assert len(load([Source("readme.cedar", block)])) > 0


def test_the_python_in_the_readme_runs() -> None:
    """Each block is part of `ask.py`, which `test_quickstart.py` runs, and so is what it prints."""
    example = (ROOT / "examples" / "quickstart" / "ask.py").read_text()
    (block,) = blocks("python")
    assert block in example
    assert f"`{PRINTED}`" in README


def test_the_policy_of_the_readme_is_the_example() -> None:
    """The three lines are a file that can be copied."""
    assert blocks("cedar") == [(ROOT / "examples" / "quickstart" / "no-drop.cedar").read_text()]


def test_a_function_goes_behind_assent(tmp_path: Path) -> None:
    """The example allows the look-up and holds the refund."""
    example = ROOT / "examples" / "guard_a_function.py"
    environ = {**os.environ, "ASSENT_HOME": str(tmp_path / "home")}
    done = subprocess.run([sys.executable, str(example)], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("order 7: 40 sheets of paper\nNot done yet: a person has to decide")


def test_links_lead_somewhere() -> None:
    """Every relative link of the pages names a file."""
    quickstart = ROOT / "examples" / "quickstart"
    pages = ((README, ROOT), (SCRIPTS, ROOT / "docs"), ((quickstart / "README.md").read_text(), quickstart))
    for page, folder in pages:
        for link in re.findall(r"\]\(([^)#]+)\)", page):
            assert (folder / link).exists(), link


def test_the_demo_in_the_readme_is_the_demo() -> None:
    """The scene titles and words shown are the ones that are played."""
    from assent.cli.demo.scenes import SCENES

    (shown,) = blocks("text")
    for scene in SCENES[-2:]:
        assert f"  {scene.title}\n   {scene.about}\n" in shown
    assert f"{len(SCENES)} scenes" in shown


def test_what_scripts_rely_on_is_complete() -> None:
    """Every schema is named, and every command named exists."""
    for schema in (ROOT / "src" / "assent" / "schemas").glob("*.json"):
        assert f"`{schema.name}`" in SCRIPTS
    names = {name for section in SECTIONS.values() for name in section}
    assert set(re.findall(r"`assent ([a-z]+)", SCRIPTS)) <= names
