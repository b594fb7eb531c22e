"""JOSE as Assent writes it: compact JWS with Ed25519 and nothing else (RFC 7515, RFC 8037).

A reader names the type and the keys it takes; what a token says of its own algorithm is
compared with the one there is, never followed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING

from assent_verify.canonical import canonicalize, parse

from assent.errors import ProofError
from assent.identity import jwk

if TYPE_CHECKING:
    from joserfc.jwk import OKPKey
    from joserfc.jws import JWSRegistry

    from assent.ports import Signer

ALGORITHM = "EdDSA"
#: Most characters of a token.
MOST = 64 * 1024
#: Chains nest in claims; deeper than any chain that is taken.
_DEPTH = 80


def sign(payload: bytes, typ: str, signer: Signer) -> str:
    """A compact JWS over these bytes.

    Args:
        typ: media type of the token, `NAME+jwt` (RFC 8725 §3.11).
        signer: with an Ed25519 key.
    """
    from joserfc import jws

    header = {"alg": ALGORITHM, "kid": jwk.thumbprint(signer.public), "typ": typ}
    return jws.serialize_compact(header, payload, _key(signer.public), registry=_signing(signer))


def opened(token: str, typ: str, keys: Mapping[str, bytes]) -> dict[str, object]:
    """The claims of a token that one of these keys has signed.

    Args:
        keys: RFC 7638 thumbprint → raw public key.

    Raises:
        ProofError: `token_malformed`: it is not in its one form. `token_type`: of another type or
            algorithm. `token_key`: signed with none of the keys. `token_signature`: it does not hold.
    """
    return _object(payload(token, typ, keys))


def payload(token: str, typ: str, keys: Mapping[str, bytes]) -> bytes:
    """The bytes that one of these keys has signed, whatever they hold.

    Raises:
        ProofError: as `opened`, save that nothing is said of the bytes.
    """
    from joserfc import jws
    from joserfc.errors import JoseError

    if len(token) > MOST or not token.isascii() or token.count(".") != 2:
        raise ProofError("token_malformed", f"a token is three segments of ASCII, at most {MOST} characters")
    header, _, _ = token.split(".")
    public = next((one for kid, one in keys.items() if header == _header(typ, kid)), None)
    if public is None:
        raise _unknown(header, typ)
    try:
        found = jws.extract_compact(token.encode(), registry=_registry())
        held = jws.validate_compact(found, _key(public), registry=_registry())
    except (JoseError, ValueError) as error:
        raise ProofError("token_malformed", "a segment of the token is not base64url") from error
    if not held:
        raise ProofError("token_signature", "the signature of the token does not hold")
    return found.payload


@lru_cache(maxsize=256)
def _header(typ: str, kid: str) -> str:
    """The one header of a type and key, as it stands in a token."""
    return segment(canonicalize({"alg": ALGORITHM, "kid": kid, "typ": typ}))


def _unknown(header: str, typ: str) -> ProofError:
    """What is wrong with a header that none of the keys has."""
    try:
        told = _object(_bytes(header))
    except ProofError as error:
        return error
    if header != segment(canonicalize(told)):
        return ProofError("token_malformed", "the header of the token is not in its one spelling")
    if told.keys() != {"alg", "kid", "typ"} or (told["alg"], told["typ"]) != (ALGORITHM, typ):
        return ProofError("token_type", f"expected a token of type `{typ}`, signed by `{ALGORITHM}`")
    return ProofError("token_key", "the token is signed with none of the keys that are trusted here")


def jwk_set(publics: Iterable[bytes]) -> dict[str, object]:
    """The JWK Set of some public keys (RFC 7517 §5), as it is published."""
    more = {"alg": ALGORITHM, "use": "sig"}
    return {"keys": [json.loads(jwk.jwk(one)) | more | {"kid": jwk.thumbprint(one)} for one in publics]}


def keys_of(text: bytes) -> dict[str, bytes]:
    """The Ed25519 keys of a JWK Set by their thumbprints; others are passed over, as RFC 7517 §5 asks.

    Raises:
        ProofError: `jwks_malformed`: it is no JWK Set, or holds no such key.
    """
    found: dict[str, bytes] = {}
    told = parse(text, max_bytes=MOST)
    listed = told.get("keys") if isinstance(told, dict) else None
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or (one.get("kty"), one.get("crv")) != ("OKP", "Ed25519"):
            continue
        try:
            public = jwk.raw(canonicalize({name: one.get(name) for name in ("crv", "kty", "x")}).decode())
        except ValueError as error:
            raise ProofError("jwks_malformed", "a key of the set is no Ed25519 key") from error
        found[jwk.thumbprint(public)] = public
    if not found:
        raise ProofError("jwks_malformed", "expected a JWK Set with an Ed25519 key")
    return found


def segment(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """What a segment holds: base64url without padding, in its one spelling (RFC 7515 §2)."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise ProofError("token_malformed", "a segment of the token is not base64url") from error
    if not data or segment(data) != text:
        raise ProofError("token_malformed", "a segment of the token is not in its one spelling")
    return data


def _object(data: bytes) -> dict[str, object]:
    try:
        told = parse(data, max_depth=_DEPTH)
    except ProofError as error:
        raise ProofError("token_malformed", f"the token does not hold JSON: {error.message}") from error
    if not isinstance(told, dict):
        raise ProofError("token_malformed", "the token does not hold an object")
    return told


@lru_cache(maxsize=64)
def _key(public: bytes) -> OKPKey:
    from joserfc.jwk import OKPKey

    return OKPKey.import_key(json.loads(jwk.jwk(public)))


@lru_cache(maxsize=1)
def _registry() -> JWSRegistry:
    """One algorithm, so that no header can choose."""
    from joserfc.jws import JWSRegistry

    only = copy(JWSRegistry.algorithms[ALGORITHM])
    # RFC 9864 gives Ed25519 a name of its own, which few readers know yet; the bytes are the same
    only.security_warning = None
    registry = JWSRegistry(algorithms=[ALGORITHM])
    registry.algorithms = {ALGORITHM: only}
    registry.max_payload_length = MOST
    registry.check_header = lambda header: None  # type: ignore[method-assign]  # it is one of `_header`, to the byte
    return registry


def _signing(signer: Signer) -> JWSRegistry:
    """The same, to sign through the port, wherever the key lies."""
    registry = copy(_registry())
    only = copy(registry.algorithms[ALGORITHM])
    only.sign = lambda msg, key: signer.sign(msg)  # type: ignore[method-assign]
    registry.algorithms = {ALGORITHM: only}
    return registry
