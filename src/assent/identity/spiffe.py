"""SPIFFE ids (spiffe.io, SPIFFE-ID §2) and JWT-SVIDs: a workload says who it is, in its trust domain."""

from __future__ import annotations

import re
from collections.abc import Mapping

from assent.errors import RefusedError
from assent.model.issuer import Issuer

_ID = re.compile(r"(spiffe://[a-z0-9._-]{1,255})((?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+)+)\Z")


def parse(id: object) -> tuple[str, str]:
    """Trust domain (with its scheme) and path of a workload's id; two empty texts if it is none."""
    match = _ID.match(id) if isinstance(id, str) and len(id) <= 2048 else None
    return (match[1], match[2]) if match else ("", "")


def domain(claims: Mapping[str, object]) -> str:
    """The trust domain of a JWT-SVID, which is its issuer (JWT-SVID §3); empty if it is none."""
    return parse(claims.get("sub"))[0]


def check(claims: Mapping[str, object], issuer: Issuer) -> None:
    """The subject is a workload of the trust domain whose keys signed it.

    Raises:
        RefusedError: `token_claims`.
    """
    if domain(claims) != issuer.issuer or issuer.subject != "sub":
        raise RefusedError("token_claims", "JWT-SVID: its subject is no id of this trust domain")
