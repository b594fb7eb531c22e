"""Rules of making and opening a home: by many at once, again, and never under another log's key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assent.keys import file
from tests.unit.cli.world import World


def test_a_client_that_starts_eight_servers_at_once_makes_one_home(tmp_path: Path) -> None:
    """Eight processes on a place where no home is: all succeed, one genesis, one activation, nothing left lying."""
    for round in range(3):
        world = World(tmp_path / str(round))
        world.folder.mkdir()
        command = [sys.executable, "-m", "assent", "init", "--yes"]
        started = [
            subprocess.Popen(command, env=world.environ, start_new_session=True, stderr=subprocess.PIPE, text=True)
            for _ in range(8)
        ]
        said = [process.communicate()[1] for process in started]
        assert [process.returncode for process in started] == [0] * 8, said
        assert [row["event"] for row in world.run("receipts", "list", "--json").json] == ["genesis", "activation"]
        assert not [path for path in world.home.rglob(".*")]
        assert world.run("verify").code == 0


@pytest.mark.parametrize("code", ["log_key_lost", "other_log_key"])
def test_a_log_does_not_go_on_under_another_key(fresh: World, code: str) -> None:
    """Without its log key, or with another, a home is not opened: the log stays as provable as it was."""
    key = fresh.home / "log.key"
    key.unlink()
    if code == "other_log_key":
        file.create(key)
    done = fresh.run("clock", "confirm", "--yes", "--key", str(fresh.key))
    assert (done.code, done.err.startswith(f"error[{code}]")) == (1, True), done.err
    assert key.exists() == (code == "other_log_key")
    assert fresh.run("verify").code == 0
    found = {one["check"]: one for one in fresh.run("doctor", "--json").json}
    assert (found["home"]["state"], "backup" in found["home"]["help"]) == ("fail", True)


def test_init_again_changes_nothing(fresh: World) -> None:
    """`init` on a home that has its key says the same and adds no receipt."""
    before = fresh.run("receipts", "list").out
    again = fresh.run("init", "--yes", "--operator-key", str(fresh.key))
    assert (again.code, fresh.run("init", "--yes").code) == (0, 0)
    assert fresh.run("receipts", "list").out == before
