"""PDP: the decision on one action, exactly as DESIGN §4 says.

`decide` is a function of its two arguments. Whatever it cannot judge ends in
deny or defer; nothing is allowed because something went wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from assent.decide import flow, people
from assent.decide.context import all_facts, of_link, values
from assent.decide.facts import Facts, Link
from assent.decide.obligations import ConflictingObligations, unite
from assent.errors import RequestError
from assent.model.decision import Decision, Escalation, GoOn, PolicyRef, Reason, Verdict
from assent.model.profile import EFFECTS, REVERSIBILITY, ZONES
from assent.policy.arguments import Found, check, examine, refuse_escapes
from assent.policy.bundle import Bundle
from assent.policy.kinds import FACTS
from assent.policy.rule import RESERVED, Rule
from assent.policy.schema import SERVER_NAME, TOOL_CALL
from assent.policy.slices import Case, Shape, Slice, Unavailable

#: Code of a built-in rule's reason; every other rule has the code of its layer.
_BUILTIN_CODES = {
    "assent/guard": "reaches_assent",
    "assent/persons-no": "refused_by_person",
    "assent/may-have-happened": "may_have_happened",
    "assent/runs-by-itself": "runs_by_itself",
}
_LATER = "ask again later"


class _Ended(Exception):
    """The decision is known; carried out of the numbered steps, never out of `decide`."""

    def __init__(self, verdict: Verdict, code: str, message: str, go_on: GoOn, errors: int = 0) -> None:
        super().__init__(message)
        self.decision = Decision(verdict, (Reason(code, "", message),), errors=errors, go_on=go_on)


@dataclass(slots=True)
class _Collected:
    """What all evaluations of one call said, over every effect and every link."""

    permits: dict[str, Rule] = field(default_factory=dict)
    forbids: dict[str, Rule] = field(default_factory=dict)
    fired: dict[str, Rule] = field(default_factory=dict)
    unpermitted: bool = False
    errors: int = 0


def decide(bundle: Bundle, facts: Facts) -> Decision:
    """The verdict on one action.

    Args:
        bundle: the policies in force.
        facts: everything else, gathered before and recorded.

    Returns:
        The decision; `allow` only if every policy, link and effect says so and
        every escalation that fired is lifted by a valid approval.
    """
    effects, worst = flow.effects(facts), flow.reversibility(facts)
    try:
        _refuse_trouble(facts)  # 1: what could not be established
        _refuse_malformed(facts, worst)  # 2: facts that contradict each other or are incomplete
        shape = _shape(bundle, facts)
        found = _arguments(facts, shape)  # 3: arguments the tool or Cedar cannot take
        said = _evaluate(bundle, facts, shape, found, (effects, worst))  # 4: every effect, every link
        decision = _combine(bundle, facts, said, (effects, worst))  # 5
    except _Ended as ended:
        decision = ended.decision
    return replace(decision, effects=effects, reversibility=worst)


def _refuse_trouble(facts: Facts) -> None:
    for code in facts.trouble:
        raise _Ended("defer", code, f"what the decision needs could not be established; {_LATER}", "later")


def _refuse_malformed(facts: Facts, worst: str) -> None:
    if not facts.chain or facts.actor.id != facts.action.principal:
        raise _Ended("deny", "unknown_principal", "it is not known who acts", "never")
    if [link.role for link in facts.chain] != ["delegator"] * (len(facts.chain) - 1) + ["actor"]:
        raise _Ended("deny", "unknown_principal", "the chain of delegation is not in order", "never")
    if any(link.principal.status != "active" for link in facts.chain):
        raise _Ended("deny", "principal_disabled", "somebody in the chain of delegation may no longer act", "never")
    if not SERVER_NAME.fullmatch(facts.server.name) or facts.server.name != facts.action.server:
        raise _Ended("deny", "unknown_server", "the server is not one that is configured", "never")
    if (facts.definition.digest if facts.definition else None) != facts.action.definition:
        raise _Ended("deny", "unknown_tool", "the tool's definition is not the pinned one", "never")
    if facts.action.method == TOOL_CALL and facts.definition is None:
        raise _Ended("deny", "unknown_tool", "the server has no such tool", "never")
    known = all_facts(facts)
    if any(not isinstance(known.get(name), bool) for name in FACTS):
        raise _Ended("deny", "missing_source", "a fact that the decision needs is missing", "never")
    if worst not in REVERSIBILITY or facts.server.zone not in ZONES or not facts.analysis.effects <= set(EFFECTS):
        raise _Ended("deny", "unknown_value", "a fact has a value that nobody knows", "never")


def _shape(bundle: Bundle, facts: Facts) -> Shape:
    action = facts.action
    shape = bundle.shape(facts.server, action.method, action.tool, facts.profile, facts.definition)
    if isinstance(shape, Unavailable):
        raise _Ended("deny", "tool_unavailable", "the tool's schema cannot be judged, so it is unavailable", "never")
    return shape


def _arguments(facts: Facts, shape: Shape) -> Found:
    found = Found()
    try:
        refuse_escapes(facts.action.canonical)
        check(facts.action.arguments, shape.schema)
        examine(shape.arguments, facts.action.arguments, found)
    except RequestError as error:
        raise _Ended("deny", error.code, error.message, "if_changed") from error
    return found


def _evaluate(
    bundle: Bundle, facts: Facts, shape: Shape, found: Found, about: tuple[tuple[str, ...], str]
) -> _Collected:
    effects, worst = about
    shared = values(facts, effects, found)
    said = _Collected()
    for link in facts.chain:
        for effect in effects:
            case = Case(link.principal, facts.server, facts.profile, effect, worst)
            cut = bundle.slice(case, shape)
            if isinstance(cut, Unavailable):
                raise _Ended("deny", "tool_unavailable", "a rule does not fit the tool's schema", "never")
            if cut.missing:
                raise _Ended("deny", "missing_source", "a rule names somebody who is not known", "never")
            _ask(cut, _context(cut, shared, link), said)
    if said.errors:
        raise _Ended("deny", "policy_error", "a rule could not be evaluated", "never", said.errors)
    return said


def _context(cut: Slice, shared: dict[str, object], link: Link) -> str:
    try:
        return cut.context(of_link(shared, link), json.dumps)
    except RequestError as error:
        raise _Ended("deny", error.code, error.message, "if_changed") from error


def _ask(cut: Slice, context: str, said: _Collected) -> None:
    """Both layers of one slice.

    All policies together allow exactly when the base allows and no escalation
    fires, so the usual allow is one evaluation; only a refusal is taken apart.
    """
    both = cut.ask(cut.both, context)
    said.errors += len(both.errors) or both.decision == "NoDecision"  # NoDecision is no verdict (DESIGN §4.1)
    if both.decision == "Allow":
        said.permits.update((rule.id, rule) for rule in _at(cut.both.rules, both.reasons))
        return
    base = cut.ask(cut.base, context)
    determining = _at(cut.base.rules, base.reasons)
    if base.decision != "Allow":
        said.forbids.update((rule.id, rule) for rule in determining)
        said.unpermitted = said.unpermitted or not determining
        return
    said.permits.update((rule.id, rule) for rule in determining)
    escalations = cut.ask(cut.escalations, context)
    if escalations.decision != "Allow":
        said.fired.update((rule.id, rule) for rule in _at(cut.escalations.rules, escalations.reasons))


def _combine(bundle: Bundle, facts: Facts, said: _Collected, about: tuple[tuple[str, ...], str]) -> Decision:
    if said.forbids:
        reasons = tuple(_reason(rule, "policy_forbids") for rule in _ordered(said.forbids))
        return Decision("deny", reasons, _refs(said.forbids), go_on="never")
    if said.unpermitted:
        raise _Ended("deny", "not_permitted", "no policy permits it", "never")
    try:
        obligations = unite(said.permits.values(), facts.profile)
    except ConflictingObligations as error:
        raise _Ended("deny", "obligation_conflict", str(error), "never") from error
    provisional = Decision("escalate", (), effects=about[0], reversibility=about[1])
    asks = [rule.escalation() for rule in _ordered(said.fired)]
    decision = _approve(bundle, facts, provisional, said, asks)
    return replace(decision, policies=_refs(said.permits) + _refs(said.fired), obligations=obligations)


def _approve(
    bundle: Bundle, facts: Facts, provisional: Decision, said: _Collected, asks: Sequence[Escalation]
) -> Decision:
    """Lift what valid approvals lift; what is left needs people (DESIGN §4.7)."""
    presented = people.about_this(facts, provisional)
    if asks and people.refused(presented):
        raise _Ended("deny", "refused_by_person", "a person said no to this call", "never")
    unpinned = any(referent.digest is None for referent in facts.action.referents) or facts.analysis.facts["not_pinned"]
    if (
        unpinned
        and provisional.reversibility == REVERSIBILITY[-1]
        and any(not r.has("unpinned") for r in said.fired.values())
    ):
        message = "it would run or send something whose content cannot be pinned, which nobody can approve"
        raise _Ended("deny", "not_pinned", message, "if_changed")
    open_, lifted, expired = [], set(), False
    groups = people.united(asks)
    for one in asks:
        quorum, expires = groups[one.group]
        able = people.eligible(bundle, facts, one)
        by = [approval.id for approval in presented if people.lifts(approval, one, quorum, expires, facts, able)]
        lifted.update(by[:1])
        if not by:
            open_.append((replace(one, quorum=quorum, expires=expires), len(able) >= quorum))
            expired = expired or any(people.stale(approval, expires, facts.time) for approval in presented)
    if not open_:
        return Decision("allow", (Reason("permitted", "", "policy permits it"),), lifted=tuple(sorted(lifted)))
    return _waiting(said, [one for one, _ in open_], all(enough for _, enough in open_), expired)


def _waiting(said: _Collected, asks: list[Escalation], reviewers: bool, expired: bool) -> Decision:
    why = tuple(_reason(said.fired[one.policy], "needs_approval") for one in asks)
    if not reviewers:
        message = "a person must approve it, and there are not enough who may"
        return Decision("defer", (Reason("no_reviewer", "", message), *why), go_on="later")
    if expired:  # silence is never assent (DESIGN §4.8)
        message = "nobody approved it in time"
        return Decision("defer", (Reason("approval_expired", "", message), *why), go_on="later")
    return Decision("escalate", why, escalations=tuple(asks), go_on="after_approval")


def _reason(rule: Rule, code: str) -> Reason:
    told = (
        rule.says("reason")
        or {"policy_forbids": "a policy forbids it", "needs_approval": "a person must approve it"}[code]
    )
    if rule.id.startswith(RESERVED):
        code = _BUILTIN_CODES[rule.id]
    return Reason(code, rule.id, told)


def _at(rules: Sequence[Rule], positions: Iterable[int]) -> list[Rule]:
    return [rules[position] for position in positions if position < len(rules)]


def _ordered(rules: dict[str, Rule]) -> list[Rule]:
    return sorted(rules.values(), key=lambda rule: rule.id)


def _refs(rules: dict[str, Rule]) -> tuple[PolicyRef, ...]:
    return tuple(PolicyRef(rule.id, rule.digest) for rule in _ordered(rules))
