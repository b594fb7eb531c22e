"""Bad nights as stories: a lost key, a stolen laptop, a policy that locks everybody out; and what thieves try."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from assent_verify.canonical import canonicalize, digest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import activate, breakglass, mode, people, recover, texts
from assent.admin.recover import Act, Request, Role, enrolment, perform, rehearse, removal, sealing, user_of
from assent.approve.answer import Said, answer
from assent.approve.delegate import Terms
from assent.assembly import Home
from assent.enforce.guard import Refused
from assent.errors import RefusedError, RequestError
from assent.keys.file import KeySigner
from assent.policy.text import Source
from assent.ports import Reader
from tests.world import OWNER, World, tool

SEND = tool("send_message", recipient={"type": "string"}, text={"type": "string"})
READ = tool("read_file", path={"type": "string"})
MESSAGE = {"recipient": "bob@example.org", "text": "hello"}
DAY_S = 86_400
BOB, CAT = user_of("bob"), user_of("cat")
NOTHING = '@id("mine/nothing")\nforbid (principal, action, resource);\n'
SENDS = """
@id("all") permit (principal, action, resource);
@id("sends") @escalate("owner") @self @grantable @reason("it sends")
forbid (principal, action in Action::"effect:send", resource);
"""
ALLOW = '@id("mine/all")\npermit (principal, action, resource);\n'


def key() -> KeySigner:
    """Somebody's new key."""
    return KeySigner(Ed25519PrivateKey.generate(), "passphrase")


class Team(World):
    """An operator, two reviewers, a sealed recovery key, and a day gone by."""

    def __init__(self, folder: Path, policy: str | None = None) -> None:
        super().__init__(folder, policy)
        self.bob, self.cat, self.sealed, self.new = key(), key(), key(), key()
        self.do(enrolment(self.bob.public, BOB, "reviewer"))
        self.do(enrolment(self.cat.public, CAT, "reviewer"))
        self.do(sealing(self.sealed.public))
        self.clock.pass_time(DAY_S + 1)

    def do(self, *acts: Act, by: KeySigner | None = None, second: KeySigner | None = None) -> list[int]:
        """Sign and record acts, alone or with a second person."""
        request = Request(self.log.origin, acts)
        if second is not None:
            request = request.second(second, self.clock.now())
        return perform(self.log, request, by or self.operator, self.clock.now())

    def replaced(self, why: recover.Why = "lost", by: KeySigner | None = None, second: KeySigner | None = None) -> None:
        """The new operator's key counts instead of the first."""
        acts = enrolment(self.new.public, OWNER, "operator"), self.gone(self.operator, why)
        self.do(*acts, by=by or self.sealed, second=second)

    def gone(self, one: KeySigner, why: recover.Why) -> Act:
        """A removal."""
        with self.store.read() as reader:
            return removal(reader, digest(one.public), why)

    def on(self, which: str = "previous", hours: int = 1) -> Act:
        """Break-glass."""
        with self.store.read() as reader:
            return Act("breakglass", breakglass.on(reader, which, hours, "locked_out", self.clock.now()))

    def put_in_force(self, policy: str, by: KeySigner | None = None) -> None:
        """Another policy."""
        (self.config.home / "policy" / "starter.cedar").write_text(policy)
        activate.activate(self.log, texts.read(self.config.home), by or self.operator, self.clock.now())

    def refused(self, *acts: Act, by: KeySigner | None = None, second: KeySigner | None = None) -> str:
        """The code of a refusal; nothing may have changed."""
        with self.store.read() as reader:
            before = (reader.size(), people.known(reader), reader.state(breakglass.STATE), reader.state("epoch"))
        with pytest.raises(RequestError) as refused:
            self.do(*acts, by=by, second=second)
        with self.store.read() as reader:
            assert before == (
                reader.size(),
                people.known(reader),
                reader.state(breakglass.STATE),
                reader.state("epoch"),
            )
        return refused.value.code


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """At the end the whole log is verified, by somebody who knows the first operator's key alone."""
    made = Team(tmp_path)
    yield made
    report = made.verify()
    assert not report.problems
    assert not report.self_asserted


