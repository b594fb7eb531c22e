"""Calls to decide about: one plain one, and what each test changes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from assent_verify.canonical import canonicalize, digest

from assent.catalog.analysis import Analysis
from assent.decide.facts import Facts, Link, Snapshot
from assent.decide.pdp import decide
from assent.model.action import Action
from assent.model.decision import Decision
from assent.model.grant import Grant, Limits
from assent.model.ids import AttemptId, DelegationId, Digest, PrincipalId, SessionId
from assent.model.principal import Principal
from assent.model.profile import Server, ToolDefinition, ToolProfile
from assent.policy.bundle import Bundle, Source, load
from assent.policy.kinds import DECIDED_FACTS, FACTS

NOON = 1_795_521_600_000  # Tuesday, 2026-11-24T12:00:00Z
OWNER = PrincipalId('User::"local/ana"')
AGENT = Principal("Agent", "local/claude", OWNER)
FS = Server("fs", zone="local")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "count": {"type": "integer"},
        "price": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "force": {"type": "boolean"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "deep": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
    },
    "required": ["path"],
}
PERMIT = '@id("all") permit (principal, action, resource);'


def bundle(*policies: str, entities: str = "") -> Bundle:
    """A bundle of these policies, in one file."""
    return load([Source("test.cedar", "\n".join(policies))], entities=entities)


def definition(schema: object = None, name: str = "write_file") -> ToolDefinition:
    """A pinned definition with this input schema."""
    tool = {"name": name, "inputSchema": SCHEMA if schema is None else schema}
    return ToolDefinition(name, tool, Digest(digest(canonicalize(tool))))


def call(
    arguments: dict[str, Any] | None = None,
    *,
    effects: tuple[str, ...] = ("write",),
    reversibility: Any = "reversible",
    facts: dict[str, bool] | None = None,
    profile: dict[str, Any] | None = None,
    analysis: dict[str, Any] | None = None,
    schema: object = None,
    server: Server = FS,
    principal: Principal = AGENT,
    labels: tuple[str, ...] = (),
    **more: Any,
) -> Facts:
    """Facts of one call of `fs/write_file`, with what a test changes of it."""
    pinned = more.pop("definition", definition(schema))
    params = {"name": "write_file", "arguments": {"path": "/srv/a"} if arguments is None else arguments}
    pinned_digest = pinned.digest if pinned else None
    action = Action(
        principal.id, (), SessionId("ses_1"), server.name, "tools/call", "write_file", pinned_digest, params
    )
    known = {name: False for name in FACTS if name not in DECIDED_FACTS}
    known |= {"analysed": True, "roots_known": True, "inside_roots": True} | (facts or {})
    made = Facts(
        action=action,
        attempt=AttemptId("att_1"),
        chain=(Link(principal),),
        profile=replace(
            ToolProfile("write_file", frozenset(effects), reversibility=reversibility, inferred=False),
            **(profile or {}),
        ),
        server=server,
        definition=pinned,
        analysis=replace(Analysis(frozenset(effects), reversibility, known), **(analysis or {})),
        session=Snapshot(frozenset(labels), 3),
        time=NOON,
    )
    return replace(made, **more)


def chained(*principals: Principal, limits: Sequence[Limits] = (), **more: Any) -> tuple[Link, ...]:
    """A chain of these principals, root first, each delegated to by the one before.

    Args:
        limits: of each link in turn; none where there are fewer.
        more: members of every grant that a test changes.
    """
    links = [Link(principals[0], "delegator" if principals[1:] else "actor", 0)]
    for at, (above, below) in enumerate(pairwise(principals), 1):
        last = at == len(principals) - 1
        known = {
            "parent": f"dlg_{at - 1}" if at > 1 else "",
            "not_before": 0,
            "expires": NOON + 1,
            "digest": "sha256:0",
        }
        bounds = limits[at - 1] if at <= len(limits) else Limits(depth=9)
        grant = Grant(id=DelegationId(f"dlg_{at}"), issuer=above.id, subject=below.id, limits=bounds, **known | more)
        links.append(Link(below, "actor" if last else "delegator", at, grant))
    return tuple(links)


def verdict(rules: Bundle | str, facts: Facts) -> str:
    """The verdict and the code of its first reason, as `deny policy_forbids`."""
    decision = decided(rules, facts)
    return f"{decision.verdict} {decision.reasons[0].code}"


def decided(rules: Bundle | str, facts: Facts) -> Decision:
    """The decision under these policies and one that permits everything."""
    return decide(bundle(PERMIT, rules) if isinstance(rules, str) else rules, facts)
