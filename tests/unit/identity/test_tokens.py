"""Tokens of external issuers: every defect is refused, by its name, and nothing of the token is said again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from assent.errors import RefusedError, UnavailableError
from assent.identity import tokens
from assent.identity.issuers import AGAIN, FRESH, LONGEST, KeySets
from assent.model.ids import PrincipalId
from assent.model.issuer import Issuer
from assent.model.principal import Authenticator, Enrolled, Principal
from assent.model.revocation import Revocation
from assent.stores.memory import MemoryStore
from tests.unit.identity import forge
from tests.unit.identity.forge import NOW, Provider, b64, part

HOLDER = forge.ed25519()
ISSUER = Issuer(
    "https://idp.example", "oauth", "https://idp.example/jwks", ("https://assent.example",), types=("at+jwt",)
)
KINDS = ("oauth", "oidc", "spiffe", "id-jag")


class Steady:
    """A clock that a test winds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Served:
    """What an issuer serves, and how often it was asked."""

    def __init__(self, data: bytes) -> None:
        self.data, self.asked = data, 0

    def __call__(self, place: str) -> bytes:
        self.asked += 1
        if not self.data:
            raise OSError("down")
        return self.data


def verify(text: str, provider: Provider, issuer: Issuer = ISSUER) -> tokens.Token:
    return tokens.verify(text, [issuer], KeySets(Served(provider.jwks)), NOW * 1000, KINDS)


def bound(provider: Provider, **changed: object) -> str:
    return provider.issue(**({"cnf": {"jkt": HOLDER.jkt}} | changed))


@pytest.mark.parametrize("make", [forge.ed25519, forge.p256, forge.rsa_key])
def test_a_good_token_says_who(make: Callable[[], forge.Key]) -> None:
    """Of every kind of key; with the key that it is bound to."""
    provider = Provider(make())
    found = verify(bound(provider), provider)
    assert (found.authenticator, found.jkt, found.expires) == (
        "token:https://idp.example bot-7",
        HOLDER.jkt,
        (NOW + 300) * 1000,
    )


_BOUND = {"cnf": {"jkt": HOLDER.jkt}}
CLAIMS: list[tuple[str, dict[str, object], str]] = [
    ("expired", {"exp": NOW - 31}, "token_expired"),
    ("expired five minutes ago by a clock that is right", {"iat": NOW - 900, "exp": NOW - 300}, "token_expired"),
    ("not yet valid", {"nbf": NOW + 31}, "token_early"),
    ("issued five minutes ahead", {"iat": NOW + 300, "exp": NOW + 600}, "token_early"),
    ("no end", {"exp": None}, "token_claims"),
    ("an end that is a text", {"exp": str(NOW + 300)}, "token_claims"),
    ("an end that is true", {"exp": True}, "token_claims"),
    ("a life of days", {"exp": NOW + 86_401}, "token_life"),
    ("another audience", {"aud": "https://other.example"}, "token_audience"),
    ("an audience that only begins like ours", {"aud": "https://assent.example.evil"}, "token_audience"),
    ("no audience", {"aud": None}, "token_claims"),
    ("an audience that is no text", {"aud": [{"a": 1}]}, "token_claims"),
    ("another issuer", {"iss": "https://evil.example"}, "token_issuer"),
    ("an issuer with one slash more", {"iss": "https://idp.example/"}, "token_issuer"),
    ("no issuer", {"iss": None}, "token_issuer"),
    ("no subject", {"sub": None}, "token_claims"),
    ("a subject that is a list", {"sub": ["bot-7"]}, "token_claims"),
    ("a subject with a space", {"sub": "bot 7"}, "token_claims"),
    ("a subject without end", {"sub": "b" * 256}, "token_claims"),
    ("bound to nothing", {"cnf": None}, "token_unbound"),
    ("bound in another way", {"cnf": {"jwk": {}}}, "token_claims"),
    ("bound to an empty key", {"cnf": {"jkt": ""}}, "token_claims"),
    ("bound to a list", {"cnf": ["jkt"]}, "token_claims"),
]


