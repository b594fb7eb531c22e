"""Signatures verified once: thousands of runs over files that differ in a byte or two."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from assent_verify import authority, note


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Verify each signature over the same bytes once."""
    seen: dict[tuple[bytes, bytes, bytes], bool] = {}
    real = note.ed25519_verifies

    def once(public: bytes, message: bytes, signature: bytes) -> bool:
        key = (public, message, signature)
        if key not in seen:
            seen[key] = real(public, message, signature)
        return seen[key]

    monkeypatch.setattr(note, "ed25519_verifies", once)
    monkeypatch.setattr(authority, "ed25519_verifies", once)
    yield
