"""Access tokens that a home issues (RFC 9068): who acts on whose behalf, for whom, and whose key it is bound to.

A token names a delegation of the home and holds no more than it. Edges of the home and
its introspection look the delegation up, so that what was taken back is worth nothing at
once; to whoever only checks signatures it is good until it expires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assent_verify.canonical import canonicalize

from assent.errors import ProofError, RefusedError
from assent.identity import jose, jws, tokens
from assent.model.grant import MOST_LINKS, Grant, Limits
from assent.model.ids import DelegationId, PrincipalId
from assent.model.principal import Authenticator
from assent.model.revocation import Revocation
from assent.ports import Reader, Signer

TYPE = "at+jwt"
#: Type of the authorization details (RFC 9396 §2) that say what was delegated.
DETAILS = "assent_delegation"
_CLAIMS = frozenset(
    {"iss", "sub", "client_id", "aud", "exp", "iat", "jti", "act", "cnf", "authorization_details", "delegation"}
)


@dataclass(frozen=True, slots=True)
class Access:
    """A token of this home whose signature, audience and time hold.

    Args:
        delegation: what it stands on.
        actor: who acts.
        audience: whom it is meant for.
        expires: milliseconds since the epoch.
        jkt: thumbprint of the key that it is bound to; empty if to none.
    """

    delegation: DelegationId
    actor: PrincipalId
    audience: tuple[str, ...]
    expires: int
    jkt: str

    def held(self, jkt: str) -> None:
        """Is it held by whom it is bound to?

        Raises:
            RefusedError: `token_holder`.
        """
        if self.jkt and self.jkt != jkt:
            help = "prove the key that it was issued for: a DPoP proof, or --key at the command line"
            raise RefusedError("token_holder", "token: it is bound to a key that was not proven", help=help)


@dataclass(frozen=True, slots=True)
class Issue:
    """What a token is to say beside its chain.

    Args:
        issuer: address of this home.
        id: its own id.
        now, expires: milliseconds since the epoch.
    """

    issuer: str
    id: str
    audience: tuple[str, ...]
    now: int
    expires: int
    jkt: str


def issue(wanted: Issue, chain: Sequence[Grant], signer: Signer) -> str:
    """A token that stands on the last link of a chain.

    Args:
        chain: root first.
        signer: the home's authority key.
    """
    last = chain[-1]
    claims: dict[str, object] = {
        "iss": wanted.issuer,
        "sub": chain[0].issuer,
        "client_id": last.subject,
        "aud": list(wanted.audience),
        "iat": wanted.now // 1000,
        "exp": wanted.expires // 1000,
        "jti": wanted.id,
        "act": actors([one.subject for one in chain]),
        "authorization_details": [details(one.limits) for one in chain],
        "delegation": last.id,
    }
    if wanted.jkt:
        claims["cnf"] = {"jkt": wanted.jkt}
    return jose.sign(canonicalize(claims), TYPE, signer)


def actors(subjects: Sequence[str]) -> dict[str, object]:
    """`act` (RFC 8693 §4.1): who acts now, and nested in it on whose behalf.

    Args:
        subjects: whom was delegated to, root first.
    """
    nested: dict[str, object] = {}
    for subject in subjects:
        nested = {"sub": subject} | ({"act": nested} if nested else {})
    return nested


def details(limits: Limits) -> dict[str, object]:
    """What one link restricts, as authorization details (RFC 9396 §2.2)."""
    told: dict[str, object] = {"type": DETAILS, "depth": limits.depth}
    for name in ("actions", "servers"):
        if (values := getattr(limits, name)) is not None:
            told[name] = list(values)
    if limits.targets:
        told["targets"] = {kind: list(patterns) for kind, patterns in limits.targets.items()}
    if limits.condition:
        told["condition"] = limits.condition
    if limits.calls is not None:
        told["calls"] = limits.calls
    return told


def mine(text: str, issuer: str) -> bool:
    """Does a token say that this home issued it? Nothing else of it is believed.

    Raises:
        RefusedError: `token_malformed` or `token_algorithm`.
    """
    return bool(issuer) and jws.read(text).claims.get("iss") == issuer


def read(text: str, issuer: str, keys: Mapping[str, bytes], now: int, audience: str = "") -> Access:
    """Read a token of this home.

    Args:
        keys: the home's authority keys: thumbprint → raw public key.
        now: milliseconds since the epoch.
        audience: whom it must be meant for; empty for anybody.

    Raises:
        RefusedError: `token_malformed`, `token_type`, `token_key`, `token_signature`, `token_issuer`, `token_claims`,
            `token_expired`, `token_early` or `token_audience`.
    """
    try:
        claims = jose.opened(text, TYPE, keys)
    except ProofError as error:
        raise RefusedError(error.code, error.message) from error
    told = (claims.get("delegation"), claims.get("client_id"), claims.get("aud"), claims.get("cnf", {"jkt": ""}))
    delegation, actor, meant, bound = told
    if claims.get("iss") != issuer:
        raise RefusedError("token_issuer", "token: another home issued it")
    if not claims.keys() <= _CLAIMS or not isinstance(delegation, str) or not isinstance(actor, str):
        raise RefusedError("token_claims", "token: its claims are not those of a token of this home")
    if not isinstance(meant, list) or not isinstance(bound, dict) or not isinstance(bound.get("jkt"), str):
        raise RefusedError("token_claims", "token: `aud` or `cnf` is of another form")
    expires = tokens.times(claims, now // 1000)
    if audience and audience not in meant:
        raise RefusedError("token_audience", f"token: meant for another audience than `{audience}`")
    audiences = tuple(str(one) for one in meant)
    return Access(DelegationId(delegation), PrincipalId(actor), audiences, expires * 1000, bound["jkt"])


def admit(reader: Reader, token: Access, now: int) -> tuple[Grant, ...]:
    """The chain that a token stands on, as the home knows it now, root first.

    Raises:
        RefusedError: `delegation_void`, `token_subject`, or `token_revoked`: the key it is bound to was revoked.
    """
    way = f"key:{token.jkt}"
    known = reader.find(Authenticator, way) if token.jkt else None
    replaced = known is not None and (known.status != "active" or known.principal != token.actor)
    if replaced or (token.jkt and reader.find(Revocation, "key", way) is not None):
        raise RefusedError("token_revoked", "token: the key that it is bound to was revoked or replaced")
    chain = standing(reader, token.delegation, now)
    if chain[-1].subject != token.actor:
        raise _void("it is another's")
    return chain


def standing(reader: Reader, id: DelegationId, now: int) -> tuple[Grant, ...]:
    """The chain that a delegation stands on, root first, of which nothing was taken back.

    Raises:
        RefusedError: `delegation_void`: a link is missing, revoked, over, or somebody in it may not act.
    """
    chain: list[Grant] = []
    wanted: str = id
    while wanted:
        grant = reader.find(Grant, DelegationId(wanted))
        if grant is None or len(chain) == MOST_LINKS or grant in chain:
            raise _void("a link is missing")
        revoked = reader.find(Revocation, "delegation", grant.id)
        if grant.status != "live" or revoked is not None or not grant.not_before <= now < grant.expires:
            raise _void("a link was taken back, or is over")
        chain.append(grant)
        wanted = grant.parent
    for member in [chain[-1].issuer, *(grant.subject for grant in chain)]:
        tokens.active(reader, member)
    if reader.state("killed"):
        raise _void("everything was stopped")
    return tuple(reversed(chain))


def _void(why: str) -> RefusedError:
    help = "have a new one issued, by somebody who may still delegate"
    return RefusedError("delegation_void", f"the delegation holds no more: {why}", help=help)
