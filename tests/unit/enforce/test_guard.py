"""The straight line of one action: what is allowed, refused, asked, and what is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from assent_verify.canonical import canonicalize
from assent_verify.opening import open_values

from assent.enforce.guard import AT_ONCE_MS, Allowed, Refused
from assent.errors import ConflictError, RefusedError, RequestError, UnavailableError
from assent.model.ids import AttemptId, LeafIndex, SessionId
from assent.model.outcome import Outcome
from assent.ports import Transaction
from tests.world import World, tool

READ = tool("list_things", query={"type": "string"})
SEND = tool("send_message", recipient={"type": "string"}, text={"type": "string"})
MESSAGE = {"recipient": "bob@example.org", "text": "hello"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A home under the starter policy; at the end its whole log is verified."""
    made = World(tmp_path)
    yield made
    made.verify()


async def test_a_read_is_allowed_once_and_leaves_decision_and_outcome(world: World) -> None:
    """Only `allow` lets anything happen, and each allow has one receipt and one outcome."""
    await world.join()
    await world.run(world.call(READ, {"query": "x"}))
    decision, outcome = world.leaves("decision")[0], world.leaves("outcome")[0]
    assert (decision["verdict"], outcome["status"]) == ("allow", "succeeded")
    assert decision["attempt"] == outcome["attempt"]


async def test_an_unknown_session_is_refused_and_never_created(world: World) -> None:
    """DESIGN §5: an unknown id is refused."""
    await world.join()
    world.session = SessionId("ses_" + "a" * 26)
    assert (await world.refusal(world.call(READ))).decision.reasons[0].code == "unknown_session"
    with world.store.read() as reader:
        assert len(reader.sessions(open_only=False)) == 1


async def test_a_permit_works_once(world: World) -> None:
    """Invariant 2: a permit works once, for one attempt."""
    await world.join()
    permit = await world.permit(world.call(READ))
    await world.guard.begin(permit)
    with pytest.raises(RefusedError, match="used"):
        await world.guard.begin(permit)
    await world.guard.settle(permit, Outcome("succeeded", "gateway"))
    with pytest.raises(RefusedError):
        await world.guard.settle(permit, Outcome("succeeded", "gateway"))
    assert len(world.leaves("outcome")) == 1


async def test_what_cannot_be_undone_asks_and_runs_once_after_yes(world: World) -> None:
    """DESIGN §4.7: an approval is an input to a fresh decision, consumed with the permit."""
    await world.join()
    call = world.call(SEND, MESSAGE)
    question = await world.asked(call)
    assert (await world.asked(call)).id == question.id  # the same call attaches to the same attempt
    world.say(question.id, "approve")
    permit = await world.permit(call)
    assert permit.attempt == question.attempt
    await world.guard.begin(permit)
    await world.guard.settle(permit, Outcome("succeeded", "gateway"))
    assert (await world.asked(call)).id != question.id  # a later identical call is a new attempt
    assert world.leaves("decision")[-2]["approvals"] == [question.id]


async def test_a_yes_does_not_work_for_other_arguments(world: World) -> None:
    """Invariant 3: an approval cannot be moved to other arguments."""
    await world.join()
    question = await world.asked(world.call(SEND, MESSAGE))
    world.say(question.id, "approve")
    other = await world.asked(world.call(SEND, {**MESSAGE, "text": "something else"}))
    assert other.id != question.id


async def test_a_yes_lifts_no_rule_that_was_not_shown(world: World) -> None:
    """Invariant 3: a new escalation, or one whose text changed, needs a new answer."""
    await world.join()
    call = world.call(SEND, MESSAGE)
    question = await world.asked(call)
    world.say(question.id, "approve")
    policy = (world.config.home / "policy" / "starter.cedar").read_text()
    world.activate(policy + '\n@id("new")\n@escalate("owner")\n@self\nforbid (principal, action, resource);\n')
    assert (await world.asked(call)).id != question.id


async def test_a_yes_lifts_no_base_deny(world: World) -> None:
    """DESIGN §4.2: a deny of the base layer is final."""
    await world.join()
    call = world.call(SEND, MESSAGE)
    world.say((await world.asked(call)).id, "approve")
    world.activate('@id("no")\nforbid (principal, action, resource);\n')
    assert (await world.refusal(call)).decision.verdict == "deny"


