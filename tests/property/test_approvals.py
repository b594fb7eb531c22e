"""Questions and answers in any order, against a model that fits on a page (DESIGN §4.7, invariant 3).

The real guard, log and policy: what an agent asks for, what people say, time that
passes, sessions that end. At the end of each run the whole log is verified.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from assent_verify.canonical import digest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assent.admin import signed
from assent.approve.answer import Said, answer
from assent.approve.question import HELD_MS
from assent.enforce.guard import Allowed, Refused
from assent.errors import RequestError
from assent.keys.file import KeySigner
from assent.model.ids import ApprovalId, PrincipalId
from assent.model.outcome import Outcome
from assent.model.permit import Permit
from tests.world import World, tool

T = TypeVar("T")
SEND = tool("send_message", recipient={"type": "string"}, text={"type": "string"})
POLICY = """
@id("use")
permit (principal, action, resource);
@id("ask")
@escalate("ops")
@quorum("2")
@expires("10m")
forbid (principal, action, resource);
"""
PEOPLE = ("ana", "bea", "cid", "dan")  # ana owns the agent, and the rule does not say @self
MINUTE = 60_000
Act = tuple[str, str]  # recipient and text: a no holds for the recipient, a yes for both
acts = st.tuples(st.sampled_from(("bob@example.org", "eve@example.org")), st.sampled_from(("one", "two")))


@dataclass
class Question:
    """All that the model remembers of a question."""

    id: ApprovalId
    expires: int
    status: str = "pending"
    answered: dict[str, str] = field(default_factory=dict)


class Answering(RuleBasedStateMachine):
    """Whatever happens in whatever order, an effect needs two fresh yeses to exactly it, and no no."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.world = World(self.folder)
        self.now = self.world.clock.now
        self.keys = {name: KeySigner(Ed25519PrivateKey.generate(), "passphrase") for name in PEOPLE[1:]}
        self.keys["ana"] = self.world.operator
        self.questions: dict[Act, Question] = {}
        self.refused: set[str] = set()
        self.over: list[ApprovalId] = []

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(doing)

    @initialize()
    def people(self) -> None:
        group = {"type": "Group", "id": "ops"}
        known: list[object] = [{"uid": group, "attrs": {}, "parents": []}]
        known += [{"uid": {"type": "User", "id": f"local/{n}"}, "attrs": {}, "parents": [group]} for n in PEOPLE]
        (self.world.config.home / "policy" / "entities.json").write_text(json.dumps(known))
        self.world.activate(POLICY)
        for name in PEOPLE[1:]:
            self.enrol(name)
        self.run(self.world.join())

    def enrol(self, name: str) -> None:
        key, user = self.keys[name], f'User::"local/{name}"'
        subject = {"fingerprint": digest(key.public), "key": base64.b64encode(key.public).decode(), "user": user}
        log, operator = self.world.log, self.world.operator
        log.submit(
            lambda tx: signed.append(tx, log.node, self.now(), "enrol", subject, operator), durable=True
        ).result()
        self.world.put_state(f"key:{digest(key.public)}", user)

    # ---- what happens, and what the model says of it -----------------------------

    @rule(act=acts)
    def call(self, act: Act) -> None:
        call = self.world.call(SEND, {"recipient": act[0], "text": act[1]})
        ruling, known = self.run(self.world.guard.authorize(call)), self.questions.get(act)
        late = known is not None and known.expires <= self.now()
        if act[0] in self.refused:
            assert isinstance(ruling, Refused) and ruling.decision.verdict == "deny"
        elif known is not None and known.status in ("pending", "approved") and late:
            assert isinstance(ruling, Refused) and ruling.decision.verdict == "defer"
            known.status = "expired"
        elif known is not None and known.status == "approved":
            assert isinstance(ruling, Allowed)
            known.status = "executed"
            assert ruling.permit is not None
            self.run(self.effect(ruling.permit))
        else:
            assert isinstance(ruling, Refused) and ruling.decision.verdict == "escalate"
            assert ruling.approval is not None
            if known is None or known.status != "pending":
                self.asked_anew(act, ruling.approval.id)
            assert ruling.approval.id == self.questions[act].id

    async def effect(self, permit: Permit) -> None:
        await self.world.guard.begin(permit)
        await self.world.guard.settle(permit, Outcome("succeeded", "gateway", b"{}"))

    def asked_anew(self, act: Act, id: ApprovalId) -> None:
        for other, question in self.questions.items():
            if question.status in ("pending", "approved") and question.expires <= self.now() - HELD_MS:
                question.status = "expired"
            elif question.status == "pending" and other[0] == act[0] and question.expires > self.now():
                question.status = "cancelled"
        assert id not in {question.id for question in self.questions.values()}
        self.questions[act] = Question(id, self.now() + 10 * MINUTE)

    @precondition(lambda self: self.questions)
    @rule(data=st.data(), name=st.sampled_from(PEOPLE), verdict=st.sampled_from(("approve", "approve", "deny")))
    def somebody_answers(self, data: st.DataObject, name: str, verdict: Literal["approve", "deny"]) -> None:
        self.answer(data.draw(st.sampled_from(sorted(self.questions))), name, verdict)

    @precondition(lambda self: self.questions)
    @rule(data=st.data())
    def two_agree(self, data: st.DataObject) -> None:
        act = data.draw(st.sampled_from(sorted(self.questions)))
        for name in ("bea", "cid"):
            self.answer(act, name, "approve")

    def answer(self, act: Act, name: str, verdict: Literal["approve", "deny"]) -> None:
        known = self.questions[act]
        late = known.status == "expired" or (known.status == "pending" and known.expires <= self.now())
        closed = known.status != "pending" and not (known.status == "approved" and verdict == "deny")
        expected = "expired" if late else "already_answered" if name in known.answered or closed else ""
        expected = expected or ("not_your_question" if name == "ana" else "")
        assert self.say(known.id, name, verdict) == expected
        if expected:
            return
        known.answered[name] = verdict
        if verdict == "deny":
            known.status = "denied"
            self.refused.add(act[0])
        elif list(known.answered.values()).count("approve") == 2:
            known.status = "approved"

    def say(self, id: ApprovalId, name: str, verdict: Literal["approve", "deny"]) -> str:
        by = PrincipalId(f'User::"local/{name}"')
        try:
            said = Said(id, by, verdict, self.now())
            answer(self.world.log, said, self.keys[name], self.world.home.rules().bundle.members)
        except RequestError as error:
            return error.code
        return ""

    @rule(minutes=st.sampled_from((0.5, 3, 9, 11)))
    def time_passes(self, minutes: float) -> None:
        self.world.clock.pass_time(minutes * 60)

    @precondition(lambda self: len(self.questions) > 2)
    @rule()
    def session_ends(self) -> None:
        self.over += [question.id for question in self.questions.values()]
        self.run(self.world.home.sessions.leave(self.world.session))
        self.run(self.world.join())
        self.questions, self.refused = {}, set()

    @precondition(lambda self: self.over)
    @rule(data=st.data(), name=st.sampled_from(PEOPLE), verdict=st.sampled_from(("approve", "deny")))
    def too_late(self, data: st.DataObject, name: str, verdict: Literal["approve", "deny"]) -> None:
        assert self.say(data.draw(st.sampled_from(self.over)), name, verdict) == "session_ended"

    @invariant()
    def the_rows_are_what_the_model_says(self) -> None:
        with self.world.store.read() as reader:
            for known in self.questions.values():
                row = reader.approval(known.id)
                assert row is not None
                assert (row.status, len(row.answers)) == (known.status, len(known.answered))

    def teardown(self) -> None:
        try:
            self.world.verify()
        finally:
            self.world.log.close()
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)


TestAnswering = Answering.TestCase
TestAnswering.__doc__ = "An effect needs a quorum's fresh yes to exactly it; a no holds for the session; nothing twice."
TestAnswering.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),  # explaining traces every line: minutes
)
