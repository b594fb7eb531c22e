"""Random worlds: policies, entities, a call and answers, for the oracle and the properties."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from assent_verify.canonical import canonicalize, digest
from hypothesis import strategies as st

from assent.decide.facts import Facts, refusal_key, shown
from assent.decide.flow import effects, reversibility
from assent.model.approval import Answer, Approval, Asked
from assent.model.decision import Decision, PolicyRef
from assent.model.delegation import Delegation
from assent.model.ids import ApprovalId, AttemptId, DelegationId, Digest, PolicyId, PrincipalId
from assent.model.principal import Principal
from assent.model.profile import DOMAINS, EFFECTS, REVERSIBILITY, Server
from tests.unit.decide.calls import NOON, call, chained

GROUPS = ("g0", "g1", "g2", "g3")
PEOPLE = ("ana", "ben", "cat", "dan")
AGENTS = ("a0", "a1", "a2")
TOOL = "tool:fs/write_file"

PRINCIPALS = (
    "principal",
    'principal == Agent::"a0"',
    'principal == Agent::"a1"',
    'principal in Group::"g0"',
    'principal in Group::"g1"',
    "principal is Agent",
    "principal is User",
    'principal is Agent in Group::"g0"',
    'principal is User in Group::"g1"',
)
ACTIONS = (
    "action",
    f'action == Action::"{TOOL}"',
    f'action in Action::"{TOOL}"',
    'action in Action::"tool:fs/other"',
    'action in Action::"server:fs"',
    'action in [Action::"effect:read", Action::"effect:write"]',
    'action in [Action::"effect:send", Action::"tool:web/x"]',
    'action in Action::"effect:delete"',
    'action in Action::"rev:irreversible"',
    'action in [Action::"domain:code", Action::"rev:compensable"]',
)
RESOURCES = ("resource", "resource is Server", 'resource == Server::"fs"', 'resource == Server::"web"')
CONDITIONS = (
    "true",
    "false",
    'principal in Group::"g0"',
    'principal in [Group::"g1", Group::"g2"]',
    'principal is Agent in Group::"g2"',
    'principal is Agent && principal.owner == User::"ana"',
    'principal is Agent && principal.owner in Group::"g3"',
    'User::"ben" in Group::"g0"',
    'Group::"g2" in Group::"g0"',
    '[Group::"g1", Group::"g3"].contains(Group::"g1") && principal in Group::"g3"',
    'principal has owner && principal.owner in Group::"g1"',
    'action in Action::"effect:write"',
    'resource.zone == "external"',
    'context.args has path && context.args.path like "/srv/*"',
    "context.args has deep && context.args.deep has path",
    'context.args has tags && context.args.tags.contains("x")',
    'context.args has price && context.args.price.greaterThan(decimal("1.5"))',
    'context.session.labels.contains("secret")',
    'context.effects.contains("send")',
    'context.undeclared.contains("extra")',
    'context.nulls.contains("note")',
    "context.facts.secret_path",
    "context.facts.may_have_happened",
    "context.inferred",
    "context.depth > 0",
    'context.role == "delegator"',
    "context.time.hour < 12",
    "context.session.calls + 9223372036854775807 > 0",
)
GHOST = 'User::"ghost" in Group::"g0"'


@dataclass(frozen=True)
class Drawn:
    """One random policy, as its parts and as its text."""

    id: str
    effect: str
    principal: str
    action: str
    resource: str
    kind: str  # when or unless
    condition: str
    group: str = ""
    quorum: int = 1
    self_: bool = False
    expires: int = 900
    grantable: bool = False

    @property
    def text(self) -> str:
        """Cedar text with annotations."""
        notes = f'@id("{self.id}")'
        if self.group:
            own = " @self" if self.self_ else ""
            own += " @grantable" if self.grantable else ""
            notes += f' @escalate("{self.group}") @quorum("{self.quorum}") @expires("{self.expires}s"){own}'
        scope = f"({self.principal}, {self.action}, {self.resource})"
        return f"{notes} {self.effect} {scope} {self.kind} {{ {self.condition} }};"


EVERYTHING = Drawn("all", "permit", "principal", "action", "resource", "when", "true")


@dataclass(frozen=True)
class World:
    """Everything one decision is made of."""

    policies: tuple[Drawn, ...]
    entities: list[dict[str, Any]]
    facts: Facts

    @property
    def entities_text(self) -> str:
        """As `entities.json`."""
        return json.dumps(self.entities)


def uid(kind: str, name: str) -> dict[str, str]:
    """A Cedar JSON uid."""
    return {"type": kind, "id": name}


@st.composite
def entities(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Groups nested at random, without cycles, and people in them."""
    found = []
    for at, name in enumerate(GROUPS):
        parents = draw(st.sets(st.sampled_from(GROUPS[:at]))) if at else set()
        found.append(
            {"uid": uid("Group", name), "attrs": {}, "parents": [uid("Group", one) for one in sorted(parents)]}
        )
    for name in PEOPLE:
        groups = draw(st.sets(st.sampled_from(GROUPS)))
        found.append({"uid": uid("User", name), "attrs": {}, "parents": [uid("Group", one) for one in sorted(groups)]})
    return found