async def test_a_no_holds_for_the_session_and_is_not_asked_again(world: World) -> None:
    """DESIGN §4.7: a person's no holds for the same tool and targets."""
    await world.join()
    question = await world.asked(world.call(SEND, MESSAGE))
    world.say(question.id, "deny")
    for text in ("hello", "hello again"):
        refused = await world.refusal(world.call(SEND, {**MESSAGE, "text": text}))
        assert (refused.decision.verdict, refused.approval) == ("deny", None)


async def test_silence_is_never_assent(world: World) -> None:
    """DESIGN §4.8: an expired question gives `defer`; asking again is a new question."""
    await world.join()
    call = world.call(SEND, MESSAGE)
    question = await world.asked(call)
    world.clock.pass_time(3600)
    assert (await world.refusal(call)).decision.verdict == "defer"
    with pytest.raises(RequestError) as late:
        world.say(question.id, "approve")
    assert late.value.code == "expired"
    assert (await world.asked(call)).id != question.id


async def test_an_answer_can_be_given_once_and_not_after_the_session(world: World) -> None:
    """Answered twice, and for a finished session: refused by name."""
    await world.join()
    first = await world.asked(world.call(SEND, MESSAGE))
    world.say(first.id, "approve")
    with pytest.raises(RequestError) as twice:
        world.say(first.id, "approve")
    assert twice.value.code == "already_answered"
    second = await world.asked(world.call(SEND, {**MESSAGE, "recipient": "eve@example.org"}))
    await world.home.sessions.leave(world.session)
    with pytest.raises(RequestError) as over:
        world.say(second.id, "approve")
    assert over.value.code == "session_ended"


async def test_a_revocation_is_seen_before_the_effect(world: World) -> None:
    """Invariant 6: an earlier permit cannot start an effect after the epoch has moved."""
    await world.join()
    permit = await world.permit(world.call(READ))
    world.put_state("epoch", "1")
    world.clock.pass_time((AT_ONCE_MS + 1) / 1000)
    with pytest.raises(RefusedError) as refused:
        await world.guard.begin(permit)
    assert refused.value.code == "revoked"
    assert world.leaves("outcome")[-1]["status"] == "failed"


async def test_a_permit_bounds_the_start_of_its_effect(world: World) -> None:
    """DESIGN §2: short-lived."""
    await world.join()
    permit = await world.permit(world.call(READ))
    world.clock.pass_time(61)
    with pytest.raises(RefusedError) as refused:
        await world.guard.begin(permit)
    assert refused.value.code == "permit_expired"


async def test_nothing_happens_in_a_session_that_has_ended(world: World) -> None:
    """All privilege ends with the session."""
    await world.join()
    await world.run(world.call(READ))
    await world.home.sessions.leave(world.session)
    assert (await world.refusal(world.call(READ))).decision.reasons[0].code == "session_ended"


async def test_what_is_not_durable_is_not_allowed(world: World) -> None:
    """Invariant 8: a store that cannot be written denies, and works again by itself."""
    await world.join()
    world.memory.broken = True
    refused = await world.refusal(world.call(READ))
    assert (refused.decision.verdict, refused.decision.reasons[0].code) == ("deny", "not_durable")
    assert refused.receipt is None
    world.memory.broken = False
    await world.run(world.call(READ))


async def test_an_outcome_that_cannot_be_stored_releases_nothing(world: World) -> None:
    """DESIGN §3: labels are visible to every process before the first byte is released."""
    await world.join()
    permit = await world.permit(world.call(READ))
    await world.guard.begin(permit)
    world.memory.broken = True
    with pytest.raises(UnavailableError):
        await world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"), {})
    world.home.recover()


async def test_a_secret_in_an_output_labels_the_session_and_stops_what_leaves(world: World) -> None:
    """DESIGN §4.5: with something to lose, every call to an external server sends."""
    await world.join()
    await world.run(world.call(READ), output="AKIA" + "IOSFODNN7EXAMPLE")
    with world.store.read() as reader:
        session = reader.session(world.session)
    assert session is not None
    assert "secret" in session.labels
    world.server = type(world.server)("elsewhere", zone="external")
    assert (await world.refusal(world.call(READ))).decision.verdict == "deny"


