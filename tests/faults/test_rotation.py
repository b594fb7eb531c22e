"""Rehearsals: a planned, a lost and a stolen log key, with kill -9 at every step of the change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from assent_verify.note import VerifierKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from assent.admin.home import enrol
from assent.assembly import Home, create_operator, open_home, read_log
from assent.cli.verify import check
from assent.config import load
from assent.errors import ConfigError
from assent.record import leaves, logkeys

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with an operator's key beside it."""
    config = load(tmp_path / "home", {"ASSENT_USER": "ana"})
    with open_home(config) as opened:
        signer, path = create_operator(config, tmp_path / "operator.key", lambda prompt: "")
        enrol(opened.log, config, signer, opened.clock.now(), path)
    return config.home


def run(home: Path, reason: str, step: str) -> int:
    """One attempt at rotating, in a process that may die of it."""
    command = [
        sys.executable,
        "-m",
        "tests.faults.rotating",
        str(home),
        str(home.parent / "operator.key"),
        reason,
        step,
    ]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), check=False).returncode


def keys(home: Path) -> list[VerifierKey]:
    """The first key, and those in force."""
    with read_log(home) as reader:
        found = logkeys.spans(reader)
    return [VerifierKey.parse(found[0].keys[0]), *map(VerifierKey.parse, found[-1].keys)]


def operator(home: Path) -> bytes:
    """The operator's raw public key: what an auditor was given."""
    key = load_pem_private_key((home.parent / "operator.key").read_bytes(), None)
    return key.public_key().public_bytes_raw()  # type: ignore[union-attr]


@pytest.mark.parametrize("reason", ["planned", "lost", "stolen"])
@pytest.mark.parametrize("step", ["file", "before", "leaf", "signature"])
def test_a_rotation_that_is_killed_is_either_whole_or_not_begun(home: Path, reason: str, step: str) -> None:
    """Key file, leaf, first signature: after a death between them the home goes on, and every receipt verifies.

    The log is trusted as before from the old key (planned) and with the operator as root (always).
    """
    (first,) = set(keys(home))
    if reason == "lost":
        (home / "log.key").unlink()
    assert run(home, reason, step) == -9
    if reason == "lost" and step in ("file", "before"):
        with pytest.raises(ConfigError, match=r"is not there|is the log"):
            open_home(load(home, {}))
    else:
        open_home(load(home, {})).close()  # whoever opens next signs what waits
    if step in ("file", "before"):
        assert keys(home)[1] == first
        assert run(home, reason, "none") == 0
    open_home(load(home, {})).close()
    old, new = keys(home)
    assert old == first != new
    for given in (old, new, None):
        report = check(home, given, [operator(home)])
        assert report.strict, (given, report.problems, report.notes)
    if reason == "planned":
        assert check(home, old, []).sound


def test_a_process_that_was_running_signs_with_the_new_key(home: Path) -> None:
    """A gateway that opened the home before a rotation by somebody else does not go on with the old key."""
    with open_home(load(home, {})) as gateway:
        assert run(home, "planned", "none") == 0
        _write(gateway)
        gateway.log.checkpoint().result()
    assert check(home, keys(home)[0], [operator(home)]).strict


def _write(gateway: Home) -> None:
    leaf = leaves.system(gateway.node, gateway.clock.now(), "pin", {"server": "files"})
    gateway.log.submit(lambda tx: leaves.append(tx, leaf, None), durable=True).result()
