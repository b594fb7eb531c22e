"""Recorded work once more, through the guard: what is asked, what is stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assent_verify.canonical import canonicalize, digest

from assent.approve.delegate import Terms, grantable
from assent.enforce.gather import Call
from assent.enforce.guard import Allowed, Refused
from assent.evidence.tally import Tally
from assent.model.ids import Digest
from assent.model.outcome import Outcome
from assent.model.profile import Server, ToolDefinition
from tests.unit.evidence.recording import of_store
from tests.world import World

RECORDED = Path(__file__).with_name("recorded")


@dataclass
class Replayed:
    """What one trace came to.

    Args:
        calls: how many there were.
        asked: one line for each question.
        asked_for_reads: questions whose call only reads.
        stopped: one line for each call that was denied or deferred.
        rules: the policy of each question.
        again: what deciding every receipt again has shown.
    """

    calls: int = 0
    asked: list[str] = field(default_factory=list)
    asked_for_reads: int = 0
    stopped: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    again: Tally = field(default_factory=Tally)


def names() -> list[str]:
    """Every recorded trace."""
    return sorted(path.stem for path in RECORDED.glob("*-*.json"))


async def replay(name: str, folder: Path) -> Replayed:
    """All calls of one trace in one session on a fresh home, effects included as the recording says."""
    work = (folder / "work").resolve()
    text = (RECORDED / f"{name}.json").read_text("utf-8").replace("{work}", str(work))
    trace = json.loads(text)
    listed = json.loads((RECORDED / "servers.json").read_text("utf-8"))
    world = World(folder)
    session = await world.join()
    _change(work, trace["tree"])
    if any(server == "db" for server in trace["servers"]):
        (work / "data.db").touch()
    servers = {server: _server(world, server, used, work) for server, used in trace["servers"].items()}
    tools = {
        server: {tool["name"]: _definition(tool) for tool in listed[f"{used['package']} {used['version']}"]}
        for server, used in trace["servers"].items()
    }
    found = Replayed()
    for entry in trace["calls"]:
        server, tool = entry["server"], entry["tool"]
        params = {"name": tool, "arguments": entry["arguments"]}
        call = Call(session, servers[server], "tools/call", tool, tools[server][tool], params)
        await _one(world, call, entry, found)
        _change(work, entry.get("changed", {}))
    assert world.verify().sound
    found.again = of_store(world.store)
    return found


async def _one(world: World, call: Call, entry: Mapping[str, Any], found: Replayed) -> None:
    world.clock.pass_time(2)
    found.calls += 1
    line = f"{call.server.name}/{entry['tool']} {json.dumps(entry['arguments'], ensure_ascii=False)[:160]}"
    ruling = await world.guard.authorize(call)
    if isinstance(ruling, Refused) and ruling.approval is not None:
        found.asked.append(f"asked: {line}: {ruling.message[:200]}")
        found.asked_for_reads += set(ruling.decision.effects) <= {"read"}
        found.rules += [reason.policy for reason in ruling.decision.reasons if reason.policy]
        _yes(world, ruling)
        ruling = await world.guard.authorize(call)
    if not isinstance(ruling, Allowed) or ruling.permit is None:
        found.stopped.append(f"stopped: {line}: {ruling.message[:200] if isinstance(ruling, Refused) else ruling}")
        return
    await world.guard.begin(ruling.permit)
    response = entry["response"]
    status = "failed" if response.get("isError") else "succeeded"
    await world.guard.settle(ruling.permit, Outcome(status, "gateway", canonicalize(response)), response)  # type: ignore[arg-type]


def _yes(world: World, refused: Refused) -> None:
    assert refused.approval is not None
    for_session = not grantable(refused.approval)
    world.say(refused.approval.id, "approve", terms=Terms() if for_session else None)


def _server(world: World, name: str, used: Mapping[str, Any], work: Path) -> Server:
    """As `assent mcp` would describe it, started in the work directory, nothing configured."""
    profiles = world.home.rules().profiles
    zone = profiles.zone_of(used["package"]) or "external"
    roots = profiles.roots_of(used["package"], used["arguments"])
    server = Server(name, zone=zone, package=used["package"], version=used["version"], cwd=str(work))  # type: ignore[arg-type]
    return replace(
        server, roots=tuple(sorted(str((work / root).resolve()) for root in roots or ())), roots_known=bool(roots)
    )


def _definition(tool: Mapping[str, Any]) -> ToolDefinition:
    return ToolDefinition(tool["name"], tool, Digest(digest(canonicalize(tool))))


def _change(work: Path, changed: Mapping[str, str | None]) -> None:
    for path, text in changed.items():
        file = work / path
        if text is None:
            file.unlink(missing_ok=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
