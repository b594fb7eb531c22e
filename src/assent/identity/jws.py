"""Compact JWS of others (RFC 7515 §7.1), read strictly and checked by `joserfc`; `jose` is for those of Assent.

One spelling is accepted: three parts of base64url without padding, JSON in which no
member stands twice, no critical extension. Only asymmetric algorithms exist here: what
`none` or an HMAC says is refused before any key is looked for.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assent_verify.canonical import parse

from assent.errors import ProofError, RefusedError

if TYPE_CHECKING:
    from joserfc.jwk import Key

#: Longest token, in bytes, and how deep its JSON may nest.
MOST, DEPTH = 16 * 1024, 16
#: Algorithm → type of its keys (RFC 7518 §3.1, RFC 8037, RFC 9864). There are no others.
ALGORITHMS: Mapping[str, str] = {
    "EdDSA": "OKP", "Ed25519": "OKP", "ES256": "EC", "ES384": "EC", "ES512": "EC",
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "PS256": "RSA", "PS384": "RSA", "PS512": "RSA",
}  # fmt: skip
_PART = re.compile(r"[A-Za-z0-9_-]+\Z")


@dataclass(frozen=True, slots=True)
class Jws:
    """What a token says; nothing of it is true before `check`.

    Args:
        header: the protected header.
        claims: the payload, a JSON object.
        compact: the token itself, which no message shows.
    """

    header: Mapping[str, object]
    claims: Mapping[str, object]
    compact: str = field(repr=False)

    @property
    def type(self) -> str:
        """`typ` without `application/`, in lower case (RFC 7515 §4.1.9); empty if there is none."""
        typ = self.header.get("typ", "")
        return typ.lower().removeprefix("application/") if isinstance(typ, str) else "?"


def read(text: str, most: int = MOST, what: str = "token") -> Jws:
    """Read a compact JWS whose payload is a JSON object.

    Args:
        most: longest that is read.
        what: what it is called in a refusal.

    Raises:
        RefusedError: `token_malformed`: it has no such form. `token_algorithm`: `none`, an HMAC or an unknown one.
    """
    if len(text) > most:
        raise RefusedError("token_malformed", f"{what}: longer than {most} bytes")
    parts = text.split(".")
    if len(parts) != 3:
        raise RefusedError("token_malformed", f"{what}: expected three parts, got {len(parts)}")
    header, claims = _object(parts[0], what, "header"), _object(parts[1], what, "payload")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        known = f"`{algorithm}`" if isinstance(algorithm, str) and re.fullmatch(r"\w{1,12}", algorithm) else "another"
        raise RefusedError("token_algorithm", f"{what}: expected an asymmetric algorithm, got {known}")
    _decode(parts[2], what, "signature")
    if "crit" in header or "b64" in header:
        raise RefusedError("token_malformed", f"{what}: critical extensions are not known here")
    return Jws(header, claims, text)


def check(jws: Jws, key: Key, algorithms: Collection[str] = tuple(ALGORITHMS), what: str = "token") -> None:
    """Check the signature.

    Raises:
        RefusedError: `token_algorithm`: not one of these, or not one of this key. `token_signature`: it does not hold.
    """
    from joserfc import jws as jose
    from joserfc.errors import JoseError

    algorithm = str(jws.header["alg"])
    if algorithm not in algorithms or ALGORITHMS[algorithm] != key.key_type:
        raise RefusedError("token_algorithm", f"{what}: `{algorithm}` is not accepted with this key")
    only = copy(jose.JWSRegistry.algorithms[algorithm])
    only.security_warning = None  # `EdDSA` has a newer name (RFC 9864), and most issuers write the old one
    registry = jose.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.algorithms = {algorithm: only}
    registry.max_header_length = registry.max_payload_length = MOST
    try:
        jose.deserialize_compact(jws.compact, key, registry=registry)
    except (JoseError, ValueError, TypeError) as error:
        raise RefusedError("token_signature", f"{what}: its signature does not hold") from error


def encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(part: str, what: str, which: str) -> bytes:
    """Bytes of base64url in its one spelling."""
    try:
        if not _PART.match(part):
            raise ValueError
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (ValueError, binascii.Error) as error:
        raise RefusedError("token_malformed", f"{what}: its {which} is not base64url") from error
    if encode(data) != part:
        raise RefusedError("token_malformed", f"{what}: its {which} is not base64url in its one spelling")
    return data


def _object(part: str, what: str, which: str) -> Mapping[str, object]:
    try:
        value = parse(_decode(part, what, which), max_depth=DEPTH, max_bytes=MOST)
    except ProofError as error:
        raise RefusedError("token_malformed", f"{what}: its {which} is not JSON that reads in one way") from error
    if not isinstance(value, dict):
        raise RefusedError("token_malformed", f"{what}: its {which} is no object")
    return value
