"""Permits as signed tokens (docs/permits.md): what the gateway writes and an executor reads.

Reading is offline and judges neither time nor use: that is the consumption store's,
in the transaction that consumes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assent_verify.canonical import canonicalize, digest, parse

from assent.errors import ProofError, RefusedError
from assent.identity import jose
from assent.model.action import Referent
from assent.model.decision import Obligation
from assent.model.ids import ActionDigest, AttemptId, Digest, LeafIndex, PermitId, PrincipalId, SessionId
from assent.model.permit import Permit
from assent.model.presented import Presented
from assent.ports import Signer

TYPE = "assent-permit+jwt"
#: Where a home takes permits over HTTP.
CONSUME_PATH = "/permits/consume"
#: Longest time between issue and expiry, in seconds.
LONGEST = 60
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_ID = re.compile(r"[a-z]{3,4}_[a-z2-7]{25}[aeimquy4]\Z")
_CLAIMS = frozenset({"asn", "aud", "exp", "iat", "iss", "jti", "sub"})
_OURS = frozenset(
    "action attempt chain definition epoch leaf method obligations principal receipt "
    "referents server session tool".split()
)
_MOST_ACTORS = 64
_FLAT = 100  # brackets that cannot nest deeper than a reader's stack


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose permits an executor takes.

    Args:
        issuer: origin of the log of the home.
        keys: RFC 7638 thumbprint → raw Ed25519 public key.
    """

    issuer: str
    keys: Mapping[str, bytes]

    @classmethod
    def parse(cls, text: bytes) -> Trust:
        """The JWK Set that `assent permits jwks` prints, which names its issuer.

        Raises:
            ProofError: `jwks_malformed`, or it is no JSON.
        """
        told = parse(text, max_bytes=jose.MOST)
        issuer = told.get("issuer") if isinstance(told, dict) else None
        if not isinstance(issuer, str) or not issuer:
            raise ProofError("jwks_malformed", "the JWK Set names no issuer", help="write: assent permits jwks")
        return cls(issuer, jose.keys_of(text))

    @staticmethod
    def published(issuer: str, publics: Sequence[bytes]) -> bytes:
        """The JWK Set of an issuer, as `parse` reads it."""
        return canonicalize({**jose.jwk_set(publics), "issuer": issuer})


def mint(permit: Permit, issuer: str, signer: Signer) -> str:
    """The token of a permit whose receipt is durable.

    Raises:
        RefusedError: `permit_too_large`: what it names is more than an executor would read.
    """
    action = permit.action
    subject, *actors = permit.principals or (action.principal,)
    act: dict[str, object] | None = None
    for one in actors:  # RFC 8693 §4.1: the present actor outside, the prior ones nested within
        act = {"sub": one} if act is None else {"act": act, "sub": one}
    claims: dict[str, object] = {
        "asn": {
            "action": action.digest,
            "attempt": permit.attempt,
            "chain": list(action.chain),
            "definition": action.definition,
            "epoch": permit.epoch,
            "leaf": permit.leaf,
            "method": action.method,
            "obligations": obliged(permit.obligations),
            "principal": action.principal,
            "receipt": permit.receipt,
            "referents": [one.as_json() for one in action.referents],
            "server": action.server,
            "session": action.session,
            "tool": action.tool,
        },
        "aud": permit.audience,
        "exp": permit.expires // 1000,
        "iat": permit.issued // 1000,
        "iss": issuer,
        "jti": permit.id,
        "sub": subject,
        **({"act": act} if act else {}),
    }
    payload = canonicalize(claims)
    if len(payload) * 4 > (jose.MOST - 1024) * 3:
        raise RefusedError("permit_too_large", "the permit would name more than an executor reads")
    return jose.sign(payload, TYPE, signer)


@lru_cache(maxsize=256)
def obliged(obligations: tuple[Obligation, ...]) -> Digest:
    """The digest of what must be carried out with a permit."""
    told = [{"kind": one.kind, "on": one.on, "policy": one.policy, "value": one.value} for one in obligations]
    return Digest(digest(canonicalize(told)))