def test_a_lost_operators_key_is_replaced_by_the_recovery_key(team: Team) -> None:
    """The safe is opened; the old key counts no more, the new one governs the home."""
    team.replaced()
    team.put_in_force(ALLOW, by=team.new)
    with pytest.raises(RequestError) as refused:
        team.put_in_force(NOTHING)
    assert refused.value.code == "not_enrolled"


def test_two_reviewers_replace_it_without_the_safe(team: Team) -> None:
    """Both signatures stand on both leaves."""
    team.replaced(by=team.bob, second=team.cat)
    team.put_in_force(ALLOW, by=team.new)


def test_nobody_replaces_it_alone(team: Team) -> None:
    """No reviewer, no second key of the same person, no stranger, no key less than a day old."""
    acts = enrolment(team.new.public, OWNER, "operator"), team.gone(team.operator, "lost")
    bobs, stranger = key(), key()
    team.do(enrolment(bobs.public, BOB, "reviewer"))
    assert team.refused(*acts, by=team.bob) == "second_person"
    assert team.refused(*acts, by=team.bob, second=team.bob) == "second_person"
    assert team.refused(*acts, by=team.bob, second=bobs) == "second_person"
    assert team.refused(*acts, by=team.bob, second=stranger) == "second_person"
    assert team.refused(*acts, by=stranger, second=team.bob) == "not_enrolled"
    fresh = key()
    team.do(enrolment(fresh.public, user_of("dan"), "reviewer"))
    assert team.refused(*acts, by=team.bob, second=fresh) == "second_person"
    assert team.refused(team.gone(team.operator, "lost"), by=team.sealed) == "last_operator"


async def test_what_a_stolen_key_answered_before_stays_and_nothing_after(team: Team) -> None:
    """A call that passed keeps its proof; a yes not yet used, and one for the session, lift nothing any more."""
    await team.join()
    team.put_in_force(SENDS)
    eve = {"recipient": "eve@example.org", "text": "take it"}
    question = await team.asked(team.call(SEND, MESSAGE))
    team.say(question.id, "approve", terms=Terms(5, 600))
    await team.run(team.call(SEND, MESSAGE))
    await team.run(team.call(SEND, {**MESSAGE, "text": "within the grant"}))
    waiting = await team.asked(team.call(SEND, eve))
    team.say(waiting.id, "approve")
    team.replaced("stolen")
    for arguments in (eve, {**MESSAGE, "text": "another"}):
        asked = await team.asked(team.call(SEND, arguments))
    with pytest.raises(RequestError) as refused:
        team.say(asked.id, "approve")
    assert refused.value.code == "not_enrolled"
    with team.store.read() as reader:
        listed = recover.signed_by(reader, digest(team.operator.public))
    assert {event for _, _, event in listed} >= {"approval", "delegation", "enrol", "recovery"}


async def test_a_permit_of_a_stolen_keys_yes_is_void_at_once(team: Team) -> None:
    """Invariant 6: minted and not yet begun when the key is removed, it runs nothing."""
    await team.join()
    question = await team.asked(team.call(SEND, MESSAGE))
    team.say(question.id, "approve")
    permit = await team.permit(team.call(SEND, MESSAGE))
    team.clock.pass_time(1)
    team.replaced("stolen")
    with pytest.raises(RefusedError) as refused:
        await team.guard.begin(permit)
    assert refused.value.code == "revoked"


