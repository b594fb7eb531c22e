"""Erasing, expiry and legal holds: values go, leaves and proofs stay (docs/privacy.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from assent_verify.receipt import commit

from assent.admin import erase, hold, sealing
from assent.admin.erase import Plan, Wanted
from assent.assembly import open_place
from assent.errors import RequestError
from assent.keys.file import KeySigner
from assent.model.approval import Approval
from assent.model.ids import ActionDigest, LeafIndex, SessionId
from assent.ports import Store, Transaction
from assent.record.closing import end
from assent.record.holds import Hold, held
from assent.stores.sqlite import SqliteStore
from tests.stores.places import durable_directory
from tests.world import World, tool

READ, DROP = tool("list_things"), tool("drop_table")
DAY = 86_400


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A home whose whole log is verified at the end, whatever was erased."""
    with durable_directory() as folder:
        store: Store | None = SqliteStore(folder / "home") if request.param == "sqlite" else None
        made = World(folder, store=store)
        yield made
        made.verify()
        made.log.close()
        made.store.close()


async def say(world: World, *texts: str) -> list[LeafIndex]:
    """One allowed call for each text; the indexes of their decisions."""
    found = []
    for text in texts:
        with world.store.read() as reader:
            found.append(LeafIndex(reader.size()))
        await world.run(world.call(READ, {"query": text}), output=f"about {text}")
    return found


def over(world: World) -> None:
    """End the session."""

    def job(tx: Transaction) -> None:
        session = tx.session(world.session)
        assert session is not None
        end(tx, session, world.log.node, world.clock.now(), "ended")

    world.log.submit(job, durable=True).result()


def planned(world: World, by: erase.By, value: str) -> Plan:
    with world.store.read() as reader:
        return erase.plan(reader, Wanted(by, value))


def erased(world: World, by: erase.By, value: str) -> erase.Erased:
    return erase.erase(world.log, world.operator, planned(world, by, value), "request", world.clock.now())


def opens(world: World, *indexes: LeafIndex) -> list[bool]:
    with world.store.read() as reader:
        return [reader.sidecar(index) is not None for index in indexes]


async def test_what_mentions_a_value_is_found_however_it_is_spelled(world: World) -> None:
    """Case, accents, punctuation and full-width letters are one; only these calls go, outcome and all."""
    await world.join()
    spelled = ["mail Änne.Secret@Example.ORG", "anne.secret(at) nobody", "Ａｎｎｅ_secret example org", "anne"]
    calls = await say(world, *spelled)
    plan = planned(world, "matching", "anne.secret@example.org")
    assert plan.leaves == (calls[0], calls[0] + 1, calls[2], calls[2] + 1)
    done = erased(world, "matching", "anne.secret@example.org")
    assert (done.leaves, len(done.receipts)) == (4, 1)
    assert opens(world, *calls) == [False, True, False, True]
    assert planned(world, "matching", "ANNE SECRET example org").leaves == ()
    with pytest.raises(RequestError) as caught:
        planned(world, "matching", "a-")
    assert caught.value.code == "too_short"


async def test_the_redaction_names_leaves_and_nobody(world: World) -> None:
    """It is signed, has exact ranges and a commitment that the salt given out opens; the person is not in it."""
    await world.join()
    calls = await say(world, "ann@x.org", "other", "ann@x.org")
    done = erased(world, "matching", "ann@x.org")
    leaf = world.leaves()[done.receipts[0]]
    subject = leaf["subject"]
    assert isinstance(subject, dict)
    assert subject["ranges"] == [{"first": calls[0], "last": calls[0] + 1}, {"first": calls[2], "last": calls[2] + 1}]
    assert subject["subject"] == commit(done.salt, "subject", ["matching", "ann@x.org"])
    assert "ann@x" not in json.dumps(leaf)
    assert leaf["signature"]
    assert any(note.startswith("REDACTED: values of 4 leaves") for note in world.verify().notes)
    with world.store.read() as reader:
        time, by, reason = erase.redacted(reader, [calls[0]])[calls[0]]
    assert (by, reason) == ('User::"local/ana"', "request")
    assert time == leaf["time"]