@pytest.mark.parametrize(("changed", "code"), [each[1:] for each in CLAIMS], ids=[each[0] for each in CLAIMS])
def test_a_claim_that_is_wrong_is_named(changed: dict[str, object], code: str) -> None:
    """Signed by the right key all the same."""
    provider = Provider()
    with pytest.raises(RefusedError) as refused:
        verify(provider.issue(**(_BOUND | changed)), provider)
    assert refused.value.code == code
    assert "\n" not in refused.value.message and "bot" not in refused.value.message


P = Provider()
GOOD = bound(P)
HEAD, BODY, SIGNED = GOOD.split(".")
FORMS: list[tuple[str, str, str]] = [
    ("empty", "", "token_malformed"),
    ("two parts", f"{HEAD}.{BODY}", "token_malformed"),
    ("four parts", f"{GOOD}.{SIGNED}", "token_malformed"),
    ("truncated in its signature", GOOD[:-2], "token_signature"),
    ("truncated in its payload", f"{HEAD}.{BODY[:-9]}.{SIGNED}", "token_malformed"),
    ("no signature", f"{HEAD}.{BODY}.", "token_malformed"),
    ("padding", f"{HEAD}.{BODY}.{SIGNED}==", "token_malformed"),
    ("white space", f"{HEAD}.{BODY}.{SIGNED}\n", "token_malformed"),
    ("the other base64", f"{HEAD}.{BODY}.{'+' + SIGNED[1:]}", "token_malformed"),
    ("a spelling with loose bits", f"{HEAD}.{BODY}.{SIGNED[:-1]}{chr(ord(SIGNED[-1]) + 1)}", "token_malformed"),
    ("beyond any size", "a" * 17_000, "token_malformed"),
    ("no JSON", f"{part('{')}.{BODY}.{SIGNED}", "token_malformed"),
    ("a member twice", forge.token(P.key, '{"alg":"EdDSA","alg":"none","typ":"at+jwt"}', {}), "token_malformed"),
    ("a list for claims", forge.token(P.key, P.header(), [1]), "token_malformed"),
    ("nested without end", forge.token(P.key, P.header(), '{"a":' + "[" * 99 + "]" * 99 + "}"), "token_malformed"),
    ("alg none", f"{part(P.header(alg='none'))}.{BODY}.", "token_algorithm"),
    ("alg None in other letters", f"{part(P.header(alg='nOnE'))}.{BODY}.{SIGNED}", "token_algorithm"),
    ("no alg", forge.token(P.key, P.header(alg=None), P.claims(**_BOUND)), "token_algorithm"),
    ("an alg that is a list", forge.token(P.key, P.header(alg=["EdDSA"]), P.claims()), "token_algorithm"),
    (
        "the public key taken for an HMAC's secret",
        forge.hmac_token(json.dumps(P.key.jwk).encode(), P.header(alg="HS256"), P.claims(**_BOUND)),
        "token_algorithm",
    ),
    ("the algorithm of another kind of key", forge.token(P.key, P.header(alg="RS256"), P.claims()), "token_key"),
    ("one that the issuer does not use", forge.token(P.key, P.header(alg="ES512"), P.claims()), "token_algorithm"),
    ("forged by another key", forge.token(forge.ed25519(), P.header(), P.claims(**_BOUND)), "token_signature"),
    ("a key in its own header", forge.token(HOLDER, P.header(jwk=HOLDER.jwk), P.claims(**_BOUND)), "token_signature"),
    (
        "a key at an address in its own header",
        forge.token(HOLDER, P.header(jku="https://evil.example/jwks", kid="evil"), P.claims(**_BOUND)),
        "token_key",
    ),
    ("critical extensions", forge.token(P.key, P.header(crit=["exp"], exp=1), P.claims(**_BOUND)), "token_malformed"),
    ("an unencoded payload", forge.token(P.key, P.header(b64=False), P.claims(**_BOUND)), "token_malformed"),
    ("an ID token for an access token", forge.token(P.key, P.header(typ="JWT"), P.claims(**_BOUND)), "token_type"),
    ("no type", forge.token(P.key, P.header(typ=None), P.claims(**_BOUND)), "token_type"),
    ("a proof for a token", forge.token(P.key, P.header(typ="dpop+jwt"), P.claims(**_BOUND)), "token_type"),
    ("a signature of nothing", forge.token(P.key, P.header(), P.claims(), b"\0" * 64), "token_signature"),
    ("other claims under a good signature", f"{HEAD}.{part(P.claims(sub='root'))}.{SIGNED}", "token_signature"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), [each[1:] for each in FORMS], ids=[each[0] for each in FORMS])