async def test_a_reviewer_answers_and_governs_nothing(team: Team) -> None:
    """Enrolling a reviewer gives them a voice: no policy, mode, person or seal."""
    team.put_in_force(ALLOW + '@id("mine/ask")\n@escalate("ops")\nforbid (principal, action, resource);\n')
    members = {"ops": frozenset({BOB})}
    await team.join()
    (team.config.home / "policy" / "entities.json").write_text(
        json.dumps(
            [
                {"uid": {"type": "Group", "id": "ops"}, "attrs": {}, "parents": []},
                {"uid": {"type": "User", "id": "local/bob"}, "attrs": {}, "parents": [{"type": "Group", "id": "ops"}]},
            ]
        )
    )
    activate.activate(team.log, texts.read(team.config.home), team.operator, team.clock.now())
    question = await team.asked(team.call(SEND, MESSAGE))
    answer(team.log, Said(question.id, BOB, "approve", team.clock.now()), team.bob, members.get)
    await team.run(team.call(SEND, MESSAGE))
    for act in (enrolment(team.new.public, user_of("eve"), "reviewer"), sealing(key().public), team.on()):
        assert team.refused(act, by=team.bob) == "second_person"
    with pytest.raises(RequestError) as refused:
        mode.observe(team.log, team.bob, team.clock.now())
    assert refused.value.code == "role_exceeded"
    with pytest.raises(RequestError) as refused:
        team.put_in_force(ALLOW, by=team.sealed)
    assert refused.value.code == "role_exceeded"


async def test_a_policy_that_locks_everybody_out_is_stood_in_for(team: Team) -> None:
    """The last good bundle lets calls pass again, asks as it always did, guards Assent, and ends by itself."""
    await team.join()
    team.put_in_force(NOTHING)
    inside = {"path": str(team.config.home.parent / "notes.txt")}
    assert (await team.refusal(team.call(READ, inside))).decision.verdict == "deny"
    team.do(team.on(), by=team.sealed)
    await team.run(team.call(READ, inside))
    assert (await team.refusal(team.call(SEND, MESSAGE))).decision.verdict == "escalate"
    guarded = {"path": str(team.config.home / "policy" / "starter.cedar")}
    assert (await team.refusal(team.call(READ, guarded))).decision.reasons[0].code == "reaches_assent"
    team.clock.pass_time(3_601)
    assert (await team.refusal(team.call(READ, inside))).decision.verdict == "deny"
    assert breakglass.lapse(team.store, team.log, team.clock.now())
    assert not breakglass.lapse(team.store, team.log, team.clock.now())
    told = [leaf["subject"] for leaf in team.leaves("system") if leaf["event"] == "breakglass"]
    assert [one["state"] for one in told] == ["on", "off"]  # type: ignore[index]


async def test_break_glass_ends_early_by_anybody_who_counts(team: Team) -> None:
    """And for a decision under way: what it started from has moved."""
    await team.join()
    team.put_in_force(NOTHING)
    team.do(team.on(), by=team.bob, second=team.cat)
    team.do(Act("breakglass", {"bundle": "", "reason": "ended", "state": "off", "until": ""}), by=team.bob)
    inside = {"path": str(team.config.home.parent / "notes.txt")}
    assert (await team.refusal(team.call(READ, inside))).decision.verdict == "deny"


async def test_a_clock_that_is_set_back_does_not_make_it_longer(team: Team) -> None:
    """Time is the highest recorded: what had ended stays ended."""
    await team.join()
    team.put_in_force(NOTHING)
    team.do(team.on(), by=team.sealed)
    inside = {"path": str(team.config.home.parent / "notes.txt")}
    await team.run(team.call(READ, inside))
    team.clock.pass_time(3_590)
    await team.run(team.call(READ, inside))
    team.clock.pass_time(20)
    assert (await team.refusal(team.call(READ, inside))).decision.verdict == "deny"
    team.clock.wall -= 25_000  # within what is no jump
    assert (await team.refusal(team.call(READ, inside))).decision.verdict == "deny"
    other = Home(team.config, team.store, team.log, team.clock, team.key)  # a process that has seen nothing yet
    refused = await other.guard.authorize(team.call(READ, inside))
    assert isinstance(refused, Refused)
    assert refused.decision.verdict == "defer"
    assert refused.decision.reasons[0].code == "break_glass_over"


