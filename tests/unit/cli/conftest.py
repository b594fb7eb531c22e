"""One home with history for the tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.world import World


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two tables made, one row read, two questions open, one call denied; the agent is still connected."""
    world = World(tmp_path_factory.mktemp("world"))
    world.init()
    wire = world.connect()
    for table in ("drafts", "orders"):
        assert not world.query("create_table", f"CREATE TABLE {table} (text TEXT)")
    assert not world.query("read_query", "SELECT * FROM orders")
    for table in ("drafts", "orders"):
        world.ask(table)
    world.asked["home"] = world.query("read_query", f"ATTACH DATABASE '{world.home}/assent.db' AS a")
    yield world
    wire.close()


@pytest.fixture
def fresh(tmp_path: Path) -> World:
    """A new home without history."""
    world = World(tmp_path)
    world.init()
    return world
