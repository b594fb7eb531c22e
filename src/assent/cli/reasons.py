"""What each reason of a decision means and what to do about it, as docs/errors.md says it."""

from __future__ import annotations

#: Code → what happened, and what to do.
REASONS = {
    "permitted": ("a policy permits it", "nothing"),
    "policy_forbids": ("a policy forbids it", "an answer cannot lift it; the policy named can be changed"),
    "not_permitted": ("no policy permits it", "write a `permit`, if it should happen"),
    "needs_approval": ("a person must approve it", "`assent approvals`, then `approve` or `deny`"),
    "no_reviewer": (
        "fewer people may answer than the rule wants",
        "add people to the group, or `@self` to the rule",
    ),
    "approval_expired": ("nobody answered in time", "make the same call again"),
    "refused_by_person": (
        "a person said no to the same tool and targets in this session",
        "respect it; a new session may ask",
    ),
    "too_many_questions": ("too many questions of this session wait", "answer some of them"),
    "may_have_happened": (
        "an earlier attempt at the same may have taken effect",
        "look at the effect itself, then decide",
    ),
    "reaches_assent": ("it reaches files, commands or addresses of Assent", "nothing lifts this"),
    "runs_by_itself": ("it writes a file that runs by itself", "approve it after reading what it would run"),
    "obligation_unsupported": ("a rule asks for something that this edge cannot carry out", "change the rule"),
    "obligation_conflict": ("two rules ask for things that contradict each other", "change one of them"),
    "policy_error": ("a rule could not be evaluated", "`assent policy check`; correct the rule"),
    "missing_source": ("a fact or an entity that a rule needs is missing", "add it, or correct the rule"),
    "unknown_value": ("a fact has a value that nobody knows", "report it"),
    "unknown_principal": ("it is not known who acts, or the chain is not in order", "name the caller with `--as`"),
    "principal_disabled": ("somebody in the chain may no longer act", "enable them, or use another chain"),
    "outside_delegation": (
        "what was delegated does not cover its action, server or target, or its condition does not hold",
        "delegate more, or ask for less; `assent explain` names the chain",
    ),
    "chain_broken": (
        "a link of the chain is missing, swapped or repeated, or one may not be followed by so many",
        "issue the chain anew",
    ),
    "delegation_revoked": (
        "a delegation that the call stands on was taken back",
        "nothing; whoever gave it may give another",
    ),
    "delegation_expired": ("a delegation that the call stands on has expired", "issue another one"),
    "delegation_early": ("a delegation that the call stands on does not hold yet", "wait, or issue another one"),
    "delegation_elsewhere": (
        "a delegation that the call stands on is for another session or task",
        "use it where it is for",
    ),
    "delegation_used_up": ("a delegation that the call stands on has no more calls left", "issue another one"),
    "killed": ("everything was stopped", "`assent kill --off`, when it may go on"),
    "server_revoked": ("the server was taken back", "nothing; it may be given back by a person"),
    "tool_revoked": ("the tool was taken back", "nothing; it may be given back by a person"),
    "key_revoked": ("the key that the session was opened with was taken back", "enrol another key"),
    "principal_not_active": ("the caller is disabled or has no owner", "`assent init` makes the owner"),
    "key_needed": ("the principal proves who it is with a key, and none was given", "give it with `--key`"),
    "other_principal": ("the session belongs to another principal", "use the session of this one"),
    "unknown_server": ("the server is not configured", "start it through `assent mcp`"),
    "unknown_tool": ("the server has no such tool, or its definition is not the pinned one", "list the tools again"),
    "unknown_method": ("the request is not one that is known", "nothing; it is refused by design"),
    "bad_state": (
        "a `requestState` that was not given for this call, or has been used or expired",
        "start the call anew",
    ),
    "ambiguous_name": ("the tool's name looks like another one", "the server should rename it"),
    "tool_changed": ("the definition has changed since it was pinned", "read it, then `assent catalog accept`"),
    "tool_unavailable": (
        "the tool's definition is too large or cannot be judged, or a rule does not fit it",
        "simplify the schema or the rule",
    ),
    "tools_unlisted": ("the server has not listed its tools", "list them first"),
    "bundle_too_old": (
        "policy files are broken for longer than the last good bundle may hold",
        "repair and activate them",
    ),
    "rolled_back": (
        "the home is older than what was signed: somebody put an older copy back",
        "put the newest copy back, or `assent home accept-rollback`",
    ),
    "witness_overdue": (
        "a receipt waits for its witnesses longer than `[witness] max_lag`, or there are none",
        "`assent witness list`; it ends when they answer",
    ),
    "clock_jump": ("the clock jumped", "set it right, then `assent clock confirm`"),
    "invalid_arguments": ("the arguments do not fit the tool's schema", "send arguments that do"),
    "argument_too_large": ("an argument is larger than can be judged", "send it in smaller parts"),
    "cedar_escape": ("an argument has a key that is never taken", "rename it"),
    "not_pinned": ("something the call refers to cannot be read and digested", "name something that can"),
    "path_changed": ("a path of the call no longer leads where it led at the decision", "make the call again"),
    "referent_changed": ("what the call refers to has changed since the decision", "make the call again"),
    "permit_expired": ("too long passed between decision and effect", "make the call again"),
    "permit_used": ("the permit has been used, or was never issued here", "make the call again"),
    "revoked": (
        "what it stood on was revoked: the session, its principal or chain, the tool, the server",
        "nothing; a person can give some of it again",
    ),
    "session_ended": ("the session is over", "start a new one"),
    "unknown_session": ("no session has this id", "ids are issued, never chosen"),
    "receipt_too_large": ("its receipt would not fit the format", "send it in smaller parts"),
    "not_durable": ("the decision could not be recorded, so nothing was allowed", "free the disk; see below"),
    "not_recorded": (
        "the outcome could not be recorded, so it is withheld",
        "`assent doctor`; the effect may have happened",
    ),
    "attempt_lost": ("an attempt is not in the store that began it", "`assent doctor`, then `assent verify`"),
    "credential_in_arguments": (
        "the call holds a credential that Assent holds",
        "nothing lifts this: servers are given it, agents are not",
    ),
    "credential_not_yours": ("the credential is held for other principals", "add it for this one, or name a group"),
    "session_taken": ("another program uses the session that a person opened", "end that one, or open another"),
    "other_session": (
        "the session stands on another key or delegation",
        "give all servers of one client the same",
    ),
    "not_proven": ("what was shown does not prove who it is", "`assent principals show`; give the right key"),
    "no_delegation": (
        "no delegation of it holds; an agent of this machine needs one as soon as it was ever given one",
        "`assent delegations issue`",
    ),
    "which_delegation": ("it holds more than one delegation", "name one with `--delegation`"),
    "break_glass_over": (
        "the policy that only stood in has ended",
        "make the same call again; the active policy decides",
    ),
}


def in_words(code: str) -> str:
    """The code with what it means and what to do, in one line."""
    what, do = REASONS.get(code, ("", "nothing"))
    return ": ".join((code, what)) + ("" if do == "nothing" else f"; {do}") if what else code
