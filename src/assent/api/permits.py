"""Permits over HTTP: the keys that sign them, and the store of the home for executors elsewhere (docs/permits.md).

Whoever holds a permit may use it up, and learns nothing by it. Nothing else is answered.
"""

from __future__ import annotations

from collections.abc import Callable

from assent_verify.canonical import parse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assent.errors import ProofError, RefusedError, RequestError
from assent.identity import jose, permits
from assent.identity.permits import CONSUME_PATH, Trust
from assent.ports import Consumption

#: Where the keys are.
KEYS_PATH = "/permits/jwks"
_MOST = jose.MOST + 1024
_FRESH = {"cache-control": "no-store"}


def routes(trust: Callable[[], Trust], store: Consumption) -> list[Route]:
    """What executors ask for.

    Args:
        trust: issuer and keys of this home, as they are now.
        store: where its permits are used up.
    """

    def keys(_: Request) -> Response:
        now = trust()
        body = Trust.published(now.issuer, list(now.keys.values()))
        return Response(body, media_type="application/jwk-set+json", headers={"cache-control": "max-age=300"})

    async def consume(request: Request) -> Response:
        token = _token(await _body(request))
        used = await run_in_threadpool(_use, trust(), store, token)
        return JSONResponse({"consumed": used}, headers=_FRESH)

    return [Route(KEYS_PATH, keys), Route(CONSUME_PATH, consume, methods=["POST"])]


def _use(trust: Trust, store: Consumption, token: str) -> str:
    try:
        permit = permits.read(token, trust)
    except ProofError as error:
        raise RefusedError("permit_invalid", "the permit does not hold") from error
    store.consume(token, permit)
    return permit.id


async def _body(request: Request) -> bytes:
    data = bytearray()
    try:
        async for part in request.stream():
            data += part
            if len(data) > _MOST:
                raise RequestError("too_large", f"at most {_MOST} bytes are read")
    except ClientDisconnect as error:
        raise RequestError("caller_gone", "the caller has gone") from error
    return bytes(data)


def _token(body: bytes) -> str:
    told = parse(body, max_depth=4)
    token = told.get("permit") if isinstance(told, dict) and told.keys() == {"permit"} else None
    if not isinstance(token, str):
        raise RequestError("bad_request", 'expected `{"permit": token}`')
    return token
