"""Taking authority back: what it reaches, who may say so, and that nothing from before begins afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from assent_verify.canonical import digest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import kill as kills
from assent.admin.revoke import (
    AT_ONCE,
    EXECUTOR_CLOCK_MS,
    Revoked,
    Wanted,
    acknowledge,
    outstanding,
    restore,
    revoke,
    sweep,
)
from assent.enforce.guard import Allowed
from assent.errors import RefusedError, RequestError
from assent.keys.file import KeySigner
from assent.model.delegation import Delegation
from assent.model.grant import Grant, Limits
from assent.model.ids import AttemptId, DelegationId, Digest, LeafIndex, PermitId, PrincipalId, SessionId
from assent.model.outcome import Outcome
from assent.model.permit import AT_ONCE_MS, Minted, Permit
from assent.model.principal import Authenticator, Enrolled, Principal
from assent.model.revocation import RevokedKind
from assent.model.session import Session
from assent.ports import Pin
from assent.record import epoch
from tests.world import NOW, OWNER, World, tool

READ = tool("read_file", path={"type": "string"})
SEND = tool("send_message", recipient={"type": "string"}, text={"type": "string"})
BOB = {"recipient": "bob@example.org", "text": "hello"}
AGENT = PrincipalId('Agent::"local/claude"')
SUB = PrincipalId('Agent::"local/sub"')
POLICY = """
@id("all") permit (principal, action, resource);
@id("sends") @escalate("owner") @self @reason("it sends")
forbid (principal, action in Action::"effect:send", resource);
"""
KEY = "key:" + "k" * 43


@pytest.fixture
async def world(tmp_path: Path) -> Iterator[World]:
    """A home with one agent's session; at the end its whole log is verified."""
    made = World(tmp_path, POLICY)
    await made.join()
    put(made, Enrolled(SUB, OWNER, Principal("Agent", "local/sub", OWNER), NOW), pin("files", "read_file"))
    made.put_state("server:files", "program:files")
    yield made
    report = made.verify()
    assert not report.problems, report.problems


def put(world: World, *records: object) -> None:
    def job(tx) -> None:  # type: ignore[no-untyped-def]
        for record in records:
            tx.put_pin(record) if isinstance(record, Pin) else tx.put(record)

    world.log.submit(job, durable=True).result()


def pin(server: str, name: str) -> Pin:
    return Pin(server, name, Digest("sha256:" + "0" * 64), "{}", Digest("sha256:" + "0" * 64), "{}")


def link(number: int, parent: str, issuer: PrincipalId, subject: PrincipalId, **more: object) -> Grant:
    id = DelegationId("dlg_" + f"{number:026d}".translate(str.maketrans("0189", "abcd")))
    made = Grant(id, parent, issuer, subject, Limits(depth=9), 0, NOW * 2, Digest(digest(str(number).encode())))
    return replace(made, **more)  # type: ignore[arg-type]


async def chained(world: World, *grants: Grant, key: str = "", name: str = "9") -> Session:
    """A session that acts under these grants; they are stored, and the last one's subject acts."""
    actor = Principal("Agent", "local/sub", OWNER)
    session = await world.home.sessions.join(actor, f"boot:{name}:{name}", world.home.process)
    put(world, *grants)
    session = replace(session, chain=tuple(one.id for one in grants), key=key)
    world.log.submit(lambda tx: tx.put_session(session), durable=True).result()
    world.session = session.id
    return session


def take(world: World, kind: RevokedKind, id: str) -> Revoked:
    return revoke(world.log, Wanted(kind, id), world.operator, world.clock.now())


def minted(world: World, number: int, **more: object) -> Minted:
    made = Minted(
        PermitId(f"prm_{number}"),
        AttemptId(f"att_{number}"),
        "files",
        world.session,
        AGENT,
        (),
        LeafIndex(1),
        "sha256:" + "0" * 64,
        world.clock.now() + 30_000,
        0,
    )
    return replace(made, **more)  # type: ignore[arg-type]


async def lapses(world: World, permit: Permit, code: str) -> None:
    """A permit from before cannot be consumed any more."""
    world.clock.ran += AT_ONCE_MS + 1
    with pytest.raises(RefusedError) as refused:
        await world.guard.begin(permit)
    assert refused.value.code == code


async def code(world: World) -> str:
    """Why a read is refused now; empty if it is allowed."""
    ruling = await world.guard.authorize(world.call(READ, {"path": "a"}))
    if not isinstance(ruling, Allowed):
        return ruling.decision.reasons[0].code
    assert ruling.permit is not None
    await world.guard.begin(ruling.permit)
    await world.guard.settle(ruling.permit, Outcome("succeeded", "gateway", b"{}"))
    return ""


