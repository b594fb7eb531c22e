"""What the agent is told: enough to end a loop, never enough to learn a rule."""

from __future__ import annotations

from assent.model.approval import Approval
from assent.model.decision import Decision

_LEAD = {
    "deny": "Not done: this call is not allowed.",
    "escalate": "Not done yet: a person has to decide about this call.",
    "defer": "Not done: this cannot be decided now.",
    "allow": "Not done.",
}
_NEXT = {
    "never": "Do not try it again or in another form; continue without it or tell the person you work for.",
    "if_changed": "It may be possible with other arguments; repeating it unchanged will not help.",
    "later": "Nothing was executed. Tell the person you work for; try again only when they say so.",
}


def message(decision: Decision, approval: Approval | None) -> str:
    """Text for the model: what happened, why in one line, and the legal next step."""
    lines = [_LEAD[decision.verdict]]
    lines += [f"Reason: {reason.message}." for reason in decision.reasons[:3]]
    if approval is not None:
        lines.append(
            f"The question is open as {approval.id}. Only a person can answer it, outside this conversation, "
            "with `assent approve`. When it is answered, make exactly the same call again; "
            "changed arguments are a new question."
        )
    else:
        lines.append(_NEXT.get(decision.go_on, _NEXT["later"]))
    return "\n".join(lines)
