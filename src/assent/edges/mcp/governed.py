"""Steps 1 and 7 of the path of one action, for MCP: what has an effect waits here.

Steps 2 to 6 and 8 are the guard's. Nothing is written to the other end before
`guard.begin`, nothing of its answer is released before `guard.settle`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from assent_verify.canonical import canonicalize

from assent.edges.mcp import answers, classes, roots, rounds
from assent.edges.mcp.frames import INVALID_PARAMS, REFUSED, Response, error, response
from assent.edges.mcp.injected import Injected, carrying, hands_in
from assent.edges.mcp.overdue import Late, Timer
from assent.edges.mcp.peer import Asked, LostError, OverdueError, Peer
from assent.edges.mcp.permits import Bound
from assent.edges.mcp.revoked import Running
from assent.edges.mcp.state import REJECTED, Beside, Given, Leg, States
from assent.edges.mcp.tools import ListingError, Tools
from assent.edges.trace import trace_with
from assent.enforce.gather import Call
from assent.enforce.guard import Allowed, Guard, Refused
from assent.errors import AssentError, RefusedError, UnavailableError
from assent.model.approval import Approval
from assent.model.ids import ApprovalId, AttemptId, SessionId
from assent.model.outcome import Outcome
from assent.model.permit import Permit
from assent.model.profile import Server, ToolDefinition

logger = logging.getLogger("assent.gateway")

#: Seconds between two progress notifications while a call is held.
PROGRESS_S = 5.0
#: Seconds after which the outcome deadline of a call is looked up: most calls are done by then.
FIRST_LOOK_S = 2.0
#: Code of a request that was never sent.
UNREACHED = "unreached"
#: The holding steps of the progress value stay below any value that the server sends afterwards.
_STEP = 0.000001


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same for every call of one gateway.

    Args:
        guard: steps 2 to 6 and 8.
        session: the session all calls belong to.
        server: the wrapped server.
        wait: seconds an escalated call is held.
        deadline: seconds from now until an attempt's outcome is due.
        states: seals what the server wants back from the client.
        roots: what the client may name as roots to the server.
        trace: the trace that this process was started in, or empty.
        bound: the server takes permits; None if this gateway consumes them itself.
        credentials: what the broker has given to this gateway; None if there is none.
    """

    guard: Guard
    session: SessionId
    server: Server
    wait: float
    deadline: Callable[[AttemptId], float]
    states: States
    roots: Sequence[str] = ()
    trace: str = ""
    bound: Bound | None = None
    credentials: Injected | None = None