@pytest.mark.parametrize(
    ("kind", "id"),
    [("principal", AGENT), ("principal", OWNER), ("server", "files"), ("tool", "files/read_file"), ("session", "")],
)
async def test_nothing_from_before_begins_and_nothing_new_is_allowed(world: World, kind: RevokedKind, id: str) -> None:
    """A decision after it denies, a permit from before is void, and both say why."""
    put(world, Enrolled(OWNER, "", Principal("User", "local/ana", None), NOW))
    permit = await world.permit(world.call(READ, {"path": "a"}))
    done = take(world, kind, id or world.session)
    assert done.fresh and done.what.epoch == 1
    await lapses(world, permit, "revoked")
    assert await code(world) == {"server": "server_revoked", "tool": "tool_revoked"}.get(kind, "revoked")
    leaf = world.leaves("system")[-1]
    assert (leaf["event"], leaf["subject"]["kind"], leaf["subject"]["epoch"]) == ("revocation", kind, 1)  # type: ignore[index]
    assert leaf["key"] == digest(world.operator.public)


async def test_a_decision_under_way_is_made_again(world: World) -> None:
    """What was decided before and is committed after is no allow: the epoch is compared in its transaction."""
    rules, guard = world.home.rules(), world.guard
    call = world.call(READ, {"path": "a"})
    with world.store.read() as reader:
        gathered = guard._gatherer.gather(call, rules, reader, guard._new_attempt())
    decided = guard._tightened(gathered, call, rules)
    assert decided.verdict == "allow"
    take(world, "server", "files")
    with pytest.raises(Exception, match="epoch"):
        await guard._commit(rules, gathered, decided, (), looked=True)
    assert not [leaf for leaf in world.leaves("decision") if leaf["verdict"] == "allow"]


async def test_what_a_session_waits_for_is_cancelled(world: World) -> None:
    """Its pending question cannot be answered any more; what is executing has the outcome `unknown`."""
    question = await world.asked(world.call(SEND, BOB))
    permit = await world.permit(world.call(READ, {"path": "a"}))
    await world.guard.begin(permit)
    done = take(world, "session", world.session)
    assert done.sessions == (world.session,)
    with world.store.read() as reader:
        assert reader.approval(question.id).status == "cancelled"  # type: ignore[union-attr]
        assert reader.attempt(permit.attempt).state == "unknown"  # type: ignore[union-attr]
    with pytest.raises(RequestError, match="ended"):
        world.say(question.id, "approve")
    assert world.leaves("outcome")[-1]["detail"] == "revoked"
    assert world.leaves("session")[-1]["reason"] == "revoked"


async def test_an_answer_for_a_server_that_was_revoked_lifts_nothing_later(world: World) -> None:
    """Pending and unused answers for it are cancelled: giving it back brings none of them back."""
    question = await world.asked(world.call(SEND, BOB))
    world.say(question.id, "approve")
    assert take(world, "server", "files").questions == 1
    assert (await world.refusal(world.call(SEND, BOB))).decision.reasons[0].code == "server_revoked"
    restore(world.log, Wanted("server", "files"), world.operator, world.clock.now())
    again = await world.asked(world.call(SEND, BOB))
    assert again.id != question.id


async def test_only_servers_and_tools_come_back_and_only_the_operator_says_so(world: World) -> None:
    """Another key is refused, another kind too; after it decisions are made again."""
    take(world, "server", "files")
    stranger = KeySigner(Ed25519PrivateKey.generate(), "passphrase")
    with pytest.raises(RequestError):
        restore(world.log, Wanted("server", "files"), stranger, world.clock.now())
    with pytest.raises(RequestError, match="not revoked"):
        restore(world.log, Wanted("server", "others"), world.operator, world.clock.now())
    with pytest.raises(RequestError, match="stays so"):
        restore(world.log, Wanted("session", world.session), world.operator, world.clock.now())
    assert await code(world) == "server_revoked"
    restore(world.log, Wanted("server", "files"), world.operator, world.clock.now())
    assert await code(world) == ""


async def test_who_is_not_enrolled_takes_nothing_back(world: World) -> None:
    """A stranger's key and no key are refused, and nothing has moved."""
    for signer in (KeySigner(Ed25519PrivateKey.generate(), "passphrase"), None):
        with pytest.raises(RequestError):
            revoke(world.log, Wanted("server", "files"), signer, world.clock.now())
        with pytest.raises(RequestError):
            kills.kill(world.log, signer, world.clock.now(), "asked")
    assert await code(world) == ""


