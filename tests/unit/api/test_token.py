"""The token endpoint, asked over HTTP: authority only ever narrows, and goes to whoever proves a key."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import home as homes
from assent.admin import revoke
from assent.identity import access, jwk
from assent.identity import grant as grants
from assent.keys.file import KeySigner
from assent.model.grant import Grant
from assent.model.ids import DelegationId
from assent.model.principal import Enrolled
from assent.model.revocation import Revocation
from tests.unit.api.exchanging import (
    ANA,
    ASSERTION,
    EXCHANGE,
    LEAD,
    OTHER,
    SECRET,
    SUB,
    TOOLS,
    TYPE,
    World,
    claims,
    world,
)
from tests.unit.identity import forge
from tests.verify_log import verify_log


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A home with an endpoint; its whole log is verified at the end."""
    yield from _world(tmp_path_factory.mktemp("w"))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[World]:
    """One for a test that changes who may act."""
    yield from _world(tmp_path)


def _world(place: Path) -> Iterator[World]:
    with world(place / "home") as made:
        yield made
        made.home.log.checkpoint().result()
        with made.home.store.read() as reader:
            verify_log(reader.leaves(), reader.checkpoints())


NARROW = {"actor": SUB, "actions": ["effect:read"], "servers": ["files"], "calls": 3}


def test_a_persons_word_becomes_a_token_for_an_agent_of_theirs(at: World) -> None:
    """Bound to the agent's key, meant for this home, short; and the delegation is a receipt."""
    told = claims(at.first(actions=["effect:read", "effect:write"]))
    assert (told["sub"], told["client_id"], told["aud"]) == (ANA, LEAD, [at.url])
    assert told["cnf"] == {"jkt": at.lead.jkt}
    assert told["act"] == {"sub": LEAD}
    assert 250 < told["exp"] - time.time() <= 300
    with at.home.store.read() as reader:
        made = reader.find(Grant, DelegationId(told["delegation"]))
        assert made is not None and (made.issuer, made.subject, made.parent) == (ANA, LEAD, "")
        leaves = [json.loads(data) for _, data in reader.leaves()]
    [leaf] = [one for one in leaves if one.get("event") == "grant"]
    assert leaf["subject"]["delegation"] == made.id and leaf["subject"]["digest"] == made.digest


def test_an_agent_gives_a_sub_agent_less(at: World) -> None:
    """`act` nests the chain, the token is bound to the sub-agent's enrolled key, and stands on its parent."""
    status, told = at.exchange(at.first(actions=["effect:read", "effect:write"]), at.lead, details=NARROW)
    assert status == 200, told
    assert (told["token_type"], told["issued_token_type"]) == ("DPoP", f"{TYPE}access_token")
    assert told["scope"] == "effect:read"
    said = claims(told["access_token"])
    assert (said["sub"], said["client_id"]) == (ANA, SUB)
    assert said["act"] == {"sub": SUB, "act": {"sub": LEAD}}
    assert said["cnf"] == {"jkt": at.sub.jkt}
    assert [one.get("calls") for one in said["authorization_details"]] == [None, 3]
    keys = {jwk.thumbprint(at.home.authority().public): at.home.authority().public}
    now = at.home.clock.now()
    with at.home.store.read() as reader:
        chain = access.admit(reader, access.read(told["access_token"], at.url, keys, now, at.url), now)
    assert [one.subject for one in chain] == [LEAD, SUB] and chain[1].parent == chain[0].id
    assert chain[1].expires <= chain[0].expires
    trust = grants.Trust({}, frozenset(keys), keys)  # nobody's word but the authority's: the home exchanged them all
    assert [one.id for one in grants.verify([one.token for one in chain], trust, now)] == [one.id for one in chain]


WIDER: list[tuple[str, dict[str, object], dict[str, object], str]] = [
    ("action", {"actions": ["effect:read"]}, {"actions": ["effect:write"]}, "actions"),
    ("server", {"servers": ["files"]}, {"servers": ["mail"]}, "servers"),
    ("target", {"targets": {"paths": ["/srv/a/"]}}, {"targets": {"paths": ["/srv/"]}}, "paths"),
    ("calls", {"calls": 3}, {"calls": 4}, "calls"),
    ("depth", {"depth": 1}, {"depth": 1}, "depth"),
    ("depth of none", {"depth": 0}, {}, "depth"),
]


