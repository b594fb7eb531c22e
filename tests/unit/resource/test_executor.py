"""An executor runs nothing without a permit for exactly it, and nothing twice."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from assent_verify.canonical import canonicalize, parse
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.errors import ConfigError, RefusedError
from assent.identity import jose, permits
from assent.identity.permits import Trust
from assent.keys.file import KeySigner
from assent.model.outcome import Outcome
from assent.model.permit import Consumer, Minted
from assent.record import epoch
from assent.record.closing import end
from assent.resource.executor import Asked, Executor
from assent.resource.function import permitted
from tests.permits import QUERY, Desk, desk, query

STORES: list[Consumer] = ["home", "own"]


def refused(at: Desk | Executor, token: object, asked: Asked) -> str:
    """The code with which an executor refuses."""
    with pytest.raises(RefusedError) as caught:
        (at.executor if isinstance(at, Desk) else at).accept(token, asked)
    return caught.value.code


@pytest.mark.parametrize("consumer", STORES)
async def test_a_permit_works_once(tmp_path: Path, consumer: Consumer) -> None:
    """The same permit is taken once, whoever presents it again; its attempt settles and the log holds."""
    at = await desk(tmp_path, consumer)
    permit, token = await at.minted()
    taken = at.executor.accept(token, query())
    assert (taken.id, taken.receipt, taken.leaf) == (permit.id, permit.receipt, permit.leaf)
    assert refused(at, token, query()) == "permit_used"
    await at.world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"))
    assert refused(at, token, query()) == "permit_used"
    assert at.world.verify().sound


@pytest.mark.parametrize("consumer", STORES)
async def test_many_executors_race(tmp_path: Path, consumer: Consumer) -> None:
    """Of sixteen that present one permit at the same moment exactly one may run."""
    at = await desk(tmp_path, consumer)
    _, token = await at.minted()
    gate, won = threading.Barrier(16), []

    def run() -> None:
        gate.wait()
        try:
            at.executor.accept(token, query())
        except RefusedError as error:
            assert error.code == "permit_used"
        else:
            won.append(1)

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


async def test_moved_permits(tmp_path: Path) -> None:
    """A permit for other arguments, another tool, method, audience, issuer or key is refused, and stays unused."""
    at = await desk(tmp_path)
    _, token = await at.minted()
    assert refused(at, None, query()) == "permit_missing"
    assert refused(at, ["x"], query()) == "permit_missing"
    for other in ({"query": "y"}, {"query": "x", "more": 1}, {"query": None}, {"query": ["x"]}, {}):
        asked = Asked.of_tool("query", other)
        assert refused(at, token, asked) == "permit_differs"
    assert refused(at, token, Asked.of_tool("drop", {"query": "x"})) == "permit_differs"
    assert refused(at, token, replace(query(), method="prompts/get")) == "permit_differs"
    assert refused(at, token, replace(query(), params={**query().params, "task": {}})) == "permit_differs"
    assert refused(at, token, replace(query(), params={"x": object()})) == "permit_differs"
    assert refused(Executor("pay", at.trust, at.store), token, query()) == "permit_elsewhere"
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    unknown = Trust.parse(Trust.published(at.trust.issuer, [stranger]))
    assert refused(Executor("files", unknown, at.store), token, query()) == "permit_invalid"
    elsewhere = Trust("assent/another", at.trust.keys)
    assert refused(Executor("files", elsewhere, at.store), token, query()) == "permit_invalid"
    at.executor.accept(token, query())  # none of these has used it up


async def test_forged_permits(tmp_path: Path) -> None:
    """Claims signed by the right key and of the wrong form are refused: each change of one claim alone."""
    at = await desk(tmp_path)
    permit, token = await at.minted()
    claims = jose.opened(token, permits.TYPE, at.trust.keys)
    ours = claims["asn"]
    assert isinstance(ours, dict)
    changes = [{name: value} for name in claims for value in (None, 7.5, [], "", {"a": 1})] + [{"more": 1}]
    inner = [{"asn": {**ours, name: value}} for name in ours for value in (True, -1, {}, "x y", [[]])]
    life = [{"exp": int(str(claims["iat"])) + 61}, {"exp": claims["iat"]}, {"act": {"sub": "x"}}, {"act": {}}]
    for change in (*changes, *inner, *life, {"asn": {**ours, "more": 1}}):
        if permits_same(claims, change):
            continue
        forged = jose.sign(canonicalize({**claims, **change}), permits.TYPE, at.world.home.authority())
        assert refused(at, forged, query()) in ("permit_invalid", "permit_elsewhere", "permit_differs"), change
    other = jose.sign(canonicalize(claims), "assent-delegation+jwt", at.world.home.authority())
    assert refused(at, other, query()) == "permit_invalid"
    assert permit.id


def permits_same(claims: dict[str, object], change: dict[str, object]) -> bool:
    """Does a change leave the claims as they were?"""
    return parse(canonicalize({**claims, **change})) == parse(canonicalize(claims))


async def test_own_clock_five_minutes_off(tmp_path: Path) -> None:
    """A store of its own with a clock five minutes off either way refuses, and takes nothing old for fresh."""
    at = await desk(tmp_path, "own")
    _, old = await at.minted(query="old")
    at.world.clock.wall += 300_000
    assert refused(at, old, query(query="old")) == "permit_expired"  # ahead by five minutes
    at.world.clock.wall -= 300_000
    _, kept = await at.minted(query="kept")
    at.world.clock.pass_time(290)
    _, fresh = await at.minted(query="fresh")
    at.world.clock.wall -= 290_000  # behind by nearly five minutes, as when `kept` was minted
    assert refused(at, fresh, query(query="fresh")) == "permit_early"
    assert refused(at, kept, query(query="kept")) == "permit_expired"  # by what the fresh one has shown of the time


async def test_the_home_judges_time_for_those_who_ask_it(tmp_path: Path) -> None:
    """An executor that asks the home needs no clock; the home's says when a permit has expired."""
    at = await desk(tmp_path)
    _, token = await at.minted()
    at.world.clock.pass_time(31)
    assert refused(at, token, query()) == "permit_expired"


