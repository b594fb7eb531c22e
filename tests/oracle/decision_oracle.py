"""A slow, obvious decision, written straight from DESIGN §4.

It shares nothing with the real one but the model: every policy and every
entity goes to Cedar each time, without schema, slice, projection or cache, and
scopes, groups and people are worked out by hand.
"""

from __future__ import annotations

import json
from typing import Any

import cedarpy
from assent_verify.canonical import canonicalize, digest

from assent.decide.facts import Link, shown
from assent.model.approval import Approval
from assent.model.decision import Decision
from assent.model.delegation import Delegation
from tests.oracle.decision_worlds import TOOL, Drawn, World, uid

Answer = tuple[str, frozenset[str]]  # verdict, and the policies whose approval is still needed

BUILT_IN = (
    Drawn("assent/guard", "forbid", "principal", "action", "resource", "when", "context.facts.reaches_assent"),
    Drawn("assent/persons-no", "forbid", "principal", "action", "resource", "when", "context.facts.refused_by_person"),
    Drawn(
        "assent/may-have-happened", "forbid", "principal", "action", "resource", "when",
        'context.facts.may_have_happened && !(action in Action::"effect:read")', "owner", 1, True,
    ),
    Drawn(
        "assent/runs-by-itself", "forbid", "principal", "action", "resource", "when",
        'context.facts.runs_by_itself && !(action in Action::"effect:read")', "owner", 1, True,
    ),
)  # fmt: skip


def decide_slowly(world: World) -> Answer:
    """What DESIGN §4 says of this world; policy's word alone passes while it is observed (decisions/004)."""
    verdict, needed, firm = enforced(world)
    return ("allow", needed) if world.facts.observing and not firm else (verdict, needed)


def enforced(world: World) -> tuple[str, frozenset[str], bool]:
    """Verdict, approvals needed, and whether it holds in every mode: the guard, a person's no, whatever is broken."""
    facts = world.facts
    policies = world.policies + BUILT_IN
    effects = set(facts.analysis.effects)
    worst = facts.analysis.reversibility
    carried = facts.analysis.facts["secret_in_arguments"] or facts.analysis.facts["session_text_in_arguments"]
    lose = carried or bool(facts.session.labels - {"untrusted"})
    away = [h for h in facts.analysis.targets.get("hosts", ()) if h != "localhost" and not h.startswith("127.")]
    if lose and (facts.server.zone == "external" or (facts.server.zone == "local" and away)):  # §4.5
        effects.add("send")
        worst = "irreversible"
    fired: dict[str, Drawn] = {}
    verdict = "allow"
    firm = facts.refused_by_person or facts.analysis.facts["reaches_assent"]
    for link in facts.chain:  # §4.3
        for effect in sorted(effects):
            request, entities = ask(world, link, effect, sorted(effects), worst)
            if any("ghost" in one.condition and in_scope(one, world, link, effect, worst) for one in policies):
                return "deny", frozenset(), True  # §4.1: a missing source
            base = [one for one in policies if not one.group]
            allowed, _, erred = cedar(request, base, entities)
            asks = [one for one in policies if one.group]
            free, reasons, also = cedar(request, [*asks, PERMIT], entities)
            if erred or also or not allowed:  # §4.1, §4.2
                verdict = "deny"
            firm = firm or erred or also
            if not free:
                fired.update((one.id, one) for one in (asks[at] for at in reasons))
    if verdict == "deny":
        return "deny", frozenset(), firm
    return people(world, fired, effects, worst) if fired else ("allow", frozenset(), False)


PERMIT = Drawn("", "permit", "principal", "action", "resource", "when", "true")


def cedar(
    request: dict[str, Any], policies: list[Drawn], entities: list[dict[str, Any]]
) -> tuple[bool, list[int], bool]:
    """Plain Cedar over all of these: allowed, positions of the reasons, any error."""
    text = "\n".join(one.text for one in policies)
    result = cedarpy.is_authorized(request, text, entities)
    reasons = [int(one.removeprefix("policy")) for one in result.diagnostics.reasons]
    return result.allowed, reasons, bool(result.diagnostics.errors)


