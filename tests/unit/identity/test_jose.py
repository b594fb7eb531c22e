"""Tokens are opened for one type, one algorithm and known keys; nothing that a token says of itself chooses."""

from __future__ import annotations

import base64
import json
import warnings
from pathlib import Path

import pytest
from assent_verify.canonical import canonicalize
from assent_verify.errors import ProofError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey

from assent.identity import jose, jwk
from assent.keys import file as key_files
from assent.keys.file import KeySigner

SIGNER = KeySigner(Ed25519PrivateKey.from_private_bytes(b"1" * 32), "same-user")
OTHER = KeySigner(Ed25519PrivateKey.from_private_bytes(b"2" * 32), "same-user")
KEYS = {jwk.thumbprint(SIGNER.public): SIGNER.public}
TYPE = "test+jwt"
HEADER = {"alg": "EdDSA", "kid": jwk.thumbprint(SIGNER.public), "typ": TYPE}


def segment(value: object) -> str:
    data = value if isinstance(value, bytes) else canonicalize(value)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def token(header: object, payload: object = b'{"a":1}', signer: KeySigner = SIGNER) -> str:
    """A token whose signature holds, whatever its header says."""
    text = f"{segment(header)}.{segment(payload)}"
    return f"{text}.{segment(signer.sign(text.encode()))}"


def code(text: str) -> str:
    with pytest.raises(ProofError) as caught:
        jose.opened(text, TYPE, KEYS)
    return caught.value.code


def test_what_was_signed_comes_back() -> None:
    """A token opens with the key that signed it, and no warning reaches whoever runs the program."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert jose.opened(jose.sign(b'{"a":1}', TYPE, SIGNER), TYPE, KEYS) == {"a": 1}


def test_another_program_reads_it() -> None:
    """A reader that is not ours verifies it with the JWK as published."""
    key = OKPKey.import_key(jose.jwk_set([SIGNER.public])["keys"][0])  # type: ignore[index]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert jws.deserialize_compact(jose.sign(b"{}", TYPE, SIGNER), key, algorithms=["EdDSA"]).payload == b"{}"


def test_no_algorithm_is_taken_from_the_token() -> None:
    """`none` and keys of another kind under the same name are refused before anything is computed."""
    assert code(f"{segment({**HEADER, 'alg': 'none'})}.{segment(b'{}')}.") == "token_type"
    assert code(token({**HEADER, "alg": "none"})) == "token_type"
    confused = OctKey.import_key(SIGNER.public)
    made = jws.serialize_compact({**HEADER, "alg": "HS256"}, b"{}", confused, algorithms=["HS256"])
    assert code(made) == "token_type"


def test_only_known_keys_count() -> None:
    """A stranger's key, a key under a foreign name, and a key that comes along are refused."""
    assert code(jose.sign(b"{}", TYPE, OTHER)) == "token_key"
    assert code(token(HEADER, signer=OTHER)) == "token_signature"
    assert code(token({**HEADER, "jwk": json.loads(jwk.jwk(OTHER.public))}, signer=OTHER)) == "token_type"
    assert code(token({**HEADER, "crit": ["b64"], "b64": False})) == "token_type"
    assert code(token({**HEADER, "kid": ["x"]})) == "token_key"


def test_type_is_compared() -> None:
    """A token of another purpose, signed by the same key, is refused."""
    assert code(jose.sign(b"{}", "other+jwt", SIGNER)) == "token_type"


def test_every_token_has_one_spelling() -> None:
    """Cut, padded, re-spelt and overlong tokens are refused without an exception of another kind."""
    good = jose.sign(b'{"a":1}', TYPE, SIGNER)
    for bad in [good[:n] for n in range(0, len(good), 7)]:
        assert code(bad) in ("token_malformed", "token_signature")
    last = good[-1]
    respelt = good[:-1] + chr(ord(last) + 1)
    for bad in (good + "=", good + ".", " " + good, respelt, good.replace(".", "..", 1), "é", "a" * 70_000):
        assert code(bad) in ("token_malformed", "token_signature"), bad[:40]
    body = segment(b'{"a":1}')
    text = f"{segment(HEADER)}.{body[:-1]}{chr(ord(body[-1]) + 1)}"  # the same bytes to a lenient reader, and signed
    assert code(f"{text}.{segment(SIGNER.sign(text.encode()))}") == "token_malformed"
    assert code(token(HEADER, b'{"a":1,"a":2}')) == "token_malformed"
    assert code(token(HEADER, b"[" * 5_000)) == "token_malformed"
    assert code(token(HEADER, b"[]")) == "token_malformed"


def test_published_keys_are_read_back() -> None:
    """The JWK Set gives the keys it was made of; keys of other kinds are passed over, bent ones refuse the set."""
    published = jose.jwk_set([SIGNER.public, OTHER.public])
    published["keys"].append({"kty": "RSA", "n": "AQAB", "e": "AQAB"})  # type: ignore[attr-defined]
    read = jose.keys_of(json.dumps(published).encode())
    assert sorted(read.values()) == sorted([SIGNER.public, OTHER.public])
    short = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]}
    for bad in ({"keys": []}, {}, [], short, {"keys": [{"kty": "OKP", "crv": "Ed25519"}]}):
        with pytest.raises(ProofError, match=r"JWK Set|no Ed25519 key"):
            jose.keys_of(json.dumps(bad).encode())


def test_authority_key_is_private_and_stays(tmp_path: Path) -> None:
    """The key of an issuer is made once, for its owner alone."""
    made = key_files.load_or_make(tmp_path / "authority.key")
    assert key_files.load_or_make(tmp_path / "authority.key").public == made.public
    assert (tmp_path / "authority.key").stat().st_mode & 0o077 == 0
