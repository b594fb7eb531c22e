"""Errors as problems (RFC 9457): one table, from family to status."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from assent.errors import (
    AssentError,
    ConfigError,
    ConflictError,
    PolicyError,
    ProofError,
    RefusedError,
    RequestError,
    UnavailableError,
)

#: Family → HTTP status and title. What is the operator's turn is not told to a stranger.
STATUS: dict[type[Exception], tuple[int, str]] = {
    RefusedError: (403, "not allowed"),
    RequestError: (400, "bad request"),
    PolicyError: (422, "policy refused"),
    ProofError: (422, "proof does not hold"),
    ConflictError: (409, "changed meanwhile"),
    UnavailableError: (503, "not available"),
    ConfigError: (500, "not set up"),
}
_OPERATORS = (UnavailableError, ConfigError)
_MEDIA = "application/problem+json"


def problem(status: int, title: str, code: str, detail: str = "") -> JSONResponse:
    """One problem; `code` is the stable one of docs/errors.md."""
    body = {"type": "about:blank", "title": title, "status": status, "code": code}
    return JSONResponse(body | ({"detail": detail} if detail else {}), status, media_type=_MEDIA)


def of_error(_: Request, error: Exception) -> JSONResponse:
    """The problem of an expected error."""
    family = next(family for family in STATUS if isinstance(error, family))
    assert isinstance(error, AssentError | ProofError)  # noqa: S101 - the table holds nothing else
    status, title = STATUS[family]
    return problem(status, title, error.code, "" if isinstance(error, _OPERATORS) else error.message)


def of_status(_: Request, error: Exception) -> JSONResponse:
    """The problem of a status that the framework answers: not found, method not allowed."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    response = problem(error.status_code, error.detail.lower(), f"http_{error.status_code}")
    response.headers.update(error.headers or {})
    return response


#: For `Starlette(exception_handlers=…)`. A bug is not here: it is answered 500 and logged.
HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], JSONResponse]] = {
    **{family: of_error for family in [*STATUS]},
    HTTPException: of_status,
}