class Governor:
    """Takes governed requests of one end through the guard to the other end.

    Args:
        setting: guard, session, server.
        origin: the end that asks.
        target: the end that acts.
        tools: the tool list; None for requests of the server.
    """

    def __init__(self, setting: Setting, origin: Peer, target: Peer, tools: Tools | None) -> None:
        self._setting = setting
        self._guard = setting.guard
        self._origin = origin
        self._target = target
        self._tools = tools
        self._bound = setting.bound if tools is not None else None
        self._tasks = rounds.Tasks()
        self._ending = asyncio.Event()
        self._late = Late()
        self.running = Running(target)

    def stop_holding(self) -> None:
        """Answer held calls now: nobody will wait for a person."""
        self._ending.set()

    async def serve(self, asked: Asked) -> None:
        """Answer one governed request, whatever becomes of it. Never raises an expected error."""
        params, transport = classes.split(asked.request.params)
        params = roots.narrowed_responses(params, self._setting.roots)
        if self._tools is None:  # what a server asks reaches the client's model
            await self._guard.heard(self._setting.session, self._setting.server.name, params)
        leg = self._leg(asked, params)
        trace = trace_with(asked.request.params, self._setting.trace)
        consumer = self._bound.consumer if self._bound else ""
        call = replace(await self._call(asked, leg), trace=trace, consumer=consumer)  # (1)
        if self._tools is not None and hands_in(self._setting.credentials, call.params):
            call = replace(call, barred=call.barred or "credential_in_arguments")
        ruling = await self.held(call, asked, transport)  # (2) to (6)
        if isinstance(ruling, Refused):
            await self.tell(asked, self.refusal(asked, ruling, leg.barred))
        elif ruling.permit is not None:
            await self._run(ruling.permit, asked, Beside(transport, leg.given))
        else:
            await self.tell(asked, answers.replayed(asked.request, ruling.replayed or b""))

    def _leg(self, asked: Asked, params: dict[str, object]) -> Leg:
        """Which round of a call it is; answers to what was not asked go no further."""
        if self._tools is None:
            return Leg(params)
        if asked.request.method == "tasks/update":
            return Leg(self._tasks.answered(params))
        return self._setting.states.opened(asked.request.method, params)

    async def _call(self, asked: Asked, leg: Leg) -> Call:
        method, params = asked.request.method, leg.params
        session, server = self._setting.session, self._setting.server
        if method != "tools/call" or self._tools is None:
            return Call(session, server, method, method, None, params, barred=leg.barred)
        name = str(params["name"])
        meta = params.get("_meta")
        try:
            known = await self._tools.known(name, meta if isinstance(meta, dict) else {})
        except ListingError:
            return Call(session, server, method, name, None, params, trouble=("tools_unlisted",))
        definition: ToolDefinition | None = known.definition
        return Call(session, server, method, name, definition, params, barred=leg.barred or known.barred)

    async def held(self, call: Call, asked: Asked, transport: Mapping[str, object]) -> Allowed | Refused:
        """Decide; while people are asked, hold the call and decide afresh when they have answered."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._setting.wait
        ruling = await self._guard.authorize(call)
        said = 0
        while isinstance(ruling, Refused) and ruling.approval is not None and ruling.decision.verdict == "escalate":
            left = end - loop.time()
            if left <= 0 or asked.gone.is_set() or self._ending.is_set():
                break
            said += 1
            await self._say(transport, said, ruling.approval)
            if await self._answered(ruling.approval.id, min(PROGRESS_S, left), asked):
                # an approval is an input to a fresh decision, never a resumption (DESIGN §4.7)
                ruling = await self._guard.authorize(call)
        return ruling

    async def _answered(self, approval: ApprovalId, seconds: float, asked: Asked) -> bool:
        """Has a person answered? False after `seconds`, or at once if the caller has gone or all is ending."""
        waited_for = (self._guard.answered(approval, seconds), asked.gone.wait(), self._ending.wait())
        answered, *others = (asyncio.ensure_future(one) for one in waited_for)
        try:
            await asyncio.wait((answered, *others), return_when=asyncio.FIRST_COMPLETED)
            return answered.done() and answered.result() and not asked.gone.is_set()
        finally:
            for waiter in (answered, *others):
                waiter.cancel()

    async def _say(self, transport: Mapping[str, object], step: int, approval: Approval) -> None:
        """Tell a client that wants progress how a person can answer; never what was asked."""
        token = transport.get("progressToken")
        if token is None:
            return
        text = f"Waiting for a person: assent approve {approval.id}"
        params = {"message": text, "progress": step * _STEP, "progressToken": token}
        await self._origin.notify("notifications/progress", params)

    def refusal(self, asked: Asked, refused: Refused, barred: str = "") -> bytes:
        decision = refused.decision
        approval = refused.approval.id if refused.approval else None
        found = answers.structure(decision.verdict, decision.reasons, refused.receipt, approval)
        if barred == "bad_state":  # what a server must answer to one that is not its own
            return error(asked.request.id, INVALID_PARAMS, REJECTED, found)
        return answers.refusal(asked.request, refused.message, found)

    async def tell(self, asked: Asked, line: bytes) -> bool:
        """Answer whoever asked; False if they have gone."""
        return not asked.gone.is_set() and await self._origin.sink.write(line)

    # ---- (7) the effect ----------------------------------------------------------

    async def _run(self, permit: Permit, asked: Asked, beside: Beside) -> None:
        caller_gone = asked.gone.is_set() or self._origin.sink.gone.is_set()
        if caller_gone or self._target.sink.gone.is_set():
            # nothing is executed for a caller that has gone (DESIGN §3)
            gone = RefusedError("caller_gone" if caller_gone else "server_gone", "the server has ended")
            await self._not_started(permit, asked, gone)
            return
        try:
            # exactly what was decided on, and what travels beside it; signed last, for it is never made for nothing
            params = beside.joined(permit.action.params)
            sent = self._bound.joined(params, permit) if self._bound else params
        except AssentError as unsigned:
            await self._not_started(permit, asked, unsigned)
            return
        if not await self._begun(permit, asked, beside.given):
            return
        asked.credential = next((one.value for one in permit.obligations if one.kind == "credential"), "")
        future = await self.running.ask(permit, asked, canonicalize(sent))
        if asked.request.method in classes.STANDING:
            await self._standing(permit, asked, future)
            return
        left, over = partial(self._setting.deadline, permit.attempt), partial(self._target.overdue, asked)
        timer = Timer(future, FIRST_LOOK_S, left, over)
        try:
            answer = await future
        except OverdueError as overdue:
            await self._overdue(permit, asked, overdue.still)
        except LostError as lost:
            await self._unknown(permit, asked, str(lost))
        else:
            await self._release(permit, asked, answer)
        finally:
            timer.cancel()

    async def _not_started(self, permit: Permit, asked: Asked, why: AssentError) -> None:
        await self._settle(permit, Outcome("failed", "gateway", reached=False, detail=why.code))
        await self.tell(asked, answers.not_started(asked.request, why, permit.receipt))

    async def _begun(self, permit: Permit, asked: Asked, given: Given | None) -> bool:
        """Use up the state, then the permit; whoever asked hears why if either no longer holds."""
        try:
            if given is not None:
                await self._setting.states.spend(given)
            carried = await carrying(self._setting.credentials, permit)
        except (RefusedError, UnavailableError) as stale:
            await self._not_started(permit, asked, stale)
            return False
        try:
            await self._guard.begin(permit, carried)
        except (RefusedError, UnavailableError) as lapsed:
            await self.tell(asked, answers.not_started(asked.request, lapsed, permit.receipt))
            return False
        return True

    async def _overdue(self, permit: Permit, asked: Asked, still: asyncio.Future[Response]) -> None:
        """Say that the outcome is a gap, and answer; a late answer is recorded, and kept for the next such call."""
        logger.warning("no answer in time: attempt %s may have happened", permit.attempt)
        try:
            await self._guard.overdue(permit)
        except AssentError as problem:
            logger.error("gap of attempt %s not recorded: %s: %s", permit.attempt, problem.code, problem.message)
        await self.running.cancel(asked, "no answer in time")
        await self.tell(asked, answers.maybe(asked.request, "deadline", permit.receipt))
        asked.gone.set()  # it has its answer
        try:
            if (answer := await self._late.answer(asked.size, still, self._ending)) is not None:
                await self._release(permit, asked, answer)
        finally:
            self._guard.forgo(permit)

    async def _standing(self, permit: Permit, asked: Asked, future: asyncio.Future[Response]) -> None:
        """Settled once it stands; its end, whenever it comes, is passed on."""
        await self._settle(permit, Outcome("succeeded", "gateway", detail="standing"))
        try:
            answer = await future
        except LostError as lost:
            if await self.running.cancelled(asked, str(lost)):
                await self.tell(asked, answers.maybe(asked.request, str(lost), permit.receipt))
            return
        body = classes.own_code(answer.body, REFUSED) if answer.failed else answer.body
        data = canonicalize(classes.without_ours(body))
        await self.tell(asked, response(asked.request.id, data, failed=answer.failed))

    async def _unknown(self, permit: Permit, asked: Asked, code: str) -> None:
        """No usable answer came. Only of what never left is it known that it did not happen."""
        if code == UNREACHED:
            await self._settle(permit, Outcome("failed", "gateway", reached=False, detail=code))
            error = RefusedError(code, "the server could not be reached, or not with what it has to be sent")
            await self.tell(asked, answers.not_started(asked.request, error, permit.receipt))
            return
        logger.warning("outcome unknown (%s): attempt %s may have happened", code, permit.attempt)
        await self.running.cancelled(asked, code)  # the server first: it is what may still be acting
        await self._settle(permit, Outcome("unknown", "gateway", detail=code))
        await self.tell(asked, answers.maybe(asked.request, code, permit.receipt))

    # ---- (8) the answer ----------------------------------------------------------

    async def _release(self, permit: Permit, asked: Asked, answer: Response) -> None:
        """Record the outcome and its labels, then let the first byte out."""
        body = classes.own_code(answer.body, REFUSED) if answer.failed else answer.body
        data = canonicalize(body)
        word = self._bound.word(permit, body) if self._bound and not answer.failed else None
        if b'"assent/' in data:
            body = classes.without_ours(body)
            data = canonicalize(body)
        if asked.request.method == "roots/list" and not answer.failed:
            body = roots.narrowed(body, self._setting.roots)
            data = canonicalize(body)
        if self._tools is not None and not answer.failed and not rounds.known_kind(body):
            await self._unknown(permit, asked, "unknown_result")
            return
        failed = answer.failed or body.get("isError") is True
        outcome = word or Outcome("failed" if failed else "succeeded", "gateway", data)
        if not await self._settle(permit, outcome, body):
            await self.tell(asked, answers.maybe(asked.request, "not_recorded", permit.receipt))
            return
        if self._tools is None and not answer.failed and self._setting.server.zone == "external":
            await self._give(permit, asked, body)
            return
        if self._tools is not None and not answer.failed:
            try:
                asking = await self._asking(permit, asked, body)
            except AssentError as unsealed:
                logger.error("a result is held back: %s: %s", unsealed.code, unsealed.message)
                await self.tell(asked, answers.maybe(asked.request, unsealed.code, permit.receipt))
                return
            if isinstance(asking, Refused):
                await self.tell(asked, self.refusal(asked, asking))
                return
            if asking is not body:
                body, data = asking, canonicalize(asking)
        line = response(asked.request.id, data, failed=answer.failed)
        if not await self.tell(asked, line):
            await self._keep(permit, answers.kept(body, failed=answer.failed))

    async def _give(self, permit: Permit, asked: Asked, body: dict[str, object]) -> None:
        """What the client answers goes to the server, so it is decided in its turn (DESIGN §4.5)."""
        method, session, server = asked.request.method, self._setting.session, self._setting.server
        given = {"answer": body, "asked": dict(permit.action.params)}
        ruling = await self.held(Call(session, server, method, method, None, given), asked, {})
        if isinstance(ruling, Refused):
            await self.tell(asked, self.refusal(asked, ruling))
        elif ruling.permit is not None and await self._begun(ruling.permit, asked, None):
            told = await self.tell(asked, response(asked.request.id, canonicalize(body), failed=False))
            await self._settle(ruling.permit, Outcome("succeeded" if told else "failed", "gateway", detail="answer"))

    async def _asking(self, permit: Permit, asked: Asked, body: dict[str, object]) -> dict[str, object] | Refused:
        """A result with its questions decided on, and with its state sealed; the refusal of one of them."""
        method, params = asked.request.method, permit.action.params
        polled = method == "tasks/get"
        refused = await self._asks(self._tasks.fresh(params, body) if polled else rounds.asked_in(body))
        if refused is not None:
            return refused
        if polled:
            self._tasks.remember(params, body)
        elif body.get("resultType") == rounds.INPUT_REQUIRED:
            return self._setting.states.sealed(method, params, body)
        return body

    async def _asks(self, wanted: Mapping[str, object]) -> Refused | None:
        """Requests that ride inside a result (MCP 2026-07-28) are decided like any other request.

        Their answer reaches the server with the client's next call, which is decided in its turn.
        """
        for inner in wanted.values():
            method = inner.get("method") if isinstance(inner, dict) else None
            params = inner.get("params", {}) if isinstance(inner, dict) else None
            known = isinstance(method, str) and classes.SERVER_REQUESTS.get(method) == "governed"
            barred = "" if known and isinstance(params, dict) else "unknown_method"
            decided, _ = classes.split(params if isinstance(params, dict) else {})
            name = method if isinstance(method, str) and known else "unknown"
            call = Call(self._setting.session, self._setting.server, name, name, None, decided, barred=barred)
            ruling = await self._guard.authorize(call)
            if isinstance(ruling, Refused):
                return ruling
            if ruling.permit is not None:
                await self._guard.begin(ruling.permit)
                await self._settle(ruling.permit, Outcome("succeeded", "gateway", detail="asked"))
        return None

    async def _settle(self, permit: Permit, outcome: Outcome, body: object = None) -> bool:
        try:
            await self._guard.settle(permit, outcome, body)
        except AssentError as problem:
            logger.error("outcome of attempt %s not recorded: %s: %s", permit.attempt, problem.code, problem.message)
            return False
        return True

    async def _keep(self, permit: Permit, result: bytes) -> None:
        """The caller has gone: the next identical call of this session gets the result, once."""
        try:
            await self._guard.keep(permit, result)
        except AssentError as problem:
            logger.error("result of attempt %s not kept: %s: %s", permit.attempt, problem.code, problem.message)
