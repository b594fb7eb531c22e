"""What the receipts say of an attempt: nothing of it on the word of another leaf than its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assent_verify.canonical import canonicalize

from assent.evidence.attempts import Told, follow
from conformance.receipt.sample import sample


def _ended() -> tuple[list[tuple[int, bytes]], int, str]:
    """The sample's leaves, the index of an outcome of an allowed attempt, and the attempt."""
    leaves = list(enumerate(sample().leaves))
    index, data = next((index, data) for index, data in leaves if json.loads(data)["kind"] == "outcome")
    return leaves, index, str(json.loads(data)["attempt"])


def test_an_outcome_of_another_decision_is_none_of_this_attempt() -> None:
    """It names the attempt, and a decision that is not the one which allowed it: it is told as a stray one."""
    leaves, index, attempt = _ended()
    right, wrong = Told(), Told()
    follow(right, leaves[: index + 1], lambda index, leaf: None)
    assert right.attempts[attempt].outcome == index and not right.stray
    leaf = json.loads(leaves[index][1]) | {"decision": "sha256:" + "0" * 64}
    follow(wrong, [*leaves[:index], (index, canonicalize(leaf))], lambda index, leaf: None)
    assert wrong.attempts[attempt].outcome is None
    assert [(at, name) for at, name, _ in wrong.stray] == [(index, attempt)]


def test_arguments_of_which_some_are_withheld_are_compared_with_nothing() -> None:
    """What is left of them is not what ran."""
    leaves, index, attempt = _ended()

    def values(_: int, leaf: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"arguments": {"to": "bob"}} | ({"withheld": ["key"]} if leaf.get("attempt") == attempt else {})

    told = Told()
    follow(told, leaves[:index], values)
    assert told.attempts[attempt].arguments is None
    assert all(one.arguments == {"to": "bob"} for one in told.attempts.values() if one.id != attempt)
