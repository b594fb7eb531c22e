"""One simulator: a home in memory with agents, a clock to turn, stores to break, and a person to ask.

`World` is the real guard, log, policy and catalog; only the store is memory and the
clock is the test's. Each `break_…` breaks one thing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from assent_verify.canonical import canonicalize, digest
from assent_verify.note import VerifierKey
from assent_verify.report import Report
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import activate, texts
from assent.admin import home as homes
from assent.approve.answer import Said, answer
from assent.approve.delegate import Terms
from assent.assembly import Home
from assent.config import Config
from assent.enforce.gather import Call
from assent.enforce.guard import Allowed, Refused
from assent.errors import UnavailableError
from assent.keys.file import KeySigner
from assent.model.approval import Approval, Assurance
from assent.model.ids import ApprovalId, Digest, PrincipalId, SessionId
from assent.model.outcome import Outcome
from assent.model.permit import Permit
from assent.model.profile import Server, ToolDefinition
from assent.ports import Store, Transaction
from assent.record.log import Log
from assent.stores.memory import MemoryStore
from tests.verify_log import verify_log

NOW = 1_790_000_000_000  # milliseconds since the epoch
OWNER = PrincipalId('User::"local/ana"')


class Clock:
    """A clock that the test turns: wall and steady time apart."""

    def __init__(self) -> None:
        self.wall = NOW
        self.ran = 1_000_000

    def now(self) -> int:
        return self.wall

    def steady(self) -> int:
        return self.ran

    def pass_time(self, seconds: float) -> None:
        """Both clocks run on."""
        self.wall += int(seconds * 1000)
        self.ran += int(seconds * 1000)


class BreakableStore(MemoryStore):
    """A memory store whose commits fail while `broken`."""

    broken = False

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        if self.broken:
            raise UnavailableError("store_full", "the disk is full")
        with super().begin() as tx:
            yield tx


def tool(name: str, **properties: object) -> ToolDefinition:
    """A tool definition with these argument schemas."""
    schema = {"type": "object", "properties": properties or {"query": {"type": "string"}}}
    definition = {"name": name, "inputSchema": schema}
    return ToolDefinition(name, definition, Digest(digest(canonicalize(definition))))


class World:
    """A home, one agent's session on it, and its owner.

    Args:
        folder: an empty directory; policy files live there.
        policy: Cedar text in force; None for the starter policy.
        profiles: the operator's own profile text, TOML.
        enrolled: whether `assent init` has enrolled the operator's key.
        store: where it all goes; memory if None.
    """

    def __init__(
        self,
        folder: Path,
        policy: str | None = None,
        profiles: str = "",
        *,
        enrolled: bool = True,
        store: Store | None = None,
    ) -> None:
        self.clock = Clock()
        self.memory = BreakableStore()
        self.store: Store = store or self.memory
        self.config = Config(home=folder / "home", user="ana")
        homes.files(self.config)
        if policy is not None:
            (self.config.home / "policy" / "starter.cedar").write_text(policy)
        if profiles:
            (self.config.home / "catalog" / "own.toml").write_text(profiles)
        log_key = KeySigner(Ed25519PrivateKey.generate(), "same-user")
        self.log_key = log_key
        self.log = Log(self.store, self.clock, log_key, origin="assent/world", node="node_" + "a" * 26)
        self.key = VerifierKey("assent/world", log_key.public)
        homes.begin(self.log, self.store, self.config, str(self.key), self.clock.now())
        self.operator = KeySigner(Ed25519PrivateKey.generate(), "passphrase")
        if enrolled:
            homes.enrol(self.log, self.config, self.operator, self.clock.now())
        self.home = Home(self.config, self.store, self.log, self.clock, self.key)
        self.guard = self.home.guard
        self.server = Server("files", zone="local", cwd=str(folder))
        self.session = SessionId("")

    async def join(self, agent: str = "claude", client: str = "boot:1:1") -> SessionId:
        """Open (or join) the session of one client; later calls happen in it."""
        session = await self.home.sessions.join(self.home.principal(agent), client, self.home.process)
        self.session = session.id
        return session.id

    def call(self, definition: ToolDefinition, arguments: Mapping[str, object] | None = None, **more: object) -> Call:
        """A call of a tool in the current session."""
        params = {"name": definition.name, "arguments": dict(arguments or {})}
        made = Call(self.session, self.server, "tools/call", definition.name, definition, params)
        return replace(made, **more)  # type: ignore[arg-type]

    async def permit(self, call: Call) -> Permit:
        """Authorize a call that must be allowed."""
        ruling = await self.guard.authorize(call)
        assert isinstance(ruling, Allowed), ruling
        assert ruling.permit is not None
        return ruling.permit

    async def refusal(self, call: Call) -> Refused:
        """Authorize a call that must not be allowed."""
        ruling = await self.guard.authorize(call)
        assert isinstance(ruling, Refused), ruling
        return ruling

    async def run(self, call: Call, output: str = "done") -> None:
        """The whole line of an allowed call: permit, begin, settle."""
        permit = await self.permit(call)
        await self.guard.begin(permit)
        response = {"content": [{"type": "text", "text": output}]}
        await self.guard.settle(permit, Outcome("succeeded", "gateway", canonicalize(response)), response)

    async def asked(self, call: Call) -> Approval:
        """The question that a call opens."""
        refused = await self.refusal(call)
        assert refused.decision.verdict == "escalate", refused
        assert refused.approval is not None
        return refused.approval

    def say(
        self, approval: ApprovalId, verdict: str, *, assurance: Assurance = "passphrase", terms: Terms | None = None
    ) -> Approval:
        """The owner's signed answer; with terms, for the session."""
        said = Said(approval, OWNER, verdict, self.clock.now(), terms=terms)  # type: ignore[arg-type]
        signer = KeySigner(self.operator.key, assurance)
        return answer(self.log, said, signer, self.home.rules().bundle.members)

    def activate(self, policy: str) -> None:
        """Put another policy in force, as the operator does."""
        (self.config.home / "policy" / "starter.cedar").write_text(policy)
        activate.activate(self.log, texts.read(self.config.home), self.operator, self.clock.now())

    def put_state(self, key: str, value: str) -> None:
        """Another process has changed a named value."""
        self.log.submit(lambda tx: tx.put_state(key, value), durable=True).result()

    def leaves(self, kind: str = "") -> list[dict[str, object]]:
        """The leaves of a kind, parsed."""
        with self.store.read() as reader:
            found = [json.loads(data) for _, data in reader.leaves()]
        return [leaf for leaf in found if not kind or leaf["kind"] == kind]

    def verify(self) -> Report:
        """Everything that was written holds."""
        self.memory.broken = False
        self.log.checkpoint().result()
        with self.store.read() as reader:
            return verify_log(reader.leaves(), reader.checkpoints(), self.key, reviewer_roots=[self.operator.public])
