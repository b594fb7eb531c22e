"""What is packed comes back byte for byte; what is damaged never comes back as something else that fits."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from assent.stores.packed import pack, unpack

DIGEST = st.integers(0, 300).map(lambda n: "sha256:" + hashlib.sha256(str(n).encode()).hexdigest())
VALUES = st.recursive(DIGEST | st.text() | st.integers() | st.booleans(), lambda more: st.lists(more, max_size=300))


@given(st.one_of(st.binary(), VALUES.map(lambda value: json.dumps({"v": value}).encode())))
def test_what_is_packed_comes_back(text: bytes) -> None:
    """Any bytes, whatever they begin with and however many digests they hold."""
    assert unpack(pack(text)) == text
    assert unpack(pack(pack(text))) == pack(text)


def test_more_digests_than_have_numbers_come_back() -> None:
    """The 256th stays where it is."""
    text = json.dumps(["sha256:" + hashlib.sha256(bytes([n % 256, n // 256])).hexdigest() for n in range(300)]).encode()
    text = b'{"a":' + text + b"}"
    assert unpack(pack(text)) == text


def test_a_flipped_bit_raises_nowhere_and_changes_every_digest_it_meets() -> None:
    """What comes back is hashed by whoever reads it: damage is found there, and must not raise before."""
    text = b'{"decision":"sha256:' + b"ab" * 32 + b'","kind":"outcome","status":"succeeded","node":"node_x"}'
    packed = pack(text)
    assert len(packed) < len(text)
    same = 0
    for at in range(len(packed) * 8):
        damaged = bytearray(packed)
        damaged[at // 8] ^= 1 << at % 8
        found = unpack(bytes(damaged))
        same += found == text
        assert not 16 <= at < 16 + 256 or found != text
    assert same < 16  # bits that fill up the last byte


def test_what_was_stored_before_is_read() -> None:
    """Rows of earlier versions lie unpacked."""
    assert unpack(b'{"v":1}') == b'{"v":1}'