async def test_each_way_to_say_what_is_meant(world: World) -> None:
    """Session, principal, owner, date and receipt each choose exactly theirs."""
    first = await world.join("claude", "boot:1:1")
    one = await say(world, "one")
    await world.join("codex", "boot:2:2")
    world.clock.pass_time(2 * 3600)
    (two,) = await say(world, "two")
    time = str(world.leaves()[two]["time"])
    both = (*one, one[0] + 1, two, two + 1)
    assert planned(world, "session", first).leaves == both[:2]
    assert planned(world, "principal", 'Agent::"local/codex"').leaves == both[2:]
    assert planned(world, "owner", 'User::"local/ana"').leaves == both
    assert planned(world, "before", time).leaves == both[:2]
    assert planned(world, "receipt", f"{two}").leaves == both[2:]
    assert planned(world, "session", "ses_none").leaves == ()


async def test_a_question_that_waits_is_not_erased_under_people_s_hands(world: World) -> None:
    """While its session is open it stays and says so; once ended, card, salt and guessable digests go as well."""
    await world.join()
    approval = await world.asked(world.call(DROP, {"query": "people of ann@x.org"}))
    plan = planned(world, "matching", "ann@x.org")
    assert (plan.leaves, len(plan.live)) == ((), 1)
    over(world)
    assert erased(world, "matching", "ann@x.org").leaves == 1
    with world.store.read() as reader:
        left = reader.approval(approval.id)
        attempt = reader.attempt(approval.attempt)
    assert isinstance(left, Approval)
    assert (left.card, left.salt, left.action, left.facts, left.status) == ("", b"", "", "", "cancelled")
    assert attempt is None