async def test_reading_a_private_file_labels_the_session_and_asks_before_anything_leaves(world: World) -> None:
    """DESIGN §4.5: not forbidden, for a person may want it; visible to every server of the client."""
    await world.join()
    letter = world.config.home.parent / "Documents" / "letter.txt"
    letter.parent.mkdir()
    letter.write_text("dear ana")
    world.server = replace(world.server, cwd="/")
    await world.run(world.call(READ, {"path": str(letter)}), output="dear ana")
    with world.store.read() as reader:
        session = reader.session(world.session)
    assert session is not None
    assert "private" in session.labels
    brought = [leaf for leaf in world.leaves("outcome") if "private" in leaf["labels"]]  # type: ignore[operator]
    assert len(brought) == 1
    world.server = type(world.server)("elsewhere", zone="external")
    refused = await world.refusal(world.call(READ, {"query": "weather"}))
    assert refused.decision.verdict == "escalate"
    assert "starter/private-asks" in {reason.policy for reason in refused.decision.reasons}


async def test_a_secret_in_the_name_of_an_argument_is_kept_nowhere(world: World) -> None:
    """DESIGN §7: neither beside the log nor on a card; the verifier opens what is left."""
    await world.join()
    token = "gh" + "p_" + "a1" * 18
    refused = await world.refusal(world.call(SEND, {**MESSAGE, token: "x"}))
    assert refused.receipt is not None
    with world.store.read() as reader:
        kept = reader.sidecar(refused.receipt)
        cards = [approval.card for approval in reader.approvals()]
    assert kept is not None
    assert token not in kept.values
    assert all(token not in card for card in cards)
    assert token not in refused.message
    with world.store.read() as reader:
        leaf = reader.leaf(refused.receipt)
    assert leaf is not None
    open_values(json.loads(leaf), kept.salt, json.loads(kept.values))


async def test_a_new_session_of_the_client_inherits_labels_for_an_hour(world: World) -> None:
    """DESIGN §5: ending a session does not wash off what it has seen."""
    await world.join()
    await world.run(world.call(READ), output="AKIA" + "IOSFODNN7EXAMPLE")
    await world.home.sessions.leave(world.session)
    world.clock.pass_time(3000)
    heir = await world.join()
    with world.store.read() as reader:
        session = reader.session(heir)
    assert session is not None
    assert "secret" in session.labels
    await world.home.sessions.leave(world.session)
    world.clock.pass_time(4000)
    stranger = await world.join("other", "boot:2:2")
    with world.store.read() as reader:
        assert "secret" not in (reader.session(stranger) or session).labels


async def test_what_may_have_happened_is_never_repeated_by_itself(world: World) -> None:
    """DESIGN §3: an open or unknown attempt of the same effect escalates; reads do not."""
    await world.join()
    call = world.call(SEND, MESSAGE)
    world.say((await world.asked(call)).id, "approve")
    permit = await world.permit(call)
    await world.guard.begin(permit)
    again = await world.refusal(call)
    assert "may_have_happened" in {reason.code for reason in again.decision.reasons}
    await world.guard.settle(permit, Outcome("unknown", "gateway", detail="server_died"))
    still = await world.refusal(call)
    assert "may_have_happened" in {reason.code for reason in still.decision.reasons}


async def test_a_kept_result_is_given_out_once(world: World) -> None:
    """DESIGN §3: the caller vanished; the next identical call gets the result, a later one is decided anew."""
    await world.join()
    await world.run(world.call(READ, {"query": "warm"}))  # the session is known: the quick way must look too
    call = world.call(READ, {"query": "x"})
    permit = await world.permit(call)
    await world.guard.begin(permit)
    await world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"), {})
    await world.guard.keep(permit, b'{"kept":true}')
    assert isinstance(await world.guard.authorize(world.call(READ, {"query": "other"})), Allowed)
    assert await world.guard.authorize(call) == Allowed(None, b'{"kept":true}')
    ruling = await world.guard.authorize(call)
    assert isinstance(ruling, Allowed)
    assert ruling.permit is not None


