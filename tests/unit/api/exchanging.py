"""A home with a token endpoint behind a real server, two identity providers and three agents."""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn
from starlette.responses import JSONResponse
from starlette.routing import Mount

from assent.api.app import app
from assent.api.bearer import STATE, Gate, guarded
from assent.api.serving import Hasty
from assent.api.token import Desk, desk, routes
from assent.assembly import Home, open_home
from assent.config import load
from assent.model.ids import PrincipalId
from assent.model.principal import Authenticator, Enrolled, Principal
from tests.unit.identity import forge
from tests.unit.identity.forge import Provider

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TYPE = "urn:ietf:params:oauth:token-type:"
TOOLS = "https://tools.example"
ANA, BOB = 'User::"ana"', 'User::"bob"'
LEAD, SUB, OTHER = 'Agent::"ci/lead"', 'Agent::"ci/sub"', 'Agent::"ci/other"'
SECRET = "s" * 43


class World:
    """What a test asks and changes."""

    def __init__(self, place: Path, port: int, tls: ssl.SSLContext | None = None, more: str = "") -> None:
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{port}"
        self.port, self.tls = port, tls
        self.reached: list[object] = []
        self.desk: Desk
        self.people = Provider(forge.p256(), "https://people.example", "JWT")
        self.agents = Provider(forge.ed25519(), "https://agents.example", "at+jwt")
        self.asserting = Provider(forge.rsa_key(), "https://sso.example", "oauth-id-jag+jwt")
        self.lead, self.sub, self.other = forge.ed25519(), forge.ed25519(), forge.p256()
        place.mkdir(mode=0o700)
        for provider, name in ((self.people, "people"), (self.agents, "agents"), (self.asserting, "sso")):
            (place.parent / f"{name}.jwks").write_bytes(provider.jwks)
        (place / "assent.toml").write_text(self._settings(place.parent) + more)
        self.home: Home = open_home(load(place, {"USER": "ana"}))
        for id, owner in ((ANA, None), (BOB, None), (LEAD, ANA), (SUB, ANA), (OTHER, BOB)):
            self.put(_row(id, owner))
        self.put(Authenticator("token:https://agents.example lead-1", PrincipalId(LEAD)))
        self.put(Authenticator("token:https://agents.example other-1", PrincipalId(OTHER)))
        self.put(Authenticator(f"key:{self.sub.jkt}", PrincipalId(SUB)))

    async def tools(self, scope: Any, receive: Any, send: Any) -> None:
        """What stands behind the gate: it says who called."""
        caller = scope["state"][STATE]
        said = {"actor": caller.token.actor, "chain": [one.subject for one in caller.chain]}
        self.reached.append(said)
        await JSONResponse(said)(scope, receive, send)

    def _settings(self, place: Path) -> str:
        from hashlib import sha256

        return f"""
[token]
issuer = "{self.url}"
audiences = ["{TOOLS}", "{self.url}/mcp"]
[[issuers]]
kind = "oidc"
issuer = "https://people.example"
jwks = "{place}/people.jwks"
audience = ["assent"]
principals = {{ ana-1 = '{ANA}', bob-1 = '{BOB}' }}
[[issuers]]
kind = "oauth"
issuer = "https://agents.example"
jwks = "{place}/agents.jwks"
audience = ["{self.url}"]
[[issuers]]
kind = "id-jag"
issuer = "https://sso.example"
jwks = "{place}/sso.jwks"
audience = ["{self.url}"]
principals = {{ ana-1 = '{ANA}' }}
[[clients]]
id = "reporter"
principal = '{OTHER}'
secret = "sha256:{sha256(SECRET.encode()).hexdigest()}"
bearer = true
[[clients]]
id = "careful"
principal = '{OTHER}'
secret = "sha256:{sha256(SECRET.encode()).hexdigest()}"
"""

    def put(self, *records: object) -> None:
        """Write records as they are."""

        def job(tx: Any) -> None:
            for record in records:
                tx.put(record)

        self.home.log.submit(job, durable=True).result()

    def person(self, sub: str = "ana-1", **changed: object) -> str:
        """An ID token."""
        now = int(time.time())
        return self.people.issue(**({"sub": sub, "aud": "assent", "iat": now, "exp": now + 300} | changed))

    def agent(self, sub: str, key: forge.Key | None, **changed: object) -> str:
        """An access token, bound to a key."""
        now = int(time.time())
        given = {"sub": sub, "aud": self.url, "iat": now, "exp": now + 300}
        bound = {"cnf": {"jkt": key.jkt}} if key else {}
        return self.agents.issue(**(given | bound | changed))

    def assertion(self, **changed: object) -> str:
        """An identity assertion."""
        now = int(time.time())
        given = {"sub": "ana-1", "aud": self.url, "iat": now, "exp": now + 60, "client_id": "reporter"}
        return self.asserting.issue(**(given | {"jti": secrets.token_hex(8), "resource": TOOLS} | changed))

    def proof(self, key: forge.Key, path: str = "/token", **changed: object) -> str:
        """A DPoP proof for one request."""
        given = {"url": f"{self.url}{path}", "iat": int(time.time()), "jti": secrets.token_hex(8)}
        return forge.proof(key, **(given | changed))  # type: ignore[arg-type]

    def post(
        self, path: str, fields: object, key: forge.Key | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON of an answer."""
        body = fields if isinstance(fields, str) else urlencode(fields)  # type: ignore[arg-type]
        given = {"Content-Type": "application/x-www-form-urlencoded"} | headers
        if key is not None:
            given["DPoP"] = self.proof(key, path)
        status, _, data = self.ask("POST", path, body, given)
        return status, json.loads(data)

    def ask(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        if self.tls:
            line = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.tls)
        else:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(method, path, body or None, headers or {})
            found = line.getresponse()
            return found.status, {name.lower(): value for name, value in found.getheaders()}, found.read()
        finally:
            line.close()

    def exchange(
        self, subject: str, key: forge.Key | None, kind: str = "access_token", details: object = None, **fields: str
    ) -> tuple[int, dict[str, Any]]:
        """Ask for a narrower token."""
        given = {"grant_type": EXCHANGE, "subject_token": subject, "subject_token_type": TYPE + kind}
        if details is not None:
            given["authorization_details"] = json.dumps([{"type": "assent_delegation"} | details])  # type: ignore[operator]
        return self.post("/token", given | fields, key)

    def first(self, **details: object) -> str:
        """What ana gave her agent `ci/lead`: a token that is bound to its key."""
        actor = self.agent("lead-1", self.lead)
        status, told = self.exchange(
            self.person(), self.lead, "id_token", {"depth": 2} | details,
            actor_token=actor, actor_token_type=f"{TYPE}access_token",
        )  # fmt: skip
        assert status == 200, told
        return str(told["access_token"])


def _row(id: str, owner: str | None) -> Enrolled:
    kind, _, name = id.partition("::")
    return Enrolled(
        PrincipalId(id), owner or "", Principal(kind, name[1:-1], PrincipalId(owner) if owner else None), 1  # type: ignore[arg-type]
    )  # fmt: skip


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


@contextmanager
def world(place: Path, more: str = "") -> Iterator[World]:
    """A home and its token endpoint on a free port of this machine.

    Args:
        more: further settings.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    made = World(place, listener.getsockname()[1], more=more)
    with made.home as home:
        made.desk = desk(home.config, home.log, home.store, home.clock, home.authority())
        gate = Gate(made.url, made.desk.keys, f"{made.url}/mcp", made.url, home.store, home.log, home.clock)
        tools = Mount("/mcp", guarded(made.tools, gate))
        served = app([*routes(made.desk), tools])
        config = uvicorn.Config(served, http=Hasty, log_level="critical", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        try:
            yield made
        finally:
            server.should_exit = True
            thread.join()