async def test_a_revocation_reaches_permits_that_are_out(tmp_path: Path) -> None:
    """After the epoch has moved, or the session ended, no permit minted before is consumed."""
    at = await desk(tmp_path)
    _, token = await at.minted()
    at.world.log.submit(epoch.move, durable=True).result()
    assert refused(at, token, query()) == "revoked"
    _, later = await at.minted(query="later")
    home, now = at.world.home, at.world.clock.now()

    def close(tx: object) -> None:
        session = tx.session(at.world.session)  # type: ignore[attr-defined]
        end(tx, session, home.node, now, "ended")  # type: ignore[arg-type]

    at.world.log.submit(close, durable=True).result()
    assert refused(at, later, query(query="later")) == "session_ended"


async def test_an_attempt_that_is_over_voids_its_permit(tmp_path: Path) -> None:
    """What was recorded as not done cannot be done afterwards."""
    at = await desk(tmp_path)
    permit, token = await at.minted()
    await at.world.guard.settle(permit, Outcome("failed", "gateway", reached=False, detail="server_gone"))
    assert refused(at, token, query()) == "revoked"


async def test_whoever_answers_without_consuming_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A server that claims to take permits and does not can be bypassed: the operator hears it."""
    at = await desk(tmp_path)
    permit, _ = await at.minted()
    await at.world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"))
    assert "can be bypassed" in caplog.text


async def test_what_an_own_store_may_still_take(tmp_path: Path) -> None:
    """The home never takes such a permit, and knows which one may still be taken: a revocation waits for those."""
    at = await desk(tmp_path, "own")

    def known() -> list[tuple[bool, str, int]]:
        with at.world.store.read() as reader:
            return [(one.own, one.state, one.expires) for one in reader.find_all(Minted)]

    permit, token = await at.minted()
    assert known() == [(True, "minted", permit.expires)]
    assert refused(Desk(at.world, "home"), token, query()) == "permit_used"
    at.executor.accept(token, query())
    await at.world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"))
    assert known() == [(True, "consumed", permit.expires)]
    lost, _ = await at.minted(query="lost")
    await at.world.guard.settle(lost, Outcome("failed", "gateway", reached=False, detail="server_gone"))
    assert sorted(state for _, state, _ in known()) == ["consumed", "minted"]  # nobody knows that it was not taken


async def test_rows_are_kept_until_permits_have_expired(tmp_path: Path) -> None:
    """The home forgets expired permits, so that its table does not grow, and refuses them all the same."""
    at = await desk(tmp_path)
    _, token = await at.minted(query="first")
    at.world.clock.pass_time(31)
    for n in range(3):
        await at.minted(query=str(n))
    with at.world.store.read() as reader:
        assert len(reader.find_all(Minted)) == 3
    assert refused(at, token, query(query="first")) == "permit_used"


async def test_own_rows_are_swept_and_stay_refused(tmp_path: Path) -> None:
    """An own store forgets what has expired, and refuses it all the same, even if its clock goes back."""
    at = await desk(tmp_path, "own")
    tokens = [(await at.minted(query=str(n)))[1] for n in range(20)]
    for n, token in enumerate(tokens):
        at.executor.accept(token, query(query=str(n)))
    for n in range(100, 104):
        at.world.clock.pass_time(31)
        at.executor.accept((await at.minted(query=str(n)))[1], query(query=str(n)))
    assert count(at) < 8
    at.world.clock.wall -= 124_000
    for n, token in enumerate(tokens):
        assert refused(at, token, query(query=str(n))) in ("permit_expired", "permit_used")


def count(at: Desk) -> int:
    """Rows of an own store."""
    return int(at.store._db.execute("SELECT count(*) FROM consumed").fetchone()[0])  # type: ignore[attr-defined]


async def test_without_a_store_nothing_starts(tmp_path: Path) -> None:
    """An executor refuses to start without a place to use permits up."""
    at = await desk(tmp_path)
    with pytest.raises(ConfigError, match="consumption store"):
        Executor("files", at.trust, None)  # type: ignore[arg-type]


async def test_a_function_runs_only_with_its_permit(tmp_path: Path) -> None:
    """A decorated function runs once for its permit, and not at all without, with others or with bent arguments."""
    at = await desk(tmp_path)
    ran = []

    @permitted(at.executor, QUERY.name)
    def run(query: str, limit: int = 10) -> int:
        ran.append((query, limit))
        return limit

    @permitted(at.executor, QUERY.name)
    async def later(query: str) -> str:
        ran.append((query, 0))
        return query

    _, token = await at.minted()
    for call in ({"query": "x"}, {"query": "y", "permit": token}, {"query": "x", "limit": 10, "permit": token}):
        with pytest.raises(RefusedError):
            run(**call)
    with pytest.raises(RefusedError):
        run("x", permit=token)
    with pytest.raises(TypeError):
        run(permit=token)
    assert not ran
    assert run(query="x", permit=token) == 10
    with pytest.raises(RefusedError):
        run(query="x", permit=token)
    with pytest.raises(RefusedError):
        await later(query="x", permit=token)
    _, again = await at.minted(query="z")
    assert await later(query="z", permit=again) == "z"
    assert ran == [("x", 10), ("z", 0)]


async def test_an_executors_word_is_in_the_receipt(tmp_path: Path) -> None:
    """What an enrolled executor signs becomes the outcome, and a stranger's verifier believes it."""
    from assent.admin import executors

    key = KeySigner(Ed25519PrivateKey.generate(), "same-user")
    at = await desk(tmp_path, key=key)
    world = at.world

    def enrol(tx: object) -> None:
        subject = ("files", key.public, 'User::"local/ana"')
        executors.enrol(tx, world.home.node, world.clock.now(), subject, world.operator)  # type: ignore[arg-type]

    answer: dict[str, object] = {"content": [], "_meta": {"x": 1}}
    permit, token = await at.minted()
    taken = at.executor.accept(token, query())
    said = at.executor.word(taken, "succeeded", answer, external="tx-1")
    now = 10**13  # the executor signs by the clock of this machine
    with world.store.read() as reader:
        assert executors.vouched(reader, permit, said, answer, now) is None  # nobody has enrolled the key
    world.log.submit(enrol, durable=True).result()
    with world.store.read() as reader:
        word = executors.vouched(reader, permit, said, answer, now)
        assert executors.vouched(reader, permit, said, {"content": [1]}, now) is None
        assert executors.vouched(reader, replace(permit, leaf="sha256:" + "0" * 64), said, answer, now) is None
        assert executors.vouched(reader, permit, said, answer, 0) is None  # signed later than now
        assert isinstance(said, dict)
        for name, value in said.items():
            for bad in (value[:-2] + "!!", "", None, 7, "é", "2026-02-31T00:00:00.000Z"):
                if bad != value:
                    assert executors.vouched(reader, permit, {**said, name: bad}, answer, now) is None, (name, bad)
    assert word is not None
    assert (word.attested, word.external) == ("executor", "tx-1")


@pytest.mark.parametrize("hostile", [None, "x", [], {}, {"key": []}, {"attempt": 1}])
async def test_a_hostile_word_is_no_word(tmp_path: Path, hostile: object) -> None:
    """What is no signed word leaves the outcome to the gateway, whatever its form."""
    from assent.admin import executors

    at = await desk(tmp_path)
    permit, _ = await at.minted()
    with at.world.store.read() as reader:
        assert executors.vouched(reader, permit, hostile, {}, 0) is None