def test_break_glass_takes_a_bundle_that_was_in_force_or_sealed(team: Team) -> None:
    """For eight hours at most; a bundle that only lies in the archive, or nowhere, is none."""
    team.put_in_force(NOTHING)
    found = texts.Texts((Source("night.cedar", ALLOW),), "", texts.shipped())
    bundle, _ = found.check()
    team.log.submit(lambda tx: tx.put_archive(bundle.digest, "bundle", bundle.archive()), durable=True).result()
    until = "2026-09-21T15:00:00.000Z"
    for digest_, code in ((bundle.digest, "no_such_bundle"), (digest(b"nowhere"), "no_such_bundle")):
        act = Act("breakglass", {"bundle": digest_, "reason": "night", "state": "on", "until": until})
        assert team.refused(act, by=team.sealed) == code
    for hours in (0, 9):
        with pytest.raises(RequestError) as refused:
            team.on(hours=hours)
        assert refused.value.code == "breakglass_too_long"
    far = {**team.on().subject, "until": "2027-01-01T00:00:00.000Z"}
    assert team.refused(Act("breakglass", far), by=team.sealed) == "breakglass_too_long"
    breakglass.seal(team.log, "night", found, team.operator, team.clock.now())
    team.do(team.on("night"), by=team.bob, second=team.operator)
    assert team.home.rules().bundle.digest == bundle.digest
    assert team.refused(team.on("night"), by=team.operator) == "second_person"


def test_a_rehearsal_goes_the_whole_way_and_changes_nobodys_authority(team: Team) -> None:
    """Keys, epoch and policy are the same before and after; one signed leaf says that it went."""
    with team.store.read() as reader:
        before = (people.known(reader), people.operators(reader), reader.state("epoch"), reader.size())
    rehearse(team.log, team.sealed, key(), team.clock.now())
    with team.store.read() as reader:
        assert before == (
            *(people.known(reader), people.operators(reader), reader.state("epoch")),
            reader.size() - 1,
        )
    assert team.leaves("system")[-1]["subject"]["change"] == "rehearsed"  # type: ignore[index]
    for wrong in (team.operator, team.bob, key()):
        with pytest.raises(RequestError) as refused:
            rehearse(team.log, wrong, key(), team.clock.now())
        assert refused.value.code == "other_recovery"


def test_the_sealed_key_is_replaced_by_itself_or_two_people_never_by_the_operator(team: Team) -> None:
    """A thief with the operator's key would else take the way back away."""
    fresh = key()
    assert team.refused(sealing(fresh.public)) == "second_person"
    team.do(sealing(fresh.public), by=team.sealed)
    assert team.refused(sealing(key().public), by=team.sealed) == "not_enrolled"
    team.do(sealing(key().public), by=team.operator, second=team.bob)
    assert team.refused(team.gone(team.bob, "left"), by=fresh) == "not_enrolled"


def test_a_removed_key_never_comes_back(team: Team) -> None:
    """Under no name and no role."""
    team.do(team.gone(team.cat, "left"))
    for role, user in (("reviewer", CAT), ("operator", BOB)):
        made: Role = "reviewer" if role == "reviewer" else "operator"
        assert team.refused(enrolment(team.cat.public, user, made)) == "key_removed"
    assert team.refused(sealing(team.cat.public), by=team.sealed) == "key_removed"
    assert team.refused(enrolment(team.bob.public, CAT, "reviewer")) == "key_known"


def test_nobody_is_enrolled_who_is_drawn_like_somebody(team: Team) -> None:
    """`local/bob` and `1ocal/bob` would be one person for whoever reads a card."""
    assert team.refused(enrolment(key().public, user_of("1ocal/bob"), "reviewer")) == "looks_like_another"