def read(token: str, trust: Trust) -> Presented:
    """What a token says, if the issuer's key has signed it.

    Raises:
        ProofError: `token_…`, or `permit_malformed`: a claim is missing, unknown or not in its form.
    """
    claims = _claims(jose.payload(token, TYPE, trust.keys))
    ours = claims.get("asn")
    if claims.keys() - {"act"} != _CLAIMS or not isinstance(ours, dict) or ours.keys() != _OURS:
        raise _malformed("its members are not those of a permit")
    subject, actors = PrincipalId(_text(claims["sub"])), _actors(claims["act"]) if "act" in claims else ()
    issued, expires = _number(claims["iat"]), _number(claims["exp"])
    if not 0 < expires - issued <= LONGEST:
        raise _malformed(f"it expires before it is issued, or more than {LONGEST} s later")
    principal = PrincipalId(_text(ours["principal"]))
    if principal != (actors[0] if actors else subject):
        raise _malformed("`principal` is not who acts")
    if claims["iss"] != trust.issuer:
        raise ProofError("token_key", "the permit is of another issuer than the one that is trusted here")
    return Presented(
        issuer=trust.issuer,
        subject=subject,
        actors=actors,
        audience=_text(claims["aud"]),
        id=PermitId(_id(claims["jti"], "prm")),
        issued=issued,
        expires=expires,
        attempt=AttemptId(_id(ours["attempt"], "att")),
        session=SessionId(_id(ours["session"], "ses")),
        chain=tuple(_text(one) for one in _list(ours["chain"])),
        principal=principal,
        server=_text(ours["server"]),
        method=_text(ours["method"]),
        tool=_text(ours["tool"]),
        definition=None if ours["definition"] is None else _digest(ours["definition"]),
        referents=tuple(_referent(one) for one in _list(ours["referents"])),
        action=ActionDigest(_digest(ours["action"])),
        obligations=_digest(ours["obligations"]),
        receipt=LeafIndex(_number(ours["receipt"])),
        leaf=_digest(ours["leaf"]),
        epoch=_number(ours["epoch"]),
    )


def _claims(data: bytes) -> dict[str, object]:
    """The claims, in canonical form: their own spelling shows that no member stands twice."""
    flat = data.count(b"{") + data.count(b"[") <= _FLAT
    try:
        told = json.loads(data) if flat else parse(data, max_depth=_FLAT)
    except ValueError as error:
        raise _malformed("it does not hold JSON") from error
    if not isinstance(told, dict) or canonicalize(told) != data:
        raise _malformed("its claims are no object in canonical form")
    return told


def _malformed(why: str) -> ProofError:
    return ProofError("permit_malformed", f"not a permit: {why}")


def _actors(told: object) -> tuple[PrincipalId, ...]:
    """Who acts, then for whom that one acts, and so on; the subject is not among them."""
    found: list[PrincipalId] = []
    while told is not None:
        if not isinstance(told, dict) or not {"sub"} <= told.keys() <= {"act", "sub"} or len(found) >= _MOST_ACTORS:
            raise _malformed("`act` is no chain of actors")
        found.append(PrincipalId(_text(told["sub"])))
        told = told.get("act")
    return tuple(found)


def _referent(told: object) -> Referent:
    if not isinstance(told, dict) or told.keys() != {"digest", "kind", "name"}:
        raise _malformed("a referent has other members")
    pinned = None if told["digest"] is None else _digest(told["digest"])
    return Referent(_text(told["kind"]), _text(told["name"], blank=True), pinned)


def _text(told: object, *, blank: bool = False) -> str:
    if not isinstance(told, str) or not (told or blank):
        raise _malformed("expected a text")
    return told


def _id(told: object, prefix: str) -> str:
    text = _text(told)
    if not _ID.match(text) or not text.startswith(f"{prefix}_"):
        raise _malformed(f"expected an id `{prefix}_…`")
    return text


def _digest(told: object) -> Digest:
    text = _text(told)
    if not _DIGEST.match(text):
        raise _malformed("expected a digest")
    return Digest(text)


def _number(told: object) -> int:
    if isinstance(told, bool) or not isinstance(told, int) or told < 0:
        raise _malformed("expected a number")
    return told


def _list(told: object) -> list[object]:
    if not isinstance(told, list):
        raise _malformed("expected a list")
    return told
