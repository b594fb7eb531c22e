"""Rules of naming the file system under a home."""

from __future__ import annotations

from pathlib import Path

import pytest

from assent.stores.home import DURABLE, filesystem, overlay
from tests.stores.places import durable_directory

_ROOT = "20 1 0:20 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/nowhere/u,workdir=/w"
_VOLATILE = "21 20 0:21 / /data rw - overlay overlay rw,lowerdir=/l,upperdir=/nowhere/u,workdir=/w,volatile"


@pytest.mark.parametrize(
    ("path", "kind"), [("/home/user", "overlay"), ("/data/home", "overlay,volatile"), ("/database", "overlay")]
)
def test_an_overlay_is_judged_by_its_own_mount(path: str, kind: str) -> None:
    """The mount that holds the path counts, by whole names; `volatile` is never durable."""
    assert overlay(Path(path), f"{_ROOT}\n{_VOLATILE}\n") == kind
    assert (kind in DURABLE) is (kind == "overlay")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a file system in memory")
def test_an_overlay_that_is_seen_to_lie_in_memory_is_not_durable() -> None:
    """If its upper layer can be looked at, that decides."""
    assert overlay(Path("/x"), _ROOT.replace("/nowhere/u", "/dev/shm")) == "overlay on tmpfs"


def test_what_is_not_there_is_unknown() -> None:
    """No answer of the kernel is not a good answer."""
    assert filesystem(Path("/no/such/path")) == "unknown"
    with durable_directory() as path:
        assert filesystem(path) in DURABLE
