"""A form as clients of OAuth send it (RFC 6749 §3.2), read strictly, with what came beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

from assent.errors import RefusedError, RequestError
from assent.identity import mtls

MAX_BODY, MAX_FIELDS = 96 * 1024, 32
_SEVERAL = frozenset({"audience", "resource"})


@dataclass(frozen=True, slots=True)
class Form:
    """One request: its fields, each once but for those of which there may be several."""

    fields: Mapping[str, Sequence[str]]
    proofs: Sequence[str]
    basic: str
    certificate: mtls.Certificate | None

    def get(self, name: str) -> str:
        """A field; empty if it is not there."""
        return next(iter(self.fields.get(name, ())), "")


async def read(request: Request) -> Form:
    """Read a request strictly: a field twice is none (RFC 6749 §3.2).

    Raises:
        RequestError: `bad_request`. RefusedError: `certificate_malformed`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise RequestError("bad_request", f"the body is longer than {MAX_BODY} bytes")
    if kind != "application/x-www-form-urlencoded" or not body.isascii():
        raise RequestError("bad_request", "expected a form, `application/x-www-form-urlencoded`")
    fields: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(body.decode(), True, True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise RequestError("bad_request", "the form cannot be read") from error
    for name, value in pairs:
        if name in fields and name not in _SEVERAL:
            raise RequestError("bad_request", "a field of the form stands twice")
        fields.setdefault(name, []).append(value)
    scheme, _, basic = request.headers.get("authorization", "").partition(" ")
    if scheme and scheme.lower() != "basic":
        raise RefusedError("client_unknown", "a client proves itself by DPoP, a certificate, or `Basic`")
    return Form(fields, request.headers.getlist("dpop"), basic.strip(), mtls.of(request.scope))
