"""Step 7 where the effect is: nothing runs without a permit for exactly it, and none runs twice."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from assent_verify.canonical import digest

from assent.errors import ConfigError, ProofError, RefusedError
from assent.identity import outcomes, permits
from assent.identity.permits import Trust
from assent.model.action import TRANSPORT_META
from assent.model.outcome import Status
from assent.model.presented import Presented
from assent.ports import Consumption, Signer

#: Where a permit and an executor's word travel in MCP: keys of `_meta`.
PERMIT_META, OUTCOME_META = "assent/permit", "assent/outcome"
_PROTOCOL_META = "io.modelcontextprotocol/"
_STATE = "requestState"  # the server's own text, which the gateway gives back to it


@dataclass(frozen=True, slots=True)
class Asked:
    """What is about to run, from the executor's own hands and not from the permit.

    Args:
        method: the MCP method; `tools/call` for a function.
        tool: name of the tool; the method itself for other methods.
        params: as they were decided on: see `of_params` and `of_tool`.
    """

    method: str
    tool: str
    params: Mapping[str, object]

    @classmethod
    def of_params(cls, method: str, params: Mapping[str, object]) -> Asked:
        """Of an MCP request, by the params that arrived."""
        name = params.get("name") if method == "tools/call" else method
        return cls(method, name if isinstance(name, str) else "", decided(params))

    @classmethod
    def of_tool(cls, tool: str, arguments: Mapping[str, object]) -> Asked:
        """Of a function that is called by its name with these arguments."""
        return cls("tools/call", tool, {"arguments": dict(arguments), "name": tool})


def decided(params: Mapping[str, object]) -> dict[str, object]:
    """Params without what travels beside the action: of `_meta` only the protocol's own keys are part of it."""
    kept = {name: value for name, value in params.items() if name not in ("_meta", _STATE)}
    meta = params.get("_meta")
    ours = {name: value for name, value in meta.items() if _part(name)} if isinstance(meta, dict) else {}
    return {**kept, "_meta": ours} if ours else kept


def _part(name: object) -> bool:
    return isinstance(name, str) and name.startswith(_PROTOCOL_META) and name not in TRANSPORT_META


class Executor:
    """Checks and consumes permits for one audience. Safe from many threads.

    Args:
        audience: the name of this server at the gateway.
        trust: whose permits count.
        consumption: where they are used up; one for all processes of this audience.
        key: signs outcomes; None if nobody has enrolled one.

    Raises:
        ConfigError: `no_consumption`: without a store a permit could be used twice.
    """

    def __init__(self, audience: str, trust: Trust, consumption: Consumption, key: Signer | None = None) -> None:
        if not audience or consumption is None:
            help = "give it one store for all its processes: see docs/permits.md"
            raise ConfigError("no_consumption", "an executor needs a name and a consumption store", help=help)
        self.audience = audience
        self._trust = trust
        self._consumption = consumption
        self._key = key

    @property
    def public(self) -> str:
        """The public key that signs its outcomes, base64, as `assent permits enrol` takes it; empty without one."""
        return base64.b64encode(self._key.public).decode() if self._key else ""

    def check(self, token: object, asked: Asked) -> Presented:
        """Hold a permit against what is about to run; consumes nothing.

        Raises:
            RefusedError: `permit_missing`, `permit_invalid`, `permit_elsewhere` or `permit_differs`.
        """
        if not isinstance(token, str) or not token:
            raise RefusedError("permit_missing", "there is no permit: this can only be called through Assent")
        try:
            permit = permits.read(token, self._trust)
        except ProofError as error:
            raise RefusedError("permit_invalid", f"the permit does not hold: {error.message}") from error
        if permit.audience != self.audience or permit.server != self.audience:
            raise RefusedError("permit_elsewhere", "the permit is for another executor")
        if (permit.method, permit.tool) != (asked.method, asked.tool) or not _fits(permit, asked):
            raise RefusedError("permit_differs", "the permit is for another tool or other arguments")
        return permit

    def accept(self, token: object, asked: Asked) -> Presented:
        """Check a permit, then consume it: after this the effect may run, once.

        Raises:
            RefusedError: as `check` and `ports.Consumption.consume`.
            UnavailableError: it cannot be consumed now, so nothing may run.
        """
        permit = self.check(token, asked)
        self._consumption.consume(str(token), permit)
        return permit

    async def accepted(self, token: object, asked: Asked) -> Presented:
        """As `accept`, for a coroutine: the store is waited for in a thread.

        Raises:
            RefusedError, UnavailableError: as `accept`.
        """
        return await asyncio.to_thread(self.accept, token, asked)

    def word(self, permit: Presented, status: Status, result: Mapping[str, object], external: str = "") -> object:
        """This executor's signed word for an outcome, for `_meta["assent/outcome"]`; None if it has no key.

        Args:
            result: what is answered; its `_meta` is not part of what is signed.
            external: id that this executor gave what it did, at most 256 characters.

        Raises:
            ProofError: the result is not JSON.
        """
        if self._key is None:
            return None
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        response = digest(outcomes.response_of(result))
        done = outcomes.Done(permit.attempt, permit.leaf, status, response, external, time)
        return outcomes.signed(done, self._key, secrets.token_bytes(16))

    def close(self) -> None:
        """Close the store."""
        self._consumption.close()


def _fits(permit: Presented, asked: Asked) -> bool:
    try:
        return permit.fits(asked.params)
    except ProofError:
        return False  # what is not JSON was never decided on
