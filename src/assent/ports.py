"""What the core needs from outside, as Protocols: store, clock, signer, notifier.

A port exists only where two real implementations do (the test's clock counts).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from assent.model.approval import Approval
from assent.model.credential import Credential, Secret
from assent.model.delegation import Delegation
from assent.model.ids import ActionDigest, ApprovalId, AttemptId, DelegationId, Digest, LeafIndex, PermitId, SessionId
from assent.model.presented import Presented
from assent.model.session import Session

#: An attempt whose outcome is known has no row: its receipts alone remember it.
AttemptState = Literal["waiting", "executing", "gap", "unknown"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """The live row of one attempt.

    Args:
        node: the process that holds it; when that process is gone, an
            `executing` attempt becomes `unknown`.
        sameness: `Action.sameness`; a repeat of an open or unknown attempt escalates.
        deadline: milliseconds since the epoch until which an outcome is due; 0 while waiting.
        decision: index of its allow receipt, -1 before there is one.
        read: True if every effect is `read`, so that a repeat harms nobody.
        gap: index of the leaf that says its outcome is overdue, -1 before there is one.
    """

    id: AttemptId
    session: SessionId
    action: ActionDigest
    sameness: Digest
    server: str
    tool: str
    node: str
    state: AttemptState
    permit: PermitId | None = None
    decision: int = -1
    deadline: int = 0
    read: bool = False
    gap: int = -1


@dataclass(frozen=True, slots=True)
class Pin:
    """A tool definition pinned at first use; `offered` differs after a rug pull."""

    server: str
    tool: str
    digest: Digest
    definition: str  # canonical JSON text
    offered: Digest
    offered_definition: str


@dataclass(frozen=True, slots=True)
class Sidecar:
    """Clear values of one leaf with the salt of its commitments; erasable."""

    index: LeafIndex
    salt: bytes
    values: str  # canonical JSON text
    expires: int  # ms since the epoch
    session: SessionId = SessionId("")  # noqa: RUF009 - a NewType is its value; whose key seals it


@dataclass(frozen=True, slots=True)
class Kept:
    """A result kept because its caller had gone; given out once (DESIGN §3)."""

    session: SessionId
    action: ActionDigest
    attempt: AttemptId
    result: bytes


@dataclass(frozen=True, slots=True)
class Prior:
    """Bytes of a file before a permitted write; None if the file did not exist.

    Args:
        receipt: index of the allow receipt; the bytes are erased with its clear values.
        session: whose key seals them.
    """

    attempt: AttemptId
    path: str
    content: bytes | None
    receipt: LeafIndex = LeafIndex(-1)  # noqa: RUF009 - a NewType is its value
    session: SessionId = SessionId("")  # noqa: RUF009 - the same


@dataclass(frozen=True, slots=True)
class Passage:
    """What one message of a server brought into a session, as fingerprints of its text (`inform.seen`).

    Args:
        prints: 8 bytes each.
        id: grows with every passage stored; 0 before it is.
    """

    session: SessionId
    server: str
    prints: bytes
    id: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """How much of a budget is used up: of a delegation, by a measure such as `calls`."""

    owner: str
    measure: str
    used: int


@dataclass(frozen=True, slots=True)
class Once:
    """An id that was used and may not be again until it has expired (ms since the epoch)."""

    id: str
    expires: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that waits to be delivered, oldest first.

    Args:
        kind: what delivers it.
        target: to whom; a name from the settings.
        due: when it is tried next, ms since the epoch.
    """

    id: str
    kind: str
    target: str
    body: str
    created: int
    tries: int = 0
    due: int = 0


class Custody(Protocol):
    """Seals the secrets of upstreams, and opens them."""

    def sealed(self, credential: Credential, secret: Secret) -> Credential:
        """The credential with this secret in it."""

    def opened(self, credential: Credential) -> Secret:
        """The secret of a credential. Raises UnavailableError if its row is not as it was sealed."""


