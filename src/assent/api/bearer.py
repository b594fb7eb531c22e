"""ASGI middleware for who is called by agents: a request must carry a token of this home, held by its holder.

For agent-to-agent calls (A2A) and MCP servers over HTTP. It says who calls, and on whose
behalf; what the request says stays untrusted data, whoever sent it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from assent.errors import AssentError, RefusedError, UnavailableError
from assent.identity import access, dpop
from assent.identity.access import Access
from assent.identity.jws import ALGORITHMS
from assent.model.grant import Grant
from assent.ports import Clock, Store
from assent.record.log import Log

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]
#: Where the application finds who calls: `scope["state"]["assent"]`.
STATE = "assent"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the token, and the chain it stands on, root first, as the home knew it at this request."""

    token: Access
    chain: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """What judges the tokens of requests.

    Args:
        issuer: address of the home.
        keys: its own: thumbprint → raw public key.
        audience: whom tokens must be meant for.
        origin: scheme, host and port under which the application is known outside.
    """

    issuer: str
    keys: Mapping[str, bytes]
    audience: str
    origin: str
    store: Store = field(repr=False)
    log: Log = field(repr=False)
    clock: Clock = field(repr=False)

    async def admit(self, scope: Scope) -> Caller:
        """Who makes this request.

        Raises:
            RefusedError: `token_missing`, `token_…`, `dpop_…` or `delegation_void`.
            UnavailableError: the home cannot be read or written.
        """
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        given = [value for name, value in headers if name == b"authorization"]
        proofs = [value for name, value in headers if name == b"dpop"]
        scheme, _, text = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() not in ("dpop", "bearer") or len(proofs) > 1:
            raise RefusedError("token_missing", "expected one token, as `DPoP` with one proof, or as `Bearer`")
        now = self.clock.now()
        token = access.read(text, self.issuer, self.keys, now, self.audience)
        proof = None
        if scheme.lower() == "dpop" and proofs:
            proof = dpop.check(proofs[0], scope["method"], f"{self.origin}{scope['path']}", now, text)
        token.held(proof.jkt if proof else "")
        with self.store.read() as reader:
            chain = access.admit(reader, token, now)
        if proof is not None:
            used = proof
            await self.log.commit(lambda tx: dpop.spend(tx, used), durable=True)
        return Caller(token, chain)

    def handed(self, text: str, caller: Caller, me: str) -> tuple[Grant, ...]:
        """The chain of a token that a caller has had exchanged for this agent, to act on the caller's behalf.

        Args:
            text: the token, bound to this agent's key.
            me: this agent's principal.

        Raises:
            RefusedError: `token_…`, `delegation_void`, or `not_handed`: it is for another agent, or by another.
        """
        now = self.clock.now()
        token = access.read(text, self.issuer, self.keys, now, self.issuer)
        with self.store.read() as reader:
            chain = access.admit(reader, token, now)
        if token.actor != me or chain[-1].issuer != caller.token.actor:
            raise RefusedError("not_handed", "the token is for another agent, or not of whoever calls")
        return chain


def guarded(app: App, gate: Gate) -> App:
    """An application that is reached with a token alone; everything but HTTP is refused."""

    async def guard(
        scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            caller = await gate.admit(scope)
        except (RefusedError, UnavailableError) as error:
            await _refuse(error, send)
            return
        await app({**scope, "state": {**scope.get("state", {}), STATE: caller}}, receive, send)

    return guard


async def _refuse(error: AssentError, send: Callable[[Any], Awaitable[None]]) -> None:
    """401 with what is wrong (RFC 9449 §7.1, RFC 6750 §3), or 503."""
    unavailable = isinstance(error, UnavailableError)
    told = {"code": error.code} | ({} if unavailable else {"error_description": error.message.replace('"', "'")})
    body = json.dumps(told).encode()
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if not unavailable:
        named = "invalid_dpop_proof" if error.code.startswith("dpop_") else "invalid_token"
        said = "" if error.code == "token_missing" else f' error="{named}",'
        headers.append((b"www-authenticate", f'DPoP{said} algs="{" ".join(ALGORITHMS)}"'.encode()))
        headers.append((b"www-authenticate", b"Bearer"))
    status = 503 if unavailable else 401
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
