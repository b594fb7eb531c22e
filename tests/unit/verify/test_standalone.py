"""The verifier as strangers get it: one file, the same from every build, and a README that does what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import cryptography
import pytest

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "conformance" / "receipt"
README = ROOT / "packages" / "assent-verify" / "README.md"


def built(place: Path) -> bytes:
    subprocess.run([ROOT / "scripts" / "verifier", place], check=True, capture_output=True)
    return place.read_bytes()


def test_the_single_file_is_the_same_each_time_and_needs_cryptography_alone(tmp_path: Path) -> None:
    """Built twice it has the same bytes; an empty environment with `cryptography` and its own needs can start it."""
    place = tmp_path / "assent-verify.pyz"
    assert built(tmp_path / "other.pyz") == built(place)
    venv.create(tmp_path / "empty", symlinks=True, with_pip=False)
    [packages] = (tmp_path / "empty" / "lib").glob("python*/site-packages")
    for name in ("cryptography", "cffi", "pycparser"):
        source = Path(cryptography.__file__).parents[1] / name
        if source.exists():
            shutil.copytree(source, packages / name)
    for compiled in Path(cryptography.__file__).parents[1].glob("_cffi_backend*.so"):
        shutil.copy(compiled, packages)
    python = tmp_path / "empty" / "bin" / "python"
    for sample in ("sample.jsonl", "evidence.jsonl"):
        command = [python, "-I", place, SAMPLES / sample, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert '"sound": true' in done.stdout


@pytest.mark.parametrize("block", re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL))
def test_the_walk_through_prints_what_the_readme_shows(block: str, tmp_path: Path) -> None:
    """Every command of the README, on the published samples; only digests of the samples may have changed."""
    for sample in SAMPLES.glob("*.jsonl"):
        shutil.copy(sample, tmp_path)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for command, expected in re.findall(r"\$ (.*)\n((?:(?!\$ ).*\n)*)", block):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, env={"PATH": path})
        assert re.sub("sha256:[0-9a-f]{64}", "sha256:…", done.stdout) == re.sub(
            "sha256:[0-9a-f]{64}", "sha256:…", expected
        ), command
