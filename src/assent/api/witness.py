"""A witness over HTTP (c2sp.org/tlog-witness): it remembers the latest checkpoint of each log it knows.

Persist, then sign: the new checkpoint is compared and set in one durable transaction
before the cosignature is made, so that no crash and no race lets two trees be signed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from assent_verify.checkpoint import Checkpoint
from assent_verify.cosignature import WitnessKey
from assent_verify.merkle import HASH_SIZE, verify_consistency
from assent_verify.note import MAX_NOTE, Note, VerifierKey, decode_base64
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from assent.errors import ProofError, UnavailableError
from assent.model.witness import Seen

MAX_PROOF = 63
#: Old size line, proof lines, an empty line, a note.
MAX_BODY = 64 + MAX_PROOF * 45 + 1 + MAX_NOTE
SIZE_TYPE = "text/x.tlog.size"
#: Requests a second of one log, and how many may come at once.
RATE, BURST = 10.0, 50.0


class Book(Protocol):
    """What a witness remembers, durable and shared by its processes."""

    def keys(self, origin: str) -> Sequence[VerifierKey]:
        """The keys trusted for a log; empty if it is unknown."""

    def latest(self, origin: str) -> Seen: ...
    def advance(self, origin: str, before: Seen, after: Seen) -> bool:
        """Replace `before` by `after`, durably; False if it is no longer the latest.

        Raises:
            UnavailableError: it cannot be stored.
        """

    def keep(self, origin: str, why: str, body: bytes) -> None:
        """Keep a request that a log signed and that cannot be true, as evidence; bounded."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and type of an HTTP answer."""

    status: int
    body: str = ""
    type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of an `add-checkpoint` request."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> Submission:
        """Read it strictly.

        Raises:
            ProofError: `bad_submission`, `bad_note`, `bad_checkpoint` or `bad_base64`.
        """
        head, gap, rest = body.partition(b"\n\n")
        if not gap or not head.isascii():
            raise ProofError("bad_submission", "expected an old size line, proof lines, an empty line and a checkpoint")
        first, *lines = head.decode("ascii").split("\n")
        size = first.removeprefix("old ")
        if not first.startswith("old ") or not size.isdecimal() or len(size) > 19 or str(int(size)) != size:
            raise ProofError("bad_submission", "expected `old `, then the old size in decimal")
        if len(lines) > MAX_PROOF:
            raise ProofError("bad_submission", f"expected at most {MAX_PROOF} proof lines")
        proof = tuple(decode_base64(line, "proof line") for line in lines)
        if any(len(hash) != HASH_SIZE for hash in proof):
            raise ProofError("bad_submission", f"a proof line has {HASH_SIZE} bytes")
        note = Note.parse(rest)
        return cls(int(size), proof, note, Checkpoint.parse(note.text))


class Witness:
    """Decides on submissions.

    Args:
        key: name and public key.
        sign: raw signature of the private key.
        book: what it remembers.
        now: seconds since the epoch.
    """

    def __init__(self, key: WitnessKey, sign: Callable[[bytes], bytes], book: Book, now: Callable[[], float]) -> None:
        self.key = key
        self._sign = sign
        self._book = book
        self._now = now
        self._spent: dict[str, tuple[float, float]] = {}  # origin → what is left of its rate, and as of when

    def add(self, body: bytes) -> Answer:
        """The answer to `add-checkpoint`, in the order in which the specification checks."""
        try:
            asked = Submission.parse(body)
        except ProofError as error:
            return Answer(400, f"{error.message}\n")
        checkpoint = asked.checkpoint
        keys = self._book.keys(checkpoint.origin)
        if not keys:
            return Answer(404, "this log is not known here\n")
        try:
            asked.note.verify(keys)
        except ProofError:
            return Answer(403, "no key that is trusted for this log signed the checkpoint\n")
        if not self._within(checkpoint.origin):  # not before: strangers would use up what is the log's
            return Answer(429, "too many requests for this log\n")
        if asked.old > checkpoint.size:
            return Answer(400, "the old size is larger than the checkpoint's\n")
        return self._judge(asked, body)

    def _judge(self, asked: Submission, body: bytes) -> Answer:
        checkpoint, before = asked.checkpoint, self._book.latest(asked.checkpoint.origin)
        if asked.old != before.size:
            return _conflict(before)
        if asked.old == checkpoint.size and before.root != checkpoint.root:
            self._book.keep(checkpoint.origin, "fork", body)
            return _conflict(before)
        try:
            verify_consistency(before.size, checkpoint.size, before.root, checkpoint.root, asked.proof)
        except ProofError as error:
            self._book.keep(checkpoint.origin, "inconsistent", body)
            return Answer(422, f"{error.message}\n")
        # a clock that was set back must not date a larger tree before a smaller one
        after = Seen(checkpoint.size, checkpoint.root, max(int(self._now()), before.time))
        if not self._book.advance(checkpoint.origin, before, after):
            return _conflict(self._book.latest(checkpoint.origin))
        line = self.key.cosign(asked.note.text, after.time, self._sign)
        return Answer(200, f"{line}\n")

    def _within(self, origin: str) -> bool:
        """Is there something left of this log's rate?"""
        now = self._now()
        left, at = self._spent.get(origin, (BURST, now))
        left = min(BURST, left + max(0.0, now - at) * RATE)
        self._spent[origin] = (max(0.0, left - 1), now)
        return left >= 1


def _conflict(latest: Seen) -> Answer:
    return Answer(409, f"{latest.size}\n", SIZE_TYPE)


def app(witness: Witness) -> Starlette:
    """The application: `POST /add-checkpoint`."""

    async def add(request: Request) -> Response:
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY:
                    return Response("the body is too large\n", 413, media_type="text/plain")
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it, and nothing is logged for it
        try:
            answer = await run_in_threadpool(witness.add, bytes(body))
        except UnavailableError:
            return Response("the state cannot be stored; nothing was signed\n", 503, media_type="text/plain")
        headers = {"content-type": answer.type, "cache-control": "no-store"}
        return Response(answer.body, answer.status, headers)

    return Starlette(routes=[Route("/add-checkpoint", add, methods=["POST"])])
