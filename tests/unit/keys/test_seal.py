"""What left this home comes back in one spelling, beside what it was bound to, or not at all."""

from __future__ import annotations

import secrets

import pytest

from assent.keys.seal import Seal

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.mark.parametrize("size", range(4))
def test_a_token_has_one_spelling(size: int) -> None:
    """Bits that base64 does not use, padding and blanks make it another string, which opens nothing."""
    seal = Seal(secrets.token_bytes(32))
    token = seal.close(b"x" * size, b"here")
    opened = seal.open(token, b"here")
    assert opened is not None and opened[0] == b"x" * size
    last = _ALPHABET.index(token[-1])
    others = [token[:-1] + _ALPHABET[last ^ bit] for bit in (1, 2, 4, 8, 16, 32)]
    for other in (*others, token + "=", token + "==", token + "\n", " " + token, token.swapcase(), token[:-1]):
        assert seal.open(other, b"here") is None


def test_a_token_opens_only_where_it_belongs_and_under_its_key() -> None:
    """Moved to another place, or brought to another home, it is any other string."""
    seal = Seal(secrets.token_bytes(32))
    token = seal.close(b"text", b"here")
    assert seal.open(token, b"there") is None
    assert Seal(secrets.token_bytes(32)).open(token, b"here") is None
