"""Durable means flushed: a disk that is watched, that fails, and that forgets what was not flushed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from assent_verify.note import VerifierKey

from assent.keys import file
from assent.stores.sqlite import SqliteStore
from tests.stores.audit import audit
from tests.stores.places import durable_directory

_REPOSITORY = Path(__file__).parents[2]
#: Faults of one kind, one after the other.
ROUNDS = 1_000 if os.environ.get("ASSENT_SOAK") else 25

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the preloaded library knows Linux")


def compiler() -> list[str]:
    """A C compiler: the system's, or the one that comes as a Python package."""
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    return [found] if found else [sys.executable, "-m", "ziglang", "cc"]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("disk") / "disk.so"
    source = Path(__file__).with_name("disk.c")
    subprocess.run(
        [*compiler(), "-O2", "-shared", "-fPIC", "-o", str(path), str(source), "-ldl", "-lpthread"], check=True
    )
    return path


class Disk:
    """A home on a disk that is watched."""

    def __init__(self, path: Path, library: Path) -> None:
        self.home, self.shadow, self.trace = path / "home", path / "shadow", path / "trace"
        self.key, self.control = path / "log.key", path / "control"
        self.shadow.mkdir(mode=0o700)
        self.control.write_bytes(b"\x00")
        self.public = file.create(self.key).public
        self._library = library

    def run(self, *arguments: str) -> subprocess.Popen[str]:
        """A child whose every write and flush of the home goes through the library."""
        environment = {
            **os.environ,
            "LD_PRELOAD": str(self._library),
            "FAULT_ROOT": str(self.home.resolve()),
            "FAULT_SHADOW": str(self.shadow),
            "FAULT_TRACE": str(self.trace),
            "FAULT_CONTROL": str(self.control),
            "PYTHONPATH": os.pathsep.join([str(_REPOSITORY), *sys.path]),
        }
        command = [
            sys.executable,
            "-m",
            "tests.faults.child",
            arguments[0],
            str(self.home),
            str(self.key),
            *arguments[1:],
        ]
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_REPOSITORY
        )

    def acknowledged(self, mode: str, count: int) -> Mapping[int, str]:
        """Run commits, cut the power after `count` acknowledgements; what was promised."""
        child = self.run("commit", mode)
        assert child.stdout is not None
        acks = {}
        for _ in range(count):
            _, index, text = child.stdout.readline().strip().split(" ", 2)
            acks[int(index)] = text
        child.kill()
        for line in child.stdout:  # promised before the power went
            _, index, text = line.strip().split(" ", 2)
            acks[int(index)] = text
        child.wait()
        child.stdout.close()
        return acks

    def after_power_cut(self) -> list[str]:
        """Open what the disk kept; all its leaves, audited."""
        store = SqliteStore(self.shadow)
        audit(store, VerifierKey("assent/test", self.public))
        with store.read() as reader:
            leaves = [leaf.decode() for _, leaf in reader.leaves()]
        store.close()
        return leaves


@pytest.fixture
def disk(library: Path) -> Iterator[Disk]:
    with durable_directory() as path:
        yield Disk(path, library)


def flushed_before_each_ack(trace: str) -> tuple[int, int]:
    """How many acknowledgements there were, and how many had a write of the log still unflushed."""
    unflushed: set[str] = set()
    acks = late = 0
    for line in trace.splitlines():
        what, name = line.split()[:2]
        if what == "W":
            unflushed.add(name)
        elif what == "F":
            unflushed.discard(name)
        elif what == "A" and name == "ack":
            acks += 1
            late += "assent.db-wal" in unflushed
    return acks, late


@pytest.mark.parametrize(("mode", "in_time"), [("FULL", True), ("OFF", False)])
def test_the_flush_precedes_the_acknowledgement(disk: Disk, mode: str, in_time: bool) -> None:
    """In the order of system calls every receipt is flushed before it is acknowledged; a store that
    only says so is found out."""
    child = disk.run("commit", mode, "20")
    child.communicate(timeout=60)
    acks, late = flushed_before_each_ack(disk.trace.read_text())
    assert acks == 20
    assert (late == 0) is in_time


@pytest.mark.parametrize(("mode", "kept"), [("FULL", True), ("OFF", False)])
def test_what_was_acknowledged_survives_a_power_cut(disk: Disk, mode: str, kept: bool) -> None:
    """With everything unflushed dropped, all that was promised is there; a store that does not
    flush loses some."""
    acks = disk.acknowledged(mode, 25)
    leaves = disk.after_power_cut()
    missing = [index for index, text in acks.items() if index >= len(leaves) or leaves[index] != text]
    assert (missing == []) is kept, missing


def test_a_full_disk_denies_and_work_resumes_when_it_is_free(disk: Disk) -> None:
    """A write that fails acknowledges nothing and loses nothing; so does a flush, after which earlier
    batches that Linux dropped are written again before anything new is promised."""
    child = disk.run("full", str(disk.control))
    assert child.stdout is not None and child.stdin is not None
    seen = json.loads(child.stdout.readline())
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    assert seen == [
        "ack 0 before",
        "store_full",
        "store_full",
        "readable 1",
        "ack 1 free again",
        "ack 2 seen but not flushed",
        "store_failed",
        "ack 3 mended",
    ]
    assert disk.after_power_cut() == ["before", "free again", "seen but not flushed", "mended"]


@pytest.mark.soak
@pytest.mark.parametrize(
    ("bit", "code"), [(1, "store_full"), (2, "store_failed"), (4, "store_full"), (8, "store_full")],
    ids=["ENOSPC", "EIO on flush", "EIO on write", "EROFS"],
)  # fmt: skip
def test_a_disk_that_fails_now_and_then_loses_nothing_it_has_promised(disk: Disk, bit: int, code: str) -> None:
    """Every fault acknowledges nothing and says a stable code; what was promised between faults survives a power cut,
    and work goes on in the same process as soon as the disk does."""
    child = disk.run("broken", str(disk.control), str(bit), str(ROUNDS))
    assert child.stdout is not None and child.stdin is not None
    seen = json.loads(child.stdout.readline())
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    leaves = disk.after_power_cut()
    missing = [index for index, text in seen["kept"].items() if leaves[int(index)] != text]
    failed = [text for text in seen["kept"].values() if text.endswith("True")]
    print(f"\n{ROUNDS} faults: {len(seen['kept'])} acknowledged, {len(missing)} lost, told as {seen['codes']}")
    assert (missing, failed, seen["codes"]) == ([], [], [code])


def test_what_is_promised_after_a_restart_stands_on_nothing_unflushed(disk: Disk) -> None:
    """A process dies with a visible leaf that the disk has dropped; the next one writes it again before
    it acknowledges a leaf of its own."""
    child = disk.run("unflushed")
    assert child.stdout is not None and child.stdin is not None
    assert child.stdout.readline() == "done\n"
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    acks = disk.acknowledged("FULL", 3)
    leaves = disk.after_power_cut()
    assert leaves[:2] == ["durable True", "durable False"]
    assert all(leaves[index] == text for index, text in acks.items())
