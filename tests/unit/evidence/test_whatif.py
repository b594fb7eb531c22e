"""Other policies over the past: what would change, by what, and what cannot be said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assent.evidence.recorded import LogEvidence, Wanted
from assent.evidence.replay import Replayer
from assent.evidence.tally import Changes, changes
from assent.evidence.whatif import Change, NotJudged, WhatIf
from assent.policy.bundle import Bundle
from tests.unit.decide.calls import PERMIT, bundle, call
from tests.unit.evidence.recording import ENGINE, at_home, changed, record, values
from tests.world import World, tool

FIND = tool("find")
STARTED = (
    PERMIT + '\n@id("ask") @escalate("owner") @self forbid (principal, action == Action::"tool:files/write", resource);'
)


def judged(policies: Bundle, *, less: tuple[str, ...] = (), **members: object) -> Change | NotJudged | None:
    """One call that was allowed, by other policies."""
    one, archive = record(at_home(call()), bundle(PERMIT), less=less)
    if members:
        one = changed(one, **members)
    return WhatIf(Replayer(archive.get, ENGINE), policies).judge(one)


def test_a_change_names_its_policy_and_call() -> None:
    """What would have been denied is told with the rule that denies, the tool, who called it, and its arguments."""
    found = judged(bundle(PERMIT, '@id("no") forbid (principal, action in Action::"effect:write", resource);'))
    assert isinstance(found, Change)
    assert (found.before, found.after, found.policies) == ("allow", "deny", ("no",))
    assert (found.tool, found.principal) == ("fs/write_file", 'Agent::"local/claude"')
    assert "/srv/a" in found.arguments


def test_what_nothing_permits_has_a_code() -> None:
    """No policy speaks where none permits; the code stands for it."""
    found = judged(bundle('@id("r") permit (principal, action in Action::"effect:read", resource);'))
    assert isinstance(found, Change)
    assert found.policies == ("(not_permitted)",)


def test_the_same_policies_change_nothing() -> None:
    """Neither do others that say the same."""
    assert judged(bundle(PERMIT)) is None
    assert judged(bundle(PERMIT, '@id("x") forbid (principal, action in Action::"effect:pay", resource);')) is None


def test_what_was_not_recorded_is_never_guessed() -> None:
    """A policy that reads a fact which that version did not record is not answered; one that does not, is."""
    reads = '@id("s") forbid (principal, action, resource) when { context.facts.shows_secrets };'
    found = judged(bundle(PERMIT, reads), less=("shows_secrets",))
    assert isinstance(found, NotJudged)
    assert found.why == "not recorded"
    assert "shows_secrets" in found.message
    assert judged(bundle(PERMIT), less=("shows_secrets",)) is None
    deny = judged(bundle('@id("d") forbid (principal, action, resource);'), less=("shows_secrets",))
    assert isinstance(deny, Change)


def test_what_policy_never_said_stays() -> None:
    """A call that the edge had barred stays denied under policies that permit everything."""
    barred = {"decided": "deny", "verdict": "deny", "permit": "", "audience": "", "expires": ""}
    assert judged(bundle(PERMIT), reasons=["tool_changed", "permitted"], **barred) is None
    assert judged(bundle(PERMIT), reasons=["receipt_too_large"], **barred) is None
    free = judged(bundle(PERMIT), reasons=["not_permitted"], **barred)
    assert isinstance(free, Change)
    assert (free.before, free.after) == ("deny", "allow")


def test_values_that_are_gone_or_wrong_are_counted_apart() -> None:
    """Nothing is judged on values that are erased, or that do not open the receipt."""
    one, archive = record(at_home(call()), bundle(PERMIT))
    whatif = WhatIf(Replayer(archive.get, ENGINE), bundle(PERMIT))
    gone = whatif.judge(replace(one, values=b"", absent="erased"))
    assert isinstance(gone, NotJudged)
    assert gone.why == "erased"
    wrong = whatif.judge(replace(one, values=b"[]"))
    assert isinstance(wrong, NotJudged)
    assert wrong.why == "context"


async def test_the_past_is_grouped(tmp_path: Path) -> None:
    """Over a log: from and to, by policy, tool and principal, with a few examples; parts add up to the whole."""
    world = World(tmp_path, STARTED)
    await world.join()
    for at in range(7):
        await world.run(world.call(FIND, {"query": f"{at}"}))
    asked = await world.asked(world.call(tool("write"), {"query": "a"}))
    world.say(asked.id, "approve")
    await world.run(world.call(tool("write"), {"query": "a"}))
    other = bundle(PERMIT, '@id("odd") forbid (principal, action == Action::"tool:files/find", resource);')

    def looked(wanted: Wanted) -> Changes:
        with world.store.read() as reader:
            found = LogEvidence(reader)
            return changes(found, wanted, WhatIf(Replayer(found.archived, ENGINE), other))

    whole = looked(Wanted())
    assert (whole.decisions, whole.same, whole.changed) == (9, 1, 8)
    denied, let = whole.kinds["allow", "deny"], whole.kinds["escalate", "allow"]
    assert (denied.many, let.many) == (7, 1)
    assert denied.policies == {"odd": 7}
    assert denied.tools == {"files/find": 7}
    assert denied.principals == {'Agent::"local/claude"': 7}
    assert len(denied.examples) == 3
    parts = Changes()
    for at in range(world.log.checkpoint().result() or 40):
        parts.add(looked(Wanted(start=at, stop=at + 1)))
    assert parts.as_json() == whole.as_json()
    world.verify()


def test_arguments_are_cut() -> None:
    """An example shows what a person can read, not a megabyte."""
    one, archive = record(at_home(call({"path": "x" * 5_000})), bundle(PERMIT))
    assert len(values(one)["arguments"]["path"]) == 5_000
    found = WhatIf(Replayer(archive.get, ENGINE), bundle('@id("d") forbid (principal, action, resource);')).judge(one)
    assert isinstance(found, Change)
    assert len(found.arguments) == 200
