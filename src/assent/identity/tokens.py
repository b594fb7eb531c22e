"""Tokens of external issuers (RFC 7519, RFC 9068): whether one holds, and which principal it stands for.

A token says who; never what they may do: that is what delegations and policies say.
Each refusal names what was wrong, and nothing of the token. An unknown subject is
refused, never enrolled.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from assent.errors import RefusedError
from assent.identity import idjag, jws, oidc, spiffe
from assent.identity.issuers import KeySets
from assent.model.ids import PrincipalId
from assent.model.issuer import Issuer, IssuerKind
from assent.model.principal import Authenticator, Enrolled, Principal
from assent.model.revocation import Revocation
from assent.ports import Reader

#: Seconds that clocks may differ by, and that a token may live at most from now on.
LEEWAY, LONGEST = 30, 24 * 3600


@dataclass(frozen=True, slots=True)
class Token:
    """A token that holds.

    Args:
        issuer: who issued it, as the settings say.
        subject: who it stands for, as its issuer names them.
        expires: milliseconds since the epoch.
        jkt: thumbprint of the key that it is bound to (RFC 9449 §6.1); empty if to none.
        certificate: SHA-256 of the certificate that it is bound to (RFC 8705 §3.1), base64url; empty if to none.
        claims: all of it.
    """

    issuer: Issuer
    subject: str
    expires: int
    jkt: str
    certificate: str
    claims: Mapping[str, object] = field(repr=False)

    @property
    def authenticator(self) -> str:
        """Id of the authenticator that it is: a JWT-SVID's is its SPIFFE id."""
        if self.issuer.kind == "spiffe":
            return f"spiffe:{self.subject}"
        return f"token:{self.issuer.issuer} {self.subject}"

    def held(self, jkt: str, certificate: str = "") -> None:
        """Is it held by whom it is bound to?

        Args:
            jkt: thumbprint of the key that was proven; empty if none was.
            certificate: `x5t#S256` of the connection's certificate; empty if there is none.

        Raises:
            RefusedError: `token_holder`.
        """
        if (self.jkt and self.jkt != jkt) or (self.certificate and self.certificate != certificate):
            help = "make a DPoP proof with the key that it was issued for, or connect with its certificate"
            raise RefusedError("token_holder", "token: it is bound to a key that was not proven", help=help)


