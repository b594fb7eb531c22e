"""DESIGN §4, sentence by sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assent.decide.facts import Link
from assent.decide.pdp import decide
from assent.model.ids import Digest, PrincipalId
from assent.model.principal import Principal
from assent.model.profile import Server
from assent.policy import cedar
from assent.policy.bundle import from_archive
from tests.unit.decide.calls import AGENT, OWNER, PERMIT, bundle, call, chained, decided, verdict

PEER = Principal("Agent", "local/peer", OWNER)
USER = Principal("User", "local/ana", None)


def test_nothing_is_allowed_by_default() -> None:
    """§4.1: without a permit the answer is deny."""
    assert verdict(bundle(), call()) == "deny not_permitted"


def test_a_permit_allows() -> None:
    """§4.1: only `Allow` counts, and a permit that applies gives it."""
    decision = decided("", call())
    assert decision.verdict == "allow"
    assert [ref.id for ref in decision.policies] == ["all"]
    assert decision.effects == ("write",)


def test_a_forbid_overrides() -> None:
    """§4.2: a deny of the base layer is final."""
    decision = decided('@id("no") @reason("not now") forbid (principal, action, resource);', call())
    assert (decision.verdict, decision.go_on) == ("deny", "never")
    assert [(one.code, one.policy, one.message) for one in decision.reasons] == [("policy_forbids", "no", "not now")]


def test_an_evaluation_error_is_never_an_allow() -> None:
    """§4.1: Cedar skips a forbid that errs; here it denies."""
    rule = '@id("o") forbid (principal, action, resource) when { context.session.calls + 9223372036854775807 > 0 };'
    decision = decided(rule, call())
    assert (decision.verdict, decision.reasons[0].code, decision.errors) == ("deny", "policy_error", 1)


def test_an_error_in_an_escalation_denies() -> None:
    """§4.1: an error in any policy of the slice, the escalations included."""
    rule = (
        '@id("o") @escalate("owner") @self forbid (principal, action, resource) '
        "when { context.session.calls + 9223372036854775807 > 0 };"
    )
    assert verdict(rule, call()) == "deny policy_error"


def test_every_effect_is_decided() -> None:
    """§4: a call has a set of effects, and all must allow."""
    reads = '@id("r") permit (principal, action in Action::"effect:read", resource);'
    assert verdict(bundle(reads), call(effects=("read",))) == "allow permitted"
    assert verdict(bundle(reads), call(effects=("read", "write"))) == "deny not_permitted"


def test_an_analysed_tool_has_one_action_per_effect() -> None:
    """§4: `tool:fs/write_file#write` is a member of `tool:fs/write_file`."""
    one = '@id("w") permit (principal, action == Action::"tool:fs/write_file#write", resource);'
    both = '@id("t") permit (principal, action in Action::"tool:fs/write_file", resource);'
    analysed = {"analysers": ("path",)}
    assert verdict(bundle(one), call(profile=analysed)) == "allow permitted"
    assert verdict(bundle(one), call(profile=analysed, effects=("write", "delete"))) == "deny not_permitted"
    assert verdict(bundle(both), call(profile=analysed, effects=("write", "delete"))) == "allow permitted"


def test_equality_with_an_analysed_tool_makes_it_unavailable() -> None:
    """A forbid that could never match must not pass silently."""
    rule = '@id("no") forbid (principal, action == Action::"tool:fs/write_file", resource);'
    assert verdict(rule, call()) == "deny policy_forbids"
    assert verdict(rule, call(profile={"analysers": ("path",)})) == "deny tool_unavailable"


def test_a_profile_effect_stays_unless_the_analyser_may_take_it() -> None:
    """§4: precedence only adds, save for what the profile names it authoritative for."""
    reads = bundle('@id("r") permit (principal, action in Action::"effect:read", resource);')
    less = call(effects=("read",), profile={"effects": frozenset({"read", "write"})})
    assert verdict(reads, less) == "deny not_permitted"
    trusted = replace(less, profile=replace(less.profile, authoritative=frozenset({"write"})))
    assert verdict(reads, trusted) == "allow permitted"
    unread = {**trusted.analysis.facts, "analysed": False}
    assert verdict(reads, replace(trusted, analysis=replace(trusted.analysis, facts=unread))) == "deny not_permitted"


@pytest.mark.parametrize(
    ("zone", "labels", "secret", "sends"),
    [
        ("external", ("secret",), False, True),
        ("external", (), True, True),
        ("external", ("untrusted",), False, False),
        ("external", (), False, False),
        ("own", ("secret",), True, False),
    ],
)
def test_a_call_sends_its_arguments(zone: str, labels: tuple[str, ...], secret: bool, sends: bool) -> None:
    """§4.5: to an external server, as soon as there is something to lose."""
    facts = call(
        effects=("read",), server=Server("web", zone=zone), labels=labels, facts={"secret_in_arguments": secret}
    )
    decision = decided("", facts)
    assert ("send" in decision.effects) is sends
    assert (decision.reversibility == "irreversible") is sends
    to_it = '@id("to") forbid (principal, action, resource) when { context.targets.recipient_domains.contains("web") };'
    assert (verdict(to_it, facts) == "deny policy_forbids") is sends


@pytest.mark.parametrize("code", ["clock_jump", "store_stale"])
def test_trouble_defers(code: str) -> None:
    """§4: what cannot be established now is not decided now."""
    decision = decided("", call(trouble=(code,)))
    assert (decision.verdict, decision.reasons[0].code, decision.go_on) == ("defer", code, "later")


def test_what_is_unknown_is_denied() -> None:
    """§4.1: an unknown principal, tool or value, or a missing source, never allows."""
    facts = call()
    assert verdict("", replace(facts, chain=())) == "deny unknown_principal"
    assert verdict("", replace(facts, chain=(Link(PEER),))) == "deny unknown_principal"
    for owner in (None, PrincipalId('Agent::"local/boss"'), PrincipalId("")):
        assert verdict("", call(principal=replace(AGENT, owner=owner))) == "deny unknown_principal"
    assert verdict("", call(principal=replace(AGENT, kind="Robot"))) == "deny unknown_principal"  # type: ignore[arg-type]
    assert verdict("", call(principal=Principal("User", "local/ana", OWNER))) == "allow permitted"
    assert verdict("", call(principal=replace(AGENT, status="disabled"))) == "deny principal_disabled"
    assert verdict("", call(definition=None)) == "deny unknown_tool"
    assert verdict("", call(server=Server("Not A Name"))) == "deny unknown_server"
    assert verdict("", replace(facts, chain=(Link(AGENT, "delegator"),))) == "deny unknown_principal"
    assert verdict("", replace(facts, chain=(Link(PEER), Link(AGENT)))) == "deny unknown_principal"
    other = replace(facts.action, definition=Digest("sha256:00"))
    assert verdict("", replace(facts, action=other)) == "deny unknown_tool"
    assert verdict("", call(reversibility="perhaps")) == "deny unknown_value"
    assert verdict("", call(server=Server("fs", zone="moon"))) == "deny unknown_value"  # type: ignore[arg-type]
    less = {name: value for name, value in facts.analysis.facts.items() if name != "secret_path"}
    assert verdict("", replace(facts, analysis=replace(facts.analysis, facts=less))) == "deny missing_source"
    assert verdict("", call(effects=("fly",))) == "deny unknown_value"
    assert verdict("", call(principal=replace(AGENT, groups=("nowhere",)))) == "deny missing_source"


def test_a_chain_is_an_intersection() -> None:
    """§4.3: every link must be allowed, and sees its role and depth."""
    facts = call()
    chain = chained(USER, PEER, AGENT)
    delegated = replace(facts, chain=chain)
    assert verdict("", delegated) == "allow permitted"
    rule = '@id("p") forbid (principal == Agent::"local/peer", action, resource);'
    assert verdict(rule, facts) == "allow permitted"
    assert verdict(rule, delegated) == "deny policy_forbids"
    role = '@id("d") forbid (principal, action, resource) when { context.role == "delegator" && context.depth == 1 };'
    assert verdict(role, facts) == "allow permitted"
    assert verdict(role, delegated) == "deny policy_forbids"
    assert verdict("", replace(facts, chain=chain[::-1])) == "deny unknown_principal"


def test_the_built_in_layer_needs_no_file() -> None:
    """§3: what reaches Assent is denied, a person's no holds, what may have happened asks."""
    assert verdict("", call(facts={"reaches_assent": True})) == "deny reaches_assent"
    assert verdict("", call(refused_by_person=True)) == "deny refused_by_person"
    assert verdict("", call(may_have_happened=True)) == "escalate may_have_happened"
    assert verdict("", call(may_have_happened=True, effects=("read",))) == "allow permitted"
    assert verdict("", call(facts={"runs_by_itself": True})) == "escalate runs_by_itself"


