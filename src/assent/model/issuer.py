"""Whose word counts for who somebody is: issuers of tokens, and clients that exchange them here; from settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from assent.errors import ConfigError

IssuerKind = Literal["oauth", "oidc", "spiffe", "id-jag"]
#: Kind → `typ` of its tokens: RFC 9068 §2.1; OpenID Connect Core; JWT-SVID §2.2; ID-JAG §3.1. Empty: there may be none.
TYPES: Mapping[str, tuple[str, ...]] = {
    "oauth": ("at+jwt",),
    "oidc": ("jwt", ""),
    "spiffe": ("jwt", "jose", ""),
    "id-jag": ("oauth-id-jag+jwt",),
}
#: What may sign: nothing that whoever checks could sign with.
ASYMMETRIC = "EdDSA Ed25519 ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512".split()
USUAL = ("EdDSA", "Ed25519", "ES256", "RS256", "PS256")
_PRINCIPAL = re.compile(r'(User|Agent|Service|Model)::"[A-Za-z0-9][A-Za-z0-9._/@:+-]{0,127}"\Z')
_NAME = re.compile(
    r"(https://|http://(127\.0\.0\.1|localhost|\[::1\])(?=[:/]|\Z)|spiffe://)[!-~]{1,500}\Z|spiffe://[a-z0-9._-]+\Z"
)
_KEYS = re.compile(r"(https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]|/)[!-~]{1,500}\Z")
_SECRET = re.compile(r"sha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer whose tokens say who somebody is; never what they may do.

    Args:
        issuer: its identifier, compared letter by letter; of SPIFFE the trust domain, `spiffe://example.org`.
        kind: what it issues: access tokens, ID tokens of people, JWT-SVIDs, identity assertions.
        jwks: where its keys are: an https address (http on this machine alone), or an absolute file.
        audience: what its tokens must be meant for, one of these.
        algorithms: what it signs with; asymmetric alone.
        types: `typ` of its tokens.
        subject: the claim that names who it is.
        bearer: whether its access tokens count without proof of a key (RFC 9449, RFC 8705).
        principals: subject → principal; others are known by an enrolled authenticator `token:ISSUER SUBJECT`.
    """

    issuer: str
    kind: IssuerKind
    jwks: str
    audience: tuple[str, ...]
    algorithms: tuple[str, ...] = USUAL
    types: tuple[str, ...] = ()
    subject: str = "sub"
    bearer: bool = False
    principals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Client:
    """A client that proves itself with a secret where it has no key (RFC 6749 §2.3.1).

    Args:
        id: its `client_id`.
        principal: who it is.
        secret: SHA-256 of its secret, which has at least 256 random bits.
        bearer: whether it is given tokens that are bound to no key.
    """

    id: str
    principal: str
    secret: str = field(repr=False)
    bearer: bool = False


def issuers(tables: object, where: str) -> tuple[Issuer, ...]:
    """What `[[issuers]]` of a settings file says.

    Raises:
        ConfigError: `bad_setting`: a member is missing, unknown or of another form; two issuers cannot be told apart.
    """
    found: list[Issuer] = []
    for table in _tables(tables, "issuers", where):
        at = f"{where}: `issuers`"
        kind = str(table.pop("kind", ""))
        if kind not in TYPES:
            raise _bad(at, f"`kind` expected one of {', '.join(TYPES)}")
        issuer = Issuer(
            issuer=_text(table, "issuer", _NAME, at, "an https address, or spiffe://DOMAIN"),
            kind=cast(IssuerKind, kind),
            jwks=_text(table, "jwks", _KEYS, at, "an https address or an absolute file"),
            audience=_texts(table, "audience", at, ()),
            algorithms=_texts(table, "algorithms", at, USUAL),
            types=tuple(one.lower() for one in _texts(table, "types", at, TYPES[kind])),
            subject=_text(table, "subject", re.compile(r"[a-z_]{1,40}\Z"), at, "the name of a claim", "sub"),
            bearer=_flag(table, at),
            principals=_principals(table.pop("principals", {}), at),
        )
        if table:
            raise _bad(at, f"there is no member `{next(iter(table))}`")
        if bad := [one for one in issuer.algorithms if one not in ASYMMETRIC]:
            raise _bad(at, f"`algorithms` names `{bad[0]}`, which is not asymmetric")
        if (kind == "spiffe") != issuer.issuer.startswith("spiffe://"):
            raise _bad(at, "a trust domain `spiffe://…` is of kind `spiffe`, and no other is")
        if any(other.issuer == issuer.issuer and {*other.types} & {*issuer.types} for other in found):
            raise _bad(at, f"`{issuer.issuer}` stands twice with the same `types`")
        found.append(issuer)
    return tuple(found)


def clients(tables: object, where: str) -> tuple[Client, ...]:
    """What `[[clients]]` of a settings file says.

    Raises:
        ConfigError: `bad_setting`, as `issuers`.
    """
    found: dict[str, Client] = {}
    for table in _tables(tables, "clients", where):
        at = f"{where}: `clients`"
        id = _text(table, "id", re.compile(r"[!-~]{1,200}\Z"), at, "a client id")
        principal = _text(table, "principal", _PRINCIPAL, at, 'a principal, as `Agent::"ci/reporter"`')
        secret = _text(table, "secret", _SECRET, at, "the SHA-256 of its secret, `sha256:HEX`")
        if id in found or table.keys() - {"bearer"}:
            raise _bad(at, f"`{id}` stands twice" if id in found else f"there is no member `{next(iter(table))}`")
        found[id] = Client(id, principal, secret, _flag(table, at))
    return tuple(found.values())


def _tables(tables: object, name: str, where: str) -> list[dict[str, object]]:
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise _bad(where, f"`{name}` expected tables", f"write `[[{name}]]` and its members below, once for each")
    return [dict(one) for one in tables]


def _text(
    table: dict[str, object], name: str, form: re.Pattern[str], where: str, wanted: str, default: str = ""
) -> str:
    value = table.pop(name, default)
    if not isinstance(value, str) or not form.match(value):
        raise _bad(where, f"`{name}` expected {wanted}")
    return value


def _texts(table: dict[str, object], name: str, where: str, default: Sequence[str]) -> tuple[str, ...]:
    value = table.pop(name, list(default))
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise _bad(where, f'`{name}` expected a list of texts, as `{name} = ["…"]`')
    return tuple(value)


def _flag(table: dict[str, object], where: str) -> bool:
    value = table.pop("bearer", False)
    if not isinstance(value, bool):
        raise _bad(where, "`bearer` expected true or false")
    return value


def _principals(value: object, where: str) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) and _PRINCIPAL.match(one) for one in value.values()):
        raise _bad(where, "`principals` expected a table of subjects and their principals")
    return dict(value)


def _bad(where: str, text: str, help: str = "see docs/tokens.md") -> ConfigError:
    return ConfigError("bad_setting", f"{where}: {text}", help=help)
