"""What is remembered is bounded, and a failure is not remembered."""

from __future__ import annotations

import pytest

from assent.policy.lru import Lru


def test_the_one_not_used_for_longest_is_forgotten() -> None:
    """A caller that asks about ever new tools does not fill the memory."""
    memory: Lru[int, int] = Lru(2)
    built: list[int] = []

    def build(key: int) -> int:
        built.append(key)
        return key * 10

    for key in (1, 2, 1, 3, 1, 2):
        assert memory.get(key, lambda key=key: build(key)) == key * 10  # type: ignore[misc]
    assert built == [1, 2, 3, 2]
    assert len(memory) == 2


def test_a_build_that_raises_is_tried_again() -> None:
    """An error is never kept as a value."""
    memory: Lru[int, int] = Lru(2)
    with pytest.raises(ZeroDivisionError):
        memory.get(1, lambda: 1 // 0)
    assert memory.get(1, lambda: 7) == 7
