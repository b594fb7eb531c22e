"""PDP: the decision on one action, exactly as DESIGN §4 says.

`decide` is a function of its two arguments. Whatever it cannot judge ends in
deny or defer; nothing is allowed because something went wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from assent_verify.canonical import canonicalize, digest

from assent.catalog.methods import ELEVATE
from assent.decide import chain, delegations, flow, people
from assent.decide.context import of_link, values
from assent.decide.facts import Facts, Link
from assent.decide.obligations import ConflictingObligations, unite
from assent.errors import RequestError
from assent.model.decision import Decision, Escalation, GoOn, PolicyRef, Reason, Used, Verdict
from assent.model.grant import Limits
from assent.model.ids import Digest
from assent.model.principal import KINDS, Principal
from assent.model.profile import EFFECTS, REVERSIBILITY, ZONES
from assent.policy.arguments import Found, check, examine, refuse_escapes
from assent.policy.bundle import Bundle
from assent.policy.cedar import Verdict as Answer
from assent.policy.kinds import DECIDED_FACTS, FACTS
from assent.policy.rule import Rule
from assent.policy.schema import SERVER_NAME, TOOL_CALL
from assent.policy.slices import Case, Layer, Shape, Slice, Unavailable

#: Code of a built-in rule's reason; every other rule has the code of its layer.
_BUILTIN_CODES = {
    "assent/guard": "reaches_assent",
    "assent/persons-no": "refused_by_person",
    "assent/may-have-happened": "may_have_happened",
    "assent/runs-by-itself": "runs_by_itself",
}
#: Codes that are policy's word. All others are malformed input, a missing source, a
#: person's no or the guard of Assent itself, which hold in every mode.
OBSERVABLE = frozenset(
    {
        "approval_expired",
        "may_have_happened",
        "needs_approval",
        "no_reviewer",
        "not_permitted",
        "not_pinned",
        "policy_forbids",
        "runs_by_itself",
    }
)
_TOLD = {"policy_forbids": "a policy forbids it", "needs_approval": "a person must approve it"}
#: Longest text of a context value whose digest is remembered.
_SHORT = 2_048
_PERMITTED = (Reason("permitted", "", "policy permits it"),)
_EFFECTS = frozenset(EFFECTS)
_OBSERVED = frozenset(FACTS) - frozenset(DECIDED_FACTS)


class _Ended(Exception):
    """The decision is known; carried out of the numbered steps, never out of `decide`."""

    def __init__(self, verdict: Verdict, code: str, message: str, go_on: GoOn = "never", errors: int = 0) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.reason = Reason(code, "", message)
        self.go_on = go_on
        self.errors = errors

    def by(self, rule: str) -> _Ended:
        """The same, because of this rule: by its id, never its text."""
        self.reason = Reason(self.reason.code, rule, self.reason.message)
        return self


Spoken = dict[str, tuple[Rule, PolicyRef]]


@dataclass(slots=True)
class _Said:
    """What all evaluations of one call said, over every effect and every link."""

    permits: Spoken = field(default_factory=dict)
    forbids: Spoken = field(default_factory=dict)
    fired: Spoken = field(default_factory=dict)
    unpermitted: bool = False
    errors: int = 0
    handed: dict[tuple[str, str], None] = field(default_factory=dict)

    @property
    def used(self) -> tuple[Used, ...]:
        """What any evaluation was handed of the context, by name."""
        return tuple([_used(name, text) for name, text in sorted(self.handed)])


@dataclass(frozen=True, slots=True)
class _Question:
    """One call, and what it is decided for."""

    bundle: Bundle
    facts: Facts
    effects: tuple[str, ...]
    worst: str
    said: _Said = field(default_factory=_Said)

    def answer(self, verdict: Verdict, reasons: tuple[Reason, ...], *, go_on: GoOn, **more: Any) -> Decision:
        """A decision about this call."""
        more |= {"effects": self.effects, "reversibility": self.worst, "used": self.said.used}
        return Decision(verdict, reasons, go_on=go_on, **more)


def decide(bundle: Bundle, facts: Facts) -> Decision:
    """The verdict on one action.

    Args:
        bundle: the policies in force.
        facts: everything else, gathered before and recorded.

    Returns:
        The decision; `allow` only if every policy, link and effect says so and
        every escalation that fired is lifted by a valid approval.
    """
    decided = _enforced(bundle, facts)
    return _observed(decided) if facts.observing else decided


def _enforced(bundle: Bundle, facts: Facts) -> Decision:
    """The verdict as policy says it."""
    asked = _Question(bundle, facts, flow.effects(facts), flow.reversibility(facts))
    try:
        _refuse_trouble(facts)  # 1: what could not be established
        _refuse_malformed(facts)  # 2: facts that contradict each other or are incomplete
        shape = _shape(bundle, facts)
        found = _arguments(facts, shape)  # 3: arguments the tool or Cedar cannot take
        _refuse_outside(asked, shape)  # 4: what was not delegated
        said = _evaluate(asked, shape, found)  # 5: every effect, every link
        return _combine(asked, said)  # 6: the strictest holds; answers lift what they name
    except _Ended as ended:
        return asked.answer(ended.verdict, (ended.reason,), go_on=ended.go_on, errors=ended.errors)


def _observed(decided: Decision) -> Decision:
    """Allow what policy alone would ask about or stop (docs/decisions/004); nothing else becomes milder."""
    if decided.verdict == "allow" or any(reason.code not in OBSERVABLE for reason in decided.reasons):
        return decided
    return replace(decided, verdict="allow", observed=decided.verdict, go_on="later")


def _refuse_trouble(facts: Facts) -> None:
    for code in facts.trouble:
        raise _Ended("defer", code, "what the decision needs could not be established; ask again later", "later")


def _refuse_malformed(facts: Facts) -> None:
    action, server = facts.action, facts.server
    if not facts.chain or facts.actor.id != action.principal:
        raise _Ended("deny", "unknown_principal", "it is not known who acts")
    if facts.chain[-1].role != "actor" or any(link.role != "delegator" for link in facts.chain[:-1]):
        raise _Ended("deny", "unknown_principal", "the chain of delegation is not in order")
    if not all(_known(link.principal) for link in facts.chain):
        raise _Ended("deny", "unknown_principal", "somebody in the chain of delegation has no person who owns them")
    if any(link.principal.status != "active" for link in facts.chain):
        raise _Ended("deny", "principal_disabled", "somebody in the chain of delegation may no longer act")
    if server.name != action.server or not SERVER_NAME.fullmatch(server.name):
        raise _Ended("deny", "unknown_server", "the server is not one that is configured")
    if (facts.definition.digest if facts.definition else None) != action.definition:
        raise _Ended("deny", "unknown_tool", "the tool's definition is not the pinned one")
    if action.method == TOOL_CALL and facts.definition is None:
        raise _Ended("deny", "unknown_tool", "the server has no such tool")
    known = facts.analysis.facts
    if not known.keys() >= _OBSERVED or not all(type(value) is bool for value in known.values()):
        raise _Ended("deny", "missing_source", "a fact that the decision needs is missing")
    if facts.analysis.reversibility not in REVERSIBILITY or server.zone not in ZONES:
        raise _Ended("deny", "unknown_value", "a fact has a value that nobody knows")
    if not facts.analysis.effects <= _EFFECTS:
        raise _Ended("deny", "unknown_value", "the call has an effect that nobody knows")


def _known(principal: Principal) -> bool:
    return principal.kind == "User" or (principal.kind in KINDS and (principal.owner or "").startswith('User::"'))


def _shape(bundle: Bundle, facts: Facts) -> Shape:
    action = facts.action
    shape = bundle.shape(facts.server, action.method, action.tool, facts.profile, facts.definition)
    if isinstance(shape, Unavailable):
        raise _Ended("deny", "tool_unavailable", "the tool's schema cannot be judged, so it is unavailable")
    return shape


def _arguments(facts: Facts, shape: Shape) -> Found:
    found = Found()
    given = facts.action.params.get("arguments", {})
    if facts.action.method == TOOL_CALL and not isinstance(given, dict):
        # judged as none but sent as they are, they would pass unseen
        raise _Ended("deny", "invalid_arguments", "the arguments are not an object", "if_changed")
    try:
        refuse_escapes(facts.action.canonical)
        check(facts.action.arguments, shape.schema)
        examine(shape.arguments, facts.action.arguments, found)
    except RequestError as error:
        raise _Ended("deny", error.code, error.message, "if_changed") from error
    return found


def _refuse_outside(asked: _Question, shape: Shape) -> None:
    facts = replace(asked.facts, chain=_held_to(asked.facts))
    cases = (Case(facts.actor, facts.server, facts.profile, effect, asked.worst) for effect in asked.effects)
    named = (case.action(shape) for case in cases)
    found = chain.outside(facts, [frozenset((name, *groups)) for name, groups in named])
    if found is not None:
        raise _Ended("deny", found.code, found.message).by(found.delegation)


def _held_to(facts: Facts) -> tuple[Link, ...]:
    """The chain as the call is held to it: to ask a person for more is never outside, but the chain has to hold."""
    if facts.action.method != ELEVATE:
        return facts.chain
    bare = [(one, one.grant) for one in facts.chain]
    return tuple(
        replace(one, grant=replace(grant, limits=Limits(depth=grant.limits.depth))) if grant else one
        for one, grant in bare
    )


def _refuse_unless(asked: _Question, shape: Shape, shared: Mapping[str, object]) -> None:
    """Every condition of the chain, as the actor's call has it (DESIGN §4.9)."""
    bound = [link.grant for link in _held_to(asked.facts) if link.grant is not None and link.grant.limits.tree]
    if not bound:
        return
    fitted = asked.bundle.conditions(tuple(one.limits.tree for one in bound), shape)
    at = 0 if fitted is None else fitted.refusing(of_link(shared, asked.facts.chain[-1]))
    if at is not None:
        message = "what was delegated does not cover it: its condition does not hold"
        raise _Ended("deny", "outside_delegation", message).by(bound[at].id)