async def test_only_the_operator_s_key_erases_and_releases(world: World) -> None:
    """Another key changes nothing: neither values, nor holds, nor the log."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    await world.join()
    calls = await say(world, "ann@x.org")
    thief, now = KeySigner(Ed25519PrivateKey.generate(), "passphrase"), world.clock.now()
    hold.add(world.log, world.operator, now, Hold("case", "session", SessionId("ses_other")))
    before = len(world.leaves())
    for attempt in (
        lambda: erase.erase(world.log, thief, planned(world, "matching", "ann@x.org"), "request", now),
        lambda: hold.add(world.log, thief, now, Hold("two", "everything")),
        lambda: hold.release(world.log, thief, now, "case"),
    ):
        with pytest.raises(RequestError) as caught:
            attempt()
        assert caught.value.code == "not_enrolled"
    assert (len(world.leaves()), opens(world, *calls)) == (before, [True])


@pytest.mark.parametrize("kind", ["session", "principal", "time", "everything"])
async def test_what_is_held_is_neither_erased_nor_expires(world: World, kind: str) -> None:
    """A hold placed before or after a value was written keeps it, until it is released; the others go."""
    mine = await world.join("claude", "boot:1:1")
    (before,) = await say(world, "ann@x.org one")
    value = {"session": mine, "principal": 'Agent::"local/claude"'}.get(kind, "")
    wanted = Hold("case-1", kind, value, "2000-01-01T00:00:00.000Z" if kind == "time" else "")  # type: ignore[arg-type]
    hold.add(world.log, world.operator, world.clock.now(), wanted)
    (after,) = await say(world, "ann@x.org two")
    await world.join("codex", "boot:2:2")
    (other,) = await say(world, "ann@x.org three")
    plan = planned(world, "matching", "ann@x.org")
    free = kind in ("session", "principal")
    assert (before in plan.held, after in plan.held, other in plan.held) == (True, True, not free)
    with world.store.read() as reader:
        assert held(reader).by(before) == "case-1"
    world.clock.pass_time(31 * DAY)
    world.home.sweep()
    assert opens(world, before, after, other) == [True, True, not free]
    hold.release(world.log, world.operator, world.clock.now(), "case-1")
    world.home.sweep()
    assert opens(world, before, after, other) == [False, False, False]


async def test_a_hold_placed_after_the_plan_was_shown_still_holds(world: World) -> None:
    """The transaction that erases asks again."""
    await world.join()
    calls = await say(world, "ann@x.org")
    plan = planned(world, "matching", "ann@x.org")
    hold.add(world.log, world.operator, world.clock.now(), Hold("late", "everything"))
    with pytest.raises(RequestError) as caught:
        erase.erase(world.log, world.operator, plan, "request", world.clock.now())
    assert caught.value.code == "nothing_to_erase"
    assert opens(world, *calls) == [True]
    for again, code in ((Hold("late", "everything"), "hold_exists"), (Hold("Späte", "everything"), "bad_hold")):
        with pytest.raises(RequestError) as caught:
            hold.add(world.log, world.operator, world.clock.now(), again)
        assert caught.value.code == code
    with pytest.raises(RequestError) as caught:
        hold.release(world.log, world.operator, world.clock.now(), "never")
    assert caught.value.code == "unknown_hold"


async def test_values_of_archived_receipts_are_erased_and_held_as_well(tmp_path: Path) -> None:
    """A receipt that went to an archive left its values here: they are found, a hold keeps them, and then they go."""
    with durable_directory() as folder:
        world = World(folder, store=SqliteStore(folder / "home"))
        session = await world.join()
        (first, *_) = await say(world, *["ann@x.org"] * 130)
        place, now = open_place(str(tmp_path / "archive")), world.clock.now()
        sealing.seal(world.log, world.store, place, 256, lambda: (now, world.operator))
        with world.store.read() as reader:
            assert reader.leaf(first) is None
            assert held(reader).by(first) == ""
        for by, value in (("session", session), ("matching", "ann@x.org")):
            assert first in planned(world, by, value).leaves  # type: ignore[arg-type]
        assert first not in planned(world, "before", str(world_time(world, 1))).leaves
        hold.add(world.log, world.operator, now, Hold("case", "session", "ses_other"))
        assert first in planned(world, "session", session).held
        hold.release(world.log, world.operator, now, "case")
        assert erased(world, "session", session).leaves >= 260
        assert opens(world, first) == [False]
        world.log.close()
        world.store.close()


def world_time(world: World, at: int) -> str:
    """The time of the leaf at a place among those that are here."""
    with world.store.read() as reader:
        return str([json.loads(data)["time"] for _, data in reader.leaves()][at])


async def test_many_scattered_leaves_take_several_redactions(world: World) -> None:
    """No leaf names more ranges than a verifier takes."""
    await world.join()
    before = world.leaves()
    texts = ["ann@x.org", "other"] * 205
    await say(world, *texts)
    done = erased(world, "matching", "ann@x.org")
    assert (done.leaves, len(done.receipts)) == (410, 2)
    assert len(world.leaves()) == len(before) + 4 * 205 + 2


def test_ranges_are_joined_where_the_gaps_are_smallest() -> None:
    """Never more than asked for, and what was named stays named."""
    assert hold.joined([1, 2, 4, 9, 10, 20], 9) == ((1, 2), (4, 4), (9, 10), (20, 20))
    assert hold.joined([1, 2, 4, 9, 10, 20], 3) == ((1, 4), (9, 10), (20, 20))
    assert hold.joined([1, 2, 4, 9, 10, 20], 1) == ((1, 20),)
    assert hold.joined([], 1) == ()


async def test_an_erased_call_can_be_made_again(world: World) -> None:
    """What is left of it stops nothing: decisions go on, under a new key."""
    await world.join()
    await say(world, "ann@x.org")
    erased(world, "matching", "ann@x.org")
    (again,) = await say(world, "ann@x.org")
    assert opens(world, again) == [True]
    with world.store.read() as reader:
        assert reader.kept(world.session, ActionDigest("")) is None
