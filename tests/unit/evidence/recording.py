"""Recorded decisions to replay: those of a world, and those of any facts, as the guard would have written them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assent_verify.canonical import canonicalize, digest

from assent.decide import recorded
from assent.decide.exact import encode
from assent.decide.facts import Facts, Versions
from assent.decide.pdp import decide
from assent.decide.tighten import asked_again
from assent.evidence.recorded import LogEvidence, Recorded, Wanted
from assent.evidence.replay import Replayer
from assent.evidence.tally import Tally, replayed
from assent.model.ids import ApprovalId, AttemptId, DelegationId, Digest, SessionId
from assent.policy import cedar
from assent.policy.bundle import Bundle
from assent.record import leaves
from assent.stores.memory import MemoryStore

ENGINE = cedar.engine()
_ID = "a" * 26
Archive = dict[str, bytes]


def of_store(store: MemoryStore, wanted: Wanted | None = None) -> Tally:
    """Everything in a store, replayed."""
    with store.read() as reader:
        found = LogEvidence(reader)
        return replayed(found, wanted or Wanted(), Replayer(found.archived, ENGINE))


def decisions(store: MemoryStore) -> tuple[list[Recorded], Replayer]:
    """The recorded decisions of a store, and what replays them."""
    with store.read() as reader:
        found = LogEvidence(reader)
        return list(found.decisions(Wanted())), Replayer(found.archived, ENGINE)


def changed(one: Recorded, **members: object) -> Recorded:
    """The leaf with other members, in its canonical form; `action` and `versions` are added to."""
    leaf: dict[str, Any] = json.loads(one.data)
    for name, value in members.items():
        leaf[name] = {**leaf[name], **value} if isinstance(value, dict) else value
    return replace(one, data=canonicalize(leaf))


def values(one: Recorded) -> dict[str, Any]:
    """The clear values."""
    assert isinstance(one.values, bytes)
    found: dict[str, Any] = json.loads(one.values)
    return found


def at_home(facts: Facts) -> Facts:
    """The facts with ids as leaves have them."""
    return replace(
        facts,
        attempt=AttemptId("att_" + _ID),
        action=replace(facts.action, session=SessionId("ses_" + _ID)),
        time=facts.time,
    )


def named(facts: Facts) -> Facts:
    """Answers and delegations with ids as leaves have them."""
    return replace(
        facts,
        approvals=tuple(replace(one, id=ApprovalId("apr_" + _ID)) for one in facts.approvals),
        delegations=tuple(replace(one, id=DelegationId("dlg_" + _ID)) for one in facts.delegations),
    )


def record(
    facts: Facts, bundle: Bundle, *, engine: str = ENGINE, less: tuple[str, ...] = ()
) -> tuple[Recorded, Archive]:
    """A decision on any facts as the guard records it, and the archive it leaves.

    Args:
        less: facts that the version which recorded it did not know.
    """
    profile = canonicalize(encode(facts.profile))
    shape = bundle.shape(facts.server, facts.action.method, facts.action.tool, facts.profile, facts.definition)
    versions = Versions(
        bundle=bundle.digest, schema=getattr(shape, "digest", ""), engine=engine, profile=digest(profile)
    )
    facts = replace(facts, versions=versions)
    decided = decide(bundle, facts)
    if decided.verdict == "escalate" and any(one.status == "approved" for one in facts.approvals):
        decided = asked_again(decided)
    if less:
        kept = {name: known for name, known in facts.analysis.facts.items() if name not in less}
        facts = replace(facts, analysis=replace(facts.analysis, facts=kept))
    members: Mapping[str, object] = {
        name: getattr(versions, name) for name in ("bundle", "catalog", "engine", "epoch", "schema", "session")
    }
    parts = leaves.DecisionParts(
        owner=facts.owner,
        facts=recorded.parts(facts),
        versions=members,
        inferred=facts.profile.inferred,
        known_tool=True,
        observing=facts.observing,
    )
    draft = leaves.decision("node_" + _ID, facts.time, facts.attempt, facts.action, decided, parts)
    grant = leaves.Grant("prm_" + _ID, facts.server.name, facts.time + 1000) if decided.verdict == "allow" else None
    draft = leaves.sealed(draft, decided.verdict, (), grant)
    body = {**draft.body, "session": {"id": facts.action.session, "seq": 1, "prev": "sha256:" + "0" * 64}}
    archive = {bundle.digest: bundle.archive(), digest(profile): profile}
    if facts.definition is not None:
        archive[Digest(facts.definition.digest)] = canonicalize(dict(facts.definition.definition))
    return Recorded(0, canonicalize(body), draft.salt, draft.values), archive  # type: ignore[arg-type]