def _evaluate(asked: _Question, shape: Shape, found: Found) -> _Said:
    facts = asked.facts
    shared = values(facts, asked.effects, found)
    _refuse_unless(asked, shape, shared)
    said = asked.said
    told: dict[int, dict[str, str]] = {}  # who take the same context differ in role and depth alone
    for link in facts.chain:
        for effect in asked.effects:
            case = Case(link.principal, facts.server, facts.profile, effect, asked.worst)
            cut = asked.bundle.slice(case, shape)
            if isinstance(cut, Unavailable):
                raise _Ended("deny", "tool_unavailable", "a rule does not fit the tool's schema").by(cut.rule)
            if cut.missing:
                raise _Ended("deny", "missing_source", "a rule names somebody who is not known")
            if id(cut.kind) not in told:
                told[id(cut.kind)] = _context(cut, of_link(shared, link))
            own = _context(cut, of_link({}, link)) if len(facts.chain) > 1 else {}
            _ask(cut, told[id(cut.kind)] | own, said)
    if said.errors:
        raise _Ended("deny", "policy_error", "a rule could not be evaluated", errors=said.errors)
    return said


def _context(cut: Slice, known: Mapping[str, object]) -> dict[str, str]:
    try:
        return cut.context(known, json.dumps)
    except RequestError as error:
        raise _Ended("deny", error.code, error.message, "if_changed") from error