@st.composite
def policy(draw: st.DrawFn, at: int, *, ghosts: bool = False) -> Drawn:
    """One well-typed policy."""
    rare = draw(st.integers(0, 14)) == 0
    errs = (CONDITIONS[-1], GHOST) if ghosts else CONDITIONS[-1:]
    one = draw(st.sampled_from(errs if rare else CONDITIONS[:-1]))
    two = draw(st.sampled_from(CONDITIONS[:-1]))
    condition = draw(st.sampled_from((one, f"({one}) && ({two})", f"({two}) || ({one})")))
    escalates = draw(st.integers(0, 2)) == 0
    return Drawn(
        id=f"p{at}",
        effect="forbid" if escalates else draw(st.sampled_from(("permit", "permit", "permit", "forbid"))),
        principal=draw(st.sampled_from(PRINCIPALS[:1] * 4 + PRINCIPALS)),
        action=draw(st.sampled_from(ACTIONS[:1] * 4 + ACTIONS)),
        resource=draw(st.sampled_from(RESOURCES)),
        kind=draw(st.sampled_from(("when", "when", "unless"))),
        condition=condition,
        group=draw(st.sampled_from(("owner", "owner", "g0", "g1", "nobody"))) if escalates else "",
        quorum=draw(st.integers(1, 2)) if escalates else 1,
        self_=escalates and draw(st.booleans()),
        expires=draw(st.sampled_from((60, 900))) if escalates else 900,
        grantable=escalates and draw(st.integers(0, 3)) > 0,
    )


ARGUMENTS = st.fixed_dictionaries(
    {"path": st.sampled_from(("/srv/a", "/etc/b", "é"))},
    optional={
        "price": st.sampled_from((1, 1.5, 2.25)),
        "tags": st.lists(st.sampled_from(("x", "y")), max_size=3),
        "note": st.sampled_from((None, "n")),
        "deep": st.just({"path": "p"}),
        "extra": st.just([{"any": "thing"}]),
    },
)


@st.composite
def principals(draw: st.DrawFn) -> Principal:
    """An agent or a person, in some groups of its own."""
    groups = tuple(sorted(draw(st.sets(st.sampled_from(GROUPS), max_size=2))))
    if draw(st.integers(0, 4)) == 0:
        return Principal("User", draw(st.sampled_from(PEOPLE)), None, groups)
    owner = PrincipalId(f'User::"{draw(st.sampled_from(PEOPLE))}"')
    return Principal("Agent", draw(st.sampled_from(AGENTS)), owner, groups)


@st.composite
def calls(draw: st.DrawFn) -> Facts:
    """One call, alone or by delegation."""
    chosen = draw(st.sets(st.sampled_from(EFFECTS), min_size=1, max_size=2))
    actor = draw(principals())
    facts = call(
        draw(ARGUMENTS),
        effects=tuple(chosen),
        reversibility=draw(st.sampled_from(REVERSIBILITY)),
        facts={
            "secret_path": draw(st.booleans()),
            "not_pinned": draw(st.integers(0, 3)) == 0,
            "secret_in_arguments": draw(st.integers(0, 3)) == 0,
            "session_text_in_arguments": draw(st.integers(0, 3)) == 0,
            "reaches_assent": draw(st.integers(0, 19)) == 0,
        },
        profile={
            "inferred": draw(st.booleans()),
            "domains": frozenset(draw(st.sets(st.sampled_from(DOMAINS), max_size=1))),
        },
        server=Server("fs", zone=draw(st.sampled_from(("local", "own", "external")))),
        principal=actor,
        labels=tuple(draw(st.sets(st.sampled_from(("private", "secret", "untrusted")), max_size=2))),
        time=NOON + draw(st.sampled_from((-3_600_000, 0))),
        may_have_happened=draw(st.integers(0, 4)) == 0,
        refused_by_person=draw(st.integers(0, 19)) == 0,
        observing=draw(st.integers(0, 7)) == 0,
    )
    hosts = draw(st.sampled_from(((), ("localhost",), ("127.0.0.1",), ("example.org",), ("localhost", "example.org"))))
    facts = replace(facts, analysis=replace(facts.analysis, targets={"hosts": hosts}))
    if draw(st.booleans()):
        other = draw(principals())
        above = (other,) if other.kind == "User" else (Principal("User", "local/ana", None), other)
        if len({one.id for one in (*above, actor)}) > len(above):
            facts = replace(facts, chain=chained(*above, actor))
    return facts