R = TypeVar("R")


class Reader(Protocol):
    """Reads of one consistent snapshot."""

    def find(self, kind: type[R], *key: str) -> R | None:
        """The record of this kind and key, else None; kinds and their keys are in `stores.tables`."""

    def find_all(self, kind: type[R], by: str = "", value: object = "") -> Sequence[R]:
        """Every record of a kind, in the order of keys; with one value of a field in `stores.tables`, if given."""

    def state(self, key: str) -> str | None:
        """A named value: `bundle`, `catalog`, `epoch`, `clock`, `server:NAME`, …"""

    def session(self, id: SessionId) -> Session | None: ...
    def sessions(self, *, open_only: bool) -> Sequence[Session]: ...
    def recent_sessions(self, since: int) -> Sequence[Session]:
        """Sessions that are open or ended after this time (ms)."""

    def session_of(self, client: str) -> Session | None:
        """The open session of this client key, else None."""

    def attempt(self, id: AttemptId) -> Attempt | None: ...
    def attempts_like(self, sameness: Digest) -> Sequence[Attempt]:
        """Attempts with this sameness that may have happened: `executing`, `gap` or `unknown`."""

    def attempts_in(self, state: AttemptState) -> Sequence[Attempt]: ...
    def approval(self, id: ApprovalId) -> Approval | None: ...
    def approval_for(self, session: SessionId, action: ActionDigest) -> Approval | None:
        """The newest approval of exactly this action that is pending, approved or denied."""

    def approvals(self, *, status: str | None = None) -> Sequence[Approval]:
        """All approvals, oldest first; of one status if given."""

    def delegation(self, id: DelegationId) -> Delegation | None: ...
    def delegations(self, session: SessionId | None = None) -> Sequence[Delegation]:
        """All delegations, oldest first; those of one session if given."""

    def refused(self, session: SessionId, refusal: Digest) -> bool:
        """Did a person say no in this session to the same tool and targets?"""

    def pin(self, server: str, tool: str) -> Pin | None: ...
    def pins(self, server: str | None = None) -> Sequence[Pin]: ...
    def archived(self, digest: Digest) -> bytes | None: ...
    def kept(self, session: SessionId, action: ActionDigest) -> Kept | None: ...
    def priors(self, attempt: AttemptId) -> Sequence[Prior]: ...
    def passages(self, session: SessionId, after: int = 0) -> Sequence[Passage]:
        """What was brought into a session, oldest first; only passages with a higher id than `after`."""

    def passage_sessions(self) -> Sequence[SessionId]:
        """Sessions that passages are kept of."""

    def nodes(self) -> Mapping[str, str]:
        """Registered processes: node id → `boot id:pid:start time`."""

    def size(self) -> int:
        """Number of leaves."""

    def leaf(self, index: LeafIndex) -> bytes | None:
        """Its exact bytes; None if there is no such leaf, or it lies in an archive alone."""

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """`(index, exact stored bytes)` in log order, streaming; without those that lie in an archive alone."""

    def tile(self, level: int, index: int) -> bytes | None:
        """The hashes of a tile that is kept (c2sp.org/tlog-tiles); above level 0 it may still grow."""

    def tiled(self) -> int:
        """How many leaves have their hash in a tile that is kept; a multiple of 256."""

    def sidecar(self, index: LeafIndex) -> Sidecar | None:
        """What opens a leaf; None if it commits to nothing, or its values are erased."""

    def sidecars(self, before: int | None = None) -> Iterator[tuple[LeafIndex, SessionId, int]]:
        """Leaves with values that are not erased: index, session and when they expire (ms), streaming.

        Args:
            before: only those that expired before this time, the oldest first; else all, in log order.
        """

    def idle_keys(self) -> Sequence[SessionId]:
        """Sessions that have a key and nothing that it seals."""

    def plain(self) -> Sequence[SessionId]:
        """Sessions with values from before there were keys."""

    def checkpoints(self) -> Sequence[tuple[int, bytes]]:
        """`(tree size, signed note)`, oldest first."""

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        """The last of `checkpoints`; None if none is signed."""

    def timestamps(self) -> Sequence[tuple[int, bytes]]:
        """`(tree size, answer of a time-stamp authority)`, oldest first."""

    def unsigned(self) -> Mapping[int, str]:
        """Claimed tree sizes that nobody has signed yet, with the text to sign."""

    def claimed(self, size: int) -> bytes | None:
        """The root that was claimed for a tree size; None if nobody claimed it."""

    def last_checkpoint(self) -> int:
        """The highest tree size claimed, signed or not; 0 if none."""


