"""Scoping a secret down: exchanging it at its issuer for a token that is good for less, and not for long (RFC 8693)."""

from __future__ import annotations

import json
import time

import httpx2

from assent.errors import UnavailableError
from assent.model.credential import Secret

#: Seconds for the whole exchange; bytes of its answer.
PATIENCE_S, MOST = 15.0, 64 * 1024
#: A token is not used in its last seconds, nor longer than this, nor for less time than that.
_MARGIN_S, _LONGEST_S, _UNSAID_S = 30, 3_600, 300
_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS = "urn:ietf:params:oauth:token-type:access_token"
_HELP = "look at the address, the scope and the audience that `assent credentials add` was given"


async def exchange(http: httpx2.AsyncClient, url: str, secret: Secret, resource: str) -> tuple[str, float]:
    """A token for the secret, and the monotonic time (s) until which it may be used.

    Args:
        url: the issuer's token endpoint.
        resource: where the token is to be good (RFC 8707), if no audience was named.

    Raises:
        UnavailableError: `not_exchanged`: no answer, a refusal, or a token of another kind.
    """
    form = {
        "grant_type": _GRANT,
        "requested_token_type": _ACCESS,
        "subject_token": secret.text,
        "subject_token_type": _ACCESS,
        **({"audience": secret.audience} if secret.audience else {"resource": resource}),
        **({"scope": secret.scope} if secret.scope else {}),
    }
    made = {"Accept": "application/json", "Accept-Encoding": "identity"}
    begun = time.monotonic()
    try:
        async with http.stream("POST", url, data=form, headers=made, timeout=PATIENCE_S) as answer:
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > MOST or time.monotonic() - begun > PATIENCE_S:
                    raise UnavailableError("not_exchanged", "the issuer's answer does not end", help=_HELP)
            status = answer.status_code
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        text = f"the issuer of the credential gave no answer: {type(error).__name__}"
        raise UnavailableError("not_exchanged", text, help=_HELP) from error
    if status != 200:
        raise UnavailableError("not_exchanged", f"the issuer refused the exchange: status {status}", help=_HELP)
    return _token(bytes(body), begun)


def _token(body: bytes, begun: float) -> tuple[str, float]:
    """RFC 8693 §2.2.1, read strictly: a bearer token and nothing else."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    told = told if isinstance(told, dict) else {}
    token, kind, life = told.get("access_token"), told.get("token_type"), told.get("expires_in", _UNSAID_S)
    good = isinstance(token, str) and token.isascii() and token.isprintable() and 8 <= len(token) <= 16_384
    if not good or not isinstance(token, str) or " " in token or str(kind).lower() != "bearer":
        raise UnavailableError("not_exchanged", "the issuer answered with no bearer token", help=_HELP)
    seconds = life if type(life) is int and life > 0 else _UNSAID_S
    return token, begun + max(min(seconds, _LONGEST_S) - _MARGIN_S, 1)
