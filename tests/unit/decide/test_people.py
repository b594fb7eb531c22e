"""DESIGN §4.7, §4.8 and §4.10: what a person's answer can do, and what it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from assent_verify.canonical import canonicalize, digest

from assent.decide.facts import Facts, refusal_key, shown
from assent.decide.pdp import decide
from assent.model.action import Referent
from assent.model.approval import Answer, Approval, Asked
from assent.model.ids import ActionDigest, ApprovalId, AttemptId, Digest, PrincipalId, SessionId
from assent.model.principal import Principal
from assent.policy.bundle import Bundle
from tests.unit.decide.calls import AGENT, NOON, OWNER, PERMIT, bundle, call, chained

ASK = '@id("ask") @escalate("owner") @self @expires("10m") forbid (principal, action, resource);'
TEAM = '@id("team") @escalate("ops") @quorum("2") forbid (principal, action, resource);'
BEN, CAT = PrincipalId('User::"local/ben"'), PrincipalId('User::"local/cat"')
PEOPLE = """[
  {"uid": {"type": "Group", "id": "ops"}, "attrs": {}, "parents": []},
  {"uid": {"type": "Group", "id": "night"}, "attrs": {}, "parents": [{"type": "Group", "id": "ops"}]},
  {"uid": {"type": "User", "id": "local/ana"}, "attrs": {}, "parents": [{"type": "Group", "id": "ops"}]},
  {"uid": {"type": "User", "id": "local/ben"}, "attrs": {}, "parents": [{"type": "Group", "id": "ops"}]},
  {"uid": {"type": "User", "id": "local/cat"}, "attrs": {}, "parents": [{"type": "Group", "id": "night"}]}
]"""


def answer(by: PrincipalId = OWNER, verdict: Any = "approve", assurance: Any = "passphrase", at: int = NOON) -> Answer:
    return Answer(by, verdict, assurance, "sha256:00", "", "{}", at)


def approved(rules: Bundle, given: Facts, *answers: Answer, **change: Any) -> Facts:
    """The facts with an approval of exactly what was asked, then changed."""
    asked = decide(rules, given)
    about = [Asked(one.policy, one.digest, one.group, one.quorum, one.self_) for one in asked.escalations]
    made = Approval(
        id=ApprovalId("apr_1"),
        attempt=given.attempt,
        session=given.action.session,
        principal=given.actor.id,
        owner=given.owner,
        server=given.server.name,
        tool=given.action.tool,
        action=given.action.digest,
        commitment="",
        asked=tuple(about),
        facts=Digest(digest(canonicalize(shown(given, asked)))),
        card="",
        refusal=refusal_key(given),
        created=given.time,
        expires=given.time + 900_000,
        status="approved",
        answers=answers or (answer(),),
    )
    return replace(given, approvals=(replace(made, **change),))


def outcome(rules: Bundle, facts: Facts) -> str:
    decision = decide(rules, facts)
    return f"{decision.verdict} {decision.reasons[0].code}"


def test_an_answer_lifts_exactly_what_it_names() -> None:
    """§4.7: the owner's yes to this attempt allows it, and is named as consumed."""
    rules = bundle(PERMIT, ASK)
    asked = decide(rules, call())
    assert (asked.verdict, asked.go_on, asked.escalations[0].expires) == ("escalate", "after_approval", 600)
    decision = decide(rules, approved(rules, call()))
    assert (decision.verdict, decision.lifted) == ("allow", ("apr_1",))
    assert [ref.id for ref in decision.policies] == ["all", "ask"]


@pytest.mark.parametrize(
    "change",
    [
        {"attempt": AttemptId("att_2")},
        {"action": ActionDigest("sha256:00")},
        {"session": SessionId("ses_2")},
        {"facts": Digest("sha256:00")},
        {"asked": ()},
        {"status": "pending"},
        {"status": "cancelled"},
        {"status": "executed"},
        {"answers": ()},
        {"asked": (Asked("ask", Digest("sha256:00"), "owner", 1, True),)},
    ],
)
def test_an_answer_to_anything_else_lifts_nothing(change: dict[str, Any]) -> None:
    """§10.3: an approval cannot be replayed, moved, or lift a rule whose text changed."""
    rules = bundle(PERMIT, ASK)
    assert outcome(rules, approved(rules, call(), **change)) == "escalate needs_approval"


