"""DESIGN §7: nothing from agent, tool or person stands in a leaf in the clear.

Marked random strings go to every place that one of them controls. No leaf may hold a
mark, a usual encoding of it, or a digest of it that somebody could find by trying.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from assent_verify.canonical import canonicalize

from assent.approve.answer import Said, answer
from assent.approve.delegate import Terms
from assent.edges.trace import trace_of
from assent.model.outcome import Outcome
from assent.record import leaves
from tests.conftest import SOAK
from tests.world import OWNER, World, tool

POLICY = """
@id("all") permit (principal, action, resource);
@id("sends") @escalate("owner") @self @grantable @reason("it sends")
forbid (principal, action in Action::"effect:send", resource) when { context.args has text };
"""
SEND = tool("send_message", recipient={"type": "string"}, text={"type": "string"})
READ = tool("read_file", path={"type": "string"})
RUN = tool("bash", command={"type": "string"})


class Marks:
    """Random strings, remembered with whatever is a sign of them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.made: list[str] = []

    def __call__(self) -> str:
        """A new one: letters and digits alone, so that any spelling keeps it."""
        mark = "zq" + "".join(self._random.choices("abcdefghjkmnpqrstuvwxyz23456789", k=22))
        self.made.append(mark)
        return mark

    def hex(self, digits: int) -> str:
        """A new one of hex digits alone."""
        self.made.append("".join(self._random.choices("0123456789abcdef", k=digits)))
        return self.made[-1]

    def signs(self, values: list[object]) -> Iterator[str]:
        """Each mark, its encodings, and bare digests of it and of the values that hold it."""
        for mark in self.made:
            data = mark.encode()
            yield from (mark, data.hex(), sha256(data).hexdigest(), sha256(canonicalize(mark)).hexdigest())
            yield from (base64.b64encode(data[at:]).decode()[2:-4] for at in range(3))
        for value in values:
            yield sha256(canonicalize(value)).hexdigest()


async def lived(world: World, mark: Marks, folder: Path) -> list[object]:
    """A session in which everybody says something marked; the values it was said in."""
    first = await world.join()
    trace = trace_of(f"00-{mark.hex(32)}-{mark.hex(16)}-01")
    script = folder / f"{mark()}.sh"
    script.write_text(f"echo {mark()}\n")
    response = {"content": [{"type": "text", "text": mark()}], mark(): mark()}
    said: list[object] = [response]

    async def run(arguments: dict[str, object], definition: object = READ) -> None:
        said.append(arguments)
        call = world.call(definition, arguments, trace=trace)  # type: ignore[arg-type]
        permit = await world.permit(call)
        await world.guard.begin(permit)
        result = Outcome("succeeded", "gateway", canonicalize(response), labels=frozenset(), external=mark())
        await world.guard.settle(permit, result, response)

    await world.guard.heard(first, "files", {"text": mark()})
    await run({"path": str(folder / mark())})
    await run({"path": mark(), mark(): mark()})
    await run({"path": mark(), **{mark(): mark() for _ in range(70)}})
    await run({"command": f"sh {script} {mark()}"}, RUN)
    message: dict[str, object] = {"recipient": f"{mark()}@example.org", "text": mark()}
    for verdict, terms in (("approve", Terms(3, 600)), ("deny", None)):
        said.append(message := {**message, "text": mark()})
        asked = await world.asked(world.call(SEND, message, trace=trace))
        told = Said(asked.id, OWNER, verdict, world.clock.now(), mark(), terms)  # type: ignore[arg-type]
        answer(world.log, told, world.operator, world.home.rules().bundle.members)
        if verdict == "approve":
            await run(message, SEND)
            message = {**message, "recipient": f"{mark()}@example.org"}
    unknown = replace(world.call(READ, {mark(): mark()}), tool=mark(), definition=None)
    await world.refusal(unknown)
    await world.refusal(
        replace(world.call(READ, {"path": 7, mark(): [mark(), {mark(): mark()}]}), method="resources/read")
    )
    secret = f"-----BEGIN RSA PRIVATE KEY-----\n{mark()}"
    await world.refusal(world.call(SEND, {"recipient": "x", "text": secret, mark(): mark()}))
    _task(world, mark)
    return said


def _task(world: World, mark: Marks) -> None:
    """A session that was opened for a task, as a person said it."""
    with world.store.read() as reader:
        session = reader.session(world.session)
    assert session is not None
    draft = leaves.session_open(world.log.node, world.clock.now(), session, task=f"{mark()} {mark()}")
    world.log.submit(lambda tx: leaves.append(tx, draft, None), durable=True).result()


@pytest.mark.parametrize("seed", range(60 if SOAK else 3))
async def test_nothing_that_anybody_said_stands_in_a_leaf(tmp_path: Path, seed: int) -> None:
    """Arguments and their names, tool, answer, external id, trace, task, reason, referents, session text."""
    world, mark = World(tmp_path, POLICY), Marks(seed)
    said = await lived(world, mark, tmp_path)
    with world.store.read() as reader:
        written = [data.decode() for _, data in reader.leaves()]
        kept = " ".join(row.values for index in range(len(written)) if (row := reader.sidecar(index)))
    assert len(mark.made) > 150
    assert sum(one in kept for one in mark.made) > 140  # they did arrive, and lie beside the log
    actions = [json.loads(row)["action"] for row in [json.dumps(leaf) for leaf in world.leaves("decision")]]
    assert {"trace"} <= set.union(*(set(leaf) for leaf in world.leaves("decision")))
    assert any("tool_commitment" in action for action in actions)
    assert any(action["referents"] for action in actions)
    assert any("external" in leaf for leaf in world.leaves("outcome"))
    assert any(leaf["statement"]["reason"] for leaf in world.leaves("approval"))  # type: ignore[index]
    everything = "\n".join(written).lower()
    assert [sign for sign in mark.signs(said) if sign.lower() in everything] == []


def test_the_search_would_find_what_is_in_the_clear() -> None:
    """The defence of this test: a mark in any of these forms is found."""
    mark = Marks(1)
    text = mark()
    found = list(mark.signs([{"path": text}]))
    for shown in (
        text,
        text.encode().hex(),
        sha256(text.encode()).hexdigest(),
        base64.b64encode(b"a" + text.encode()).decode(),
    ):
        assert any(sign in shown for sign in found)
    assert sha256(canonicalize({"path": text})).hexdigest() in found
