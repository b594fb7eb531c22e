"""The store in memory keeps the contract."""

from __future__ import annotations

import pytest

from assent.ports import Store
from assent.stores.memory import MemoryStore
from tests.stores.suite import StoreContract


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()
