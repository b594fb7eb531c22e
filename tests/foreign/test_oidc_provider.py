"""Tokens of a real provider: panva's `oidc-provider` issues them, and a person logs in to it over HTTP."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.unit.api.exchanging import ANA, LEAD, SUB, TYPE, World, claims, world

HERE = Path(__file__).parent
MODULES = HERE.parents[1] / ".servers" / "foreign"
ASSENT = "https://assent.example"
SECRET = "not-a-secret-of-anybody"


@dataclass
class Login:
    """The provider, and the home that knows it."""

    at: World
    url: str

    def agent(self) -> str:
        """An access token for the agent `lead-agent`, bound to its key by the provider."""
        proof = self.at.proof(self.at.lead, url=f"{self.url}/token")
        form = {"grant_type": "client_credentials", "resource": ASSENT}
        answer = httpx2.post(f"{self.url}/token", data=form, auth=("lead-agent", SECRET), headers={"DPoP": proof})
        assert answer.json()["token_type"] == "DPoP", answer.text
        return str(answer.json()["access_token"])

    def person(self, login: str) -> str:
        """An ID token: somebody logs in, agrees, and their client redeems the code."""
        with httpx2.Client(base_url=self.url, follow_redirects=False) as browser:
            asked = {"client_id": "console", "response_type": "code", "scope": "openid", "nonce": "n"}
            back = "https://console.example/back"
            page = browser.get("/auth", params=asked | {"redirect_uri": back})
            for _ in range(12):
                if page.status_code == 200:
                    prompt = re.findall(r'name="prompt" value="(\w+)"', page.text)[0]
                    action = re.findall(r'action="([^"]+)"', page.text)[0]
                    page = browser.post(action, data={"prompt": prompt, "login": login, "password": "x"})
                elif page.headers["location"].startswith(back):
                    break
                else:
                    page = browser.get(page.headers["location"])
            code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
            return str(browser.post("/token", data=form, auth=("console", SECRET)).json()["id_token"])


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    """Both running."""
    node = shutil.which("node")
    assert node, "scripts/setup test installs Node"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    more = f"""
[[issuers]]
kind = "oauth"
issuer = "{url}"
jwks = "{url}/jwks"
audience = ["{ASSENT}"]
principals = {{ lead-agent = '{LEAD}' }}
[[issuers]]
kind = "oidc"
issuer = "{url}"
jwks = "{url}/jwks"
audience = ["console"]
principals = {{ ana = '{ANA}' }}
"""
    command = [node, str(HERE / "oidc.mjs"), str(MODULES), str(port), ASSENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as provider:
        assert provider.stdout is not None
        assert provider.stdout.readline() == "ready\n"
        with world(tmp_path_factory.mktemp("w") / "home", more) as at:
            yield Login(at, url)
        provider.terminate()


def test_a_person_and_an_agent_of_a_real_provider_make_a_chain(login: Login) -> None:
    """ID token of the person, DPoP-bound access token of the agent, then a narrower one for a sub-agent."""
    at = login.at
    fields = {"actor_token": login.agent(), "actor_token_type": f"{TYPE}access_token"}
    status, told = at.exchange(login.person("ana"), at.lead, "id_token", {"depth": 1}, **fields)
    assert status == 200, told
    assert claims(told["access_token"])["act"] == {"sub": LEAD}
    status, told = at.exchange(told["access_token"], at.lead, details={"actor": SUB, "actions": ["effect:read"]})
    assert status == 200, told
    assert claims(told["access_token"])["act"] == {"sub": SUB, "act": {"sub": LEAD}}


def test_a_person_whom_nobody_enrolled_is_nobody(login: Login) -> None:
    """The provider knows them; that is not enough."""
    fields = {"actor_token": login.agent(), "actor_token_type": f"{TYPE}access_token"}
    status, told = login.at.exchange(login.person("eve"), login.at.lead, "id_token", {}, **fields)
    assert (status, told["code"]) == (400, "token_subject")


def test_an_access_token_is_no_login_and_a_login_no_access_token(login: Login) -> None:
    """Of one issuer, with one key, told apart by their type."""
    at = login.at
    assert at.exchange(login.agent(), at.lead, "id_token")[1]["code"] == "token_type"
    assert at.exchange(login.person("ana"), at.lead)[1]["code"] == "token_type"