def test_the_same_question_has_the_same_answer() -> None:
    """§4.11: no state of the bundle's caches shows in a decision."""
    rules = bundle('@id("a") permit (principal, action, resource) when { context.args has path };')
    facts = call()
    assert decide(rules, facts) == decide(rules, facts) == decide(bundle(rules.sources[0].text), facts)


def test_time_is_read_from_the_facts() -> None:
    """§5: hour and weekday are UTC, Monday is 1."""
    rule = (
        '@id("t") forbid (principal, action, resource) when { context.time.hour == 12 && context.time.weekday == 2 };'
    )
    assert verdict(rule, call()) == "deny policy_forbids"
    assert verdict(rule, call(time=1_795_521_600_000 + 86_400_000)) == "allow permitted"


def test_other_methods_are_actions_too() -> None:
    """§8: `resources/read` is governed as `method:fs/resources%2Fread`."""
    facts = call(definition=None)
    action = replace(facts.action, method="resources/read", tool="resources/read", params={"uri": "file:///a"})
    scope = '(principal, action == Action::"method:fs/resources%2Fread", resource)'
    rule = f'@id("m") permit {scope} when {{ context.args.uri like "file:*" }};'
    assert verdict(bundle(rule), replace(facts, action=action)) == "allow permitted"
    assert verdict(bundle(rule), replace(facts, action=replace(action, params={}))) == "deny invalid_arguments"


