"""decide/chain: every link admits the call, or nobody does (DESIGN §4.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assent.decide.facts import Facts, Link
from assent.model.grant import Limits
from assent.model.ids import DelegationId, SessionId
from assent.model.principal import Principal
from assent.policy.condition import parse
from tests.unit.decide.calls import AGENT, NOON, OWNER, call, chained, decided, verdict

USER = Principal("User", "local/ana", None)
SUB, LEAF = Principal("Agent", "ci/sub", OWNER), Principal("Agent", "ci/leaf", OWNER)


def under(*limits: Limits, **more: object) -> Facts:
    """A write to /srv/a on `fs` under a chain with these limits, one link each."""
    chain = chained(USER, *(SUB, LEAF, AGENT)[-len(limits) :], limits=limits)
    facts = call(chain=chain, analysis={"targets": {"paths": ("/srv/a",)}})
    return replace(facts, **more)  # type: ignore[arg-type]


def link(facts: Facts, at: int, **changed: object) -> Facts:
    """The same with one link's grant changed."""
    chain = list(facts.chain)
    grant = chain[at].grant
    assert grant is not None
    chain[at] = replace(chain[at], grant=replace(grant, **changed))  # type: ignore[arg-type]
    return replace(facts, chain=tuple(chain))


WIDE = Limits(depth=9)


def test_a_chain_without_limits_admits_what_policy_does() -> None:
    """A link that names nothing restricts nothing."""
    assert verdict("", under(WIDE)) == "allow permitted"
    assert verdict("", under(WIDE, WIDE, WIDE)) == "allow permitted"


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize(
    "limits",
    [
        Limits(actions=("effect:read",), depth=9),
        Limits(actions=(), depth=9),
        Limits(servers=("pg",), depth=9),
        Limits(targets={"paths": ("/srv/b",)}, depth=9),
        Limits(targets={"hosts": ("example.org",)}, depth=9),
        Limits(targets={"hosts": ("example.org",), "paths": ("/srv/a",)}, depth=9),
    ],
)
def test_one_link_that_refuses_is_enough(limits: Limits, at: int) -> None:
    """At any depth: an intersection only gets smaller."""
    bounds = [WIDE, WIDE, WIDE]
    bounds[at] = limits
    assert verdict("", under(*bounds)) == "deny outside_delegation"


@pytest.mark.parametrize(
    "limits",
    [
        Limits(actions=("effect:write",)),
        Limits(actions=("effect:read", "server:fs")),
        Limits(actions=("tool:fs/write_file",)),
        Limits(servers=("fs", "pg")),
        Limits(targets={"paths": ("/srv/",)}),
        Limits(targets={"paths": ("/srv/a", "/srv/b/")}),
    ],
)
def test_a_call_within_the_limits_passes(limits: Limits) -> None:
    """The same dimensions, wide enough."""
    assert verdict("", under(limits)) == "allow permitted"


def test_every_effect_must_be_delegated() -> None:
    """A call that also deletes is not covered by what covers its write."""
    limits = Limits(actions=("effect:write",))
    both = replace(under(limits), analysis=replace(under(limits).analysis, effects=frozenset({"write", "delete"})))
    assert verdict("", both) == "deny outside_delegation"


def test_targets_that_cannot_be_told_are_outside() -> None:
    """Restricted in its targets, a delegation covers only calls whose targets are known."""
    limits = Limits(targets={"paths": ("/srv/",)})
    facts = under(limits)
    for name in ("analysed", "not_pinned"):
        known = {**facts.analysis.facts, name: name == "not_pinned"}
        assert verdict("", replace(facts, analysis=replace(facts.analysis, facts=known))) == "deny outside_delegation"
    none = replace(facts, analysis=replace(facts.analysis, targets={}))
    assert verdict("", none) == "deny outside_delegation"


