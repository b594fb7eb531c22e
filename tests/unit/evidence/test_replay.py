"""Replay: what was decided comes out again; what does not is told by its cause; what is gone is no pass."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from assent_verify.bundle import Export
from assent_verify.canonical import canonicalize, digest
from assent_verify.merkle import leaf_hash
from assent_verify.receipt import commit_parts

from assent.decide.facts import Facts
from assent.decide.pdp import decide
from assent.decide.recorded import flat
from assent.evidence.recorded import FileEvidence, Recorded, Wanted
from assent.evidence.replay import KNOWN_FACTS, READ, Judged, Replayer
from assent.evidence.tally import replayed
from tests.unit.decide.calls import PERMIT, bundle, call
from tests.unit.evidence.recording import ENGINE, at_home, changed, decisions, of_store, record, values
from tests.world import World, tool

POLICY = (
    '@id("reads") permit (principal, action, resource);\n'
    '@id("ask") @escalate("owner") @self @reason("it writes") forbid (principal, action, resource) '
    'when { context.args has query && context.args.query like "write*" };\n'
    '@id("never") forbid (principal, action, resource) when { context.args has query && context.args.query == "no" };\n'
)
FIND = tool("find")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, POLICY)
    yield made
    made.verify()


def judged(one: Recorded, replayer: Replayer) -> tuple[str, str]:
    found = replayer.judge(one)
    return found.answer, found.why


async def test_every_kind_of_verdict_comes_out_again(world: World) -> None:
    """Allow, deny, a question, the allow it led to, and a question asked again are decided alike from the receipt."""
    await world.join()
    await world.run(world.call(FIND, {"query": "a"}))
    await world.refusal(world.call(FIND, {"query": "no"}))
    asked = await world.asked(world.call(FIND, {"query": "write"}))
    await world.refusal(world.call(FIND, {"query": "write"}))
    world.say(asked.id, "approve")
    await world.run(world.call(FIND, {"query": "write"}))
    no = await world.asked(world.call(FIND, {"query": "write 2"}))
    world.say(no.id, "deny")
    await world.refusal(world.call(FIND, {"query": "write 2"}))
    await world.refusal(world.call(FIND, {"query": 3}))
    tally = of_store(world.store)
    assert (tally.decisions, tally.agree, tally.replayed) == (8, 8, True)
    assert not tally.stricter


async def test_what_was_made_stricter_is_counted(world: World) -> None:
    """What the edge knew, too many questions and a receipt too large are no difference, and are told."""
    await world.join()
    await world.refusal(world.call(FIND, {"query": "a"}, barred="tool_changed"))
    await world.refusal(replace(world.call(FIND, {"query": "a"}), definition=None, barred="unknown_tool"))
    for at in range(40):
        await world.refusal(world.call(FIND, {"query": f"write {at} {'x' * at}"}))
    tally = of_store(world.store)
    assert tally.agree == tally.decisions == 42
    assert tally.stricter["tool_changed"] == 1
    assert tally.stricter["too_many_questions"] > 0


async def test_old_bundles_are_replayed_by_themselves(world: World) -> None:
    """After another policy is in force, what was decided by the one before is decided by the one before."""
    await world.join()
    await world.run(world.call(FIND, {"query": "a"}))
    world.activate('@id("none") forbid (principal, action, resource);')
    await world.refusal(world.call(FIND, {"query": "a"}))
    assert of_store(world.store).agree == 2


async def test_erased_and_withheld_are_no_pass(world: World) -> None:
    """Values that are erased, or never were stored, are counted as not replayable; alone they prove nothing."""
    await world.join()
    await world.run(world.call(FIND, {"query": "a"}))
    with world.store.read() as reader:
        every = [index for index, _, _ in reader.sidecars()]
    world.log.submit(lambda tx: tx.drop_values(every), durable=True).result()
    assert of_store(world.store).replayed is None
    await world.guard.authorize(world.call(FIND, {"query": "AKIA" + "Q3EXAMPLEKEY7ZQX" + " aws_secret"}))
    secret = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
    await world.guard.authorize(world.call(FIND, {"query": f"token {secret}"}))
    tally = of_store(world.store)
    assert tally.unreplayable["erased"] == 1
    assert tally.unreplayable["withheld"] >= 1
    assert tally.replayed is not False


@pytest.fixture
async def allowed(world: World) -> tuple[Recorded, Replayer]:
    """One recorded allow."""
    await world.join()
    await world.run(world.call(FIND, {"query": "a"}))
    found, replayer = decisions(world.store)
    assert judged(found[0], replayer) == ("agrees", "")
    return found[0], replayer


TAMPERED: dict[str, dict[str, Any]] = {
    "decided": {"decided": "deny", "verdict": "deny", "permit": "", "audience": "", "expires": ""},
    "verdict": {"verdict": "deny", "permit": "", "audience": "", "expires": ""},
    "reasons": {"reasons": ["not_permitted"]},
    "barred without cause": {"verdict": "deny", "decided": "allow", "reasons": ["tool_changed", "permitted"]},
    "policies": {"policies": []},
    "obligations": {"obligations": [{"kind": "notify", "on": "", "policy": "reads"}]},
    "effects": {"effects": ["read", "send"]},
    "reversibility": {"reversibility": "compensable"},
    "errors": {"errors": 1},
    "approvals": {"approvals": ["apr_" + "a" * 26]},
    "delegation": {"delegation": "dlg_" + "a" * 26},
    "mode": {"mode": "observe"},
    "attempt": {"attempt": "att_" + "c" * 25 + "a"},
    "principal": {"principal": 'Agent::"local/other"'},
    "owner": {"owner": 'User::"local/other"'},
    "session": {"session": {"id": "ses_" + "a" * 26}},
    "server": {"action": {"server": "other"}},
    "method": {"action": {"method": "other"}},
    "definition": {"action": {"definition": ""}},
    "inferred": {"inferred": False},
    "bundle": {"versions": {"bundle": "sha256:" + "1" * 64}},
    "epoch": {"versions": {"epoch": 7}},
    "time": {"time": "2020-01-01T00:00:00.000Z"},
    "no receipt": {"verdict": "perhaps"},
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_changed_receipt_is_tampering(name: str, allowed: tuple[Recorded, Replayer]) -> None:
    """Policies, facts and engine are those of the receipt: whatever member says otherwise, it is tampering."""
    one, replayer = allowed
    assert judged(changed(one, **TAMPERED[name]), replayer) == ("differs", "tampering")


def test_another_engine_is_told_apart() -> None:
    """A difference under another version of the engine is the engine's; without a difference there is none."""
    rules = bundle(PERMIT)
    one, archive = record(at_home(call()), rules, engine="cedarpy 4.0.0")
    replayer = Replayer(archive.get, ENGINE)
    assert judged(one, replayer) == ("agrees", "")
    lying = changed(one, reasons=["not_permitted"], verdict="deny", decided="deny", policies=[])
    found = replayer.judge(lying)
    assert (found.answer, found.why) == ("differs", "engine")
    assert "cedarpy 4.0.0" in found.message


