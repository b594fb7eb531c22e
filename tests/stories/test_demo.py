"""Rules of the demo: it plays for real, every scene ends as it must, and without a defence it says so."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import assent
from assent.cli.demo.scenes import SCENES
from tests.stores.places import durable_directory
from tests.stories.story import ROOT
from tests.unit.cli.world import valid

#: What must stand in the scene of this number, beside the `ok` of each step.
LINES = {
    1: ("create_table: CREATE TABLE todo", "nobody was asked"),
    2: ("deny: the session has seen a secret", "the server never got the call", "the key arrives"),
    3: ("held by the gateway", "it runs", "the table is gone", "the yes is used up"),
    4: ("escalate: it cannot be undone", "archive is gone, orders is there"),
    5: ("error[no_terminal]", "error[not_enrolled]", "deny: it reaches the files", "the question is still pending"),
    6: ("SOUND yes, COMPLETE yes", "it agrees"),
    7: ("found: leaf ",),
}


def run(*words: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `assent demo`, whose temporary files go to `folder`."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("ASSENT_", "PYTHON"))}
    return subprocess.run(
        [sys.executable, "-m", "assent", "demo", *words],
        env={**plain, "TMPDIR": str(folder), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=110,
        check=False,
    )


def test_every_scene_tells_what_it_must() -> None:
    """Plain text without a control character where there is no terminal; every scene says its line; nothing is left."""
    with durable_directory() as folder:
        done = run(folder=folder)
        left = list(folder.iterdir())
    assert (done.returncode, left) == (0, []), done.stdout + done.stderr
    assert not re.search(r"[^\n\x20-\x7e…]", done.stdout)
    scenes = re.split(r"^\d  ", done.stdout, flags=re.MULTILINE)[1:]
    assert [text.splitlines()[0] for text in scenes] == [scene.title for scene in SCENES]
    for number, text in enumerate(scenes, 1):
        for line in LINES[number]:
            assert line in text, (number, line, text)
    assert not re.search("WRONG|AKIA", done.stdout)
    assert done.stdout.partition("Try next:\n")[2].count("\n") == 3


def test_a_program_reads_how_it_went() -> None:
    """`--json` prints what its schema says, nothing else; `--keep` leaves the directory and says where, beside it."""
    with durable_directory() as folder:
        done = run("--json", "--keep", folder=folder)
        (kept,) = folder.iterdir()
        assert (kept / "home" / "assent.db").exists()
        assert done.stderr == f"kept: {kept}\n"
    told = json.loads(done.stdout)
    valid("demo", told)
    assert (done.returncode, told["ok"], wrong(told)) == (0, True, [])
    assert [scene["title"] for scene in told["scenes"]] == [scene.title for scene in SCENES]


#: Defence → file of the package, what to take out of it, the scenes that must notice.
DEFENCES = {
    "secrets": ("policy/starter/starter.cedar", r'@id\("starter/secrets-stay-(in|home)"\)[^;]*;', {2}),
    "own files": ("policy/builtin.py", r'@id\("assent/guard"\)[^;]*;', {5}),
}


@pytest.mark.parametrize("defence", DEFENCES)
def test_a_missing_defence_is_seen(defence: str) -> None:
    """In a copy of the package without it, the scene that needs it says what was expected, and the exit code is 1."""
    name, rule, scenes = DEFENCES[defence]
    with durable_directory() as folder:
        copy = folder / "src" / "assent"
        shutil.copytree(Path(assent.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / ".servers").symlink_to(ROOT / ".servers")
        text = (copy / name).read_text()
        assert re.search(rule, text)
        (copy / name).write_text(re.sub(rule, "", text))
        done = run("--json", folder=folder, PYTHONPATH=str(copy.parent))
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (1, False)
    assert {number for number, _ in wrong(told)} == scenes, wrong(told)
    assert all(came.startswith("expected ") and "; got " in came for _, came in wrong(told))


def wrong(told: dict[str, Any]) -> list[tuple[int, str]]:
    """Number of the scene and text of each step that ended wrong."""
    scenes = enumerate(told["scenes"], 1)
    return [(number, step["came"]) for number, scene in scenes for step in scene["steps"] if not step["ok"]]