def test_a_base_deny_is_not_lifted() -> None:
    """§4.2: no approval can lift a deny of the base layer."""
    rules = bundle(PERMIT, ASK)
    facts = approved(rules, call())
    stricter = bundle(PERMIT, ASK, '@id("no") forbid (principal, action, resource);')
    assert outcome(stricter, facts) == "deny policy_forbids"


def test_a_new_escalation_needs_its_own_answer() -> None:
    """§4.7: what was not shown is not lifted."""
    facts = approved(bundle(PERMIT, ASK), call())
    more = bundle(PERMIT, ASK, '@id("new") @escalate("owner") @self forbid (principal, action, resource);')
    decision = decide(more, facts)
    assert (decision.verdict, [one.policy for one in decision.escalations]) == ("escalate", ["new"])


def test_changed_facts_need_a_new_answer() -> None:
    """§4.7: an approval names the digest of the facts that were shown."""
    rules = bundle(PERMIT, ASK)
    facts = approved(rules, call())
    changed = replace(facts, session=replace(facts.session, labels=frozenset({"secret"})))
    assert outcome(rules, changed) == "escalate needs_approval"
    later = replace(facts, time=NOON + 1000, session=replace(facts.session, calls=9))
    assert outcome(rules, later) == "allow permitted"


def test_silence_is_never_assent() -> None:
    """§4.8: an approval that has expired defers, by its own word or by the rule's."""
    rules = bundle(PERMIT, ASK)
    facts = approved(rules, call())
    assert outcome(rules, replace(facts, time=NOON + 599_999)) == "allow permitted"
    assert outcome(rules, replace(facts, time=NOON + 600_000)) == "defer approval_expired"
    assert outcome(rules, approved(rules, call(), status="expired")) == "defer approval_expired"
    assert outcome(rules, approved(rules, call(), expires=NOON)) == "defer approval_expired"


def test_a_no_denies() -> None:
    """§4.7: a person's no is final for this call."""
    rules = bundle(PERMIT, ASK)
    assert outcome(rules, approved(rules, call(), answer(verdict="deny"), status="denied")) == "deny refused_by_person"
    assert outcome(rules, approved(rules, call(), answer(), answer(BEN, "deny"))) == "deny refused_by_person"


def test_the_owner_answers_only_where_the_rule_says_self() -> None:
    """§4.7: without `@self` nobody is left in the group `owner`."""
    rules = bundle(PERMIT, ASK.replace("@self ", ""))
    assert outcome(rules, call()) == "defer no_reviewer"


def test_a_quorum_counts_distinct_people_of_the_group() -> None:
    """§4.7: two answers of one person are one; the owner and strangers do not count."""
    rules = bundle(PERMIT, TEAM, entities=PEOPLE)
    assert outcome(rules, call()) == "escalate needs_approval"
    stranger = PrincipalId('User::"local/eve"')
    for answers in (
        [answer(BEN)],
        [answer(BEN), answer(BEN)],
        [answer(BEN), answer(OWNER)],
        [answer(BEN), answer(stranger)],
    ):
        assert outcome(rules, approved(rules, call(), *answers)) == "escalate needs_approval"
    assert outcome(rules, approved(rules, call(), answer(BEN), answer(CAT))) == "allow permitted"


def test_who_is_in_the_chain_cannot_answer() -> None:
    """§4.7: a delegator does not approve what is done in its name."""
    rules = bundle(PERMIT, TEAM.replace('"2"', '"1"'), entities=PEOPLE)
    chain = chained(Principal("User", "local/ben", None), AGENT)
    assert outcome(rules, approved(rules, call(chain=chain), answer(BEN))) == "escalate needs_approval"
    assert outcome(rules, approved(rules, call(chain=chain), answer(CAT))) == "allow permitted"