@pytest.mark.parametrize("seconds", [-31, 31, 86_400])
async def test_a_clock_that_jumps_defers_until_confirmed(world: World, seconds: int) -> None:
    """DESIGN §5: a jump of more than 30 s either way."""
    await world.join()
    await world.run(world.call(READ))
    world.clock.pass_time(2)
    await world.run(world.call(READ))
    world.clock.wall += seconds * 1000
    for _ in range(2):
        refused = await world.refusal(world.call(READ))
        assert refused.decision.verdict == "defer"
    world.clock.wall -= seconds * 1000


async def test_rules_that_change_between_decision_and_commit_are_decided_again(world: World) -> None:
    """DESIGN §3: compare and commit."""
    await world.join()
    await world.run(world.call(READ))
    world.activate('@id("no")\nforbid (principal, action, resource);\n')  # the guard still remembers the old ones
    assert (await world.refusal(world.call(READ))).decision.verdict == "deny"


async def test_versions_that_never_rest_defer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN §3: three times, then `defer`, with a receipt."""
    await world.join()

    def moved(tx: object, proposal: object) -> None:
        raise ConflictError("moved", "always")

    monkeypatch.setattr("assent.enforce.commit.compare", moved)
    refused = await world.refusal(world.call(READ))
    assert refused.decision.verdict == "defer"
    assert refused.receipt is not None


async def test_a_receipt_that_does_not_fit_denies(world: World) -> None:
    """DESIGN §7: deny `receipt_too_large`, never truncated."""
    await world.join()
    rules = "".join(f'@id("{"x" * 50}{n}")\npermit (principal, action, resource);\n' for n in range(200))
    world.activate(rules)
    refused = await world.refusal(world.call(READ))
    assert (refused.decision.verdict, refused.decision.reasons[0].code) == ("deny", "receipt_too_large")
    assert refused.receipt is not None


async def test_an_obligation_nobody_can_carry_out_denies(world: World) -> None:
    """DESIGN §4.6: a PEP that cannot carry one out must not execute."""
    await world.join()
    world.activate('@id("mask")\n@redact("email")\n@on("output")\npermit (principal, action, resource);\n')
    refused = await world.refusal(world.call(READ))
    assert "obligation_unsupported" in {reason.code for reason in refused.decision.reasons}


async def test_a_barred_call_is_denied_whatever_policy_says(world: World) -> None:
    """A changed or unknown tool leaves a receipt and never runs."""
    await world.join()
    world.activate('@id("all")\npermit (principal, action, resource);\n')
    refused = await world.refusal(world.call(READ, barred="tool_changed"))
    assert refused.decision.reasons[0].code == "tool_changed"
    assert world.leaves("decision")[-1]["verdict"] == "deny"


async def test_secrets_are_never_stored_in_the_clear(world: World) -> None:
    """DESIGN §7: values that a detector calls secret are in no leaf and no sidecar."""
    await world.join()
    secret = "ghp_" + "a1B2" * 9
    await world.guard.authorize(world.call(READ, {"query": secret}))
    with world.store.read() as reader:
        for index, data in reader.leaves():
            sidecar = reader.sidecar(index)  # type: ignore[arg-type]
            assert secret.encode() not in data
            assert sidecar is None or secret not in sidecar.values


async def test_nothing_of_the_agent_stands_in_a_leaf(world: World) -> None:
    """DESIGN §7: arguments, unknown tool names and task text are commitments."""
    await world.join()
    await world.guard.authorize(world.call(READ, {"query": "a very private word"}))
    unknown = replace(world.call(READ), definition=None, tool="private name", barred="unknown_tool")
    await world.guard.authorize(unknown)
    with world.store.read() as reader:
        text = b"".join(data for _, data in reader.leaves())
    assert b"private" not in text


async def test_racing_identical_calls_are_seen_as_one_effect(world: World) -> None:
    """Two identical writes at once: one runs, the other is told that it may have happened."""
    await world.join()
    world.activate('@id("all")\npermit (principal, action, resource);\n')
    call = world.call(SEND, MESSAGE)
    await world.run(world.call(READ))
    rulings = await asyncio.gather(*(world.guard.authorize(call) for _ in range(6)))
    assert sum(isinstance(ruling, Allowed) for ruling in rulings) == 1
    refused = next(ruling for ruling in rulings if isinstance(ruling, Refused))
    assert refused.decision.verdict == "escalate"


async def test_a_preview_leaves_nothing_behind(world: World) -> None:
    """`assent decide`: no effect, no receipt, no question."""
    await world.join()
    before = len(world.leaves())
    assert world.guard.preview(world.call(SEND, MESSAGE)).verdict == "escalate"
    assert len(world.leaves()) == before
    with world.store.read() as reader:
        assert not reader.approvals()


async def test_a_session_asks_only_so_many_questions(world: World) -> None:
    """Questions are bounded, so that nobody is tired into saying yes; beyond it, `defer`."""
    await world.join()
    for number in range(20):
        await world.asked(world.call(SEND, {**MESSAGE, "recipient": f"p{number}@r{number}.example"}))
    refused = await world.refusal(world.call(SEND, {**MESSAGE, "recipient": "p@one-more.example"}))
    assert (refused.decision.verdict, refused.decision.reasons[0].code) == ("defer", "too_many_questions")


async def test_a_variation_of_an_open_question_replaces_it(world: World) -> None:
    """DESIGN §8: variations of one call count as one question."""
    await world.join()
    first = await world.asked(world.call(SEND, MESSAGE))
    await world.asked(world.call(SEND, {**MESSAGE, "text": "reworded"}))
    with world.store.read() as reader:
        assert len(reader.approvals(status="pending")) == 1
        assert reader.approval(first.id).status == "cancelled"  # type: ignore[union-attr]


async def test_the_response_is_what_is_committed_to(world: World) -> None:
    """An outcome names the exact bytes by commitment, never in the clear."""
    await world.join()
    await world.run(world.call(READ), output="a private answer")
    assert str(world.leaves("outcome")[0]["response"]).startswith("sha256:")
    assert b"private answer" not in canonicalize(world.leaves("outcome")[0])


WRITER = """
[server]
name = "files"
[tools.write_note]
effects = ["write"]
reversibility = "compensable"
targets = { path = "path" }
analysers = ["path"]
"""


async def test_clear_values_and_prior_bytes_are_erased_when_their_time_is_over(tmp_path: Path) -> None:
    """DESIGN §7: kept 30 days unless configured; every proof stays valid."""
    world = World(tmp_path, '@id("all")\npermit (principal, action, resource);\n', WRITER)
    await world.join()
    (tmp_path / "note").write_text("from before")
    world.server = replace(world.server, roots=(str(tmp_path),), roots_known=True)
    note = tool("write_note", path={"type": "string"})
    await world.run(world.call(note, {"path": str(tmp_path / "note")}))
    attempt = AttemptId(str(world.leaves("decision")[0]["attempt"]))
    with world.store.read() as reader:
        assert [prior.content for prior in reader.priors(attempt)] == [b"from before"]
    world.clock.pass_time(29 * 86_400)
    assert world.home.sweep() == 0
    world.clock.pass_time(2 * 86_400)
    assert world.home.sweep() > 0
    with world.store.read() as reader:
        assert not reader.priors(attempt)
        assert all(reader.sidecar(LeafIndex(index)) is None for index, _ in reader.leaves())
    world.verify()


async def test_an_inferred_tool_may_not_read_where_secrets_are(world: World) -> None:
    """A path in an argument that nobody declared is a path all the same."""
    await world.join()
    open_schema = tool("get_it", hint={"type": "string"})
    refused = await world.refusal(world.call(open_schema, {"anything": "/home/ana/.ssh/id_rsa"}))
    assert refused.decision.verdict == "deny"
    refused = await world.refusal(world.call(open_schema, {"command": "rm -rf x"}))
    assert refused.decision.verdict == "escalate"


async def test_a_card_holds_no_secret(world: World) -> None:
    """DESIGN §7: secrets are never stored, on a card neither; the person is told that there is one."""
    await world.join()
    secret = "ghp_" + "a1B2" * 9
    question = await world.asked(world.call(tool("save_thing", value={"type": "string"}), {"value": secret}))
    assert secret not in question.card
    assert "withheld" in question.card


async def test_a_yes_outlives_the_first_untrusted_output(world: World) -> None:
    """Nearly every session reads something: that is no reason to void what a person said of one exact action."""
    await world.join()
    call = world.call(SEND, MESSAGE)
    question = await world.asked(call)
    await world.run(world.call(READ))
    world.say(question.id, "approve")
    await world.run(world.call(READ, {"query": "more"}))
    assert (await world.permit(call)).attempt == question.attempt


async def test_a_yes_is_void_once_the_session_has_seen_a_secret_and_says_so(world: World) -> None:
    """DESIGN §4.7: it is bound to the facts shown; the person and the agent are told what happened."""
    policy = (world.config.home / "policy" / "starter.cedar").read_text()
    world.activate(
        "".join(policy.partition('@id("starter/outbound")')[1:]) + '@id("p")\npermit (principal, action, resource);\n'
    )
    await world.join()
    first = await world.asked(world.call(SEND, MESSAGE))
    other = await world.asked(world.call(SEND, {**MESSAGE, "recipient": "eve@example.net"}))
    world.say(first.id, "approve")
    await world.run(world.call(READ), output="AKIA" + "IOSFODNN7EXAMPLE")
    with pytest.raises(RequestError) as late:
        world.say(other.id, "approve")
    assert late.value.code == "facts_changed"
    again = await world.refusal(world.call(SEND, MESSAGE))
    assert again.decision.reasons[0].code == "facts_changed"
    assert again.approval is not None
    assert again.approval.id != first.id
    assert world.say(again.approval.id, "approve").status == "approved"
    assert (await world.permit(world.call(SEND, MESSAGE))).attempt == again.approval.attempt


NOTE = (
    "the quarterly numbers of the northern region are far below what was promised and nobody may know it before monday"
)


async def test_text_of_another_server_asks_before_it_leaves(world: World) -> None:
    """DESIGN §4.5: a long passage; not what the recipient itself gave, and not to a server of one's own."""
    await world.join()
    files, web = world.server, replace(world.server, name="web", zone="external")
    await world.run(world.call(READ), output=f"Minutes: {NOTE}.")
    await world.run(world.call(READ, {"query": NOTE.upper()}))
    world.server = web
    refused = await world.refusal(world.call(READ, {"query": "is it so that " + NOTE.upper()}))
    assert refused.decision.verdict == "escalate"
    assert refused.decision.effects == ("read", "send")
    assert "starter/text-asks" in {reason.policy for reason in refused.decision.reasons}
    other = "what the weather in the alps will be like on the second weekend of september if it stays as it is today"
    await world.run(
        world.call(READ, {"query": other}), output=f"You asked: {other}? It will rain, says the institute there."
    )
    await world.run(world.call(READ, {"query": f"more about: {other}? It will rain, says the institute there."}))
    world.server = replace(files, zone="own")
    await world.run(world.call(READ, {"query": NOTE}))


