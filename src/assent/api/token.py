"""The token endpoint: RFC 8693 exchange, RFC 7523 assertions (ID-JAG), RFC 7662 introspection, RFC 8414 metadata.

Who asks proves a key (RFC 9449), a certificate (RFC 8705) or a client's secret. Whatever
is wrong is answered with the error of its RFC and the stable code of docs/errors.md.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import unquote_plus, urlsplit

from assent_verify.canonical import parse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from assent.admin.exchange import Asked, Exchange, wanted
from assent.api.form import Form, read
from assent.config import Config
from assent.errors import AssentError, ConfigError, ProofError, RefusedError, RequestError, UnavailableError
from assent.identity import access, dpop, jose, jwk, tokens
from assent.identity.access import Access
from assent.identity.issuers import KeySets
from assent.identity.jws import ALGORITHMS
from assent.identity.tokens import Token
from assent.model.ids import PrincipalId
from assent.model.issuer import Client, Issuer, IssuerKind
from assent.ports import Clock, Reader, Signer, Store
from assent.record.log import Log

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TYPE = "urn:ietf:params:oauth:token-type:"
#: Type of a token (RFC 8693 §3) → kinds of issuers that it may be of.
SUBJECTS: Mapping[str, tuple[IssuerKind, ...]] = {
    "access_token": ("oauth",), "id_token": ("oidc",), "jwt": ("oauth", "spiffe"),
}  # fmt: skip
ACTORS: Mapping[str, tuple[IssuerKind, ...]] = {"access_token": ("oauth",), "jwt": ("oauth", "spiffe")}
_ID_JAG: tuple[IssuerKind, ...] = ("id-jag",)
_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever asks, as far as it has proven itself."""

    ids: tuple[str, ...]
    proof: dpop.Proof | None
    client: Client | None
    certificate: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What answers requests for tokens.

    Args:
        issuer: address of the home.
        audiences: what else tokens may be for.
        keys: the home's own: thumbprint → raw public key.
    """

    issuer: str
    audiences: tuple[str, ...]
    issuers: Sequence[Issuer]
    clients: Sequence[Client]
    keys: Mapping[str, bytes]
    known: KeySets
    exchange: Exchange = field(repr=False)
    store: Store = field(repr=False)
    clock: Clock = field(repr=False)

    def token(self, form: Form) -> Mapping[str, object]:
        """The answer to a request for a token.

        Raises:
            RefusedError, RequestError, UnavailableError: why there is none.
        """
        now = self.clock.now()
        kind = form.get("grant_type")
        if kind not in (EXCHANGE, ASSERTION):
            raise RequestError("unsupported_grant", "`grant_type` expected token exchange or a JWT assertion")
        asker = self._asker(form, "/token", now)
        asked = self._exchange(form, asker, now) if kind == EXCHANGE else self._assertion(form, asker, now)
        made = self.exchange(asked, now)
        answer = {
            "access_token": made.token,
            "issued_token_type": f"{_TYPE}access_token",
            "token_type": "DPoP" if made.bound else "Bearer",
            "expires_in": (made.expires - now) // 1000,
            "authorization_details": [access.details(one.limits) for one in made.chain],
        }
        actions = made.chain[-1].limits.actions
        return answer | ({"scope": " ".join(actions)} if actions else {})

    def introspect(self, form: Form) -> Mapping[str, object]:
        """What a token of this home is worth now (RFC 7662 §2.2); whoever asks must be known.

        Raises:
            RefusedError: `client_unknown`, or the asker's proof does not hold.
        """
        now = self.clock.now()
        asker = self._asker(form, "/introspect", now)
        if asker.proof is not None:
            proof = asker.proof
            self.exchange.log.submit(lambda tx: dpop.spend(tx, proof), durable=True).result()
        with self.store.read() as reader:
            if asker.client is None and not any(_known(reader, id) for id in asker.ids):
                raise RefusedError("client_unknown", "whoever asks is not known here")
            try:
                found = access.read(form.get("token"), self.issuer, self.keys, now)
                chain = access.admit(reader, found, now)
            except RefusedError:
                return {"active": False}
        told = {
            "active": True, "iss": self.issuer, "sub": chain[0].issuer, "client_id": found.actor,
            "aud": list(found.audience), "exp": found.expires // 1000, "delegation": found.delegation,
            "act": access.actors([one.subject for one in chain]),
            "authorization_details": [access.details(one.limits) for one in chain],
            "token_type": "DPoP" if found.jkt else "Bearer",
        }  # fmt: skip
        return told | ({"cnf": {"jkt": found.jkt}} if found.jkt else {})

    def metadata(self) -> Mapping[str, object]:
        """What this endpoint does (RFC 8414 §2)."""
        return {
            "issuer": self.issuer,
            # nothing is authorized there, but the client of the MCP SDK reads no metadata without one
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "introspection_endpoint": f"{self.issuer}/introspect",
            "jwks_uri": f"{self.issuer}/jwks",
            "grant_types_supported": [EXCHANGE, ASSERTION],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": [
                "none", "client_secret_basic", "client_secret_post", "tls_client_auth",
            ],
            "dpop_signing_alg_values_supported": list(ALGORITHMS),
            "authorization_details_types_supported": [access.DETAILS],
            "authorization_grant_profiles_supported": ["urn:ietf:params:oauth:grant-profile:id-jag"],
        }  # fmt: skip

    def _exchange(self, form: Form, asker: Asker, now: int) -> Asked:
        if form.get("requested_token_type") not in ("", f"{_TYPE}access_token", f"{_TYPE}jwt"):
            raise RequestError("bad_request", "`requested_token_type` expected an access token")
        subject = self._token(form, "subject_token", SUBJECTS, now)
        actor = self._token(form, "actor_token", ACTORS, now)
        if subject is None:
            raise RequestError("bad_request", "`subject_token` is missing")
        asked = wanted(_details(form.get("authorization_details")), form.get("scope"))
        bearer = asker.client is not None and asker.client.bearer
        return Asked(
            subject, actor, asker.ids, asker.proof, self._audience(form), asked, asker.certificate, bearer
        )  # fmt: skip

    def _assertion(self, form: Form, asker: Asker, now: int) -> Asked:
        """An identity provider's word that a client may act for a person (ID-JAG §4.4)."""
        given = tokens.verify(form.get("assertion"), self.issuers, self.known, now, _ID_JAG)
        with self.store.read() as reader:
            known = {asker.client.id} if asker.client else {str(one) for id in asker.ids if (one := _known(reader, id))}
        if not known:
            raise RefusedError("client_unknown", "whoever asks is not known here")
        if given.claims["client_id"] not in known:
            raise RefusedError("assertion_client", "the identity assertion is another client's")
        audience = self._audience(form)
        meant = given.claims.get("resource", list(audience))
        if not {*audience} <= {*([meant] if isinstance(meant, str) else meant if isinstance(meant, list) else ())}:
            raise RefusedError("token_audience", "the identity assertion is for another resource")
        if "authorization_details" in given.claims:
            raise RequestError("bad_details", "identity assertion: `authorization_details` are not taken, `scope` is")
        told, asked = given.claims.get("scope", ""), form.get("scope")
        allowed = told.split(" ") if isinstance(told, str) and told else []
        if not isinstance(told, str) or (allowed and not {*asked.split(" ")} - {""} <= {*allowed}):
            raise RefusedError("outside_delegation", "`scope` goes beyond that of the identity assertion")
        details = _details(form.get("authorization_details"))
        asked_for = wanted(details, asked or ("" if details and not allowed else told))
        if asked_for.actor:
            raise RequestError("bad_details", "`actor` is whoever asks")
        bearer = asker.client is not None and asker.client.bearer
        return Asked(given, None, asker.ids, asker.proof, audience, asked_for, asker.certificate, bearer)

    def _token(
        self, form: Form, name: str, kinds: Mapping[str, tuple[IssuerKind, ...]], now: int
    ) -> Token | Access | None:
        """A token of the request, by the type that the request says it is of."""
        text, kind = form.get(name), form.get(f"{name}_type")
        if not text and not kind:
            return None
        if kind.removeprefix(_TYPE) not in kinds or not kind.startswith(_TYPE):
            raise RequestError("bad_request", f"`{name}_type` expected one of: {', '.join(kinds)}")
        if kind != f"{_TYPE}id_token" and access.mine(text, self.issuer):
            return access.read(text, self.issuer, self.keys, now, self.issuer)
        return tokens.verify(text, self.issuers, self.known, now, kinds[kind.removeprefix(_TYPE)])

    def _audience(self, form: Form) -> tuple[str, ...]:
        asked = tuple(dict.fromkeys([*form.fields.get("audience", ()), *form.fields.get("resource", ())]))
        if not {*asked} <= {self.issuer, *self.audiences}:
            help = "add it to `[token] audiences`"
            raise RequestError("unknown_audience", "no token is issued for one of these audiences", help=help)
        return asked or (self.issuer,)

    def _asker(self, form: Form, path: str, now: int) -> Asker:
        """Who asks: everything that is shown must hold."""
        proof, ids = None, []
        if len(form.proofs) > 1:
            raise RefusedError("dpop_malformed", "DPoP proof: expected one header")
        if form.proofs:
            proof = dpop.check(form.proofs[0], "POST", f"{self.issuer}{path}", now)
        client = self._client(form)
        if client:
            ids.append(client.principal)
        if form.certificate:
            ids += [one for one in (form.certificate.key, form.certificate.workload) if one]
        if proof:
            ids.append(f"key:{proof.jkt}")
        return Asker(tuple(ids), proof, client, form.certificate.thumbprint if form.certificate else "")

    def _client(self, form: Form) -> Client | None:
        """The client whose secret was shown (RFC 6749 §2.3.1); None if none was."""
        id, secret = form.get("client_id"), form.get("client_secret")
        if form.basic:
            try:
                name, colon, rest = base64.b64decode(form.basic, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError) as error:
                raise RefusedError("client_unknown", "`Authorization` is no `Basic` of RFC 6749") from error
            if secret or not colon or id not in ("", unquote_plus(name)):
                raise RefusedError("client_unknown", "a client proves itself in one way")
            id, secret = unquote_plus(name), unquote_plus(rest)
        if not secret:
            return None
        shown = f"sha256:{sha256(secret.encode()).hexdigest()}"
        found = next((one for one in self.clients if one.id == id), None)
        if found is None or not hmac.compare_digest(found.secret, shown):
            raise RefusedError("client_unknown", "no client has this id and this secret")
        return found


