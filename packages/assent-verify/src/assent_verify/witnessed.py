"""How far independent witnesses vouch for a log, and how long nothing proved its silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from assent_verify.checkpoint import Checkpoint
from assent_verify.cosignature import Cosignature, cosignatures
from assent_verify.errors import ProofError
from assent_verify.note import Note, VerifierKey
from assent_verify.policy import NOBODY, Policy


@dataclass(frozen=True, slots=True)
class Asked:
    """What witnesses are asked for, from outside the log.

    Args:
        policy: None asks for none.
        max_silence: seconds for which no quorum need have vouched for the log; None for any.
    """

    policy: Policy | None = None
    max_silence: int | None = None


class Witnessed:
    """What a policy says of the checkpoints of one log, which come by rising size.

    Args:
        asked: from outside the log.
        refuse: told what does not hold.
    """

    def __init__(self, asked: Asked, refuse: Callable[[int | None, str, str], None]) -> None:
        self.policy = asked.policy
        self.size = 0
        self._max = asked.max_silence
        self._refuse = refuse
        self._found: tuple[Cosignature, ...] = ()
        self._last = 0  # when the newest witnessed checkpoint was
        self._gap = (0, 0)  # the longest silence: seconds, and when it began
        self._failed = False

    def take(self, checkpoint: Checkpoint, note: Note, own: Iterable[VerifierKey]) -> None:
        """A checkpoint that the log signed and its leaves agree with.

        Args:
            own: keys of the log, so far.
        """
        if self.policy is None:
            return
        try:
            found = cosignatures(note, self.policy.witnesses.values())
            if not {key.public for key in own}.isdisjoint(one.key.public for one in found):
                raise ProofError("not_witnessed", "the log would witness itself: a key of a witness is its own")
        except ProofError as error:
            self._fail(checkpoint.size - 1, error.code, f"checkpoint of size {checkpoint.size}: {error.message}")
            return
        time = self.policy.since(found)
        if time is None:
            return
        if self._last and time - self._last > self._gap[0]:
            self._gap = (time - self._last, self._last)
        self._last = max(self._last, time)
        self.size, self._found = checkpoint.size, found

    @property
    def asks(self) -> bool:
        """Must anybody have cosigned?"""
        return self.policy is not None and self.policy.quorum != NOBODY

    def finish(self, leaves: int, notes: list[str]) -> bool | None:
        """Yes, no, or None: not asked, or only up to a leaf before the last."""
        if self.policy is None:
            return None
        if not self.size:
            self._fail(
                0 if leaves else None, "not_witnessed", "no checkpoint has the cosignatures that the policy asks"
            )
            return False
        if self._max is not None and self._gap[0] > self._max:
            text = f"for {self._gap[0]} s after {_when(self._gap[1])} nobody vouched; at most {self._max} s were asked"
            self._fail(None, "silence", text)
        who = (
            ", ".join(f"{one.key.name} {_when(one.time)}" for one in self._found) or "nobody, as the policy asks nobody"
        )
        notes.append(f"checkpoint of {self.size} leaves, cosigned by: {who}")
        if self._last:
            begun = f", from {_when(self._gap[1])}" if self._gap[0] else ""
            after = f"nothing is proved of the time after {_when(self._last)}"
            notes.append(f"longest silence unproved {self._gap[0]} s{begun}; {after}")
        if self._failed:
            return False
        return True if self.asks and self.size == leaves else None

    def _fail(self, leaf: int | None, code: str, message: str) -> None:
        self._failed = True
        self._refuse(leaf, code, message)


def _when(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"  # a witness may write any number
