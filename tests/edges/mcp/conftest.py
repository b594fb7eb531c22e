"""Gateways of the tests: each is closed, and its processes are gone, when the test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.edges.mcp.home import Home
from tests.edges.mcp.wire import Scripted


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Callable[..., Scripted]]:
    """Starts gateways before the scripted guard, shaken hands with unless `hello=False`."""
    started: list[Scripted] = []

    def start(server: str = "odd.py", *, hello: bool = True, **environ: str) -> Scripted:
        wire = Scripted(tmp_path, server, **environ)
        started.append(wire)
        if hello:
            wire.hello()
        return wire

    yield start
    for wire in started:
        wire.kill()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A fresh home, whose whole log is verified at the end."""
    made = Home(tmp_path)
    yield made
    made.end()
