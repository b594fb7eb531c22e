"""Rules of reading a log database as it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from assent.errors import ConfigError, UnavailableError
from assent.stores.sqlite import DATABASE, SqliteStore
from assent.stores.view import view
from tests.stores.places import durable_directory


def leaves(path: Path) -> list[bytes]:
    with view(path) as reader:
        return [leaf for _, leaf in reader.leaves()]


def test_a_log_is_read_while_it_is_used_and_after() -> None:
    """What is committed is seen, write-ahead log included, and the database is not touched."""
    with durable_directory() as path:
        store = SqliteStore(path / "home")
        with store.begin() as tx:
            tx.append(b"leaf")
        assert leaves(path / "home" / DATABASE) == [b"leaf"]
        store.close()
        before = (path / "home" / DATABASE).read_bytes()
        assert leaves(path / "home" / DATABASE) == [b"leaf"]
        assert (path / "home" / DATABASE).read_bytes() == before


def test_a_log_on_a_read_only_disk_is_read() -> None:
    """Evidence may lie where nothing can be written, not even SQLite's own index."""
    with durable_directory() as path:
        store = SqliteStore(path / "home")
        with store.begin() as tx:
            tx.append(b"leaf")
        store.close()
        script = (
            "import os, sys, pathlib\n"
            "from tests.stores.test_view import leaves\n"
            "home = pathlib.Path(sys.argv[1])\n"
            "if os.getuid() == 0:\n"
            "    os.chown(home, 65534, 65534); os.chmod(home / 'assent.db', 0o444)\n"
            "    os.setgid(65534); os.setuid(65534)\n"
            "os.chmod(home, 0o500)\n"
            "print(leaves(home / 'assent.db'))\n"
            "os.chmod(home, 0o700)\n"
        )
        path.chmod(0o755)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
        command = [sys.executable, "-c", script, str(path / "home")]
        shown = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert shown.stdout.strip() == "[b'leaf']", shown.stderr


def test_a_copy_whose_store_would_be_refused_is_read() -> None:
    """A changed leaf does not hide the log from who wants to prove the change."""
    with durable_directory() as path:
        store = SqliteStore(path / "home")
        with store.begin() as tx:
            tx.append(b"leaf")
        store.close()
        copy = path / "copy.db"
        shutil.copy(path / "home" / DATABASE, copy)
        with sqlite3.connect(copy) as connection:
            connection.execute("UPDATE leaf SET body = x'41'")
        connection.close()
        assert leaves(copy) == [b"A"]


def test_what_is_no_log_is_said_to_be_none(tmp_path: Path) -> None:
    """A missing file, garbage and another program's database are told apart from a log."""
    with pytest.raises(UnavailableError) as missing:
        leaves(tmp_path / "none.db")
    assert missing.value.code == "store_missing"
    (tmp_path / "garbage").write_bytes(b"no database" * 200)
    sqlite3.connect(tmp_path / "other").execute("CREATE TABLE x (y)").connection.close()
    for name in ("garbage", "other"):
        with pytest.raises(ConfigError) as caught:
            leaves(tmp_path / name)
        assert caught.value.code == "not_a_log"