def test_missing_and_exchanged_policies_are_told() -> None:
    """A bundle that is not archived, or whose bytes are others, is a difference of policy, never decided by."""
    rules = bundle(PERMIT)
    one, archive = record(at_home(call()), rules)
    without = {named: text for named, text in archive.items() if named != rules.digest}
    assert judged(one, Replayer(without.get, ENGINE)) == ("differs", "policy")
    other = bundle('@id("all") permit (principal, action, resource) when { true };')
    exchanged = {**archive, rules.digest: other.archive()}
    assert judged(one, Replayer(exchanged.get, ENGINE)) == ("differs", "policy")


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b'{"format":"assent-bundle/1"}', b'{"format":"assent-bundle/1","sources":3,"entities":""}'],
)
def test_an_archive_that_is_no_bundle_is_told(text: bytes) -> None:
    """Bytes that have the digest that the receipt names, and are no bundle, are a difference of policy."""
    facts = at_home(call())
    one, archive = record(facts, bundle(PERMIT))
    named = digest(text)
    value = values(one)
    value["facts"]["versions"]["versions"]["bundle"] = named
    one = resealed(changed(one, versions={"bundle": named}), value)
    assert judged(one, Replayer({**archive, named: text}.get, ENGINE)) == ("differs", "policy")


def resealed(one: Recorded, value: dict[str, Any]) -> Recorded:
    """The leaf committing to these facts: what a writer that lies would do."""
    leaf = json.loads(one.data)
    parts = value["facts"]
    if isinstance(parts, dict):
        leaf["facts"] = commit_parts(one.salt, {name: canonicalize(parts[name]) for name in sorted(parts)})
    return replace(one, data=canonicalize(leaf), values=canonicalize(value))


def _facts(value: dict[str, Any]) -> None:
    value["facts"]["context"]["time"] += 1


def _arguments(value: dict[str, Any]) -> None:
    value["arguments"]["path"] = "/other"


def _tool(value: dict[str, Any]) -> None:
    value["tool"] = "other"


@pytest.mark.parametrize("change", [_facts, _arguments, _tool])
def test_values_that_open_nothing_are_a_difference_of_context(change: Callable[[dict[str, Any]], None]) -> None:
    """Facts, arguments or a tool that are not what the leaf commits to are told, and not decided on."""
    one, archive = record(at_home(call()), bundle(PERMIT))
    value = values(one)
    change(value)
    assert judged(replace(one, values=canonicalize(value)), Replayer(archive.get, ENGINE)) == ("differs", "context")


