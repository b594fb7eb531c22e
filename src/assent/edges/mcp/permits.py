"""Permits on their way to a server that takes them, and its signed word on the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assent.edges.mcp.classes import OUR_META
from assent.model.outcome import Outcome
from assent.model.permit import Consumer, Permit

PERMIT_META, OUTCOME_META = OUR_META + "permit", OUR_META + "outcome"


@dataclass(frozen=True, slots=True)
class Bound:
    """A server that runs nothing without a permit.

    Args:
        consumer: where it uses permits up.
        mint: the signed token of a permit.
        vouched: the outcome that an executor has signed, from what came along, for this permit and answer; else None.
    """

    consumer: Consumer
    mint: Callable[[Permit], str]
    vouched: Callable[[Permit, object, Mapping[str, object]], Outcome | None]

    def joined(self, params: Mapping[str, object], permit: Permit) -> dict[str, object]:
        """The params to send, with the permit among their `_meta`.

        Raises:
            AssentError: it cannot be signed.
        """
        meta = params.get("_meta")
        return {**params, "_meta": {**(meta if isinstance(meta, dict) else {}), PERMIT_META: self.mint(permit)}}

    def word(self, permit: Permit, answer: Mapping[str, object]) -> Outcome | None:
        """What the executor says of its answer, if it is to be believed."""
        meta = answer.get("_meta")
        said = meta.get(OUTCOME_META) if isinstance(meta, dict) else None
        return None if said is None else self.vouched(permit, said, answer)