def test_a_group_that_cannot_reach_its_quorum_defers() -> None:
    """§4.7: unknown, or smaller than the quorum once those who may not answer are left out."""
    assert outcome(bundle(PERMIT, TEAM), call()) == "defer no_reviewer"
    three = bundle(PERMIT, TEAM.replace('"2"', '"3"'), entities=PEOPLE)
    assert outcome(three, call()) == "defer no_reviewer"


def test_per_group_the_largest_quorum_and_shortest_expiry_hold() -> None:
    """§4.7: a lenient rule does not soften a strict one of the same group."""
    lenient = '@id("lenient") @escalate("ops") @expires("5m") forbid (principal, action, resource);'
    rules = bundle(PERMIT, TEAM, lenient, entities=PEOPLE)
    decision = decide(rules, call())
    assert {(one.policy, one.quorum, one.expires) for one in decision.escalations} == {
        ("lenient", 2, 300),
        ("team", 2, 300),
    }
    two = approved(rules, call(), answer(BEN), answer(CAT))
    assert outcome(rules, approved(rules, call(), answer(BEN))) == "escalate needs_approval"
    assert outcome(rules, two) == "allow permitted"
    assert outcome(rules, replace(two, time=NOON + 300_000)) == "defer approval_expired"


def test_a_policy_can_demand_an_assurance() -> None:
    """§3: an answer proved less well than the rule demands does not count."""
    rules = bundle(PERMIT, ASK.replace("@self", '@self @assurance("keyring")'))
    assert outcome(rules, approved(rules, call(), answer(assurance="passphrase"))) == "escalate needs_approval"
    assert outcome(rules, approved(rules, call(), answer(assurance="passkey"))) == "allow permitted"


def test_what_is_not_pinned_cannot_be_approved_for_an_irreversible_effect() -> None:
    """§4.10: unless the rule that asks says `@unpinned`."""
    facts = call(effects=("execute",), reversibility="irreversible")
    loose = replace(facts, action=replace(facts.action, referents=(Referent("script", "/srv/x.sh", None),)))
    rules = bundle(PERMIT, ASK)
    assert outcome(rules, loose) == "deny not_pinned"
    assert (
        outcome(rules, call(effects=("execute",), reversibility="irreversible", facts={"not_pinned": True}))
        == "deny not_pinned"
    )
    assert (
        outcome(rules, replace(loose, analysis=replace(loose.analysis, reversibility="reversible")))
        == "escalate needs_approval"
    )
    willing = bundle(PERMIT, ASK.replace("@self", "@self @unpinned"))
    assert outcome(willing, approved(willing, loose)) == "allow permitted"


def test_a_no_is_remembered_by_server_tool_and_targets() -> None:
    """§4.7: other arguments with the same targets are the same refusal; another target is not."""
    one = call({"path": "/srv/a", "count": 1}, analysis={"targets": {"paths": ("/srv/a",)}})
    two = call({"path": "/srv/a", "count": 2}, analysis={"targets": {"paths": ("/srv/a",)}})
    other = call({"path": "/srv/b"}, analysis={"targets": {"paths": ("/srv/b",)}})
    assert refusal_key(one) == refusal_key(two) != refusal_key(other)
    assert refusal_key(call({"path": "x"})) != refusal_key(call({"path": "y"}))


def test_a_no_to_one_recipient_is_none_to_another_of_the_same_domain() -> None:
    """§4.7: a target is whom the call names; how it is spelt and what is said to them are not."""

    def to(recipient: object, text: str = "hello") -> Digest:
        targets = {"recipient_domains": ("example.org",)} if "@" in str(recipient) else {}
        profile = {"targets": {"path": "address"}}
        return refusal_key(call({"path": recipient, "note": text}, profile=profile, analysis={"targets": targets}))

    assert to("bob@example.org") == to(" Bob@Example.org", "hello again") != to("eve@example.org")
    assert to("#general") == to("#general", "hello again") != to("#random")
    assert to(7) == to(7, "hello again") != to(8)


def test_an_answer_older_than_its_question_does_not_count() -> None:
    """An answer is to what was asked, not to something before it."""
    rules = bundle(PERMIT, ASK)
    assert outcome(rules, approved(rules, call(), answer(at=NOON - 1))) == "escalate needs_approval"
