"""`requestState` (MCP 2026-07-28): what a server asks to have back with the answers to its questions.

The server's own state never reaches the client. It travels sealed, together with the
names of the questions asked, and opens only in the same client process, for the same
principal, server, method and arguments, once, within the hour. So a client can neither
change it, nor move it to another call, nor answer what was not asked.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from assent_verify.canonical import canonicalize, digest

from assent.edges.mcp import classes
from assent.edges.mcp.rounds import asked_in
from assent.errors import RefusedError
from assent.ports import Clock, Store, Transaction
from assent.record.log import Log

logger = logging.getLogger("assent.gateway")

#: How long a person at the client has to answer a server's question, in milliseconds.
LIFE_MS = 3_600_000
#: Most states of one server that are remembered as used within that time: more a second than any person answers.
MOST_SPENT = 4_096
STATE, RESPONSES = "requestState", "inputResponses"
#: What the client is told, as the SDKs say it; the reason stands in the log.
REJECTED = "Invalid or expired requestState"


class Seal(Protocol):
    """`assent.keys.seal.Seal`, plugged in by the assembly: no room above knows where keys lie."""

    def close(self, text: bytes, bound: bytes) -> str: ...
    def open(self, token: str, bound: bytes) -> tuple[bytes, str] | None: ...


@dataclass(frozen=True, slots=True)
class Given:
    """What an opened state holds.

    Args:
        state: the server's own; None if it gave none.
        asked: names of the questions that came with it.
        id: names this one token.
        expires: when it can no longer be used, in milliseconds.
    """

    state: str | None
    asked: frozenset[str]
    id: str
    expires: int


@dataclass(frozen=True, slots=True)
class Leg:
    """One round of a call.

    Args:
        params: what is decided on: without the state, with answers to questions that were asked.
        given: what the state held; None for a first round.
        barred: `bad_state` if there was a state that is not one of ours for this call, else empty.
    """

    params: dict[str, object]
    given: Given | None = None
    barred: str = ""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom a state is for: it opens for nobody else.

    Args:
        client: the client's process, as `boot:pid:start`; outlives a gateway, not the client.
        principal: who calls.
        server: the wrapped server's name.
    """

    client: str
    principal: str
    server: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes to the other end along with what was decided on.

    Args:
        transport: `_meta` keys that carry no meaning.
        given: the opened state of a later round.
    """

    transport: Mapping[str, object]
    given: Given | None = None

    def joined(self, decided: Mapping[str, object]) -> dict[str, object]:
        """The params to send: the server gets its own state back."""
        sent = classes.joined(decided, self.transport)
        return sent if self.given is None or self.given.state is None else {**sent, STATE: self.given.state}


class States:
    """Seals the states of one server, and opens them again.

    Args:
        seal: gives the seal of the home; called at first use.
        whose: client, principal and server.
        store: where it is read which states have been used.
        log: the door for writing it.
        clock: wall time.
    """

    def __init__(self, seal: Callable[[], Seal], whose: Whose, store: Store, log: Log, clock: Clock) -> None:
        self._seal = seal
        self._whose = whose
        self._store = store
        self._log = log
        self._clock = clock
        self._key = f"spent:{whose.server}"

    def sealed(self, method: str, params: Mapping[str, object], body: Mapping[str, object]) -> dict[str, object]:
        """A result that asks for input, with its state sealed; one that had none gets one.

        Raises:
            RefusedError: `bad_response`: the server's state is no string.
            ConfigError: the key of the home is not usable.
            UnavailableError: it cannot be read or made.
        """
        inner = body.get(STATE)
        if inner is not None and not isinstance(inner, str):
            raise RefusedError("bad_response", "the server's `requestState` is not a string")
        text = canonicalize({"asked": sorted(asked_in(body)), "expires": self._clock.now() + LIFE_MS, "state": inner})
        return {**body, STATE: self._seal().close(text, self._bound(method, params))}

    def opened(self, method: str, params: Mapping[str, object]) -> Leg:
        """Which round a request is. Never raises for what a client may send; a state that is not ours bars the call.

        Raises:
            ConfigError: the key of the home is not usable.
            UnavailableError: it cannot be read or made.
        """
        token = params.get(STATE)
        decided = {name: value for name, value in params.items() if name not in (STATE, RESPONSES)}
        given = None if token is None else self._open(token, self._bound(method, params))
        if token is not None and given is None:
            return Leg(decided, None, "bad_state")
        answers = params.get(RESPONSES)
        if isinstance(answers, dict):
            kept = {name: answer for name, answer in answers.items() if given is not None and name in given.asked}
            if len(kept) < len(answers):
                logger.warning("left out %d answer(s) to questions that were not asked", len(answers) - len(kept))
            if kept:
                decided[RESPONSES] = kept
        return Leg(decided, given)

    async def spend(self, given: Given) -> None:
        """Use a state up: the answers it came with count once, whatever becomes of the call.

        Raises:
            RefusedError: `bad_state`: it has been used, here or by another process, or too many have been.
            UnavailableError: the store cannot be written.
        """
        now = self._clock.now()

        def job(tx: Transaction) -> bool:
            known = {id: expires for id, expires in _used(tx.state(self._key)).items() if expires > now}
            if given.id in known or len(known) >= MOST_SPENT:
                return False
            tx.put_state(self._key, json.dumps({**known, given.id: given.expires}))
            return True

        if given.expires <= now or not await self._log.commit(job, durable=True):
            raise RefusedError("bad_state", "its request state has been used or has expired")

    def _open(self, token: object, bound: bytes) -> Given | None:
        if not isinstance(token, str) or not token.isascii():
            return None
        found = self._seal().open(token, bound)
        if found is None:
            return None
        held = json.loads(found[0])
        given = Given(held["state"], frozenset(held["asked"]), found[1], held["expires"])
        with self._store.read() as reader:
            used = _used(reader.state(self._key))
        return given if given.expires > self._clock.now() and given.id not in used else None

    def _bound(self, method: str, params: Mapping[str, object]) -> bytes:
        """Everything that must be the same when a state comes back: all but state, answers and `_meta`."""
        same = {name: value for name, value in params.items() if name not in (STATE, RESPONSES, "_meta")}
        return canonicalize(
            {
                "client": self._whose.client,
                "method": method,
                "params": digest(canonicalize(same)),
                "principal": self._whose.principal,
                "server": self._whose.server,
            }
        )


def _used(text: str | None) -> dict[str, int]:
    found: dict[str, int] = json.loads(text) if text else {}
    return found
