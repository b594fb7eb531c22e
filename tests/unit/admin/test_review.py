"""The access review: each thing that an identity team looks for is found, and nothing where all is well."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from assent.admin import review
from assent.identity import names
from assent.model.grant import Grant, Limits
from assent.model.ids import DelegationId, Digest, PrincipalId
from assent.model.principal import Authenticator, Enrolled, Principal
from assent.model.session import Session
from tests.world import NOW, OWNER, World, tool

DAY = 86_400_000
READ = tool("read_note", path={"type": "string"})
AGENT = PrincipalId('Agent::"ci/deploy"')


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home with one agent that is owned, proven, used, and has been given nothing."""
    world = World(tmp_path)
    put(world, Enrolled(OWNER, "", Principal("User", "local/ana", None), NOW))
    put(world, row())
    put(world, Authenticator("key:a", AGENT, created=NOW))
    return world


def put(world: World, *records: object) -> None:
    """Keep records as they are."""

    def job(tx: object) -> None:
        for record in records:
            tx.put_session(record) if isinstance(record, Session) else tx.put(record)  # type: ignore[attr-defined]

    world.log.submit(job, durable=True).result()


def row(**more: object) -> Enrolled:
    """The agent's row."""
    told = Enrolled(AGENT, OWNER, Principal("Agent", "ci/deploy", OWNER), NOW - DAY, NOW - DAY)
    return replace(told, **more)  # type: ignore[arg-type]


def grant(number: int = 0, limits: Limits | None = None, **more: object) -> Grant:
    """A live delegation of a day to the agent."""
    told = Grant(
        id=DelegationId("dlg_" + "abcdef"[number] * 26),
        parent="",
        issuer=OWNER,
        subject=AGENT,
        limits=limits or Limits(actions=("effect:read",), servers=("files",)),
        not_before=0,
        expires=NOW + DAY,
        digest=Digest("sha256:" + "0" * 64),
        created=NOW,
    )
    return replace(told, **more)  # type: ignore[arg-type]


def codes(world: World, who: PrincipalId = AGENT, days: int = 90) -> list[str]:
    """Codes of what is found about somebody."""
    with world.store.read() as reader:
        return [one.code for one in review.review(reader, NOW, days) if one.principal == who]


def test_nothing_where_all_is_well(world: World) -> None:
    """Owned, proven, used, nothing given: nothing to look at."""
    assert codes(world) == [] and codes(world, OWNER) == []


def test_owners(world: World) -> None:
    """Nobody, somebody who is not enrolled, somebody who is disabled."""
    put(world, row(owner=""))
    assert codes(world) == ["ownerless"]
    put(world, row(owner='User::"gone"'))
    assert codes(world) == ["ownerless"]
    put(world, row(), Enrolled(OWNER, "", Principal("User", "local/ana", None, status="disabled"), NOW))
    assert codes(world) == ["owner_disabled"]


def test_proofs(world: World) -> None:
    """None that is active, or more than one."""
    put(world, Authenticator("key:b", AGENT))
    assert codes(world) == ["many_proofs"]
    put(world, Authenticator("key:a", AGENT, status="disabled"), Authenticator("key:b", AGENT, status="disabled"))
    assert codes(world) == ["no_proof"]


def test_shared_identities(world: World) -> None:
    """Sessions of two programs at once as one principal; two servers of one program share one, and that is well."""
    one = Session(id="ses_1", principal=AGENT, owner=OWNER, client="b:1:1|x", opened=NOW)  # type: ignore[arg-type]
    put(world, one)
    assert codes(world) == []
    put(world, replace(one, id="ses_2", client="b:2:2|x"))
    assert codes(world) == ["shared"]
    put(world, replace(one, id="ses_2", client="b:2:2|x", status="ended"))
    assert codes(world) == []


def test_unused(world: World) -> None:
    """Not used for so long, or never since it was enrolled; one that is disabled is no worry."""
    old = NOW - 91 * DAY
    put(world, row(last_used=old))
    assert codes(world) == ["unused"] and codes(world, days=100) == []
    put(world, row(created=old, last_used=0))
    assert codes(world) == ["unused"]
    put(world, row(last_used=old, principal=Principal("Agent", "ci/deploy", OWNER, status="disabled")))
    assert codes(world) == []


def test_names_that_differ_in_case(world: World) -> None:
    """`Claude` beside `claude`: said of the later one."""
    both = [PrincipalId('Agent::"local/Claude"'), PrincipalId('Agent::"local/claude"')]
    for id in both:
        world.log.submit(lambda tx, id=id: names.claim(tx, id), durable=True).result()  # type: ignore[misc]
        put(world, Enrolled(id, OWNER, Principal("Agent", id[8:-1], OWNER), NOW), Authenticator(f"key:{id}", id))
    assert codes(world, both[0]) == [] and codes(world, both[1]) == ["looks_alike"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (grant(expires=NOW + 91 * DAY), ["standing", "unused_rights"]),
        (grant(created=NOW - 91 * DAY), ["standing", "unused_rights"]),
        (grant(limits=Limits()), ["over_broad"]),
        (grant(limits=Limits(actions=("effect:pay",))), ["over_broad", "unused_rights"]),
        (grant(limits=Limits(actions=("effect:pay",), targets={"hosts": ("a.org",)})), ["unused_rights"]),
        (grant(expires=NOW), []),
        (grant(status="revoked", limits=Limits()), []),
    ],
)
def test_rights(world: World, given: Grant, found: list[str]) -> None:
    """For good or long given, anything at all, weighty without saying at what; what is over is over."""
    put(world, given)
    assert codes(world) == found


def test_left_over_rights(world: World) -> None:
    """A disabled principal that still holds a delegation is one `enable` away from using it."""
    put(world, row(principal=Principal("Agent", "ci/deploy", OWNER, status="disabled")), grant())
    assert codes(world)[0] == "left_over"


def test_more_rights_than_are_used(world: World) -> None:
    """What receipts show as used is not told as unused: effect, server and tool alike; older use does not count."""
    who = PrincipalId('Agent::"local/claude"')

    async def act() -> None:
        await world.join()
        await world.run(world.call(READ, {"path": "notes.txt"}))

    asyncio.run(act())
    wide = ("effect:pay", "effect:read", "tool:files/other", "tool:files/read_note")
    put(
        world,
        Enrolled(who, OWNER, Principal("Agent", "local/claude", OWNER), NOW, NOW),
        Authenticator("key:c", who),
        grant(subject=who, limits=Limits(actions=wide, servers=("files", "mail"))),
    )
    with world.store.read() as reader:
        [found] = [one for one in review.review(reader, NOW) if one.principal == who]
        later = review.usage(reader, NOW + 1)
    assert found.code == "unused_rights"
    assert "effect:pay, server:mail, tool:files/other, not used" in found.text
    assert later == {}
