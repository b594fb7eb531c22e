"""What the agent is told: enough to end a loop, never enough to learn a rule (DESIGN §8).

A refusal says one of four things: never, after approval, if you change it, or later;
and what legal step is left. No text of a rule, no path of Assent, nothing of another session.
"""

from __future__ import annotations

from collections.abc import Mapping

from assent.errors import AssentError, RefusedError, RequestError
from assent.model.approval import Approval
from assent.model.decision import Decision, GoOn, Reason

_LEAD: Mapping[GoOn, str] = {
    "never": "Not done: this call is not allowed.",
    "after_approval": "Not done yet: a person has to decide about this call.",
    "if_changed": "Not done: this call is not allowed as it is.",
    "later": "Not done: this cannot be decided now.",
}
_NEXT: Mapping[GoOn, str] = {
    "never": "Never: do not try it again or in another form; continue without it or tell the person you work for.",
    "after_approval": "After approval: ask the person you work for, and make the call again only if they say so.",
    "if_changed": "If you change it: other arguments may be possible; repeating it unchanged will not help.",
    "later": "Later: nothing was executed. Tell the person you work for; try again only when they say so.",
}
_SESSION_OVER = "Never: this session makes no more calls. Nothing was executed; tell the person you work for."
_STOPPED = (
    "Never: a person has taken this back. Nothing was executed. Make no other call for it, end your work and tell the "
    "person you work for."
)
#: Reason → what it comes to, whatever else the decision says, and the step that is left.
_STEPS: Mapping[str, tuple[GoOn, str]] = {
    "approval_expired": (
        "after_approval",
        "After approval: nobody answered in time and nothing was executed. Ask the person you work for whether it is "
        "still wanted; making the same call again asks once more.",
    ),
    "argument_too_large": ("if_changed", "If you change it: send less at once, in several calls."),
    "cedar_escape": ("if_changed", "If you change it: the arguments may not have a key of that name."),
    "invalid_arguments": (
        "if_changed",
        "If you change it: make the arguments fit the input schema that the tool list shows.",
    ),
    "no_reviewer": (
        "after_approval",
        "After approval: nobody can give it as things are set up, and asking again changes nothing. Tell the person "
        "you work for.",
    ),
    "not_pinned": ("if_changed", "If you change it: name a file that exists, can be read, and does not change."),
    "outside_delegation": (
        "if_changed",
        "If you change it: stay within what was delegated to you. If the task needs more, ask a person for one more "
        "action group with the tool `assent_request_elevation`.",
    ),
    "receipt_too_large": ("if_changed", "If you change it: send less at once, in several calls."),
    "refused_by_person": (
        "never",
        "Never: the answer holds for this session and for every variation of the call. Do not ask again; continue "
        "without it.",
    ),
    "killed": ("never", _STOPPED),
    "revoked": ("never", _STOPPED),
    "server_revoked": ("never", _STOPPED),
    "session_ended": ("never", _SESSION_OVER),
    "tool_changed": (
        "after_approval",
        "After approval: a person has to accept what the tool has become. Until then no call of it is made; continue "
        "without it.",
    ),
    "tool_revoked": ("never", _STOPPED),
    "too_many_questions": (
        "later",
        "Later: people have to answer some of the open questions first. Open no more; tell the person you work for.",
    ),
    "unknown_session": ("never", _SESSION_OVER),
    "unknown_tool": ("if_changed", "If you change it: call a tool that the server's tool list names now."),
}


#: Reasons that are no reason for a deny.
_BESIDE = frozenset({"permitted", "needs_approval"})


def comes_to(decision: Decision) -> GoOn:
    """How the agent may go on, as the most important reason says."""
    code = decision.reasons[0].code if decision.reasons else ""
    if code in _STEPS:
        return _STEPS[code][0]
    if decision.verdict == "deny" and decision.go_on == "after_approval":
        return "never"  # made stricter after people were to be asked
    return decision.go_on


def message(decision: Decision, approval: Approval | None) -> str:
    """Text for the model: what happened, why in one line each, and the legal next step."""
    way = "after_approval" if approval is not None else comes_to(decision)
    lines = [_LEAD[way]]
    lines += dict.fromkeys(f"Reason: {reason.message}." for reason in _told(decision)[:3])
    if approval is not None:
        lines.append(
            f"After approval: the question is open as {approval.id}. Only a person can answer it, outside this "
            "conversation, with `assent approve`. When it is answered, make exactly the same call again; "
            "a variation of it takes its place and is asked anew."
        )
    else:
        code = decision.reasons[0].code if decision.reasons else ""
        lines.append(_STEPS[code][1] if code in _STEPS else _NEXT[way])
    return "\n".join(lines)


def _told(decision: Decision) -> tuple[Reason, ...]:
    """The reasons that matter: where something else stops a call, what policy would say of it helps nobody."""
    if decision.verdict == "deny":
        return tuple(one for one in decision.reasons if one.code not in _BESIDE) or decision.reasons
    return decision.reasons


def spoken(error: AssentError) -> Reason:
    """The reason that an agent is given for an error: only what is its own turn is told in its words."""
    if isinstance(error, RefusedError | RequestError):
        return Reason(error.code, "", error.message)
    if error.code == "no_bundle":
        return Reason("no_bundle", "", "no policy is in force, and what nothing permits is denied")
    return Reason("not_durable", "", "the decision could not be recorded, or what it needs could not be read")
