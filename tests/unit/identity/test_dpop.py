"""DPoP proofs: for one request, by one key, once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assent.errors import RefusedError
from assent.identity import dpop
from assent.ports import Once
from assent.stores.memory import MemoryStore
from assent.stores.sqlite import SqliteStore
from tests.unit.identity import forge
from tests.unit.identity.forge import NOW, b64

URL = "https://assent.example/token"
KEY = forge.ed25519()


def check(text: str, token: str = "") -> dpop.Proof:
    return dpop.check(text, "POST", URL, NOW * 1000, token)


@pytest.mark.parametrize("make", [forge.ed25519, forge.p256, forge.rsa_key])
def test_a_good_proof_names_its_key(make: Callable[[], forge.Key]) -> None:
    """By the thumbprint that tokens are bound to."""
    key = make()
    assert check(forge.proof(key)).jkt == key.jkt


@pytest.mark.parametrize("url", ["HTTPS://Assent.Example/token", "https://assent.example:443/token"])
def test_an_address_in_another_spelling_is_the_same(url: str) -> None:
    """RFC 9449 §4.3: scheme, host and port compare as RFC 3986 says."""
    assert check(forge.proof(KEY, url=url))


PROOFS: list[tuple[str, dict[str, object], str]] = [
    ("another method", {"method": "GET"}, "dpop_request"),
    ("another path", {"url": "https://assent.example/revoke"}, "dpop_request"),
    ("another host", {"url": "https://evil.example/token"}, "dpop_request"),
    ("another port", {"url": "https://assent.example:8443/token"}, "dpop_request"),
    ("another scheme", {"url": "http://assent.example/token"}, "dpop_request"),
    ("no address", {"htu": None}, "dpop_request"),
    ("an address that is none", {"htu": "https://[::1"}, "dpop_request"),
    ("made five minutes ago", {"iat": NOW - 300}, "dpop_time"),
    ("made five minutes ahead", {"iat": NOW + 300}, "dpop_time"),
    ("no time", {"iat": None}, "dpop_malformed"),
    ("no id", {"jti": None}, "dpop_malformed"),
    ("an empty id", {"jti": ""}, "dpop_malformed"),
    ("an id without end", {"jti": "x" * 257}, "dpop_malformed"),
    ("a token's type", {"header": {"typ": "at+jwt"}}, "dpop_malformed"),
    ("no key", {"header": {"jwk": None}}, "dpop_malformed"),
    ("a private key", {"header": {"jwk": {**KEY.jwk, "d": b64(b"x" * 32)}}}, "dpop_malformed"),
    ("a symmetric key", {"header": {"jwk": {"kty": "oct", "k": b64(b"x" * 32)}}}, "dpop_malformed"),
    ("a key that is none", {"header": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}}, "dpop_malformed"),
    ("another's key", {"header": {"jwk": forge.ed25519().jwk}}, "token_signature"),
    ("alg none", {"header": {"alg": "none"}}, "token_algorithm"),
    ("an HMAC", {"header": {"alg": "HS256"}}, "token_algorithm"),
    ("the algorithm of another key", {"header": {"alg": "ES256"}}, "token_algorithm"),
    ("for a token where none is presented", {"token": "abc"}, "dpop_token"),
]


@pytest.mark.parametrize(("changed", "code"), [each[1:] for each in PROOFS], ids=[each[0] for each in PROOFS])
def test_a_proof_that_is_wrong_is_named(changed: dict[str, object], code: str) -> None:
    """And never shown."""
    with pytest.raises(RefusedError) as refused:
        check(forge.proof(KEY, **changed))  # type: ignore[arg-type]
    assert refused.value.code == code
    assert KEY.jwk["x"] not in refused.value.message


def test_a_proof_belongs_to_the_token_it_was_made_for() -> None:
    """RFC 9449 §7: otherwise a proof for one could present another of the same key."""
    assert check(forge.proof(KEY, token="abc"), "abc")
    for text in (forge.proof(KEY, token="abd"), forge.proof(KEY)):
        with pytest.raises(RefusedError) as refused:
            check(text, "abc")
        assert refused.value.code == "dpop_token"


def test_a_proof_counts_once_for_all_processes_of_a_home(tmp_path: Path) -> None:
    """Ten at the same time over two openings of one database: one goes through."""
    (tmp_path / "home").mkdir(mode=0o700)
    stores = [SqliteStore(tmp_path / "home") for _ in range(2)]
    proof = check(forge.proof(KEY))

    def use(at: int) -> bool:
        try:
            with stores[at % 2].begin() as tx:
                dpop.spend(tx, proof)
        except RefusedError as refused:
            assert refused.code == "dpop_replayed"
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, range(10))) == 1
    for one in stores:
        one.close()


def test_two_keys_may_use_one_id() -> None:
    """An id of one key is not burnt by another's."""
    store = MemoryStore()
    with store.begin() as tx:
        dpop.spend(tx, check(forge.proof(KEY)))
        dpop.spend(tx, check(forge.proof(forge.ed25519())))


def test_ids_are_forgotten_when_their_proofs_are_too_old_anyway() -> None:
    """Storage is bounded by expiry, and what is forgotten cannot come back."""
    store = MemoryStore()
    with store.begin() as tx:
        dpop.spend(tx, check(forge.proof(KEY)))
        dpop.tidy(tx, (NOW + dpop.AGE + dpop.LEEWAY) * 1000)
        assert len(tx.find_all(Once)) == 1
    later = (NOW + dpop.AGE + dpop.LEEWAY + 2) * 1000
    with store.begin() as tx:
        dpop.tidy(tx, later)
        assert not tx.find_all(Once)
    with pytest.raises(RefusedError) as refused:
        dpop.check(forge.proof(KEY), "POST", URL, later)
    assert refused.value.code == "dpop_time"