def test_a_form_that_is_wrong_is_named(text: str, code: str) -> None:
    """Whatever stands in the token; no key and no address of its own is followed."""
    served = Served(P.jwks)
    with pytest.raises(RefusedError) as refused:
        tokens.verify(text, [ISSUER], KeySets(served), NOW * 1000, KINDS)
    assert refused.value.code == code
    assert not any(piece and len(piece) > 20 and piece in refused.value.message for piece in text.split("."))
    assert served.asked <= 2  # and only where the settings say


def test_an_algorithm_that_the_key_does_not_say_is_refused() -> None:
    """RSA-PSS with a key that its issuer keeps for RS256."""
    provider = Provider(forge.rsa_key())
    listed = {**provider.key.listed, "alg": "RS256"}
    text = forge.token(provider.key, provider.header(alg="PS256"), provider.claims(**_BOUND))
    with pytest.raises(RefusedError) as refused:
        tokens.verify(text, [ISSUER], KeySets(Served(json.dumps({"keys": [listed]}).encode())), NOW * 1000, KINDS)
    assert refused.value.code == "token_key"


def test_a_short_key_is_no_key() -> None:
    """RSA below 2,048 bits counts as absent."""
    provider = Provider(forge.rsa_key(size=1024))
    with pytest.raises(RefusedError) as refused:
        verify(bound(provider), provider)
    assert refused.value.code == "token_key"


def test_a_private_or_symmetric_key_in_a_set_is_no_key() -> None:
    """An issuer that publishes one has lost it."""
    provider = Provider()
    private = {**provider.key.listed, "d": b64(b"x" * 32)}
    with pytest.raises(RefusedError) as refused:
        tokens.verify(
            bound(provider), [ISSUER], KeySets(Served(json.dumps({"keys": [private]}).encode())), NOW * 1000, KINDS
        )
    assert refused.value.code == "token_key"


def test_a_token_without_kid_needs_one_key_that_fits() -> None:
    """Which of two it was would be a guess."""
    provider, other = Provider(), forge.ed25519("two")
    text = forge.token(provider.key, provider.header(kid=None), provider.claims(**_BOUND))
    assert verify(text, provider).subject == "bot-7"
    both = json.dumps({"keys": [provider.key.listed, other.listed]}).encode()
    with pytest.raises(RefusedError) as refused:
        tokens.verify(text, [ISSUER], KeySets(Served(both)), NOW * 1000, KINDS)
    assert refused.value.code == "token_key"


def test_clocks_may_differ_by_thirty_seconds() -> None:
    """And by no more, either way."""
    provider = Provider()
    assert verify(bound(provider, exp=NOW - 29), provider)
    assert verify(bound(provider, iat=NOW + 30, nbf=NOW + 30), provider)


def test_an_unknown_kid_is_looked_for_once_a_minute() -> None:
    """A rotated key is found; a flood of invented ids is no flood of requests."""
    steady, old, new = Steady(), Provider(forge.ed25519("old")), Provider(forge.ed25519("new"))
    served = Served(old.jwks)
    keys = KeySets(served, steady)

    def ask(text: str) -> tokens.Token:
        return tokens.verify(text, [ISSUER], keys, NOW * 1000, KINDS)

    ask(bound(old))
    steady.now += AGAIN
    served.data = new.jwks
    assert ask(bound(new)).subject == "bot-7"
    assert served.asked == 2
    for _ in range(50):
        with pytest.raises(RefusedError):
            ask(bound(Provider(forge.ed25519("invented"))))
    assert served.asked == 2


def test_keys_of_a_silent_issuer_count_for_an_hour() -> None:
    """Then nobody can say whether they were withdrawn."""
    steady, provider = Steady(), Provider()
    served = Served(provider.jwks)
    keys = KeySets(served, steady)
    text = bound(provider, exp=NOW + 9000)
    tokens.verify(text, [ISSUER], keys, NOW * 1000, KINDS)
    served.data = b""
    steady.now += FRESH + 1
    tokens.verify(text, [ISSUER], keys, NOW * 1000, KINDS)
    steady.now += LONGEST
    with pytest.raises(UnavailableError) as refused:
        tokens.verify(text, [ISSUER], keys, NOW * 1000, KINDS)
    assert refused.value.code == "issuer_unavailable"


