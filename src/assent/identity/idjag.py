"""Identity assertions (draft-ietf-oauth-identity-assertion-authz-grant §3): a client may act for a person."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from assent.errors import RefusedError
from assent.ports import Once


def check(claims: Mapping[str, object]) -> None:
    """It names its client, itself and when it was issued.

    Raises:
        RefusedError: `token_claims`.
    """
    for name in ("client_id", "jti"):
        value = claims.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= 512:
            raise RefusedError("token_claims", f"identity assertion: `{name}` is missing, or no text")
    if "iat" not in claims:
        raise RefusedError("token_claims", "identity assertion: `iat` is missing")


def once(claims: Mapping[str, object], expires: int) -> Once:
    """What remembers that it was used, until it would be too old anyway.

    Args:
        expires: when it expires, milliseconds since the epoch.
    """
    used = sha256(f"{claims['iss']} {claims['jti']}".encode()).hexdigest()
    return Once(f"assertion:{used}", expires + 60_000)