def _ask(cut: Slice, handed: dict[str, str], said: _Said) -> None:
    """Both layers of one slice.

    All policies together allow exactly when the base allows and no escalation
    fires, so the usual allow is one evaluation; only a refusal is taken apart.
    """
    said.handed |= dict.fromkeys(handed.items())
    context = "{" + ", ".join([f'"{name}": {text}' for name, text in handed.items()]) + "}"
    both = cut.ask(cut.both, context)
    said.errors += len(both.errors) or both.decision == "NoDecision"  # NoDecision is no verdict (DESIGN §4.1)
    if both.decision == "Allow":
        _note(said.permits, cut.both, both)
        return
    base = cut.ask(cut.base, context)
    if base.decision != "Allow":
        said.unpermitted = said.unpermitted or not base.reasons
        _note(said.forbids, cut.base, base)
        return
    _note(said.permits, cut.base, base)
    escalations = cut.ask(cut.escalations, context)
    if escalations.decision != "Allow":
        _note(said.fired, cut.escalations, escalations)


def _used(name: str, text: str) -> Used:
    return _used_before(name, text) if len(text) <= _SHORT else Used(name, _print(text))


@lru_cache(maxsize=1024)
def _used_before(name: str, text: str) -> Used:
    """Most of a context is as it was in the call before."""
    return Used(name, _print(text))


