"""Somebody who can write lines into a log tries to make `assent reconcile` pass over one of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assent.cli import reconcile
from assent.evidence.feed import Feed
from assent.evidence.sources import SOURCES


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A home with a log that has allowed nothing."""
    home = tmp_path / "home"
    key = str(tmp_path / "operator.key")
    command = [sys.executable, "-m", "assent", "init", "--yes", "--operator-key", key, "--home", str(home)]
    subprocess.run(command, check=True, capture_output=True)
    return home


def _line(path: str, ahead: int = 0) -> str:
    stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(time.time() - 60 + ahead))
    return f'10.0.0.1 - agent [{stamp}] "DELETE {path} HTTP/1.1" 204 0 "-" "curl"\n'


def _run(world: Path, log: Path) -> reconcile._Run:
    given = {
        "tolerance": 2.0,
        "archives": (),
        "since": None,
        "until": None,
        "servers": (),
        "confidence": 0.45,
        "as_json": True,
    }
    return reconcile._Run(world, [Feed(log, SOURCES["access"])], given)


def _followed(run: reconcile._Run, monkeypatch: pytest.MonkeyPatch, meanwhile: list[str], log: Path) -> int:
    """Follow; between two looks the file is rotated and holds the next text."""
    texts = iter(meanwhile)

    def sleep(_: float) -> None:
        text = next(texts, None)
        if text is None:
            raise KeyboardInterrupt
        log.unlink()
        log.write_text(text)

    monkeypatch.setattr(reconcile.time, "sleep", sleep)
    return run.follow()


def test_the_same_line_of_a_rotated_file_is_told_again(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first line before and the first line after a rotation are two events."""
    log = tmp_path / "access.log"
    log.write_text(_line("/one"))
    (tmp_path / "hold").hardlink_to(log)  # so that the inode is not used again
    assert _followed(_run(world, log), monkeypatch, [_line("/two", 5)], log) == reconcile.FOUND
    told = [json.loads(line)["says"] for line in capsys.readouterr().out.splitlines()]
    assert [" /one " in told[0], " /two " in told[1], len(told)] == [True, True, 2]


def test_what_is_written_as_of_tomorrow_is_told_today(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event is not waited for until its time has come."""
    log = tmp_path / "access.log"
    log.write_text(_line("/tomorrow", 86_400))
    assert _followed(_run(world, log), monkeypatch, [], log) == reconcile.FOUND
    assert "/tomorrow" in capsys.readouterr().out


def test_a_line_that_cannot_be_read_is_no_silence(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path too long for a reader, once and while it is followed: the exit code says that something was not seen."""
    log = tmp_path / "access.log"
    log.write_text(_line("/" + "x" * 9_000))
    assert _run(world, log).once() == reconcile.FOUND
    assert _followed(_run(world, log), monkeypatch, [], log) == reconcile.FOUND
    assert "not read: access.log:1" in capsys.readouterr().err


def test_a_time_that_no_calendar_has_is_no_exception(world: Path, tmp_path: Path) -> None:
    """Printed as the last one there is."""
    log = tmp_path / "reflog"
    log.write_text(f"{'1' * 40} {'2' * 40} A <a@b> 999999999999 +0000\tcommit: x\n")
    run = _run(world, log)
    run._feeds = [Feed(log, SOURCES["git"])]
    assert run.once() == reconcile.FOUND