def test_arguments_that_are_names_are_targets() -> None:
    """A payee or an address, each text of the argument that the profile says is one."""
    limits = Limits(targets={"addresses": ("*@example.org",)})
    profile = {"targets": {"path": "address", "tags": "address"}}
    for path, tags, code in (
        ("ana@example.org", [], "allow permitted"),
        ("Ana@Example.org", ["ben@example.org"], "allow permitted"),
        ("ana@example.org", ["ben@evil.example"], "deny outside_delegation"),
        ("ana@example.org.evil", [], "deny outside_delegation"),
    ):
        facts = call({"path": path, "tags": tags}, profile=profile, chain=chained(USER, AGENT, limits=[limits]))
        assert verdict("", facts) == code, (path, tags)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"status": "revoked"}, "delegation_revoked"),
        ({"expires": NOON}, "delegation_expired"),
        ({"not_before": NOON + 1}, "delegation_early"),
        ({"session": SessionId("ses_2")}, "delegation_elsewhere"),
        ({"task": "sha256:1"}, "delegation_elsewhere"),
        ({"parent": "dlg_9"}, "chain_broken"),
        ({"issuer": OWNER + "x"}, "chain_broken"),
        ({"subject": SUB.id + "x"}, "chain_broken"),
        ({"id": DelegationId("dlg_9")}, "chain_broken"),
    ],
)
def test_one_link_that_does_not_hold_ends_it(changed: dict[str, object], code: str) -> None:
    """Revoked, expired, early, for another session or task, or out of its place."""
    facts = under(WIDE, WIDE, WIDE)
    for at in (1, 2) if changed.keys() == {"id"} else (1, 2, 3):
        assert verdict("", link(facts, at, **changed)) == f"deny {code}"
    assert verdict("", link(facts, 1, session=SessionId("ses_1"), expires=NOON + 1)) == "allow permitted"


def test_links_missing_swapped_repeated_or_in_a_ring_are_broken() -> None:
    """A chain is what it says, from a person to the actor."""
    facts = under(WIDE, WIDE, WIDE)
    whole = facts.chain
    ring = chained(USER, AGENT, SUB, AGENT)
    for chain in (
        (whole[0], whole[2], whole[3]),
        (whole[0], whole[2], whole[1], whole[3]),
        (whole[0], whole[1], whole[1], whole[3]),
        (replace(whole[0], grant=whole[1].grant), *whole[1:]),
        (whole[0], replace(whole[1], grant=None), *whole[2:]),
        chained(SUB, LEAF, AGENT),
        tuple(replace(one, depth=one.depth + 1) for one in whole),
    ):
        placed = [replace(one, role="delegator") for one in chain[:-1]]
        assert verdict("", replace(facts, chain=(*placed, chain[-1]))) == "deny chain_broken", chain
    assert verdict("", replace(facts, chain=ring)) == "deny chain_broken"
    assert verdict("", replace(facts, chain=(Link(AGENT),))) == "allow permitted"


def test_depth_bounds_how_many_links_follow() -> None:
    """A link of depth 0 is the last one."""
    assert verdict("", under(Limits(depth=1), Limits(depth=0))) == "allow permitted"
    assert verdict("", under(Limits(depth=0), Limits(depth=0))) == "deny chain_broken"
    assert verdict("", under(Limits(depth=9), Limits(depth=0), Limits(depth=9))) == "deny chain_broken"


def test_a_condition_is_held_against_the_call() -> None:
    """§4.9: it only takes away; the delegation that has it is named; an error denies."""
    for text, code in (
        ('context.args.path == "/srv/a"', "allow permitted"),
        ('context.args.path == "/srv/b"', "deny outside_delegation"),
        ("context.args.count < 3", "deny outside_delegation"),  # it is not there: an error, so no
        ("context.args.nowhere", "deny outside_delegation"),
        ("context.depth == 2", "allow permitted"),
    ):
        made = parse(text)
        facts = under(WIDE, Limits(condition=made.text, tree=made.tree))
        assert verdict("", facts) == code, text
        if code != "allow permitted":
            assert decided("", facts).reasons[0].policy == "dlg_2"
    assert verdict('@id("no") forbid (principal, action, resource);', under(WIDE)) == "deny policy_forbids"
