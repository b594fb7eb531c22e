"""What is known beside the facts may make a verdict stricter, never milder (DESIGN §3, §4.6).

The guard applies these after `decide`, and replay applies the same: a receipt says
which by the first of its reasons.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from assent.model.decision import Decision, Reason, Verdict

#: What an edge, or the age of the bundle, can know that bars a call → in words.
BARRED: Mapping[str, str] = {
    "unknown_tool": "the server has no such tool",
    "tool_changed": "the tool has changed since it was pinned, and a person has to accept it",
    "ambiguous_name": "the tool's name looks like another one",
    "tool_unavailable": "the tool's definition is too large to be judged",
    "bundle_too_old": "the policy files have been broken for too long, and the last good policy no longer holds",
    "server_revoked": "a person has taken back the server",
    "tool_revoked": "a person has taken back the tool",
    "key_revoked": "the key that this session was opened with has been taken back",
    "rolled_back": "the home was put back from an older copy, and its operator has not said to go on",
    "witness_overdue": "independent witnesses have not vouched for the log for longer than its operator lets them",
    "killed": "everything has been stopped, and its operator has not said to go on",
    "bad_state": "its request state was not given for this call, or has been used",
    "unknown_method": "the request is not one that is known",
    "credential_in_arguments": "it holds a credential that is given to servers and never by an agent",
    "credential_not_yours": "the credential is held for others",
}
#: Those of them that end, by themselves or by an operator: the call may be made again then.
NOT_NOW = frozenset({"rolled_back", "witness_overdue"})
#: Kinds of obligations that the edges of this version can carry out.
CAPABLE = frozenset({"credential", "notify"})
#: Code of a verdict that some obligation made stricter.
UNSUPPORTED = "obligation_unsupported"
_CHANGED = Reason("facts_changed", "", "what a person said yes to has changed since, so it is asked again")


def tighten(decided: Decision, barred: str, capable: Collection[str]) -> Decision:
    """The decision with what the edge knows and what it cannot carry out.

    Args:
        barred: a code if the call can never be allowed, as `BARRED` has them; else empty.
        capable: the kinds of obligations that can be carried out.
    """
    unknown = all(reason.code == "unknown_tool" for reason in decided.reasons)  # the edge knows why
    if barred and (decided.verdict != "deny" or (unknown and barred != "unknown_tool")):
        reason = Reason(barred, "", BARRED.get(barred, "the call cannot be decided on"))
        verdict: Verdict = "defer" if barred in NOT_NOW and decided.verdict != "deny" else "deny"
        return replace(decided, verdict=verdict, reasons=(reason, *decided.reasons), lifted=(), escalations=())
    beyond = [one for one in decided.obligations if one.kind not in capable]
    if decided.verdict != "allow" or not beyond:
        return decided
    text = f"the obligation `{beyond[0].kind}` cannot be carried out here"
    reason = Reason(UNSUPPORTED, beyond[0].policy, text)
    return replace(decided, verdict="deny", reasons=(reason, *decided.reasons), lifted=())


def asked_again(decided: Decision) -> Decision:
    """A question that a person has said yes to, and that has changed since: whoever is asked again is told so."""
    return replace(decided, reasons=(_CHANGED, *decided.reasons))