async def test_a_local_server_that_reaches_the_network_is_no_longer_local(world: World) -> None:
    """A host in its arguments, by its profile; its own machine is none."""
    await world.join()
    fetch = tool("get_page", url={"type": "string", "format": "uri"}, query={"type": "string"})
    await world.run(world.call(READ), output=NOTE)
    world.server = replace(world.server, name="pages")
    here = await world.refusal(world.call(fetch, {"url": "http://localhost:8000/", "query": NOTE}))
    away = await world.refusal(world.call(fetch, {"url": "http://example.org/", "query": NOTE}))
    assert "starter/text-asks" not in {reason.policy for reason in here.decision.reasons}
    assert "starter/text-asks" in {reason.policy for reason in away.decision.reasons}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("resources/read", {"uri": "notes://x?q=" + NOTE.replace(" ", "%20")}),
        ("prompts/get", {"name": "p", "arguments": {"topic": NOTE}}),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a", "value": NOTE}}),
        ("sampling/createMessage", {"answer": {"content": {"type": "text", "text": NOTE}}, "asked": {}}),
        ("elicitation/create", {"answer": {"action": "accept", "content": {"why": NOTE}}, "asked": {}}),
        ("roots/list", {"answer": {"roots": [{"uri": "file:///" + NOTE.replace(" ", "_")}]}, "asked": {}}),
        ("tasks/update", {"taskId": "t", "inputResponses": {"a": {"action": "accept", "content": {"why": NOTE}}}}),
    ],
)
async def test_every_way_to_a_server_is_looked_at(world: World, method: str, params: dict[str, object]) -> None:
    """DESIGN §4.5, §8: not tool calls alone."""
    await world.join()
    await world.run(world.call(READ), output=NOTE)
    call = replace(world.call(READ), method=method, tool=method, definition=None, params=params)
    call = replace(call, server=replace(world.server, name="web", zone="external"))
    refused = await world.refusal(call)
    assert "send" in refused.decision.effects
    assert "starter/text-asks" in {reason.policy for reason in refused.decision.reasons}


