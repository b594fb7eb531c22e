"""Mutual TLS (RFC 8705): which certificate a connection was made with, and who is known by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from assent.errors import RefusedError
from assent.identity import jws, spiffe

#: Where a server puts the certificate of the connection (DER) into the scope of each request: `scope["state"]`.
STATE = "assent_certificate"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client's certificate, whose chain the server's TLS has checked.

    Args:
        key: authenticator id of its public key, `x509:` and the hex SHA-256 of its SubjectPublicKeyInfo.
        workload: authenticator id of the workload that it names, `spiffe:` and its SPIFFE id; empty if none.
        thumbprint: `x5t#S256` (RFC 8705 §3.1).
    """

    key: str
    workload: str
    thumbprint: str


def of(scope: Mapping[str, Any]) -> Certificate | None:
    """The certificate of a request's connection; None if it has none.

    Raises:
        RefusedError: `certificate_malformed`.
    """
    der = scope.get("state", {}).get(STATE)
    return read(der) if der else None


def read(der: bytes) -> Certificate:
    """What a certificate is known by.

    Raises:
        RefusedError: `certificate_malformed`: it cannot be read, or names more than one workload (X509-SVID §2).
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        certificate = x509.load_der_x509_certificate(der)
        info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        found = [one.value for one in certificate.extensions if isinstance(one.value, x509.SubjectAlternativeName)]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RefusedError("certificate_malformed", "the connection's certificate cannot be read") from error
    uris = [uri for names in found for uri in names.get_values_for_type(x509.UniformResourceIdentifier)]
    workload = [uri for uri in uris if uri.startswith("spiffe:")]
    if len(workload) > 1 or (workload and not spiffe.parse(workload[0])[0]):
        raise RefusedError("certificate_malformed", "the connection's certificate names no single workload")
    named = f"spiffe:{workload[0]}" if workload else ""
    return Certificate(f"x509:{sha256(info).hexdigest()}", named, jws.encode(sha256(der).digest()))