def test_a_key_that_was_withdrawn_counts_no_more() -> None:
    """Once its set is ten minutes old."""
    steady, old = Steady(), Provider(forge.ed25519("old"))
    served = Served(old.jwks)
    keys = KeySets(served, steady)
    tokens.verify(bound(old), [ISSUER], keys, NOW * 1000, KINDS)
    served.data = Provider(forge.ed25519("new")).jwks
    steady.now += FRESH
    with pytest.raises(RefusedError) as refused:
        tokens.verify(bound(old), [ISSUER], keys, NOW * 1000, KINDS)
    assert refused.value.code == "token_key"


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"keys":{}}', b'{"keys":[' + b"{}," * 100 + b"{}]}"])
def test_a_set_that_is_none_is_unavailable(data: bytes) -> None:
    """Never an empty set, which would refuse for another reason than is true."""
    with pytest.raises(UnavailableError):
        tokens.verify(bound(P), [ISSUER], KeySets(Served(data)), NOW * 1000, KINDS)


# --- kinds ---------------------------------------------------------------------------------------------------------

OIDC = Issuer("https://idp.example", "oidc", "/k", ("client-1",), types=("jwt", ""))
SVID = Issuer("spiffe://prod.example", "spiffe", "/k", ("assent",), types=("jwt", "jose", ""))
JAG = Issuer("https://idp.example", "id-jag", "/k", ("https://assent.example",), types=("oauth-id-jag+jwt",))


def test_an_id_token_stands_for_a_person() -> None:
    """By its subject, or by an address that its issuer has verified."""
    idp = Provider(typ="JWT")
    assert verify(idp.issue(aud="client-1"), idp, OIDC).authenticator == "token:https://idp.example bot-7"
    named = replace(OIDC, subject="email")
    assert verify(idp.issue(aud="client-1", email="a@b.c", email_verified=True), idp, named).subject == "a@b.c"
    for changed in ({"email": "a@b.c"}, {"email": "a@b.c", "email_verified": "true"}):
        with pytest.raises(RefusedError) as refused:
            verify(idp.issue(aud="client-1", **changed), idp, named)
        assert refused.value.code == "token_claims"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["client-1", "other"]},
        {"aud": ["client-1", "other"], "azp": "other"},
        {"aud": "client-1", "azp": "other"},
    ],
)
def test_an_id_token_that_another_party_was_given_is_refused(changed: dict[str, object]) -> None:
    """OpenID Connect Core §3.1.3.7: who holds it is not who it was issued to."""
    idp = Provider(typ="JWT")
    with pytest.raises(RefusedError) as refused:
        verify(idp.issue(**changed), idp, OIDC)
    assert refused.value.code == "token_audience"


def test_a_jwt_svid_stands_for_a_workload_of_its_trust_domain() -> None:
    """Its issuer is the domain in its subject, and nothing that it says beside."""
    spire = Provider(forge.p256(), typ="JWT")
    given = {"iss": None, "aud": ["assent"], "sub": "spiffe://prod.example/agent/7"}
    assert verify(spire.issue(**given), spire, SVID).authenticator == "spiffe:spiffe://prod.example/agent/7"
    for sub, code in [
        ("spiffe://test.example/agent/7", "token_issuer"),
        ("spiffe://prod.example", "token_issuer"),
        ("spiffe://prod.example/a/../b", "token_issuer"),
        ("spiffe://prod.example//b", "token_issuer"),
        ("spiffe://user@prod.example/a", "token_issuer"),
        ("spiffe://prod.example/a?b", "token_issuer"),
    ]:
        with pytest.raises(RefusedError) as refused:
            verify(spire.issue(**(given | {"sub": sub})), spire, SVID)
        assert refused.value.code == code, sub