async def test_answers_that_ride_inside_a_call_are_looked_at(world: World) -> None:
    """MCP 2026-07-28: what the client was asked goes along beside the arguments."""
    await world.join()
    await world.run(world.call(READ), output=NOTE)
    call = world.call(READ, {"query": "x"})
    call = replace(call, server=replace(world.server, name="web", zone="external"))
    inside = {**call.params, "inputResponses": {"a": {"action": "accept", "content": {"why": NOTE}}}}
    assert "send" in (await world.refusal(replace(call, params=inside))).decision.effects
    token = {**call.params, "inputResponses": {"a": {"content": {"key": "gh" + "p_" + "a1" * 18}}}}
    assert (await world.refusal(replace(call, params=token))).decision.verdict == "deny"


async def test_text_that_another_process_adds_meanwhile_is_noticed_at_the_commit(world: World) -> None:
    """DESIGN §3: read in one server, sent in another, at the same time; whoever comes second knows of the first."""
    await world.join()
    reading = world.call(READ)
    sending = replace(world.call(READ, {"query": NOTE}), server=replace(world.server, name="web", zone="external"))
    permit = await world.permit(reading)
    await world.guard.begin(permit)
    response = {"content": [{"type": "text", "text": NOTE}]}
    commit = world.log.commit
    late: list[bool] = []

    async def slow(job: Callable[[Transaction], object], **how: bool) -> object:
        if not late:  # the decision is made: now the other process settles
            late.append(True)
            await world.guard.settle(permit, Outcome("succeeded", "gateway", canonicalize(response)), response)
        return await commit(job, **how)

    world.log.commit = slow  # type: ignore[method-assign, assignment]
    refused = await world.refusal(sending)
    assert late
    assert refused.decision.verdict == "escalate"