def verify(text: str, issuers: Sequence[Issuer], keys: KeySets, now: int, kinds: Collection[IssuerKind]) -> Token:
    """Verify a token.

    Args:
        issuers: whose tokens count.
        now: milliseconds since the epoch.
        kinds: which tokens count here.

    Raises:
        RefusedError: `token_malformed`, `token_algorithm`, `token_type`, `token_issuer`, `token_key`,
            `token_signature`, `token_audience`, `token_expired`, `token_early`, `token_claims`, `token_life`
            or `token_unbound`.
        UnavailableError: `issuer_unavailable`.
    """
    read = jws.read(text)
    issuer = _issuer(read, issuers, kinds)
    algorithm, kid = str(read.header["alg"]), read.header.get("kid", "")
    if algorithm not in issuer.algorithms:
        raise RefusedError("token_algorithm", f"token: `{algorithm}` is not one that its issuer signs with")
    candidates = keys.find(issuer, kid if isinstance(kid, str) else "?", algorithm)
    for key in candidates[:-1]:
        try:
            jws.check(read, key, issuer.algorithms)
            break
        except RefusedError:  # another key of the same name may be the one
            continue
    else:
        jws.check(read, candidates[-1], issuer.algorithms)
    expires = times(read.claims, now // 1000)
    _audience(read.claims.get("aud"), issuer)
    subject = _subject(read.claims, issuer)
    jkt, certificate = _bound(read.claims.get("cnf"))
    if issuer.kind == "oauth" and not issuer.bearer and not (jkt or certificate):
        help = "have it issued with DPoP (RFC 9449), or set `bearer = true` for its issuer"
        raise RefusedError("token_unbound", "token: it is bound to no key", help=help)
    return Token(issuer, subject, expires * 1000, jkt, certificate, read.claims)


def principal(reader: Reader, token: Token) -> Principal:
    """Who a token stands for: as the settings say, else as was enrolled.

    Raises:
        RefusedError: `token_subject`: nobody, or one who may not act. `token_revoked`: issued before that was revoked.
    """
    revoked, issued = reader.find(Revocation, "key", token.authenticator), token.claims.get("iat", 0)
    if revoked is not None and (not isinstance(issued, int | float) or issued * 1000 <= revoked.at):
        raise RefusedError("token_revoked", "token: issued before this way to authenticate was revoked")
    named = token.issuer.principals.get(token.subject)
    return active(reader, PrincipalId(named)) if named else enrolled(reader, token.authenticator)


def enrolled(reader: Reader, authenticator: str) -> Principal:
    """Who authenticates this way.

    Raises:
        RefusedError: `token_subject`.
    """
    found = reader.find(Authenticator, authenticator)
    if found is None or found.status != "active":
        help = "a person enrols it: assent principals add"
        raise RefusedError("token_subject", "nobody is enrolled who authenticates this way", help=help)
    return active(reader, found.principal)


def active(reader: Reader, id: PrincipalId) -> Principal:
    """A principal that may act, with a person who answers for it.

    Raises:
        RefusedError: `token_subject`.
    """
    found = reader.find(Enrolled, id)
    if found is None or found.principal.status != "active":
        text = f"`{id}` is disabled" if found else f"`{id}` is not enrolled"
        raise RefusedError("token_subject", text, help="a person enrols it: assent principals add")
    if found.principal.kind == "User":
        return found.principal
    owner = reader.find(Enrolled, PrincipalId(found.owner))
    if owner is None or owner.principal.status != "active":
        raise RefusedError("token_subject", f"`{id}` has nobody who answers for it")
    return found.principal


def _issuer(read: jws.Jws, issuers: Sequence[Issuer], kinds: Collection[IssuerKind]) -> Issuer:
    """The issuer that a token names, if its tokens have this type and count here."""
    named = spiffe.domain(read.claims) or read.claims.get("iss")
    known = [one for one in issuers if one.issuer == named]
    if not known:
        raise RefusedError("token_issuer", "token: its issuer is none of `[[issuers]]`")
    fitting = [one for one in known if read.type in one.types]
    if not fitting or fitting[0].kind not in kinds:
        typ = read.type if read.type.isascii() and read.type.isprintable() and len(read.type) <= 40 else "?"
        wanted = ", ".join(f"`{one}`" for one in known[0].types if one) or "none"
        text = f"token: its type is `{typ}`, expected {wanted}"
        raise RefusedError("token_type", text if not fitting else f"token: `{fitting[0].kind}` does not count here")
    return fitting[0]


def times(claims: Mapping[str, object], now: int) -> int:
    """When a token expires, in seconds (RFC 7519 §4.1.4–4.1.6).

    Args:
        now: seconds since the epoch.

    Raises:
        RefusedError: `token_claims`, `token_expired`, `token_early` or `token_life`.
    """
    times = {name: _number(claims, name) for name in ("exp", "nbf", "iat") if name in claims}
    if "exp" not in times:
        raise RefusedError("token_claims", "token: `exp` is missing")
    if now >= times["exp"] + LEEWAY:
        raise RefusedError("token_expired", f"token: expired {now - times['exp']} s ago")
    for name in ("nbf", "iat"):
        if name in times and times[name] > now + LEEWAY:
            raise RefusedError("token_early", f"token: its `{name}` is {times[name] - now} s ahead")
    if times["exp"] > now + LONGEST:
        raise RefusedError("token_life", f"token: it lives longer than {LONGEST // 3600} hours")
    return times["exp"]


def _number(claims: Mapping[str, object], name: str) -> int:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        raise RefusedError("token_claims", f"token: `{name}` is no time")
    return int(value)


def _audience(told: object, issuer: Issuer) -> None:
    """It must be meant for us (RFC 7519 §4.1.3)."""
    named = [told] if isinstance(told, str) else told
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named) or len(named) > 32:
        raise RefusedError("token_claims", "token: `aud` is neither a text nor a list of texts")
    if not {*named} & {*issuer.audience}:
        raise RefusedError("token_audience", f"token: meant for another audience than `{issuer.audience[0]}`")


def _subject(claims: Mapping[str, object], issuer: Issuer) -> str:
    """Who it stands for, with what its kind asks beside."""
    for name in (issuer.subject, "sub"):
        value = claims.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= 255 or not value.isprintable() or " " in value:
            raise RefusedError("token_claims", f"token: `{name}` is missing, or no plain text")
    if issuer.kind == "oidc":
        oidc.check(claims, issuer)
    elif issuer.kind == "spiffe":
        spiffe.check(claims, issuer)
    elif issuer.kind == "id-jag":
        idjag.check(claims)
    return str(claims[issuer.subject])


def _bound(told: object) -> tuple[str, str]:
    """Thumbprints of key and certificate in `cnf` (RFC 7800); a way that is not known here is no way round it."""
    if told is None:
        return "", ""
    if not isinstance(told, dict) or not told or not told.keys() <= {"jkt", "x5t#S256"}:
        raise RefusedError("token_claims", "token: `cnf` names another way than `jkt` and `x5t#S256`")
    values = [told.get("jkt", ""), told.get("x5t#S256", "")]
    if not all(isinstance(one, str) and len(one) in (0, 43) for one in values) or not any(values):
        raise RefusedError("token_claims", "token: `cnf` holds no thumbprint")
    return str(values[0]), str(values[1])
