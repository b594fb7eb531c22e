"""A notification is best effort: bounded, without a shell, and nothing in it is taken for anything but words."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

import pytest

from assent.notify import desktop

BODY = '<b>"$(touch made)"</b> & `touch made`'


def program(folder: Path, name: str, does: str) -> Path:
    """A stand-in for the desktop's program, first on the path; what it is given it writes down, one word a line."""
    path = folder / name
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{folder}/given"\n{does}\n')
    path.chmod(0o755)
    return folder / "given"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on the path beside the system's."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_words_are_neither_shell_nor_markup(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux the body may be taken for markup, so it is escaped; no shell sees it."""
    monkeypatch.setattr(sys, "platform", "linux")
    given = program(folder, "notify-send", "exit 0")
    desktop.Desktop().notify("--hint=x", BODY)
    assert given.read_text().splitlines()[-3:] == [
        "--",
        "--hint=x",
        '&lt;b&gt;"$(touch made)"&lt;/b&gt; &amp; `touch made`',
    ]
    assert not (folder / "made").exists()


def test_words_are_no_applescript(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS the script is fixed, and the words are its arguments."""
    monkeypatch.setattr(sys, "platform", "darwin")
    given = program(folder, "osascript", "exit 0")
    desktop.Desktop().notify("Assent", '" & (do shell script "touch made") & "')
    *script, title, body = given.read_text().splitlines()
    assert (title, body) == ("Assent", '" & (do shell script "touch made") & "')
    assert "touch" not in " ".join(script)


@pytest.mark.parametrize("does", ["exit 1", "exec sleep 20"])
def test_a_failure_is_logged_and_swallowed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, does: str
) -> None:
    """Neither an error nor a program that hangs is in the way of an answer."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(desktop, "TIMEOUT_S", 0.3)
    program(folder, "notify-send", does)
    began = time.monotonic()
    with caplog.at_level(logging.INFO, "assent.notify"):
        desktop.Desktop().notify("Assent", "waits")
    assert time.monotonic() - began < 10
    assert "no desktop notification" in caplog.text


def test_without_a_desktop_nothing_happens(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server in a rack has none."""
    monkeypatch.setenv("PATH", str(folder))
    assert not desktop.available()
    desktop.Desktop().notify("Assent", "waits")
