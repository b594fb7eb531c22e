"""Permits consumed at the home over HTTP (`assent permits serve`), by an executor elsewhere."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from assent_verify.canonical import parse

from assent.errors import ConfigError, ProofError, RefusedError, UnavailableError
from assent.identity.permits import CONSUME_PATH
from assent.model.presented import Presented

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TIMEOUT = 5.0  # seconds
_LONGEST = 64 * 1024  # bytes of an answer
#: What the home may say of a permit; any other word is taken for no answer.
_REFUSALS = {
    "permit_used": "the permit has been used or was never issued here",
    "permit_elsewhere": "the permit is for another executor",
    "permit_expired": "too long has passed since it was decided",
    "permit_invalid": "the permit does not hold",
    "revoked": "something that the permit stood on has been revoked",
    "session_ended": "the session of the permit has ended",
}


class RemoteConsumption:
    """`ports.Consumption` at a home; each permit is one request, never repeated.

    Args:
        url: where the home listens; TLS, unless it is on this machine.

    Raises:
        ConfigError: `consumption_address`: it is no such address.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or not (plain or parts.scheme == "https") or parts.query or parts.username:
            help = "write https://HOST/, or http://127.0.0.1:PORT/ for this machine"
            raise ConfigError("consumption_address", f"`{parts.hostname}` cannot be asked for permits", help=help)
        self._host, self._port, self._tls = parts.hostname, parts.port, parts.scheme == "https"
        self._path = parts.path.rstrip("/") + CONSUME_PATH

    def consume(self, token: str, permit: Presented) -> None:
        """As `ports.Consumption`; the home judges time, use and revocation."""
        status, said = self._ask(json.dumps({"permit": token}).encode())
        code = said.get("code")
        if status == 200 and said == {"consumed": permit.id}:
            return
        if status == 403 and isinstance(code, str) and code in _REFUSALS:
            raise RefusedError(code, _REFUSALS[code])
        raise self._unavailable(f"it answered {status}")

    def _ask(self, body: bytes) -> tuple[int, dict[str, object]]:
        kind = HTTPSConnection if self._tls else HTTPConnection
        connection = kind(self._host, self._port, timeout=_TIMEOUT)
        try:
            connection.request("POST", self._path, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            told = parse(answer.read(_LONGEST))
        except (OSError, HTTPException, ProofError) as error:
            raise self._unavailable(type(error).__name__) from error
        finally:
            connection.close()
        return answer.status, told if isinstance(told, dict) else {}

    def _unavailable(self, why: str) -> UnavailableError:
        help = "look whether `assent permits serve` runs there; nothing runs until it answers"
        return UnavailableError("consumption_unavailable", f"`{self._host}` cannot be asked: {why}", help=help)

    def close(self) -> None:
        """Nothing stays open between two requests."""