def _print(text: str) -> Digest:
    return Digest(digest(canonicalize(json.loads(text))))


def _note(spoken: Spoken, layer: Layer, verdict: Answer) -> None:
    for rule, ref in layer.spoke(verdict):
        spoken[rule.id] = (rule, ref)


def _combine(asked: _Question, said: _Said) -> Decision:
    if said.forbids:
        reasons = tuple(_reason(rule, "policy_forbids") for rule in _rules(said.forbids))
        return asked.answer("deny", reasons, policies=_refs(said.forbids), go_on="never")
    if said.unpermitted:
        raise _Ended("deny", "not_permitted", "no policy permits it")
    try:
        obligations = unite(_rules(said.permits), asked.facts.profile)
    except ConflictingObligations as error:
        raise _Ended("deny", "obligation_conflict", str(error)) from error
    more = {"policies": _refs(said.permits) + _refs(said.fired), "obligations": obligations}
    if not said.fired:
        return asked.answer("allow", _PERMITTED, go_on="later", **more)
    return _approve(asked, said, more)


def _approve(asked: _Question, said: _Said, more: dict[str, Any]) -> Decision:
    """Lift what valid approvals lift; what is left needs people (DESIGN §4.7)."""
    facts = asked.facts
    asks = [rule.escalation() for rule in _rules(said.fired)]
    presented = people.about_this(facts, asked.answer("escalate", (), go_on="after_approval"))
    if people.refused(presented):
        raise _Ended("deny", "refused_by_person", "a person said no to this call")
    if _unpinned(facts) and asked.worst == REVERSIBILITY[-1] and not all(r.has("unpinned") for r in _rules(said.fired)):
        message = "it would run or send something whose content cannot be pinned, which nobody can approve"
        raise _Ended("deny", "not_pinned", message, "if_changed")
    if granted := delegations.covering(asked.bundle, facts, asks, asked.answer("escalate", (), go_on="later")):
        return asked.answer("allow", _PERMITTED, delegation=granted, go_on="later", **more)
    waiting: list[Escalation] = []
    lifted: set[str] = set()
    reviewers, expired = True, False
    groups = people.united(asks)
    for one in asks:
        quorum, expires = groups[one.group]
        able = people.eligible(asked.bundle, facts, one)
        by = [approval.id for approval in presented if people.lifts(approval, one, quorum, expires, facts, able)]
        lifted.update(by[:1])
        if not by:
            waiting.append(replace(one, quorum=quorum, expires=expires))
            reviewers = reviewers and len(able) >= quorum
            expired = expired or any(people.stale(approval, expires, facts.time) for approval in presented)
    if not waiting:
        return asked.answer("allow", _PERMITTED, lifted=tuple(sorted(lifted)), go_on="later", **more)
    why = tuple(_reason(said.fired[one.policy][0], "needs_approval") for one in waiting)
    if not reviewers:
        reason = Reason("no_reviewer", "", "a person must approve it, and there are not enough who may")
        return asked.answer("defer", (reason, *why), go_on="later", **more)
    if expired:  # silence is never assent (DESIGN §4.8)
        reason = Reason("approval_expired", "", "nobody approved it in time")
        return asked.answer("defer", (reason, *why), go_on="later", **more)
    return asked.answer("escalate", why, escalations=tuple(waiting), go_on="after_approval", **more)


def _unpinned(facts: Facts) -> bool:
    return facts.analysis.facts["not_pinned"] or any(one.digest is None for one in facts.action.referents)


def _reason(rule: Rule, code: str) -> Reason:
    return Reason(_BUILTIN_CODES.get(rule.id, code), rule.id, rule.says("reason") or _TOLD[code])


def _rules(spoken: Spoken) -> list[Rule]:
    return [rule for rule, _ in sorted(spoken.values(), key=lambda one: one[0].id)]


def _refs(spoken: Spoken) -> tuple[PolicyRef, ...]:
    return tuple(sorted((ref for _, ref in spoken.values()), key=lambda ref: ref.id))