@pytest.mark.parametrize("kind", ["profile", "definition"])
@pytest.mark.parametrize("text", [None, b"{}"])
def test_a_profile_or_definition_that_is_not_the_one_is_told(kind: str, text: bytes | None) -> None:
    """What the facts name by digest must be archived under it."""
    one, archive = record(at_home(call()), bundle(PERMIT))
    named = values(one)["facts"]["profile"][kind]
    kept = {at: content for at, content in archive.items() if at != named} | ({named: text} if text else {})
    assert judged(one, Replayer(kept.get, ENGINE)) == ("differs", "context")


def test_a_fact_that_was_not_known_yet_changes_nothing() -> None:
    """A receipt of a version that knew fewer facts replays, unless something reads what is missing."""
    facts = at_home(call())
    one, archive = record(facts, bundle(PERMIT), less=("shows_secrets",))
    assert judged(one, Replayer(archive.get, ENGINE)) == ("agrees", "")
    reads = '@id("r") forbid (principal, action, resource) when { context.facts.shows_secrets };'
    one, archive = record(facts, bundle(PERMIT, reads), less=("shows_secrets",))
    assert judged(one, Replayer(archive.get, ENGINE)) == ("differs", "context")


class _Watched(dict[str, bool]):
    """Facts that remember which of them were read by name."""

    def __init__(self, known: dict[str, bool], read: set[str]) -> None:
        super().__init__(known)
        self._read = read

    def __getitem__(self, name: str) -> bool:
        self._read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._read.add(name)
        return super().get(name, default)


def test_what_every_decision_reads_is_known() -> None:
    """`READ` names each fact that deciding reads by itself, so that none of them is ever filled in."""
    read: set[str] = set()
    ask = '@id("q") @escalate("owner") @self forbid (principal, action, resource);'
    for server in ("local", "external"):
        facts = call()
        facts = replace(facts, server=replace(facts.server, zone=server))
        analysis = replace(facts.analysis, facts=_Watched(dict(facts.analysis.facts), read))
        decide(bundle(PERMIT, ask), replace(facts, analysis=analysis))
    assert read & KNOWN_FACTS <= READ


async def test_facts_come_back_exactly(world: World) -> None:
    """What is read from the sidecar is the very value that was decided on, to the canonical byte."""
    await world.join()
    asked = await world.asked(world.call(FIND, {"query": "write"}))
    world.say(asked.id, "approve")
    await world.run(world.call(FIND, {"query": "write"}))
    found, replayer = decisions(world.store)
    for one in found:
        opened = replayer.open(one)
        assert canonicalize(opened.facts.as_json()) == canonicalize(flat(values(one)["facts"]))
        assert isinstance(opened.facts, Facts)


def test_damaged_values_never_raise_and_never_pass() -> None:
    """Any byte of a sidecar exchanged, cut or added ends in a difference or in nothing to replay."""
    one, archive = record(at_home(call()), bundle(PERMIT))
    replayer, chance = Replayer(archive.get, ENGINE), random.Random(5)
    assert isinstance(one.values, bytes)
    for _ in range(1_500):
        text = bytearray(one.values)
        at = chance.randrange(len(text))
        kind = chance.randrange(4)
        if kind == 0:
            text[at] = chance.randrange(256)
        elif kind == 1:
            del text[at : at + chance.randrange(1, 40)]
        elif kind == 2:
            text[at:at] = bytes(chance.choices(b'{}[]",:0a\\\xff', k=chance.randrange(1, 6)))
        else:
            del text[at:]
        if bytes(text) != one.values:
            assert replayer.judge(replace(one, values=bytes(text))).answer != "agrees"
    assert replayer.judge(replace(one, salt=one.salt[:-1])).why == "context"
    assert replayer.judge(replace(one, salt=b"\0" * 16)).why == "context"


