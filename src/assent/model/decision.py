"""Decision: the verdict on one action, with everything that determined it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from assent.model.ids import Digest, PolicyId

Verdict = Literal["allow", "deny", "escalate", "defer"]
#: From the mildest to the strictest; the final verdict is the stricter of two (DESIGN §3).
STRICTNESS: dict[Verdict, int] = {"allow": 0, "escalate": 1, "defer": 2, "deny": 3}
#: How an agent may go on (DESIGN §8).
GoOn = Literal["never", "after_approval", "if_changed", "later"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, for a person: a stable code, the policy if one spoke, one line of text.

    `message` never quotes rule text or argument values; `policy` is empty for a
    built-in check.
    """

    code: str
    policy: str
    message: str


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """A policy that determined the verdict, by `@id` and text digest."""

    id: PolicyId
    digest: Digest


@dataclass(frozen=True, slots=True)
class Escalation:
    """One approval that is needed (DESIGN §4.2).

    Args:
        policy: id of the forbid that asks.
        digest: its text digest; an approval names both.
        group: who may answer.
        quorum: how many different people must say yes.
        expires: seconds until silence becomes `defer`.
        reason: one line for the reviewer.
        self_: the owner of the agent may answer.
        grantable: the answer may cover more calls of this session.
        assurance: weakest accepted assurance of an answer; empty for any.
    """

    policy: PolicyId
    digest: Digest
    group: str
    quorum: int
    expires: int
    reason: str
    self_: bool
    grantable: bool
    assurance: str = ""


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something the enforcing side must do, or not execute (DESIGN §4.6)."""

    kind: Literal["notify", "credential", "limit", "redact"]
    value: str
    on: Literal["arguments", "output", ""]
    policy: PolicyId


@dataclass(frozen=True, slots=True)
class Used:
    """A value of the context that policies were handed: its name, and the digest of its canonical JSON."""

    name: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one action.

    Args:
        verdict: only `allow` lets anything happen.
        reasons: for a person, most important first.
        policies: policies that determined it, base layer then escalations.
        escalations: approvals still needed, one per policy; empty unless (observed) `escalate`.
        obligations: what must be carried out with an `allow`.
        lifted: approvals that lifted an escalation; the commit consumes them.
        errors: number of policy evaluation errors.
        effects: the effects the call was decided for, sorted.
        reversibility: the worst that holds.
        go_on: how an agent may proceed.
        delegation: the one that lifted every escalation; the commit takes one call off its count.
        observed: what policy says, where the call is allowed only because policy is
            observed and not enforced; its reasons, policies and escalations stand here.
        used: what the policies were handed of the context, by name; it follows from the
            facts and the bundle, so it makes no two decisions different.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    policies: tuple[PolicyRef, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    lifted: tuple[str, ...] = ()
    errors: int = 0
    effects: tuple[str, ...] = ()
    reversibility: str = "irreversible"
    go_on: GoOn = "never"
    observed: Verdict | None = None
    delegation: str = ""
    used: tuple[Used, ...] = field(default=(), compare=False)


def stricter(one: Verdict, other: Verdict) -> Verdict:
    """The stricter of two verdicts (DESIGN §3: the commit checks may only tighten)."""
    return one if STRICTNESS[one] >= STRICTNESS[other] else other