def test_the_third_verdict_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """§4.1: cedarpy's `NoDecision` is an error, never an allow."""
    monkeypatch.setattr(cedar, "authorize", lambda *_: cedar.Verdict("NoDecision", (), ()))
    assert verdict("", call()) == "deny policy_error"


def test_a_forbid_about_an_unknown_group_does_not_vanish() -> None:
    """§4: even where loading did not refuse it, as for an archive made by another version."""
    rule = '@id("d") forbid (principal in Group::"disabled", action, resource);'
    archive = bundle(PERMIT, rule.replace(' in Group::"disabled"', "")).archive()
    old = from_archive(
        archive.replace(
            b'(principal, action, resource);"]', b'(principal in Group::\\"disabled\\", action, resource);"]'
        )
    )
    assert decide(old, call()).reasons[0].code == "missing_source"


def test_what_is_remembered_is_kept_apart() -> None:
    """§4.11: a slice built for one call serves no other: same answer from a warm bundle as from a fresh one."""
    rules = (
        '@id("z") forbid (principal, action, resource) when { resource.zone == "own" };',
        '@id("c") forbid (principal, action in Action::"domain:code", resource);',
        '@id("i") forbid (principal, action in Action::"rev:irreversible", resource);',
        '@id("o") forbid (principal == Agent::"local/peer", action, resource);',
        '@id("d") forbid (principal, action in Action::"effect:delete", resource);',
        '@id("w") forbid (principal, action in Action::"server:other", resource);',
    )
    warm = bundle(PERMIT, *rules)
    varied = [
        call(),
        call(server=Server("fs", zone="own")),
        call(profile={"domains": frozenset({"code"})}),
        call(reversibility="irreversible"),
        call(principal=PEER),
        call(effects=("delete",)),
        call(server=Server("other", zone="local")),
        call({"path": "x", "price": 0.00001}),
        call({"path": "x", "price": 0.00001}, profile={"opaque": frozenset({"price"})}),
        call(profile={"analysers": ("path",)}),
        call({"other": 1}, schema={"type": "object"}),
    ]
    expected = [decide(bundle(PERMIT, *rules), facts) for facts in varied]
    assert [decide(warm, facts) for facts in varied] == expected
    assert [decide(warm, facts) for facts in varied[::-1]] == expected[::-1]
    assert [one.verdict for one in expected] == ["allow", *["deny"] * 7, "allow", "allow", "allow"]


def test_a_rule_about_another_server_or_type_is_not_in_the_slice() -> None:
    """What plainly cannot apply does not deny by what it names."""
    unknown = 'when { User::"nobody" == User::"somebody" };'
    assert (
        verdict(f'@id("s") forbid (principal, action, resource == Server::"web") {unknown}', call())
        == "allow permitted"
    )
    of_users = f'@id("t") forbid (principal is User in Group::"g", action, resource) {unknown}'
    group = '[{"uid": {"type": "Group", "id": "g"}, "attrs": {}, "parents": []}]'
    member = replace(AGENT, groups=("g",))
    assert verdict(bundle(PERMIT, of_users, entities=group), call(principal=member)) == "allow permitted"
