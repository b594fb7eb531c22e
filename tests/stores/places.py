"""Where tests keep homes: on a disk that can be durable, wherever the temporary directory is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assent.stores.home import DURABLE, filesystem

_REPOSITORY = Path(__file__).parents[2]


@contextmanager
def durable_directory() -> Iterator[Path]:
    """A fresh directory on a durable file system; removed afterwards."""
    usual = Path(tempfile.gettempdir())
    parent = usual if filesystem(usual) in DURABLE else _REPOSITORY
    path = Path(tempfile.mkdtemp(prefix=".assent-test-", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