def ask(
    world: World, link: Link, effect: str, effects: list[str], worst: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The request and every entity there is."""
    facts = world.facts
    arguments = dict(facts.action.arguments)
    declared = {"path", "count", "price", "tags", "force", "note", "deep"}
    args = {name: value for name, value in arguments.items() if name in declared and value is not None}
    if "price" in args:
        args["price"] = {"__extn": {"fn": "decimal", "arg": f"{args['price']:.4f}"}}
    context = {
        "role": link.role,
        "depth": link.depth,
        "inferred": facts.profile.inferred,
        "effects": effects,
        "args": args,
        "nulls": [name for name, value in arguments.items() if value is None],
        "undeclared": [name for name in arguments if name not in declared],
        "facts": {
            **facts.analysis.facts,
            "may_have_happened": facts.may_have_happened,
            "refused_by_person": facts.refused_by_person,
        },
        "session": {"labels": sorted(facts.session.labels), "calls": facts.session.calls},
        "time": {"hour": facts.time // 3_600_000 % 24},
    }
    request = {
        "principal": uid(link.principal.kind, link.principal.name),
        "action": uid("Action", TOOL),
        "resource": uid("Server", "fs"),
        "context": json.loads(json.dumps(context)),
    }
    return request, everything(world, link, groups(world, effect, worst))


def groups(world: World, effect: str, worst: str) -> list[str]:
    """The groups of the one action that this effect is decided as."""
    domains = [f"domain:{one}" for one in sorted(world.facts.profile.domains)]
    return [f"effect:{effect}", *domains, f"rev:{worst}", "server:fs"]


def everything(world: World, link: Link, action_groups: list[str]) -> list[dict[str, Any]]:
    """All entities of the world, with the principal and the action of this evaluation."""
    found = {(one["uid"]["type"], one["uid"]["id"]): json.loads(json.dumps(one)) for one in world.entities}
    who = link.principal
    own = found.setdefault((who.kind, who.name), {"uid": uid(who.kind, who.name), "attrs": {}, "parents": []})
    own["parents"] += [uid("Group", one) for one in who.groups if uid("Group", one) not in own["parents"]]
    if who.owner:
        own["attrs"] = {"owner": {"__entity": uid("User", who.owner.removeprefix('User::"')[:-1])}}
    found[("Server", "fs")] = {"uid": uid("Server", "fs"), "attrs": {"zone": world.facts.server.zone}, "parents": []}
    for one in action_groups:
        found[("Action", one)] = {"uid": uid("Action", one), "attrs": {}, "parents": []}
    parents = [uid("Action", one) for one in action_groups]
    found[("Action", TOOL)] = {"uid": uid("Action", TOOL), "attrs": {}, "parents": parents}
    return list(found.values())


def in_scope(one: Drawn, world: World, link: Link, effect: str, worst: str) -> bool:
    """Does the scope match? Asked of Cedar with nothing but the scope."""
    request, entities = ask(world, link, effect, [effect], worst)
    scope = Drawn(one.id, "permit", one.principal, one.action, one.resource, "when", "true")
    return cedar(request, [scope], entities)[0]


def people(world: World, fired: dict[str, Drawn], effects: set[str], worst: str) -> tuple[str, frozenset[str], bool]:
    """§4.7, §4.8: which escalations the approvals lift, and what silence means."""
    facts = world.facts
    card = digest(
        canonicalize(shown(facts, Decision("escalate", (), effects=tuple(sorted(effects)), reversibility=worst)))
    )
    mine = [
        one
        for one in facts.approvals
        if (one.attempt, one.action, one.facts) == (facts.attempt, facts.action.digest, card)
    ]
    if any(answer.verdict == "deny" for one in mine for answer in one.answers):
        return "deny", frozenset(), True
    if facts.analysis.facts["not_pinned"] and worst == "irreversible":  # §4.10
        return "deny", frozenset(), False
    if all(rule.grantable and rule.quorum == 1 for rule in fired.values()):
        asked = Decision("escalate", (), effects=tuple(sorted(effects)), reversibility=worst)
        now = json.loads(canonicalize(shown(facts, asked)))
        if any(admits(world, one, now, set(fired.values())) for one in facts.delegations):
            return "allow", frozenset(), False
    open_: set[str] = set()
    too_few = expired = False
    for rule in fired.values():
        quorum = max(one.quorum for one in fired.values() if one.group == rule.group)
        seconds = min(one.expires for one in fired.values() if one.group == rule.group)
        able = may_answer(world, rule)
        live = [one for one in mine if alive(one, seconds, facts.time)]
        if any(named(one, rule) and len(yes(one, able)) >= quorum for one in live if one.status == "approved"):
            continue
        open_.add(rule.id)
        too_few = too_few or len(able) < quorum
        expired = expired or len(live) < len(mine)
    if not open_:
        return "allow", frozenset(), False
    return ("defer", frozenset(), False) if too_few or expired else ("escalate", frozenset(open_), False)


def admits(world: World, given: Delegation, now: dict[str, Any], rules: set[Drawn]) -> bool:
    """§4.7, "for this session": alive, of this session, by somebody who may, within what was shown."""
    facts = world.facts
    then = json.loads(given.card)
    if given.status != "live" or given.used >= given.count or facts.time >= given.expires:
        return False
    if (given.session, given.principal) != (facts.action.session, facts.actor.id):
        return False
    if not {rule.id for rule in rules} <= {str(one.id) for one in given.lifts}:
        return False
    if not all(given.by in may_answer(world, rule) for rule in rules):
        return False
    if any(now[part] != then[part] for part in ("facts", "fixed", "tool", "definition", "server", "chain", "inferred")):
        return False
    if not set(now["effects"]) <= set(then["effects"]) or not set(now["labels"]) <= set(then["labels"]):
        return False
    order = ["reversible", "compensable", "irreversible"]
    if order.index(now["reversibility"]) > order.index(then["reversibility"]) or facts.analysis.facts["not_pinned"]:
        return False
    if set(now["named"]) != set(then["named"]) or not then["named"]:
        return False
    if any(not set(names) <= set(then["named"][kind]) for kind, names in now["named"].items()):
        return False
    held = "execute" in now["effects"] or not now["facts"]["analysed"] or now["method"] != "tools/call"
    return not held or now["arguments"] == then["arguments"]


def alive(approval: Approval, seconds: int, now: int) -> bool:
    """Neither past its own time nor past the rule's."""
    return approval.status != "expired" and now < approval.expires and now < approval.created + seconds * 1000


def named(approval: Approval, rule: Drawn) -> bool:
    """Was exactly this rule shown?"""
    return any(one.policy == rule.id for one in approval.asked)


def yes(approval: Approval, able: set[str]) -> set[str]:
    """The people who said yes and may."""
    return {one.by for one in approval.answers if one.verdict == "approve" and one.by in able}


def may_answer(world: World, rule: Drawn) -> set[str]:
    """The group, less who is in the chain or owns somebody in it, unless the rule says `@self`."""
    facts = world.facts
    if rule.group == "owner":
        found = {str(facts.actor.owner or facts.actor.id)}
    else:
        found = {
            f'User::"{one["uid"]["id"]}"'
            for one in world.entities
            if one["uid"]["type"] == "User" and rule.group in above(world, one)
        }
    if rule.self_:
        return found
    involved = {str(link.principal.id) for link in facts.chain} | {str(link.principal.owner) for link in facts.chain}
    return found - involved


def above(world: World, entity: dict[str, Any]) -> set[str]:
    """Every group an entity is in, nested ones included."""
    found: set[str] = set()
    for parent in entity["parents"]:
        found.add(parent["id"])
        found |= above(world, next(one for one in world.entities if one["uid"] == parent))
    return found
