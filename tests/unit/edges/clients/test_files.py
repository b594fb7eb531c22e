"""Replacing a file: whole, only over what was read, and nothing left beside it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from assent.edges.clients import files
from assent.edges.clients.files import Held, read, replace
from assent.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "c.json"
    path.write_bytes(b"{}")
    return path


def held(path: Path) -> Held:
    """It, as it is now."""
    found = read(str(path))
    assert found is not None
    return found


def test_only_what_was_read_is_replaced(file: Path) -> None:
    """Written, removed, or led elsewhere since: refused, and the other program's bytes stay."""
    before = held(file)
    file.write_bytes(b"[]")
    with pytest.raises(ConfigError, match="changed by another program"):
        replace(before, b"mine")
    assert (file.read_bytes(), os.listdir(file.parent)) == (b"[]", ["c.json"])
    before = held(file)
    file.unlink()
    with pytest.raises(ConfigError, match="changed by another program"):
        replace(before, b"mine")
    assert os.listdir(file.parent) == []
    (file.parent / "other").write_bytes(b"[]")
    file.symlink_to("other")
    with pytest.raises(ConfigError, match="changed by another program"):
        replace(before, b"mine")
    assert (file.parent / "other").read_bytes() == b"[]"


def test_a_change_at_the_last_moment_is_seen(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison stands after everything slow: what is written while the copy is made counts."""
    before, change = held(file), os.chmod
    monkeypatch.setattr(files.os, "chmod", lambda *words: (change(*words), file.write_bytes(b"late")))
    with pytest.raises(ConfigError, match="changed by another program"):
        replace(before, b"mine")
    assert file.read_bytes() == b"late"


def test_mode_and_owner_stay(file: Path) -> None:
    """A file that only its owner may read is never open to others, not even while it is written."""
    file.chmod(0o604)
    replace(held(file), b"[1]")
    info = file.stat()
    assert (file.read_bytes(), stat.S_IMODE(info.st_mode), info.st_uid) == (b"[1]", 0o604, os.getuid())


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """A pipe does not hold the command up, a dangling link is no file."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="no regular file"):
        read(str(tmp_path / "pipe"))
    (tmp_path / "link").symlink_to("nowhere")
    assert read(str(tmp_path / "link")) is None
    assert read(str(tmp_path / "pipe" / "below")) is None
