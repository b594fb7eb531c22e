"""Ed25519 public keys as JSON Web Keys (RFC 8037 §2), and the thumbprints they are known by (RFC 7638)."""

from __future__ import annotations

import base64
import json
from hashlib import sha256

from assent_verify.canonical import canonicalize

_BYTES = 32  # of an Ed25519 public key


def jwk(public: bytes) -> str:
    """The JWK of a raw public key, with its required members alone: canonical JSON, as RFC 7638 §3 hashes it."""
    return canonicalize({"crv": "Ed25519", "kty": "OKP", "x": _text(public)}).decode()


def thumbprint(public: bytes) -> str:
    """The JWK thumbprint of a raw public key: SHA-256, base64url without padding."""
    return _text(sha256(jwk(public).encode()).digest())


def authenticator(public: bytes) -> str:
    """The id of the authenticator that a raw public key is."""
    return f"key:{thumbprint(public)}"


def raw(text: str) -> bytes:
    """The raw public key of a JWK in the one form that `jwk` writes.

    Raises:
        ValueError: it is not in this form.
    """
    told = json.loads(text)
    name = told.get("x") if isinstance(told, dict) else None
    public = base64.urlsafe_b64decode(f"{name}=") if isinstance(name, str) and name.isascii() else b""
    if len(public) != _BYTES or jwk(public) != text:
        raise ValueError("not the JWK of an Ed25519 key in its canonical form")
    return public


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
