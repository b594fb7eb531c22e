"""Tokens made by hand: an issuer with keys of its own, and every way to get one wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

NOW = 1_764_000_000  # seconds


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int) -> str:
    """A number as JWKs have it."""
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass
class Key:
    """A private key and its public JWK."""

    private: Any
    kid: str = "one"

    @property
    def jwk(self) -> dict[str, str]:
        public = self.private.public_key()
        if isinstance(self.private, Ed25519PrivateKey):
            return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
        numbers = public.public_numbers()
        if isinstance(self.private, rsa.RSAPrivateKey):
            return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": b64(numbers.x.to_bytes(32, "big")),
            "y": b64(numbers.y.to_bytes(32, "big")),
        }

    @property
    def listed(self) -> dict[str, str]:
        return {**self.jwk, "kid": self.kid, "use": "sig"}

    @property
    def algorithm(self) -> str:
        return {"OKP": "EdDSA", "RSA": "RS256", "EC": "ES256"}[self.jwk["kty"]]

    @property
    def jkt(self) -> str:
        """RFC 7638, by hand."""
        text = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return b64(hashlib.sha256(text.encode()).digest())

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(data)
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def ed25519(kid: str = "one") -> Key:
    return Key(Ed25519PrivateKey.generate(), kid)


def p256(kid: str = "one") -> Key:
    return Key(ec.generate_private_key(ec.SECP256R1()), kid)


def rsa_key(kid: str = "one", size: int = 2048) -> Key:
    return Key(rsa.generate_private_key(65537, size), kid)


def part(value: object) -> str:
    """JSON, or the text itself, in base64url."""
    return b64((value if isinstance(value, str) else json.dumps(value)).encode())


def token(key: Key, header: object, claims: object, signature: bytes | None = None) -> str:
    """A compact JWS of whatever header and claims."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{b64(key.sign(signed.encode()) if signature is None else signature)}"


def hmac_token(secret: bytes, header: object, claims: object) -> str:
    """A compact JWS with HMAC-SHA-256: key confusion takes a public key for the secret."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


@dataclass
class Provider:
    """An issuer: its keys, and tokens with one thing changed."""

    key: Key = field(default_factory=ed25519)
    name: str = "https://idp.example"
    typ: str = "at+jwt"

    @property
    def jwks(self) -> bytes:
        return json.dumps({"keys": [self.key.listed]}).encode()

    def claims(self, **changed: object) -> dict[str, object]:
        given: dict[str, object] = {
            "iss": self.name,
            "sub": "bot-7",
            "aud": "https://assent.example",
            "iat": NOW - 5,
            "exp": NOW + 300,
            "jti": "t-1",
        }
        return {name: value for name, value in (given | changed).items() if value is not None}

    def header(self, **changed: object) -> dict[str, object]:
        given: dict[str, object] = {"alg": self.key.algorithm, "kid": self.key.kid, "typ": self.typ}
        return {name: value for name, value in (given | changed).items() if value is not None}

    def issue(self, **changed: object) -> str:
        return token(self.key, self.header(), self.claims(**changed))


def proof(key: Key, method: str = "POST", url: str = "https://assent.example/token", **changed: object) -> str:
    """A DPoP proof with claims changed; `header` changes its header, `token` binds it to an access token."""
    header = {"typ": "dpop+jwt", "alg": key.algorithm, "jwk": key.jwk} | dict(changed.pop("header", {}))  # type: ignore[call-overload]
    claims: dict[str, object] = {"jti": "p-1", "htm": method, "htu": url, "iat": NOW}
    if text := changed.pop("token", ""):
        claims["ath"] = b64(hashlib.sha256(str(text).encode()).digest())
    return token(key, header, {name: value for name, value in (claims | changed).items() if value is not None})
