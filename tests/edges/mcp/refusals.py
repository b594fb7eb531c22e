"""Scripted situations in which a call is not carried out, and what model and person are told.

python -m tests.edges.mcp.refusals --write    # write down what is told, then read it
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import click

from assent.admin import mode
from assent.approve.answer import Said, answer
from assent.approve.delegate import Terms
from assent.cli.ledger import receipt_of, whole_attempt
from assent.cli.story import tell
from assent.edges.mcp import answers
from assent.edges.mcp.frames import Request
from assent.enforce.guard import Refused
from assent.errors import RefusedError, UnavailableError
from assent.model.ids import SessionId
from assent.model.outcome import Outcome
from assent.model.profile import ToolDefinition
from assent.record.closing import end
from tests.world import OWNER, World, tool

HERE = Path(__file__).parent
TEXTS = HERE / "refusals.txt"
#: Stand in arguments of another session, and as a secret: neither may be told.
ELSEWHERE, SECRET = "elsewhere-7c1f@example.org", "AKIAQWERTYUIOPASDFGH"
TEXT = {"type": "string"}
READ = tool("read_file", path=TEXT)
WRITE = tool("write_file", path=TEXT, content=TEXT)
SEND = tool("send_message", recipient=TEXT, text=TEXT)
SQL = tool("execute_sql", sql=TEXT)
RUN = tool("run_command", command=TEXT)
BOB = {"recipient": "bob@example.org", "text": "hello"}
POLICY = """
@id("mine/all") permit (principal, action, resource);
@id("mine/sends") @escalate("owner") @self @grantable @reason("it sends something")
forbid (principal, action in Action::"effect:send", resource);
"""
Told = tuple[str, Refused | None]
Situation = Callable[[World, Path], Awaitable[Told]]


def request(arguments: object = None) -> Request:
    """The request that is answered."""
    return Request(1, "tools/call", {"name": "x", "arguments": arguments or {}})


def of(refused: Refused) -> Told:
    """What the gateway answers, whole, and the refusal itself."""
    approval = refused.approval.id if refused.approval else None
    found = answers.structure(refused.decision.verdict, refused.decision.reasons, refused.receipt, approval)
    return answers.refusal(request(), refused.message, found).decode(), refused


async def refused(
    world: World, definition: ToolDefinition, arguments: dict[str, object] | None = None, **more: object
) -> Told:
    """A call that is refused."""
    return of(await world.refusal(world.call(definition, arguments, **more)))


async def _secret_seen(world: World, _: Path) -> Told:
    await world.guard.heard(world.session, "files", {"text": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA"})
    return await refused(world, SEND, dict(BOB))


async def _expired(world: World, _: Path) -> Told:
    asked = await world.asked(world.call(SEND, dict(BOB)))
    world.say(asked.id, "approve")
    world.clock.pass_time(901)
    return await refused(world, SEND, dict(BOB))


async def _no(world: World, _: Path) -> Told:
    world.say((await world.asked(world.call(SEND, dict(BOB)))).id, "deny")
    return await refused(world, SEND, {**BOB, "text": "HELLO  again"})


async def _too_many(world: World, _: Path) -> Told:
    for number in range(20):
        await world.asked(world.call(SEND, {**BOB, "recipient": f"p{number}@example.org"}))
    return await refused(world, SEND, dict(BOB))


async def _may_have_happened(world: World, _: Path) -> Told:
    call = world.call(SEND, dict(BOB))
    world.say((await world.asked(call)).id, "approve")
    permit = await world.permit(call)
    await world.guard.begin(permit)
    await world.guard.settle(permit, Outcome("unknown", "gateway", detail="server_died"))
    return await refused(world, SEND, dict(BOB))


async def _unknown_outcome(world: World, _: Path) -> Told:
    return answers.maybe(request(), "server_died", 7).decode(), None


async def _ended(world: World, _: Path) -> Told:
    def job(tx):  # type: ignore[no-untyped-def]
        end(tx, tx.session(world.session), world.log.node, world.clock.now(), "killed")

    world.log.submit(job, durable=True).result()
    return await refused(world, READ, {"path": "a"})


async def _unknown_session(world: World, _: Path) -> Told:
    world.session = SessionId("ses_" + "a" * 26)
    return await refused(world, READ, {"path": "a"})


async def _no_policy(world: World, _: Path) -> Told:
    world.put_state("bundle", "")
    return await refused(world, READ, {"path": "a"})


async def _policy_broken(world: World, _: Path) -> Told:
    world.put_state("broken", str(world.clock.now() - 25 * 3_600_000))
    return await refused(world, READ, {"path": "a"})


async def _disk_full(world: World, _: Path) -> Told:
    world.memory.broken = True
    told = await refused(world, READ, {"path": "a"})
    world.memory.broken = False
    return told


async def _no_reviewer(world: World, _: Path) -> Told:
    (world.config.home / "policy" / "entities.json").write_text(
        json.dumps([{"uid": {"type": "Group", "id": "reviewers"}, "attrs": {}, "parents": []}])
    )
    world.activate(POLICY.replace('"owner"', '"reviewers"'))
    return await refused(world, SEND, dict(BOB))


async def _used_up(world: World, _: Path) -> Told:
    world.activate(POLICY)
    call = world.call(SEND, dict(BOB))
    asked = await world.asked(call)
    said = Said(asked.id, OWNER, "approve", world.clock.now(), terms=Terms(1, 600))
    answer(world.log, said, world.operator, world.home.rules().bundle.members)
    await world.run(call)
    await world.run(world.call(SEND, {**BOB, "text": "the one more"}))
    return await refused(world, SEND, {**BOB, "text": "one too many"})


async def _observing(world: World, _: Path) -> Told:
    mode.observe(world.log, world.operator, world.clock.now())
    await world.run(world.call(SEND, dict(BOB)))
    return await refused(world, READ, {"path": str(world.config.home / "assent.toml")})


async def _not_permitted(world: World, _: Path) -> Told:
    world.activate('@id("mine/one-tool") permit (principal, action in Action::"tool:files/read_file", resource);')
    return await refused(world, SEND, dict(BOB))


async def _grant_not_for_this(world: World, _: Path) -> Told:
    world.activate(POLICY)
    call = world.call(SEND, dict(BOB))
    said = Said((await world.asked(call)).id, OWNER, "approve", world.clock.now(), terms=Terms(9, 600))
    answer(world.log, said, world.operator, world.home.rules().bundle.members)
    return await refused(world, SEND, {**BOB, "recipient": "cleo@example.org"})


async def _begun_too_late(world: World, _: Path) -> Told:
    error = RefusedError(
        "referent_changed", "the permit no longer holds: what it would run or send has changed since it was decided"
    )
    return answers.not_started(request(), error, 7).decode(), None


async def _begun_without_store(world: World, _: Path) -> Told:
    error = UnavailableError("store_busy", f"`{world.config.home}/assent.db` is locked: another process")
    return answers.not_started(request(), error, 7).decode(), None


SITUATIONS: dict[str, Situation] = {
    "a file that holds secrets": lambda world, at: refused(world, READ, {"path": str(at / ".ssh" / "id_rsa")}),
    "a write outside the roots": lambda world, at: refused(world, WRITE, {"path": "/srv/other.txt", "content": "x"}),
    "a table dropped": lambda world, at: refused(world, SQL, {"sql": "DROP TABLE notes"}),
    "a secret sent": lambda world, at: refused(world, SEND, {**BOB, "text": f"key {SECRET}"}),
    "sending after a secret was seen": _secret_seen,
    "a command run": lambda world, at: refused(world, RUN, {"command": "make deploy"}),
    "a file that runs by itself": lambda world, at: refused(
        world, WRITE, {"path": str(at / ".git" / "hooks" / "pre-commit"), "content": "x"}
    ),
    "Assent's own files": lambda world, at: refused(
        world, WRITE, {"path": str(world.config.home / "policy" / "starter.cedar"), "content": "x"}
    ),
    "Assent's own command": lambda world, at: refused(world, RUN, {"command": "assent approve apr_x --yes"}),
    "no policy permits it": _not_permitted,
    "a hidden or unknown tool": lambda world, at: refused(world, SEND, dict(BOB), barred="unknown_tool"),
    "a tool that has changed": lambda world, at: refused(world, SEND, dict(BOB), barred="tool_changed"),
    "a name that looks like another": lambda world, at: refused(world, SEND, dict(BOB), barred="ambiguous_name"),
    "arguments that do not fit": lambda world, at: refused(world, SEND, {"recipient": 3, "text": "hello"}),
    "a key that is never taken": lambda world, at: refused(world, SEND, {**BOB, "__entity": {"type": "User"}}),
    "a question that waits": lambda world, at: refused(world, SEND, dict(BOB)),
    "a question that nobody answered": _expired,
    "a person's no": _no,
    "too many questions": _too_many,
    "nobody may answer": _no_reviewer,
    "what was granted is used up": _used_up,
    "what was granted is for others": _grant_not_for_this,
    "an earlier call may have happened": _may_have_happened,
    "an outcome that is not known": _unknown_outcome,
    "a session that has ended": _ended,
    "a session that is not known": _unknown_session,
    "no policy in force": _no_policy,
    "policy files broken for too long": _policy_broken,
    "a disk that is full": _disk_full,
    "a clock that has jumped": lambda world, at: refused(world, READ, {"path": "a"}, trouble=("clock_jump",)),
    "observing, and it reaches Assent": _observing,
    "a file that changed before it was run": _begun_too_late,
    "a store that cannot be read any more": _begun_without_store,
}
_MASKS = (
    (r"\b(apr|att|prm|ses|node|dlg)_[a-z2-7]{26}", r"\1_…"),
    (r"sha256:[0-9a-f]{64}", "sha256:…"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "2026-09-21T14:13:20.000Z"),
)


async def play(name: str, folder: Path) -> tuple[World, Told]:
    """Play one situation on a fresh home, where another session has asked about something of its own."""
    world = World(folder)
    world.server = replace(world.server, roots=(str(folder),), roots_known=True)
    await world.join("other", "boot:9:9")
    await world.asked(world.call(SEND, {"recipient": ELSEWHERE, "text": "not yours"}))
    world.session = SessionId("")
    await world.join()
    return world, await SITUATIONS[name](world, folder)


def model(told: Told) -> str:
    """The text that the model reads."""
    return str(json.loads(told[0])["result"]["content"][0]["text"])


def person(world: World, told: Told) -> str:
    """What `assent explain` tells of it; where there is no receipt, that there is none."""
    ruling = told[1]
    if ruling is None:
        return "(the story of the attempt tells its outcome)"
    if ruling.receipt is None:
        return f"(no receipt: {ruling.decision.reasons[0].code})"
    with world.store.read() as reader:
        data = reader.leaf(ruling.receipt)
        assert data is not None
        lines = list(tell(reader, whole_attempt(reader, receipt_of(ruling.receipt, data))))
    return click.unstyle("\n".join(lines))


def masked(text: str, folder: Path) -> str:
    """Without what differs from run to run."""
    text = text.replace(str(folder), "~")
    for pattern, instead in _MASKS:
        text = re.sub(pattern, instead, text)
    return text


def written(name: str, world: World, told: Told, folder: Path) -> str:
    """One section of the file."""
    return f"== {name}\n\n-- model\n{masked(model(told), folder)}\n\n-- person\n{masked(person(world, told), folder)}\n"


def sections() -> dict[str, str]:
    """The file, by situation."""
    parts = re.split(r"^(?=== )", TEXTS.read_text("utf-8"), flags=re.MULTILINE)
    return {part.partition("\n")[0][3:]: part.rstrip("\n") + "\n" for part in parts if part}


async def _write() -> None:
    texts = []
    for name in SITUATIONS:
        with tempfile.TemporaryDirectory() as folder:
            world, told = await play(name, Path(folder))
            texts.append(written(name, world, told, Path(folder)))
    TEXTS.write_text("\n".join(texts), "utf-8")


if __name__ == "__main__" and "--write" in sys.argv:
    asyncio.run(_write())