def approval(facts: Facts, policies: tuple[Drawn, ...], digest_of: Callable[[str], Digest]) -> Approval:
    """An approval that names every escalation, as it would have been asked for."""
    asked = Decision("escalate", (), effects=effects(facts), reversibility=reversibility(facts))
    about = [Asked(one.id, digest_of(one.id), one.group, one.quorum, one.self_) for one in policies if one.group]
    about += [
        Asked(name, digest_of(name), "owner", 1, True) for name in ("assent/may-have-happened", "assent/runs-by-itself")
    ]
    return Approval(
        id=ApprovalId("apr_1"),
        attempt=facts.attempt,
        session=facts.action.session,
        principal=facts.actor.id,
        owner=facts.owner,
        server=facts.server.name,
        tool=facts.action.tool,
        action=facts.action.digest,
        commitment="",
        asked=tuple(about),
        facts=Digest(digest(canonicalize(shown(facts, asked)))),
        card="",
        refusal=refusal_key(facts),
        created=facts.time - 100_000,
        expires=facts.time + 800_000,
        status="approved",
    )


@st.composite
def granted(draw: st.DrawFn, facts: Facts, policies: tuple[Drawn, ...], digest_of: Callable[[str], Digest]) -> Facts:
    """The facts with a delegation that was shown a call like it, and may be damaged in one way."""
    asked = Decision("escalate", (), effects=effects(facts), reversibility=reversibility(facts))
    facts = replace(facts, analysis=replace(facts.analysis, targets={"paths": ("/srv/a",)}))
    card = json.loads(canonicalize(shown(facts, asked)))
    whole = Delegation(
        id=DelegationId("dlg_1"),
        session=facts.action.session,
        principal=facts.actor.id,
        server=facts.server.name,
        tool=facts.action.tool,
        by=draw(st.sampled_from((facts.owner, facts.owner, PrincipalId('User::"ben"')))),
        assurance="passphrase",
        approval=ApprovalId("apr_1"),
        card="",
        lifts=tuple(PolicyRef(PolicyId(one.id), digest_of(one.id)) for one in policies if one.group),
        count=2,
        used=1,
        created=facts.time - 1_000,
        expires=facts.time + 1_000,
    )
    shown_then: dict[str, Any] = draw(
        st.sampled_from(
            (
                *[{}] * 8,
                {"named": {"paths": ["/srv/a", "/srv/b"]}},
                {"named": {"paths": ["/srv/b"]}},
                {"named": {"paths": ["/srv/a"], "hosts": ["x"]}},
                {"named": {}},
                {"tool": "other"},
                {"definition": "sha256:00"},
                {"fixed": "sha256:00"},
                {"effects": ["read"]},
                {"reversibility": "reversible"},
                {"labels": []},
                {"facts": {**card["facts"], "secret_path": not card["facts"]["secret_path"]}},
                {"arguments": {"path": "/srv/other"}},
            )
        )
    )
    damage: dict[str, Any] = draw(
        st.sampled_from(
            (
                *[{}] * 8,
                {"used": 2},
                {"expires": facts.time},
                {"status": "revoked"},
                {"session": "ses_2"},
                {"principal": 'Agent::"zz"'},
                {"lifts": ()},
            )
        )
    )
    card = canonicalize({**card, **shown_then}).decode()
    return replace(facts, delegations=(replace(whole, card=card, **damage),))


@st.composite
def answered(draw: st.DrawFn, facts: Facts, policies: tuple[Drawn, ...], digest_of: Callable[[str], Digest]) -> Facts:
    """The facts with an approval that may be whole or damaged in one way."""
    who = draw(st.lists(st.sampled_from(PEOPLE), max_size=3))
    no = draw(st.integers(0, 9)) == 0
    answers = tuple(
        Answer(
            PrincipalId(f'User::"{one}"'), "deny" if no else "approve", "passphrase", "", "", "", facts.time - 50_000
        )
        for one in who
    )
    whole = replace(approval(facts, policies, digest_of), answers=answers)
    damage: dict[str, Any] = draw(
        st.sampled_from(
            (
                {},
                {},
                {},
                {"attempt": AttemptId("att_2")},
                {"action": "sha256:00"},
                {"facts": "sha256:00"},
                {"status": "pending"},
                {"status": "expired"},
                {"expires": facts.time},
                {"asked": whole.asked[:1]},
            )
        )
    )
    return replace(facts, approvals=(replace(whole, **damage),))