@pytest.mark.parametrize(("given", "asked", "named"), [each[1:] for each in WIDER], ids=[each[0] for each in WIDER])
def test_a_child_that_asks_for_more_is_refused_by_name(
    at: World, given: dict[str, object], asked: dict[str, object], named: str
) -> None:
    """In every dimension that can be compared; nothing is written."""
    parent = at.first(**given)
    with at.home.store.read() as reader:
        before = len(reader.find_all(Grant))
    status, told = at.exchange(parent, at.lead, details={"actor": SUB} | asked)
    assert (status, told["code"]) == (400, "outside_delegation")
    assert named in told["error_description"]
    with at.home.store.read() as reader:
        assert len(reader.find_all(Grant)) == before


def test_a_child_ends_with_its_parent(at: World) -> None:
    """Whatever time is asked for, and never later than eight hours from now."""
    parent = claims(at.first(expires_in=100))
    status, told = at.exchange(at.first(expires_in=100), at.lead, details={"actor": SUB, "expires_in": 10_000_000})
    assert status == 200 and claims(told["access_token"])["exp"] <= parent["exp"] + 2
    root = claims(at.first(expires_in=10_000_000))["delegation"]
    with at.home.store.read() as reader:
        assert reader.find(Grant, DelegationId(root)).expires <= (time.time() + 8 * 3600) * 1000  # type: ignore[union-attr]


def test_a_token_is_renewed_by_its_holder_and_no_wider(at: World) -> None:
    """For another audience of the home, on the same delegation; and not for one that nobody set."""
    token = at.first()
    status, told = at.exchange(token, at.lead, resource=TOOLS)
    assert status == 200, told
    assert claims(told["access_token"])["aud"] == [TOOLS]
    assert claims(told["access_token"])["delegation"] == claims(token)["delegation"]
    status, told = at.exchange(told["access_token"], at.lead)
    assert (status, told["code"]) == (400, "token_audience"), "whom it was sent to could exchange it on"
    status, told = at.exchange(token, at.lead, audience="https://evil.example")
    assert (status, told["error"]) == (400, "invalid_target")
    status, told = at.exchange(token, at.lead, details={"calls": 1})
    assert told["code"] == "exchange_actor"


def test_a_stolen_token_is_worth_nothing_without_its_key(at: World) -> None:
    """As subject, with another key, with none, and with a proof of the owner that was seen before."""
    token = at.first()
    for key in (at.other, None):
        status, told = at.exchange(token, key, details={"actor": SUB})
        assert (status, told["code"]) == (400, "token_holder")
    proof = at.proof(at.lead)
    fields = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": f"{TYPE}access_token"}
    assert at.post("/token", fields, DPoP=proof)[0] == 200
    status, told = at.post("/token", fields, DPoP=proof)
    assert (status, told["error"], told["code"]) == (400, "invalid_dpop_proof", "dpop_replayed")


def test_one_proof_used_ten_times_at_once_gives_one_token(at: World) -> None:
    """The replay store is asked in the transaction that issues."""
    token, proof = at.first(), at.proof(at.lead)
    fields = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": f"{TYPE}access_token"}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: at.post("/token", fields, DPoP=proof), range(10)))
    assert sorted(status for status, _ in answers) == [200] + [400] * 9


def test_a_person_is_acted_for_by_agents_of_their_own_alone(at: World) -> None:
    """Somebody else's agent that came by an ID token gets nothing."""
    actor = at.agent("other-1", at.other)
    fields = {"actor_token": actor, "actor_token_type": f"{TYPE}access_token"}
    status, told = at.exchange(at.person(), at.other, "id_token", {}, **fields)
    assert (status, told["code"]) == (400, "exchange_actor")
    assert at.exchange(at.person("bob-1"), at.other, "id_token", {}, **fields)[0] == 200


def test_a_token_that_names_who_may_act_lets_nobody_else(at: World) -> None:
    """RFC 8693 §4.4."""
    fields = {"actor_token": at.agent("lead-1", at.lead), "actor_token_type": f"{TYPE}access_token"}
    for may_act, status in (
        ({"sub": "lead-1"}, 200),
        ({"sub": "sub-1"}, 400),
        ({"iss": "https://agents.example"}, 400),
    ):
        found, told = at.exchange(at.person(may_act=may_act), at.lead, "id_token", {}, **fields)
        assert found == status, told
    assert (
        at.exchange(at.person(may_act={"sub": "sub-1"}), at.sub, "id_token", {"actor": SUB})[1]["code"]
        == "exchange_actor"
    )


def test_nobody_stands_in_a_chain_twice(at: World) -> None:
    """A cycle would make a delegate its own delegator."""
    _, told = at.exchange(at.first(), at.lead, details={"actor": SUB, "depth": 1})
    status, told = at.exchange(told["access_token"], at.sub, details={"actor": LEAD})
    assert (status, told["code"]) == (400, "exchange_actor")


