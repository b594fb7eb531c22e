"""Keys of configured issuers (RFC 7517): fetched from where the settings say, never from where a token says.

A set is kept for ten minutes and, while its issuer does not answer, for an hour. A `kid`
that is not in it is looked for once more, at most once a minute for each issuer, so that
no flood of invented ids becomes a flood of requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assent_verify.canonical import parse

from assent.errors import ProofError, RefusedError, UnavailableError
from assent.identity.jws import ALGORITHMS
from assent.model.issuer import Issuer

if TYPE_CHECKING:
    from joserfc.jwk import Key

#: Seconds: a set counts as new; it counts at all; between two looks for an unknown `kid`; for an answer.
FRESH, LONGEST, AGAIN, PATIENCE = 600.0, 3600.0, 60.0, 5.0
MAX_SET, MAX_KEYS = 256 * 1024, 100
_MEMBERS = frozenset({"kty", "crv", "x", "y", "n", "e", "kid", "alg"})
#: Characters that 2,048 bits take; a shorter RSA key is none.
_RSA = 342
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class _Set:
    keys: tuple[Mapping[str, object], ...]
    at: float


class KeySets:
    """The keys of issuers, remembered by one process.

    Args:
        fetch: the bytes at an address or in a file.
        steady: seconds of a clock that only runs forward.
    """

    def __init__(
        self, fetch: Callable[[str], bytes] | None = None, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch or get
        self._steady = steady
        self._known: dict[str, _Set] = {}
        self._looked: dict[str, float] = {}
        self._lock = Lock()

    def find(self, issuer: Issuer, kid: str, algorithm: str) -> Sequence[Key]:
        """The keys that a token of this issuer may be signed with.

        Args:
            kid: of its header; empty if it names none, and then the issuer must have one that fits.

        Raises:
            RefusedError: `token_key`: there is no such key.
            UnavailableError: `issuer_unavailable`: its keys cannot be had.
        """
        with self._lock:
            known = self._current(issuer.jwks)
            found = _fitting(known, kid, algorithm)
            if not found and self._steady() - self._looked.get(issuer.jwks, -AGAIN) >= AGAIN:
                known = self._load(issuer.jwks) or known
                found = _fitting(known, kid, algorithm)
        if not found or (not kid and len(found) > 1):
            which = f"`{kid[:64]}`" if kid.isascii() and kid.isprintable() and kid else "without a name"
            raise RefusedError("token_key", f"token: its issuer has no key {which} for `{algorithm}`")
        return found

    def _current(self, place: str) -> _Set:
        known, now = self._known.get(place), self._steady()
        if known is not None and now - known.at < FRESH:
            return known
        fresh = self._load(place) if now - self._looked.get(place, -PATIENCE) >= PATIENCE else None
        if fresh is None and (known is None or now - known.at >= LONGEST):
            self._known.pop(place, None)
            help = "see that its address in `[[issuers]]` answers"
            raise UnavailableError("issuer_unavailable", "the keys of the token's issuer cannot be had", help=help)
        return fresh or known  # type: ignore[return-value]  # one of them is there

    def _load(self, place: str) -> _Set | None:
        self._looked[place] = self._steady()
        try:
            told = parse(self._fetch(place), max_depth=8, max_bytes=MAX_SET)
        except (OSError, ValueError, ProofError):
            return None
        listed = told.get("keys") if isinstance(told, dict) else None
        if not isinstance(listed, list) or len(listed) > MAX_KEYS:
            return None
        keys = tuple(one for one in listed if isinstance(one, dict) and not _PRIVATE & one.keys())
        self._known[place] = _Set(keys, self._steady())
        return self._known[place]


def _fitting(known: _Set, kid: str, algorithm: str) -> list[Key]:
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    found = []
    for one in known.keys:
        fits = one.get("kty") == ALGORITHMS[algorithm] and one.get("alg", algorithm) == algorithm
        if not fits or one.get("use", "sig") not in ("sig", "jwt-svid") or (kid and one.get("kid") != kid):
            continue
        # `use` of SPIFFE is not one of RFC 7517's, and short keys are told on standard error
        members = {name: value for name, value in one.items() if name in _MEMBERS and isinstance(value, str)}
        if members["kty"] == "RSA" and len(members.get("n", "")) < _RSA:
            continue
        try:
            found.append(import_key(dict(members)))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found


def get(place: str) -> bytes:
    """What stands at an http(s) address, or in a file; not redirected, certificates verified, bounded.

    Raises:
        OSError, ValueError: it is not to be had.
    """
    if place.startswith("/"):
        with Path(place).open("rb") as file:
            return file.read(MAX_SET + 1)
    import http.client

    parts = urlsplit(place)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        answer, data, end = connection.getresponse(), b"", time.monotonic() + PATIENCE
        while len(data) <= MAX_SET and (part := answer.read1(65_536)):
            data += part
            if time.monotonic() > end:
                raise TimeoutError("it took too long")
    except http.client.HTTPException as error:
        raise OSError(type(error).__name__) from error
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"status {answer.status}")
    return data
