"""What people have said yes to again and again: the same tool and targets, asked by the same rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from assent.model.approval import Approval
from assent.policy.bundle import Bundle
from assent.policy.propose import proposal

#: So many equal answers make a rule worth proposing.
ENOUGH = 3
#: Proposals shown at once.
MOST = 3


def proposals(approvals: Sequence[Approval], bundle: Bundle, *, like: Approval | None = None) -> list[tuple[int, str]]:
    """How often people said yes, and the rule as it could be written, most often first.

    Args:
        like: only for what this question was about.
    """
    groups: dict[tuple[object, ...], list[Approval]] = {}
    for one in approvals:
        if one.answers and all(answer.verdict == "approve" for answer in one.answers):
            groups.setdefault(_about(one), []).append(one)
    found: dict[str, int] = {}
    for about, alike in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        if len(alike) >= ENOUGH and (like is None or about == _about(like)):
            for text in _texts(alike[-1], bundle):
                found.setdefault(text, len(alike))
    return [(count, text) for text, count in found.items()][:MOST]


def _about(one: Approval) -> tuple[object, ...]:
    return one.principal, one.server, one.tool, one.refusal, tuple((a.policy, a.digest) for a in one.asked)


def _texts(one: Approval, bundle: Bundle) -> list[str]:
    """A proposal for every rule that asked, or none: one that still asks would make the others useless."""
    if not one.card:  # erased
        return []
    card: dict[str, Any] = json.loads(one.card)
    texts = []
    for asked in one.asked:
        rule = bundle.rule(asked.policy)
        text = proposal(rule, card) if rule is not None and rule.digest == asked.digest else ""
        if not text:
            return []
        texts.append(text)
    return texts