def test_an_access_token_issuer_speaks_for_no_trust_domain() -> None:
    """A SPIFFE id as subject of another issuer's token is that of nobody."""
    idp = Provider()
    with pytest.raises(RefusedError) as refused:
        verify(bound(idp, sub="spiffe://prod.example/agent/7"), idp)
    assert refused.value.code == "token_issuer"


@pytest.mark.parametrize("missing", ["client_id", "jti", "iat"])
def test_an_identity_assertion_names_its_client_and_itself(missing: str) -> None:
    """Without its id it could be used again."""
    idp = Provider(typ="oauth-id-jag+jwt")
    assert verify(idp.issue(client_id="c"), idp, JAG).claims["client_id"] == "c"
    with pytest.raises(RefusedError) as refused:
        verify(idp.issue(**({"client_id": "c"} | {missing: None})), idp, JAG)
    assert refused.value.code == "token_claims"


def test_a_kind_that_does_not_count_here_is_refused() -> None:
    """An ID token is no actor's token, though its issuer is known."""
    idp = Provider(typ="JWT")
    with pytest.raises(RefusedError) as refused:
        tokens.verify(idp.issue(aud="client-1"), [OIDC], KeySets(Served(idp.jwks)), NOW * 1000, ["oauth", "spiffe"])
    assert refused.value.code == "token_type"


# --- who it is -----------------------------------------------------------------------------------------------------

BOT = PrincipalId('Agent::"ci/bot"')
OWNER = PrincipalId('User::"local/ana"')
NAME = "token:https://idp.example bot-7"


def store(
    status: str = "active", owner: PrincipalId | None = OWNER, proof: str = "active", person: str = "active"
) -> MemoryStore:
    made = MemoryStore()
    with made.begin() as tx:
        tx.put(Enrolled(OWNER, "", Principal("User", "local/ana", None, status=person), 1))  # type: ignore[arg-type]
        tx.put(Enrolled(BOT, owner or "", Principal("Agent", "ci/bot", owner, status=status), 1))  # type: ignore[arg-type]
        tx.put(Authenticator(NAME, BOT, status=proof))  # type: ignore[arg-type]
    return made


def test_a_subject_is_who_was_enrolled_or_who_the_settings_say() -> None:
    """Nobody else."""
    provider = Provider()
    found = verify(bound(provider), provider)
    with store().read() as reader:
        assert tokens.principal(reader, found).id == BOT
    mapped = verify(bound(provider, sub="x"), provider, replace(ISSUER, principals={"x": BOT}))
    with store().read() as reader:
        assert tokens.principal(reader, mapped).id == BOT


@pytest.mark.parametrize(
    "held", [store("disabled"), store(owner=None), store(proof="disabled"), store(person="disabled"), MemoryStore()],
    ids=["disabled", "ownerless", "proof disabled", "owner disabled", "unknown"],
)  # fmt: skip
def test_who_may_not_act_is_refused_and_never_created(held: MemoryStore) -> None:
    """Nothing is written for a subject that nobody enrolled."""
    provider = Provider()
    with held.read() as reader:
        before = list(reader.find_all(Enrolled))
        with pytest.raises(RefusedError) as refused:
            tokens.principal(reader, verify(bound(provider), provider))
        assert refused.value.code == "token_subject"
        assert list(reader.find_all(Enrolled)) == before


def test_a_token_from_before_a_revocation_counts_no_more() -> None:
    """One that is issued afterwards does, if the way itself is still enrolled."""
    provider, held = Provider(), store()
    with held.begin() as tx:
        tx.put(Revocation("key", NAME, (NOW - 2) * 1000, 1))
    with held.read() as reader:
        with pytest.raises(RefusedError) as refused:
            tokens.principal(reader, verify(bound(provider), provider))
        assert refused.value.code == "token_revoked"
        assert tokens.principal(reader, verify(bound(provider, iat=NOW), provider)).id == BOT


def test_a_bound_token_needs_its_holder() -> None:
    """Stolen alone it is worth nothing."""
    provider = Provider()
    found = verify(bound(provider), provider)
    found.held(HOLDER.jkt)
    for jkt, certificate in [("", ""), (forge.ed25519().jkt, ""), ("", HOLDER.jkt)]:
        with pytest.raises(RefusedError) as refused:
            found.held(jkt, certificate)
        assert refused.value.code == "token_holder"