@pytest.mark.parametrize("kind", ["principal", "session", "delegation", "permit", "tool", "server", "key"])
async def test_what_is_not_there_is_said_so(world: World, kind: RevokedKind) -> None:
    """A mistyped id takes nothing back, and says so."""
    before = len(world.leaves())
    with pytest.raises(RequestError) as refused:
        take(world, kind, "no/such")
    assert refused.value.code.startswith("unknown_")
    assert len(world.leaves()) == before


async def test_a_chain_falls_with_its_first_link(world: World) -> None:
    """Revoking the root ends the session of the last; links below are void at once, and marked by the sweep."""
    chain = (
        link(1, "", OWNER, AGENT),
        link(2, link(1, "", OWNER, AGENT).id, AGENT, SUB),
    )
    side = link(3, chain[0].id, AGENT, SUB)
    session = await chained(world, *chain)
    put(world, side)
    assert await code(world) == ""
    permit = await world.permit(world.call(READ, {"path": "a"}))
    done = take(world, "delegation", chain[0].id)
    assert done.sessions == (session.id,)
    await lapses(world, permit, "revoked")
    assert await code(world) == "revoked"
    assert sweep(world.store, world.log, done.what) == 2 and sweep(world.store, world.log, done.what) == 0
    with world.store.read() as reader:
        assert {one.status for one in reader.find_all(Grant)} == {"revoked"}


async def test_a_link_that_is_not_marked_yet_is_void_all_the_same(world: World) -> None:
    """A chain whose root alone is revoked lets nothing pass, before any sweep."""
    chain = (link(1, "", OWNER, AGENT), link(2, link(1, "", OWNER, AGENT).id, AGENT, SUB))
    await chained(world, chain[0], chain[1])
    put(world, replace(chain[0], status="revoked"))
    world.log.submit(epoch.move, durable=True).result()
    assert await code(world) == "delegation_revoked"


async def test_a_wide_tree_is_marked_in_many_small_transactions(world: World) -> None:
    """No transaction marks more than it may; all of the tree is marked in the end."""
    root = link(1, "", OWNER, AGENT)
    put(world, root, *(link(number, root.id, AGENT, SUB) for number in range(2, AT_ONCE + 203)))
    done = take(world, "principal", AGENT)
    assert sweep(world.store, world.log, done.what) == AT_ONCE + 202


async def test_a_key_takes_with_it_what_it_opened_and_what_it_could_sign(world: World) -> None:
    """The session it opened ends, the links whose child it signs are void; others of the principal stay."""
    root, other = link(1, "", OWNER, SUB, key="k" * 43), link(2, "", OWNER, SUB, key="o" * 43)
    session = await chained(world, root, key=KEY)
    put(world, other, Authenticator(KEY, SUB, "", "active", NOW))
    done = take(world, "key", KEY)
    assert done.sessions == (session.id,)
    with world.store.read() as reader:
        assert reader.find(Grant, root.id).status == "revoked"  # type: ignore[union-attr]
        assert reader.find(Grant, other.id).status == "live"  # type: ignore[union-attr]
        assert reader.find(Authenticator, KEY).status == "disabled"  # type: ignore[union-attr]
    leaf = world.leaves("system")[-1]
    assert leaf["subject"]["id"] != KEY  # type: ignore[index] # another issuer's name of a person stands in no leaf


async def test_a_permit_of_its_own_is_void(world: World) -> None:
    """One in the gateway, and one that an executor holds."""
    permit = await world.permit(world.call(READ, {"path": "a"}))
    put(world, minted(world, 1), minted(world, 2, state="consumed"))
    take(world, "permit", permit.id)
    await lapses(world, permit, "revoked")
    assert take(world, "permit", "prm_1").permits == 1
    with world.store.read() as reader:
        assert reader.find(Minted, "prm_1").state == "void"  # type: ignore[union-attr]
    with pytest.raises(RequestError, match="consumed"):
        take(world, "permit", "prm_2")


@pytest.mark.parametrize(("kind", "id"), [("principal", AGENT), ("session", ""), ("server", "files")])
async def test_permits_that_executors_hold_are_void_in_the_same_transaction(
    world: World, kind: RevokedKind, id: str
) -> None:
    """Of the session, its principal, the audience; those of others stay."""
    other = minted(world, 2, session=SessionId("ses_x"), principal=SUB, audience="others")
    put(world, minted(world, 1), other)
    assert take(world, kind, id or world.session).permits == 1
    with world.store.read() as reader:
        assert [one.state for one in reader.find_all(Minted)] == ["void", "minted"]