class Transaction(Reader, Protocol):
    """One atomic change; sees its own writes. Nothing is kept if a job in it raises.

    Contract for jobs: compare first, raise `ConflictError` before the first write.
    """

    def savepoint(self) -> AbstractContextManager[None]:
        """What is written inside is dropped if the block raises; the rest of the batch stays."""

    def put(self, record: object) -> None:
        """Keep a record, in place of the one with its key."""

    def drop(self, kind: type, *key: str) -> None:
        """Forget a record; nothing if there is none."""

    def append(self, leaf: bytes) -> LeafIndex:
        """Append the exact bytes of a leaf to the Merkle log; its index."""

    def put_tile(self, level: int, index: int, hashes: bytes) -> None:
        """Keep a tile: whole at level 0, above that as far as it has grown."""

    def drop_leaves(self, start: int, stop: int) -> None:
        """Forget the bytes of leaves that lie in an archive; the tree keeps their hashes."""

    def put_state(self, key: str, value: str) -> None: ...
    def put_session(self, session: Session) -> None: ...
    def put_attempt(self, attempt: Attempt) -> None: ...
    def drop_attempt(self, id: AttemptId) -> None:
        """Its outcome is known: nothing that comes later goes by it."""

    def put_approval(self, approval: Approval) -> None: ...
    def put_delegation(self, delegation: Delegation) -> None: ...
    def put_refusal(self, session: SessionId, refusal: Digest) -> None: ...
    def put_pin(self, pin: Pin) -> None: ...
    def put_archive(self, digest: Digest, kind: str, content: bytes) -> None:
        """Keep a bundle, schema, catalog or profile for ever, by digest; a repeat is nothing."""

    def put_kept(self, kept: Kept) -> None: ...
    def take_kept(self, session: SessionId, action: ActionDigest) -> Kept | None:
        """Read and remove: a kept result is given out once."""

    def put_prior(self, prior: Prior) -> None: ...
    def put_passage(self, passage: Passage) -> None: ...
    def drop_passages(self, session: SessionId) -> None:
        """Forget what was brought into a session before this transaction."""

    def put_sidecar(self, sidecar: Sidecar) -> None: ...
    def drop_values(self, leaves: Collection[LeafIndex]) -> None:
        """Erase the sidecars of these leaves, and the prior bytes of their receipts."""

    def renew_key(self, session: SessionId) -> None:
        """Put what is still kept of a session under another key.

        The one before is destroyed once this is durable, so that what was erased before or in
        this transaction cannot be read in older copies either. Only in a durable batch.
        """

    def put_node(self, node: str, process: str) -> None: ...
    def drop_node(self, node: str) -> None: ...
    def claim_checkpoint(self, body: str) -> None:
        """Take the present tree size, which nobody may have taken, with the text to sign.

        Durable before `put_checkpoint`: two roots can never both be signed for one size.

        Raises:
            ValueError: the size is taken.
        """

    def put_checkpoint(self, size: int, note: bytes) -> None:
        """The signed note of a claimed size.

        Raises:
            ValueError: nobody claimed the size, or it is signed.
        """

    def cosign_checkpoint(self, size: int, note: bytes) -> None:
        """The signed note of a size with more signature lines.

        Raises:
            ValueError: the size is not signed.
        """

    def put_timestamp(self, size: int, token: bytes) -> None:
        """Keep what a time-stamp authority answered for the checkpoint of this size."""

    def root(self) -> tuple[int, bytes]:
        """Tree size and RFC 6962 root hash, this transaction's appends included."""