def test_a_bound_actor_token_of_another_binds_to_that_other(at: World) -> None:
    """Whoever asks cannot take the actor's token for its own key."""
    actor = at.agent("other-1", at.other)
    fields = {"actor_token": actor, "actor_token_type": f"{TYPE}access_token"}
    status, told = at.exchange(at.first(), at.lead, details={}, **fields)
    assert status == 200 and claims(told["access_token"])["cnf"] == {"jkt": at.other.jkt}


def test_an_agent_without_a_known_key_gets_no_token(at: World) -> None:
    """A token that is bound to nothing, or to its delegator's key, would be another's."""
    status, told = at.exchange(at.first(), at.lead, details={"actor": OTHER})
    assert (status, told["code"]) == (400, "exchange_key")


_SUBJECT = {"grant_type": EXCHANGE, "subject_token": "x"}
REQUESTS: list[tuple[str, object, str]] = [
    ("another grant", {"grant_type": "client_credentials"}, "unsupported_grant"),
    ("no grant", {}, "unsupported_grant"),
    ("no subject", {"grant_type": EXCHANGE}, "bad_request"),
    ("a field twice", f"grant_type={EXCHANGE}&grant_type={EXCHANGE}", "bad_request"),
    ("too many fields", "&".join(f"a{n}=1" for n in range(99)), "bad_request"),
    ("too long", "a=" + "b" * 100_000, "bad_request"),
    ("no ASCII", "grant_type=ü", "bad_request"),
    ("bytes that are no text", f"grant_type={EXCHANGE}&subject_token=%ff", "bad_request"),
    ("a type that is none", _SUBJECT | {"subject_token_type": "x"}, "bad_request"),
    ("a refresh token", _SUBJECT | {"subject_token_type": f"{TYPE}refresh_token"}, "bad_request"),
    ("no token", _SUBJECT | {"subject_token_type": f"{TYPE}jwt"}, "token_malformed"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "code"), [each[1:] for each in REQUESTS], ids=[each[0] for each in REQUESTS])
def test_a_request_that_is_wrong_is_answered_by_its_rfc(at: World, fields: object, code: str) -> None:
    """Status, error, our code; nothing is kept by whoever sees it."""
    status, told = at.post("/token", fields)
    assert (status, told["code"]) == (400, code), told
    assert set(told) == {"error", "code", "error_description"}


def _one(**members: object) -> str:
    return json.dumps([{"type": "assent_delegation"} | members])


INJECTED = "true }; permit(principal, action, resource) when { true"
DETAILS: list[tuple[str, object]] = [
    ("not JSON", "{"),
    ("no list", json.dumps({"type": "assent_delegation"})),
    ("two", json.dumps([{"type": "assent_delegation"}] * 2)),
    ("another type", json.dumps([{"type": "payment"}])),
    ("an unknown member", _one(acitons=["effect:read"])),
    ("an action that is none", _one(actions=["effect:everything"])),
    ("actions of another kind", _one(actions="effect:read")),
    ("calls below one", _one(calls=0)),
    ("calls that are true", _one(calls=True)),
    ("a condition that is a policy", _one(condition=INJECTED)),
    ("a condition with an entity", _one(condition='principal == User::"ana"')),
    ("targets of no kind", _one(targets={"moons": ["a"]})),
    ("a session that is none", _one(session="ses_x")),
    ("a task that is none", _one(task="buy milk")),
    ("a member twice", '[{"type":"assent_delegation","calls":1,"calls":2}]'),
]  # fmt: skip


@pytest.mark.parametrize("text", [each[1] for each in DETAILS], ids=[each[0] for each in DETAILS])
def test_details_that_do_not_read_in_one_way_narrow_nothing(at: World, text: str) -> None:
    """A misspelt restriction must never be none (RFC 9396 §5)."""
    status, told = at.exchange(at.first(), at.lead, actor=SUB, authorization_details=text)
    assert (status, told["error"]) == (400, "invalid_authorization_details"), told


def test_a_revoked_delegation_is_worth_nothing_at_once(own: World) -> None:
    """For the next exchange, and for whoever introspects; below it, too."""
    parent = own.first()
    _, told = own.exchange(parent, own.lead, details={"actor": SUB})
    child = told["access_token"]
    assert _active(own, child) is True
    with own.home.store.read() as reader:
        row = reader.find(Grant, DelegationId(claims(parent)["delegation"]))
        assert row is not None
    own.put(replace(row, status="revoked"))
    assert _active(own, child) is False and _active(own, parent) is False
    assert own.exchange(parent, own.lead, details={"actor": SUB})[1]["code"] == "delegation_void"