def test_a_word_of_a_second_person_is_used_once(team: Team) -> None:
    """Break-glass that was ended is not switched on again with the same signature."""
    team.put_in_force(NOTHING)
    request = Request(team.log.origin, (team.on(),)).second(team.cat, team.clock.now())
    perform(team.log, request, team.bob, team.clock.now())
    team.do(Act("breakglass", {"bundle": "", "reason": "ended", "state": "off", "until": ""}), by=team.cat)
    with pytest.raises(RequestError) as refused:
        perform(team.log, request, team.bob, team.clock.now())
    assert refused.value.code == "second_person"


def _moved(told: dict[str, object]) -> object:
    return {**told, "origin": "assent/other"}


def _other_event(told: dict[str, object]) -> object:
    acts: list[dict[str, object]] = told["acts"]  # type: ignore[assignment]
    return {**told, "acts": [{**acts[0], "event": "mode"}], "seconds": []}


def _executor(told: dict[str, object]) -> object:
    acts: list[dict[str, dict[str, object]]] = told["acts"]  # type: ignore[assignment]
    return {**told, "acts": [{"event": "enrol", "subject": {**acts[0]["subject"], "server": "files"}}], "seconds": []}


def _other_key(told: dict[str, object]) -> object:
    acts: list[dict[str, dict[str, object]]] = told["acts"]  # type: ignore[assignment]
    subject = {**acts[0]["subject"], "fingerprint": digest(b"another")}
    return {**told, "acts": [{"event": "enrol", "subject": subject}], "seconds": []}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda told: {**told, "format": "assent-request/2"}, "bad_request"),
        (lambda told: {**told, "more": 1}, "bad_request"),
        (lambda told: {**told, "acts": []}, "bad_request"),
        (lambda told: {**told, "acts": told["acts"] * 9, "seconds": []}, "bad_request"),
        (lambda told: {**told, "acts": [{"event": "enrol", "subject": 7}], "seconds": []}, "bad_request"),
        (lambda told: {**told, "seconds": [7]}, "bad_request"),
        (lambda told: {**told, "seconds": told["seconds"] * 2}, "bad_request"),
        (lambda told: [told], "bad_request"),
        (_moved, "other_log"),
        (_other_event, "bad_request"),
        (_executor, "bad_request"),
        (_other_key, "bad_request"),
    ],
)
def test_a_request_that_somebody_has_changed_is_refused(
    team: Team, change: Callable[[dict[str, object]], object], code: str
) -> None:
    """The file goes through others' hands: whatever is wrong with it is said, and nothing is done."""
    request = Request(team.log.origin, (enrolment(team.new.public, OWNER, "operator"),))
    told = json.loads(request.second(team.cat, team.clock.now()).text())
    with pytest.raises(RequestError) as refused:
        perform(team.log, Request.parse(canonicalize(change(told))), team.operator, team.clock.now())
    assert refused.value.code == code


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":1,"a":2}', b"x" * 70_000])
def test_what_is_no_request_is_refused(data: bytes) -> None:
    """Not JSON, not UTF-8, too deep, a member twice, too long."""
    with pytest.raises(RequestError) as refused:
        Request.parse(data)
    assert refused.value.code == "bad_request"


def test_a_home_from_before_there_could_be_several_goes_on(team: Team) -> None:
    """Its one operator is known by the receipt of the enrolment, and may at once be one of two."""
    with team.store.read() as reader:
        now = people.known(reader)[digest(team.operator.public)]
        before = people.known(_Before(reader))  # type: ignore[arg-type]
    assert before == {digest(team.operator.public): replace(now, since=0)}


class _Before:
    """A reader of a home without the state that names its people."""

    def __init__(self, reader: Reader) -> None:
        self.leaves = reader.leaves
        self.state = lambda name: None if name == people.STATE else reader.state(name)
