"""Our detector finds what credentials look like, and leaves alone what only resembles them."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from assent.catalog.analysers.secrets import carries_secret, holds_secret
from tests.unit.catalog.secret_corpus import harmless, secrets

SECRETS, HARMLESS = secrets(), harmless()


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    """Shapes and look-alikes."""
    assert len(SECRETS) >= 150
    assert len(HARMLESS) >= 300


@pytest.mark.parametrize(("shape", "text"), SECRETS, ids=[shape for shape, _ in SECRETS])
def test_every_shape_is_found(shape: str, text: str) -> None:
    """Alone, and in a line of other text."""
    assert holds_secret(text), shape
    assert holds_secret(f"see the note:\n  {text}\nthat was it"), shape


@pytest.mark.parametrize("text", HARMLESS)
def test_look_alikes_are_left_alone(text: str) -> None:
    """Identifiers, digests, images, lock files, minified code, tests, placeholders, and code that takes secrets."""
    assert not holds_secret(text)
    assert not carries_secret(text)


@pytest.mark.parametrize(("shape", "text"), SECRETS, ids=[shape for shape, _ in SECRETS])
def test_a_secret_encoded_once_is_found_where_it_is_sent(shape: str, text: str) -> None:
    """Base64 in both alphabets and in lines, hex, percent-encoding; as whole and within text."""
    data = text.encode()
    for sent in (
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
        base64.encodebytes((data + b"\n") * 3).decode(),
        data.hex(),
        data.hex().upper(),
        quote(text, safe=""),
        f"q={quote(text, safe='')}&x=1",
        f'{{"blob": "{base64.b64encode(b"before " + data + b" after").decode()}"}}',
    ):
        assert carries_secret(sent), (shape, sent)


def test_hiding_among_many_runs_does_not_help() -> None:
    """Every run is decoded, not only the first ones."""
    noise = " ".join(base64.b64encode(bytes([n % 90 + 33]) * 18).decode() for n in range(5_000))
    hidden = base64.b64encode(("gh" + "p_" + "a1" * 18).encode()).decode()
    assert not carries_secret(noise)
    assert carries_secret(f"{noise} {hidden} {noise}")