@pytest.mark.parametrize("whom", [ANA, LEAD, SUB])
def test_somebody_in_the_chain_who_is_disabled_ends_it_at_once(own: World, whom: str) -> None:
    """The person, the delegator, the delegate."""
    _, told = own.exchange(own.first(), own.lead, details={"actor": SUB})
    with own.home.store.read() as reader:
        row = reader.find(Enrolled, whom)
        assert row is not None
    own.put(replace(row, principal=replace(row.principal, status="disabled")))
    assert _active(own, told["access_token"]) is False


def test_a_revoked_key_ends_the_tokens_that_are_bound_to_it(own: World) -> None:
    """Others of the same agent go on."""
    _, told = own.exchange(own.first(), own.lead, details={"actor": SUB})
    own.put(Revocation("key", f"key:{own.sub.jkt}", own.home.clock.now(), 1))
    assert _active(own, told["access_token"]) is False


def _active(at: World, token: str) -> object:
    basic = b64encode(f"reporter:{SECRET}".encode()).decode()
    status, told = at.post("/introspect", {"token": token}, Authorization=f"Basic {basic}")
    assert status == 200, told
    return told["active"]


def test_introspection_tells_the_chain_to_whom_is_known(at: World) -> None:
    """RFC 7662; strangers are told nothing, of whatever token."""
    _, told = at.exchange(at.first(), at.lead, details=NARROW)
    status, found = at.post("/introspect", {"token": told["access_token"]}, at.sub)
    assert (status, found["active"], found["client_id"]) == (200, True, SUB)
    assert found["act"] == {"sub": SUB, "act": {"sub": LEAD}} and found["cnf"] == {"jkt": at.sub.jkt}
    for text in ("", "x.y.z", at.agent("lead-1", at.lead), told["access_token"][:-4] + "AAAA"):
        assert at.post("/introspect", {"token": text}, at.sub)[1] == {"active": False}
    status, found = at.post("/introspect", {"token": told["access_token"]}, forge.ed25519())
    assert (status, found["error"]) == (401, "invalid_client")
    assert at.post("/introspect", {"token": told["access_token"]})[0] == 401


def test_an_identity_assertion_lets_its_client_act_for_a_person(at: World) -> None:
    """Once, within its scope, for its resource; here with a secret, so the token is bound to no key."""
    assertion = at.assertion(scope="effect:read effect:write")
    fields = {"grant_type": ASSERTION, "assertion": assertion, "client_id": "reporter", "client_secret": SECRET}
    status, told = at.post("/token", fields | {"resource": TOOLS, "scope": "effect:read"})
    assert status == 200, told
    said = claims(told["access_token"])
    assert (said["sub"], said["client_id"], said["aud"], "cnf" in said) == (ANA, OTHER, [TOOLS], False)
    assert (told["token_type"], told["scope"]) == ("Bearer", "effect:read")
    status, told = at.post("/token", fields | {"resource": TOOLS})
    assert (status, told["code"]) == (400, "assertion_used")


ASSERTIONS: list[tuple[str, dict[str, object], dict[str, str], str]] = [
    ("another client's", {"client_id": "careful"}, {}, "assertion_client"),
    ("for another resource", {"resource": "https://other.example"}, {}, "token_audience"),
    ("for another server", {"aud": "https://other.example"}, {}, "token_audience"),
    ("a wider scope", {"scope": "effect:read"}, {"scope": "effect:read effect:pay"}, "outside_delegation"),
    ("details beside its scope", {"authorization_details": []}, {}, "bad_details"),
    ("a wrong secret", {}, {"client_secret": "x" * 43}, "client_unknown"),
    ("no secret", {}, {"client_secret": ""}, "client_unknown"),
    ("an unknown client", {}, {"client_id": "nobody"}, "client_unknown"),
    ("no assertion", {}, {"assertion": ""}, "token_malformed"),
    ("somebody unknown", {"sub": "eve-1"}, {}, "token_subject"),
    ("for somebody else than asks", {}, {"authorization_details": _one(actor=LEAD)}, "bad_details"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "fields", "code"), [each[1:] for each in ASSERTIONS], ids=[each[0] for each in ASSERTIONS]
)
def test_an_assertion_that_does_not_fit_is_refused(
    at: World, changed: dict[str, object], fields: dict[str, str], code: str
) -> None:
    """Each by its name."""
    given = {"grant_type": ASSERTION, "assertion": at.assertion(**changed), "resource": TOOLS}
    status, told = at.post("/token", given | {"client_id": "reporter", "client_secret": SECRET} | fields)
    assert (told["code"], status) == (code, 401 if code == "client_unknown" else 400), told


