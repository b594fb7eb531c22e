"""A person whose home is made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.edges.clients.person import Person
from tests.stores.places import durable_directory


@pytest.fixture
def person() -> Iterator[Person]:
    with durable_directory() as folder:
        person = Person(folder)
        (folder / "project").mkdir()
        person.init()
        yield person
