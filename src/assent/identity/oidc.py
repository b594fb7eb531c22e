"""ID tokens of people (OpenID Connect Core §3.1.3.7): what is asked beyond any JWT."""

from __future__ import annotations

from collections.abc import Mapping

from assent.errors import RefusedError
from assent.model.issuer import Issuer


def check(claims: Mapping[str, object], issuer: Issuer) -> None:
    """A token for several audiences must have been issued to one of ours, and one names when it was issued.

    Raises:
        RefusedError: `token_audience` or `token_claims`.
    """
    if "iat" not in claims:
        raise RefusedError("token_claims", "ID token: `iat` is missing")
    party = claims.get("azp")
    several = isinstance(claims.get("aud"), list) and len({*claims["aud"]}) > 1  # type: ignore[misc]
    if (party is not None or several) and party not in issuer.audience:
        raise RefusedError("token_audience", "ID token: it was issued to another party")
    if issuer.subject == "email" and claims.get("email_verified") is not True:
        raise RefusedError("token_claims", "ID token: its issuer has not verified `email`")
