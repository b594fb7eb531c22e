"""DPoP (RFC 9449): a request is signed by the key that its token is bound to, and each proof counts once."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assent.errors import RefusedError
from assent.identity import jws
from assent.ports import Once, Transaction

if TYPE_CHECKING:
    from joserfc.jwk import Key

#: Seconds that a proof counts, and that two clocks may differ by.
AGE, LEEWAY = 60, 30
#: Longest proof, in bytes: an RSA key of 4,096 bits fits.
MOST = 4 * 1024
_PUBLIC = {"OKP": {"kty", "crv", "x"}, "EC": {"kty", "crv", "x", "y"}, "RSA": {"kty", "n", "e"}}
_BESIDE = frozenset({"kid", "alg", "use", "key_ops"})
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds, still to be used up.

    Args:
        jkt: RFC 7638 thumbprint of the key that made it.
        once: what remembers it until it would be too old anyway.
    """

    jkt: str
    once: Once


def check(proof: str, method: str, url: str, now: int, token: str = "") -> Proof:
    """Check a proof against the request that it came with (RFC 9449 §4.3).

    Args:
        url: of the request, as it is known outside.
        now: milliseconds since the epoch.
        token: the access token that was presented with it; empty at the token endpoint.

    Raises:
        RefusedError: `dpop_malformed`, `dpop_request`, `dpop_time` or `dpop_token`, or what `jws.check` raises.
    """
    read = jws.read(proof, MOST, "DPoP proof")
    claims = read.claims
    if read.type != "dpop+jwt":
        raise RefusedError("dpop_malformed", "DPoP proof: expected the type `dpop+jwt`")
    key = _key(read.header.get("jwk"))
    jws.check(read, key, what="DPoP proof")
    id, at = claims.get("jti"), claims.get("iat")
    if not isinstance(id, str) or not 1 <= len(id) <= 256 or isinstance(at, bool) or not isinstance(at, int):
        raise RefusedError("dpop_malformed", "DPoP proof: expected a text `jti` and a number `iat`")
    if claims.get("htm") != method or _plain(claims.get("htu")) != _plain(url):
        raise RefusedError("dpop_request", "DPoP proof: it was made for another method or address")
    seconds = now // 1000
    if not seconds - AGE - LEEWAY <= at <= seconds + LEEWAY:
        off = seconds - at
        text = f"DPoP proof: made {abs(off)} s {'ago' if off > 0 else 'ahead'}, counts for {AGE} s"
        raise RefusedError("dpop_time", text, help="make one for each request; set both clocks")
    hash = jws.encode(sha256(token.encode()).digest()) if token else None
    if claims.get("ath") != hash:
        raise RefusedError("dpop_token", "DPoP proof: it was made for another token")
    jkt = key.thumbprint()
    used = sha256(f"{jkt} {id}".encode()).hexdigest()
    return Proof(jkt, Once(f"dpop:{used}", (at + AGE + LEEWAY + 1) * 1000))


def spend(tx: Transaction, proof: Proof) -> None:
    """Use a proof up, for every process of the home.

    Raises:
        RefusedError: `dpop_replayed`.
    """
    if tx.find(Once, proof.once.id) is not None:
        raise RefusedError("dpop_replayed", "DPoP proof: it was used before", help="make one for each request")
    tx.put(proof.once)


def tidy(tx: Transaction, now: int) -> None:
    """Forget ids that would be too old anyway."""
    for one in tx.find_all(Once, "expires", now):
        tx.drop(Once, one.id)


def _key(told: object) -> Key:
    """The public key in a proof's header (RFC 9449 §4.2).

    Raises:
        RefusedError: `dpop_malformed`.
    """
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    members = _PUBLIC.get(str(told.get("kty"))) if isinstance(told, dict) else None
    if members is None or not isinstance(told, dict) or not members <= told.keys() <= members | _BESIDE:
        raise RefusedError("dpop_malformed", "DPoP proof: expected a public key as `jwk`, and nothing private")
    try:
        return import_key({name: told[name] for name in members})
    except (JoseError, ValueError, TypeError) as error:
        raise RefusedError("dpop_malformed", "DPoP proof: its `jwk` is no key") from error


def _plain(url: object) -> tuple[str, str, int | None, str] | None:
    """What counts of an address: no query, no fragment, the default port left out (RFC 9449 §4.3, RFC 3986 §6.2)."""
    if not isinstance(url, str) or len(url) > 2048:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, parts.hostname or "", port, parts.path or "/"
