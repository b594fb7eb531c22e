"""Who is called by agents lets in whoever holds a token of the home, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from assent.model.grant import Grant
from assent.model.ids import DelegationId
from tests.unit.api.exchanging import LEAD, OTHER, SECRET, World, claims, world
from tests.unit.identity import forge


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A home, its token endpoint, and an application behind the gate."""
    with world(tmp_path_factory.mktemp("w") / "home") as made:
        yield made


def _token(at: World) -> str:
    status, told = at.exchange(at.first(), at.lead, resource=f"{at.url}/mcp")
    assert status == 200, told
    return str(told["access_token"])


def _proof(at: World, key: forge.Key, token: str, **changed: object) -> str:
    return at.proof(key, "/mcp/call", **({"method": "GET", "token": token} | changed))


def test_a_holder_is_let_in_and_named(at: World) -> None:
    """With the chain; the proof counts once."""
    token = _token(at)
    headers = {"Authorization": f"DPoP {token}", "DPoP": _proof(at, at.lead, token)}
    status, _, data = at.ask("GET", "/mcp/call", headers=headers)
    assert (status, json.loads(data)) == (200, {"actor": LEAD, "chain": [LEAD]})
    assert at.ask("GET", "/mcp/call", headers=headers)[0] == 401


def test_whoever_lacks_something_is_not_let_in(at: World) -> None:
    """The application hears of none of them."""
    token, other = _token(at), forge.ed25519()
    home = at.first()
    for headers, code in [
        ({}, b"token_missing"),
        ({"Authorization": "Basic eDp5"}, b"token_missing"),
        ({"Authorization": f"Bearer {token}"}, b"token_holder"),
        ({"Authorization": f"DPoP {token}"}, b"token_holder"),
        ({"Authorization": f"DPoP {token}", "DPoP": _proof(at, other, token)}, b"token_holder"),
        ({"Authorization": f"Bearer {token}", "DPoP": _proof(at, at.lead, token)}, b"token_holder"),
        ({"Authorization": f"DPoP {token}", "DPoP": _proof(at, at.lead, "another")}, b"dpop_token"),
        ({"Authorization": f"DPoP {token}", "DPoP": _proof(at, at.lead, token, method="POST")}, b"dpop_request"),
        ({"Authorization": f"DPoP {home}", "DPoP": _proof(at, at.lead, home)}, b"token_audience"),
        ({"Authorization": f"Bearer {at.agent('lead-1', None)}"}, b"token_"),
        ({"Authorization": "Bearer x"}, b"token_malformed"),
    ]:
        before = len(at.reached)
        status, answer, data = at.ask("GET", "/mcp/call", headers=headers)
        assert status == 401 and code in data, (headers, data)
        assert "www-authenticate" in answer and len(at.reached) == before
        assert not any(piece.encode() in data for piece in token.split("."))


def test_a_delegation_that_was_taken_back_lets_nobody_in(at: World) -> None:
    """At once: the store is asked at each request."""
    token = _token(at)
    id = DelegationId(claims(token)["delegation"])
    with at.home.store.read() as reader:
        row = reader.find(Grant, id)
        assert row is not None
    at.put(replace(row, status="revoked"))
    headers = {"Authorization": f"DPoP {token}", "DPoP": _proof(at, at.lead, token)}
    status, _, data = at.ask("GET", "/mcp/call", headers=headers)
    assert status == 401 and b"delegation_void" in data


async def test_the_client_of_the_mcp_sdk_gets_in_with_an_identity_assertion(at: World) -> None:
    """SEP-990 from 401 to answer: discovery, assertion, token, call; with nothing of ours on its side."""
    import httpx2
    from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
    from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

    class Kept:
        """What the client remembers."""

        tokens: OAuthToken | None = None

        async def get_tokens(self) -> OAuthToken | None:
            return self.tokens

        async def set_tokens(self, tokens: OAuthToken) -> None:
            self.tokens = tokens

        async def get_client_info(self) -> OAuthClientInformationFull | None:
            return None

        async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
            raise AssertionError("nothing is registered")

    async def assertion(audience: str, resource: str) -> str:
        return at.assertion(aud=audience, resource=resource, scope="effect:read")

    for method in ("client_secret_post", "client_secret_basic"):
        auth = IdentityAssertionOAuthProvider(
            f"{at.url}/mcp", Kept(), "reporter", SECRET, at.url, assertion, token_endpoint_auth_method=method
        )  # type: ignore[arg-type]
        async with httpx2.AsyncClient(auth=auth, follow_redirects=False) as client:
            answer = await client.get(f"{at.url}/mcp/call")
        assert (answer.status_code, answer.json()["actor"]) == (200, OTHER), method