def test_a_client_that_is_not_told_to_be_a_bearer_needs_a_key(at: World) -> None:
    """With one its token is bound."""
    given = {"grant_type": ASSERTION, "client_id": "careful", "client_secret": SECRET, "resource": TOOLS}
    status, told = at.post("/token", given | {"assertion": at.assertion(client_id="careful")})
    assert (status, told["code"]) == (400, "exchange_key")
    status, told = at.post("/token", given | {"assertion": at.assertion(client_id="careful")}, at.other)
    assert (status, told["token_type"]) == (200, "DPoP")


def test_a_stranger_cannot_name_itself_the_assertions_client(at: World) -> None:
    """`client_id` of a request proves nothing."""
    given = {"grant_type": ASSERTION, "assertion": at.assertion(), "client_id": "reporter", "resource": TOOLS}
    assert at.post("/token", given)[1]["code"] == "client_unknown"
    assert at.post("/token", given, forge.ed25519())[1]["code"] == "client_unknown"
    assert at.post("/token", given, at.sub)[1]["code"] == "assertion_client"


def test_metadata_and_keys_are_where_rfc_8414_says(at: World) -> None:
    """And the keys verify what is issued."""
    _, headers, data = at.ask("GET", "/.well-known/oauth-authorization-server")
    told = json.loads(data)
    assert headers["content-type"] == "application/json"
    assert (told["issuer"], told["token_endpoint"], told["jwks_uri"]) == (at.url, f"{at.url}/token", f"{at.url}/jwks")
    [key] = json.loads(at.ask("GET", "/jwks")[2])["keys"]
    assert (key["kty"], key["kid"]) == ("OKP", jwk.thumbprint(at.home.authority().public)) and "d" not in key
    assert at.ask("GET", "/token")[0] == 405


def test_no_answer_says_a_token_a_secret_or_a_proof_again(at: World) -> None:
    """Of refusals, for they are logged; and none may be kept by a cache."""
    token, proof = at.agent("nobody-1", at.lead), at.proof(at.lead)
    fields = (
        f"grant_type={EXCHANGE}&subject_token={token}&subject_token_type={TYPE}access_token&client_secret={SECRET}x"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded", "DPoP": proof}
    status, answer, data = at.ask("POST", "/token", fields, headers)
    assert status == 401 and answer["cache-control"] == "no-store"
    for piece in (*token.split("."), *proof.split("."), SECRET):
        assert piece.encode() not in data


def test_a_bearer_client_is_a_bearer_for_itself_alone(at: World) -> None:
    """It holds a person's token and names another agent of theirs, of which no key is known."""
    fields = {"client_id": "reporter", "client_secret": SECRET}
    status, told = at.exchange(at.person(), None, "id_token", {"actor": LEAD}, **fields)
    assert (status, told["code"]) == (400, "exchange_key")
    status, told = at.exchange(at.person("bob-1"), None, "id_token", {}, **fields)
    assert (status, claims(told["access_token"])["client_id"]) == (200, OTHER)


@pytest.mark.parametrize("what", ["principal", "delegation", "key"])
def test_what_a_person_revokes_is_worth_nothing_once_it_is_acknowledged(own: World, what: str) -> None:
    """By the way that `assent revoke` goes: for introspection and for the next exchange."""
    parent = own.first()
    _, told = own.exchange(parent, own.lead, details={"actor": SUB, "depth": 1})
    token = told["access_token"]
    ids = {"principal": SUB, "delegation": claims(parent)["delegation"], "key": f"key:{own.sub.jkt}"}
    wanted = revoke.Wanted(what, ids[what])  # type: ignore[arg-type]
    revoke.revoke(own.home.log, wanted, _operator(own), own.home.clock.now())
    assert _active(own, token) is False
    status, told = own.exchange(token, own.sub, details={"actor": OTHER})
    assert (status, told["code"] in ("delegation_void", "token_subject", "token_revoked")) == (400, True), told


def _operator(at: World) -> KeySigner:
    """The key of a person, enrolled as `assent init` does."""
    signer = KeySigner(Ed25519PrivateKey.generate(), "same-user")
    homes.enrol(at.home.log, at.home.config, signer, at.home.clock.now())
    return signer
