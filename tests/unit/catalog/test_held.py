"""Secrets that are known to the letter: found however they are written, and left out of what is passed on."""

from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.catalog.detectors.held import SHORTEST, Held, parts

SECRET = "gX7/k+very=Secret&value_01"
HELD = Held(frozenset({("key", SECRET)}))


@given(st.binary(max_size=40), st.binary(max_size=40), st.sampled_from(["b64", "url", "hex", "raw", "percent"]))
def test_found_wherever_it_stands_in_what_was_encoded(before: bytes, after: bytes, how: str) -> None:
    """Whatever stands before and after it, before the whole was encoded."""
    data = before + SECRET.encode() + after
    text = {
        "b64": base64.b64encode(data).decode(),
        "url": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "hex": data.hex(),
        "raw": data.decode("latin-1"),
        "percent": "".join(f"%{byte:02X}" for byte in SECRET.encode()),
    }[how]
    assert HELD.within(text)
    assert not HELD.within(HELD.without(text))


LEAVES = st.text(max_size=20) | st.integers() | st.none()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=20
)


@given(VALUES)
def test_what_holds_none_is_the_same(value: object) -> None:
    """A value without a secret comes through as itself."""
    assert HELD.cleaned(value) is value


def test_a_value_is_cleaned_at_every_depth() -> None:
    """Texts and names; the rest of the value stays; what stands across texts gives nothing."""
    value = {"a": [{"b": f"x {SECRET} y", "c": 3}], SECRET: True}
    left = HELD.cleaned(value)
    assert left == {"a": [{"b": "x [withheld: credential key] y", "c": 3}], "[withheld: credential key]": True}
    assert HELD.cleaned([SECRET[:9], SECRET[9:]]) is None
    assert Held(frozenset({("pin", "1234567890")})).cleaned({"n": 1234567890}) is None


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("postgresql://app:pa%24s-word9@db/x", "login with pa$s-word9 failed"),
        (
            '{"type":"service_account","private_key":"-----BEGIN\\nMIIEvQIBADANBgkqhkiG9w0\\n"}',
            "MIIEvQIBADANBgkqhkiG9w0",
        ),
        (
            "-----BEGIN X-----\nb3BlbnNzaC1rZXktdjEAAAA\nAAAAB3NzaC1yc2EAAAADAQ\n-----END X-----\n",
            "AAAAB3NzaC1yc2EAAAADAQ",
        ),
    ],
)
def test_what_is_a_secret_alone_is_looked_for_alone(secret: str, told: str) -> None:
    """The password of a URL, a text of a key file, a line of a key."""
    assert Held(frozenset({("it", secret)})).within(told)


def test_nothing_short_is_looked_for() -> None:
    """A part that is in every text would hold everything back."""
    assert all(len(part) >= SHORTEST for part in parts("postgres://a:b@c/d"))
    assert not Held(frozenset({("u", "postgres://a:b@c/dddd")})).within("a b c d")


def test_looking_is_linear_and_says_nothing() -> None:
    """A megabyte of what could be anything is looked through in a second; the repr holds no secret."""
    text = json.dumps([base64.b64encode(bytes(range(256)) * 40).decode()] * 70)
    begun = time.process_time()
    assert not HELD.within(text[:999_000])
    assert time.process_time() - begun < 1.5
    assert SECRET not in repr(HELD) and "very" not in repr(HELD)
