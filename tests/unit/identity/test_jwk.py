"""Keys as JWKs: one spelling, and the thumbprint of the RFC."""

from __future__ import annotations

import base64

import pytest

from assent.identity import jwk

#: RFC 8037 appendix A.2 and A.3.
PUBLIC = base64.urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_thumbprint_is_that_of_the_rfc() -> None:
    """The thumbprint of RFC 8037's example key is the one that the RFC gives."""
    assert jwk.thumbprint(PUBLIC) == THUMBPRINT
    assert jwk.authenticator(PUBLIC) == f"key:{THUMBPRINT}"


def test_jwk_comes_back_exactly() -> None:
    """What is written is read, and is the key."""
    assert jwk.raw(jwk.jwk(PUBLIC)) == PUBLIC


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        '{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="}',
        '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}',
        '{"crv":"X25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}',
        '{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"}',
        '{"crv":"Ed25519","d":"AA","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}',
        '{"crv":"Ed25519","kty":"OKP","x":"AA"}',
        '{"crv":"Ed25519","kty":"OKP","x":5}',
    ],
)
def test_another_spelling_is_no_key(text: str) -> None:
    """One key has one spelling: padding, order, another curve, stray bits and further members are refused."""
    with pytest.raises(ValueError):
        jwk.raw(text)