async def test_an_acknowledgement_waits_for_stores_that_do_not_ask_this_home(world: World) -> None:
    """A void permit of an executor with its own store is waited out, whatever its clock; others are not."""
    put(world, minted(world, 1, own=True), minted(world, 2))
    since = world.clock.steady()
    take(world, "session", world.session)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        world.clock.pass_time(seconds)

    acknowledge(world.store, world.clock, since, sleep)
    assert world.clock.now() >= NOW + 30_000 + EXECUTOR_CLOCK_MS
    with world.store.read() as reader:
        assert outstanding(reader, world.clock.now()) == 0
    slept.clear()
    acknowledge(world.store, world.clock, world.clock.steady(), sleep)
    assert 0 < sum(slept) < 1 and sum(slept) * 1000 > AT_ONCE_MS


async def test_a_permit_counts_as_new_from_its_transaction_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush that takes long does not make a permit newer: it is looked at again before it is consumed."""
    call, real = world.call(READ, {"path": "a"}), world.log.commit

    async def slow(job, **how):  # type: ignore[no-untyped-def]
        done = await real(job, **how)
        world.clock.ran += 500
        return done

    monkeypatch.setattr(world.log, "commit", slow)
    permit = await world.permit(call)
    monkeypatch.undo()
    take(world, "server", "files")
    with pytest.raises(RefusedError, match="revoked"):
        await world.guard.begin(permit)


async def test_the_client_of_a_revoked_session_opens_no_other(world: World) -> None:
    """An agent does not go on by starting its server again; the person who starts the client anew does."""
    take(world, "session", world.session)
    with pytest.raises(RefusedError) as refused:
        await world.join()
    assert refused.value.code == "revoked"
    await world.join(client="boot:2:2")
    assert await code(world) == ""


async def test_everything_stops_and_goes_on_by_the_operators_word(world: World) -> None:
    """No session, no permit, no question outlives it; nothing opens meanwhile; only the operator lifts it."""
    question = await world.asked(world.call(SEND, BOB))
    permit = await world.permit(world.call(READ, {"path": "a"}))
    put(world, minted(world, 1))
    done = kills.kill(world.log, world.operator, world.clock.now(), "asked")
    assert done.permits == 1
    await lapses(world, permit, "killed")
    assert await code(world) == "killed"
    assert kills.end_sessions(world.store, world.log, world.clock.now()) == (world.session,)
    assert not kills.kill(world.log, world.operator, world.clock.now(), "asked").fresh
    with world.store.read() as reader:
        assert reader.approval(question.id).status == "cancelled"  # type: ignore[union-attr]
    assert await code(world) == "killed"
    with pytest.raises(RefusedError, match="stopped"):
        await world.join(client="boot:3:3")
    stranger = KeySigner(Ed25519PrivateKey.generate(), "passphrase")
    with pytest.raises(RequestError):
        kills.lift(world.store, world.log, stranger, world.clock.now(), "asked")
    kills.lift(world.store, world.log, world.operator, world.clock.now(), "asked")
    assert await code(world) == "session_ended"
    await world.join(client="boot:3:3")
    assert await code(world) == ""
    with pytest.raises(RequestError, match="nothing is stopped"):
        kills.lift(world.store, world.log, world.operator, world.clock.now(), "asked")


async def test_sessions_that_a_kill_did_not_come_to_end_before_it_is_lifted(world: World) -> None:
    """Whoever stopped everything and died at once leaves no session that goes on."""
    kills.kill(world.log, world.operator, world.clock.now(), "asked")
    kills.lift(world.store, world.log, world.operator, world.clock.now(), "asked")
    assert await code(world) == "session_ended"


async def test_an_epoch_that_nobody_can_read_allows_nothing(world: World) -> None:
    """Another text, a minus, digits of another script: denied, and no exception."""
    for text in ("x", "-1", "²", "1" * 40):
        world.put_state("epoch", text)
        assert await code(world) == "not_durable"
    world.put_state("epoch", "")
    assert await code(world) == ""


async def test_what_is_said_again_is_done_once(world: World) -> None:
    """A second command adds no receipt and moves nothing, and is acknowledged like the first."""
    first = take(world, "server", "files")
    before = len(world.leaves())
    again = take(world, "server", "files")
    assert not again.fresh and again.what == first.what and len(world.leaves()) == before


def test_sessions_delegations_stay_what_the_verifier_knows() -> None:
    """A person's yes for one session is revoked by the same command: its leaf names it as before."""
    from assent.admin.revoke import Reach, _subject
    from assent.model.revocation import Revocation

    given = Delegation.__new__(Delegation)
    object.__setattr__(given, "id", "dlg_x")
    object.__setattr__(given, "session", "ses_x")
    told = _subject(Wanted("delegation", "dlg_x"), Revocation("delegation", "dlg_x", 1, 2), Reach(given=[given]))
    assert (told["delegation"], told["session"]) == ("dlg_x", "ses_x")