def _known(reader: Reader, id: str) -> PrincipalId | None:
    """Who authenticates this way; None if nobody who may act."""
    try:
        return tokens.enrolled(reader, id).id
    except RefusedError:
        return None


def _details(text: str) -> list[Mapping[str, object]]:
    """`authorization_details` (RFC 9396 §2)."""
    if not text:
        return []
    try:
        told = parse(text.encode(), max_depth=8, max_bytes=32 * 1024)
    except (ProofError, UnicodeEncodeError) as error:
        raise RequestError("bad_details", "`authorization_details` is not JSON that reads in one way") from error
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise RequestError("bad_details", "`authorization_details` expected a list of objects")
    return told


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/token`, `/introspect`, `/jwks` and the metadata, below the issuer's path."""
    path = urlsplit(desk.issuer).path
    published = jose.jwk_set(desk.keys.values())

    def answering(answer: Callable[[Form], Mapping[str, object]]) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            try:
                form = await read(request)
                return JSONResponse(await run_in_threadpool(answer, form), headers=_NO_STORE)
            except ClientDisconnect:
                return Response(status_code=400)
            except (RefusedError, RequestError, UnavailableError) as error:
                return refusal(error)

        return answered

    def authorize(_: Request) -> Response:
        return refusal(
            RequestError("unsupported_grant", "nobody logs in here: bring a token of your identity provider")
        )

    def jwks(_: Request) -> Response:
        return JSONResponse(published, headers={"Cache-Control": "public, max-age=300"})

    def metadata(_: Request) -> Response:
        return JSONResponse(desk.metadata(), headers={"Cache-Control": "public, max-age=300"})

    return [
        Route(f"{path}/token", answering(desk.token), methods=["POST"]),
        Route(f"{path}/introspect", answering(desk.introspect), methods=["POST"]),
        Route(f"{path}/authorize", authorize),
        Route(f"{path}/jwks", jwks),
        Route(f"/.well-known/oauth-authorization-server{path}", metadata),
    ]


#: Our code → the error of RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 9396 §5 and RFC 9449 §5; others are `invalid_grant`.
ERRORS: Mapping[str, str] = {
    "bad_request": "invalid_request",
    "unsupported_grant": "unsupported_grant_type",
    "client_unknown": "invalid_client",
    "unknown_audience": "invalid_target",
    "bad_details": "invalid_authorization_details",
    "bad_limits": "invalid_authorization_details",
    "bad_condition": "invalid_authorization_details",
    "outside_delegation": "invalid_authorization_details",
    "exchange_actor": "invalid_request",
    "exchange_key": "invalid_request",
    "issuer_unavailable": "temporarily_unavailable",
}


def refusal(error: AssentError) -> JSONResponse:
    """An error as an OAuth client expects it; `code` is ours, and an operator's trouble is not told."""
    known = ERRORS.get(error.code, "invalid_dpop_proof" if error.code.startswith("dpop_") else "invalid_grant")
    status = 503 if isinstance(error, UnavailableError) else 401 if known == "invalid_client" else 400
    told = {"error": "temporarily_unavailable" if status == 503 else known, "code": error.code}
    if status != 503:
        told["error_description"] = error.message.replace('"', "'").replace("\\", "/")
    headers = _NO_STORE | ({"WWW-Authenticate": 'Basic realm="assent"'} if status == 401 else {})
    return JSONResponse(told, status, headers=headers)


def desk(config: Config, log: Log, store: Store, clock: Clock, signer: Signer) -> Desk:
    """What answers for a home.

    Args:
        signer: its authority key.

    Raises:
        ConfigError: `no_token_issuer`.
    """
    if not config.token_issuer:
        help = 'write, for example, `[token]` and below it `issuer = "https://assent.example.org"` into assent.toml'
        raise ConfigError("no_token_issuer", "it is not set under which address tokens are issued", help=help)
    return Desk(
        issuer=config.token_issuer,
        audiences=config.token_audiences,
        issuers=config.issuers,
        clients=config.clients,
        keys={jwk.thumbprint(signer.public): signer.public},
        known=KeySets(),
        exchange=Exchange(log, signer, config.token_issuer, config.token_life),
        store=store,
        clock=clock,
    )