class Store(Protocol):
    """Where everything lives; one suite of tests runs against every implementation."""

    def read(self) -> AbstractContextManager[Reader]:
        """A consistent snapshot; cheap; from any thread.

        Raises:
            UnavailableError: the store cannot be read.
        """

    def begin(self) -> AbstractContextManager[Transaction]:
        """The single write transaction of the home; commits on exit, rolls back on error.

        Only `record.log` calls this. Waits fairly for other processes.

        Raises:
            UnavailableError: not writable, full, corrupt, or locked past the deadline.
        """

    def durable(self, wanted: bool) -> None:
        """Whether the next commit must have reached the disk before it returns."""

    def changed(self) -> int:
        """A number that moves when any process has committed; microseconds to ask."""

    def close(self) -> None: ...


class Consumption(Protocol):
    """Where one executor uses permits up: every process of it that takes permits shares this one."""

    def consume(self, token: str, permit: Presented) -> None:
        """Use a permit up, durably, before anything runs; of many that try exactly one succeeds.

        Args:
            token: as it was presented.
            permit: what it says, its signature verified.

        Raises:
            RefusedError: it was used, has expired, or is void.
            UnavailableError: it cannot be told, so nothing may run.
        """

    def close(self) -> None: ...


class Place(Protocol):
    """Where a log is published: a directory or a bucket that anybody may read (c2sp.org/tlog-tiles)."""

    def get(self, name: str) -> bytes | None:
        """What is there under this name; None if nothing is.

        Raises:
            UnavailableError: `place_unavailable`.
        """

    def put(self, name: str, data: bytes) -> None:
        """Put what never changes, whole or not at all; the same again is nothing.

        Raises:
            UnavailableError: `place_unavailable`, or `place_differs` if there is something else.
        """

    def replace(self, name: str, data: bytes) -> None:
        """Put what changes, whole or not at all, after everything that was put before it.

        Raises:
            UnavailableError: `place_unavailable`.
        """

    def locked(self) -> AbstractContextManager[None]:
        """Nobody else publishes here meanwhile, as far as the place can tell.

        Raises:
            UnavailableError: `place_busy`.
        """


class Clock(Protocol):
    """Time, read once per decision and handed on."""

    def now(self) -> int:
        """Wall time, milliseconds since the epoch, UTC."""

    def steady(self) -> int:
        """Milliseconds of a clock that only runs forward, across processes of one boot."""


class Signer(Protocol):
    """Signs with a key this process may use: a log key, or an unlocked operator key."""

    @property
    def public(self) -> bytes:
        """The raw bytes of the public key: 32 of Ed25519, 1,312 of ML-DSA-44."""

    @property
    def assurance(self) -> str:
        """How well its use proves a person, one of `model.approval.ASSURANCE`."""

    def sign(self, message: bytes) -> bytes:
        """The raw signature: 64 bytes of Ed25519 (RFC 8032), 2,420 of ML-DSA-44 (FIPS 204)."""


class LogSigner(Signer, Protocol):
    """The log's first key, and the way to the others: a file, a keyring, a KMS, a hardware module."""

    def find(self, vkey: str) -> Signer | None:
        """The private half of one of the log's keys; None if it is not here.

        Raises:
            ConfigError: it is there and cannot be used.
        """


class Notifier(Protocol):
    """Tells people that something waits; never carries argument values unless configured."""

    def notify(self, title: str, body: str) -> None:
        """Best effort: a failure is logged and changes no verdict."""