async def test_a_link_swapped_after_the_decision_is_noticed_before_the_effect(world: World) -> None:
    """A swap race: whoever swaps links while calls run never gets one through to the other file."""
    await world.join()
    folder = world.config.home.parent
    plain, secret, link = folder / "plain.txt", folder / ".env", folder / "link"
    plain.write_text("nothing")
    secret.write_text("hidden")
    link.symlink_to(plain)
    call = world.call(READ, {"query": str(link)})
    await world.run(call)
    permit = await world.permit(call)
    swapped = folder / "other"
    swapped.symlink_to(secret)
    os.replace(swapped, link)
    with pytest.raises(RefusedError, match="path"):
        await world.guard.begin(permit)
    assert world.leaves("outcome")[-1]["detail"] == "path_changed"
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for target in (plain, secret):
                swapped.symlink_to(target)
                os.replace(swapped, link)

    swapper = threading.Thread(target=swap)
    swapper.start()
    begun = 0
    try:
        for _ in range(60):
            ruling = await world.guard.authorize(call)
            if isinstance(ruling, Allowed) and ruling.permit is not None:
                try:
                    await world.guard.begin(ruling.permit)
                except RefusedError:
                    continue
                begun += 1
                await world.guard.settle(ruling.permit, Outcome("succeeded", "gateway"), {})
    finally:
        stop.set()
        swapper.join()
    decided = [leaf for leaf in world.leaves("decision") if leaf["verdict"] == "allow"]
    lost = [leaf for leaf in world.leaves("outcome") if leaf["detail"] == "path_changed"]
    assert len(decided) == 1 + begun + len(lost)  # every allow ran with the file it was decided on, or was lost