def _damage(value: Any, chance: random.Random) -> Any:
    """Something else in one place of a JSON value."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(sorted(value))
        return {**value, name: _damage(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], _damage(value[at], chance), *value[at + 1 :]]
    return chance.choice([None, True, 0, -1, 2**53 - 1, "", "x", [], {}, [[]], {"a": 1}, "sha256:" + "0" * 64])


def test_facts_of_a_writer_that_lies_never_raise() -> None:
    """Any member of the facts exchanged and committed to: judged without an exception."""
    facts = at_home(call({"path": "/srv/a", "tags": ["x"], "deep": {"path": "p"}}))
    ask = '@id("q") @escalate("owner") @self forbid (principal, action, resource) when { context.depth > 3 };'
    one, archive = record(facts, bundle(PERMIT, ask))
    replayer, chance = Replayer(archive.get, ENGINE), random.Random(7)
    seen: set[str] = set()
    for _ in range(1_500):
        value = values(one)
        value["facts"] = _damage(value["facts"], chance)
        found = replayer.judge(resealed(one, value))
        assert isinstance(found, Judged)
        seen.add(found.why)
    assert {"context", "tampering"} <= seen


async def test_only_what_is_wanted_is_replayed(world: World) -> None:
    """By index, session, attempt, leaf hash and time."""
    first = await world.join()
    await world.run(world.call(FIND, {"query": "a"}))
    world.clock.pass_time(3600)
    await world.join("other", "boot:2:2")
    await world.run(world.call(FIND, {"query": "b"}))
    found, _ = decisions(world.store)
    leaf = json.loads(found[1].data)
    for wanted, many in (
        (Wanted(), 2),
        (Wanted(start=found[1].index), 1),
        (Wanted(stop=found[1].index), 1),
        (Wanted(session=first), 1),
        (Wanted(attempt=leaf["attempt"]), 1),
        (Wanted(hash="sha256:" + leaf_hash(found[0].data).hex()), 1),
        (Wanted(since=leaf["time"]), 1),
        (Wanted(until=leaf["time"]), 1),
        (Wanted(since="2099"), 0),
        (Wanted(stripe=(0, 2)), 2),
        (Wanted(stripe=(1, 2)), 0),
    ):
        assert of_store(world.store, wanted).decisions == many, wanted


def test_decisions_of_the_first_leaf_format_are_replayed_for_ever() -> None:
    """An export that the code of then wrote, values and policies included: every decision comes out as recorded."""
    export = Export(lambda: Path(__file__).with_name("v1.jsonl").open("rb"))
    found = FileEvidence(export)
    assert all(json.loads(one.data)["v"] == 1 for one in found.decisions(Wanted()))
    tally = replayed(found, Wanted(), Replayer(found.archived, ENGINE))
    assert (tally.decisions, tally.agree) == (6, 6), tally.told
    assert tally.stricter == {"tool_changed": 1}


def test_a_damaged_export_never_raises() -> None:
    """Lines after the leaves cut, doubled, exchanged or spoilt: decisions are counted as not disclosed or different."""
    whole = Path(__file__).with_name("v1.jsonl").read_bytes().splitlines(keepends=True)
    size, chance = json.loads(whole[0])["size"], random.Random(3)
    leaves, tail = whole[: size + 1], whole[size + 1 :]
    for _ in range(60):
        lines = list(tail)
        chance.shuffle(lines)
        spoilt = bytearray(b"".join(lines[: chance.randrange(len(lines) + 1)] + lines[:1]))
        for _ in range(chance.randrange(4)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        data = b"".join(leaves) + bytes(spoilt)
        found = FileEvidence(Export(lambda data=data: BytesIO(data)))  # type: ignore[misc]
        tally = replayed(found, Wanted(), Replayer(found.archived, ENGINE))
        assert tally.decisions == 6
        assert tally.agree + sum(tally.differ.values()) + sum(tally.unreplayable.values()) == 6


async def test_a_question_asked_again_is_replayed(world: World) -> None:
    """A yes to a rule whose text has changed since lifts nothing; the receipt says so, and replay agrees."""
    await world.join()
    asked = await world.asked(world.call(FIND, {"query": "write"}))
    world.say(asked.id, "approve")
    world.activate(POLICY.replace("it writes", "it writes again"))
    again = await world.refusal(world.call(FIND, {"query": "write"}))
    assert again.decision.reasons[0].code == "facts_changed"
    tally = of_store(world.store)
    assert (tally.decisions, tally.agree) == (2, 2), tally.told


def test_another_profile_under_the_digest_is_told() -> None:
    """A profile that reads well, but whose bytes have another digest, is not decided by."""
    one, archive = record(at_home(call()), bundle(PERMIT))
    named = flat(values(one)["facts"])["profile"]
    other = json.loads(archive[named]) | {"cost": "a fortune"}
    exchanged = {**archive, named: canonicalize(other)}
    assert judged(one, Replayer(exchanged.get, ENGINE)) == ("differs", "context")


def test_what_is_no_receipt_is_told(allowed: tuple[Recorded, Replayer]) -> None:
    """A member that no receipt has, or bytes that are not its one spelling, are refused before anything is compared."""
    one, replayer = allowed
    assert judged(changed(one, extra="x"), replayer) == ("differs", "tampering")
    assert judged(replace(one, data=one.data.replace(b",", b", ", 1)), replayer) == ("differs", "tampering")


def test_a_decision_of_another_hour_is_not_this_one() -> None:
    """A writer that lies puts a time into the facts at which policy allowed it: long before the receipt it is told."""
    one, archive = record(at_home(call()), bundle(PERMIT))
    value = values(one)
    value["facts"]["context"]["time"] -= 3_600_000
    assert judged(resealed(one, value), Replayer(archive.get, ENGINE)) == ("differs", "tampering")
