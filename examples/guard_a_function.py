"""Put a function of your own behind Assent: authorize, begin, run, settle.

Run it twice in a fresh home: `ASSENT_HOME=$(mktemp -d) python examples/guard_a_function.py`. The look-up
passes; the refund, which nobody has reviewed, waits for `assent approve`.
"""

from __future__ import annotations

import asyncio
import os

from assent_verify.canonical import canonicalize, digest

from assent.assembly import Home, open_home
from assent.config import load
from assent.enforce.gather import Call
from assent.enforce.guard import Refused
from assent.model.ids import Digest, SessionId
from assent.model.outcome import Outcome
from assent.model.profile import Server, ToolDefinition

SHOP = Server("shop", zone="own")


def get_order(order: int) -> str:
    """Look an order up."""
    return f"order {order}: 40 sheets of paper"


def refund_order(order: int) -> str:
    """Give the money back."""
    return f"order {order} is refunded"


def described(name: str, text: str) -> ToolDefinition:
    """A tool as an agent sees it; Assent pins it by digest and judges what it does."""
    schema = {"type": "object", "properties": {"order": {"type": "integer"}}, "required": ["order"]}
    tool = {"name": name, "description": text, "inputSchema": schema}
    return ToolDefinition(name, tool, Digest(digest(canonicalize(tool))))


async def governed(home: Home, session: SessionId, function, order: int) -> str:  # type: ignore[no-untyped-def]
    """Run a function if, and only if, it is allowed."""
    definition = described(function.__name__, function.__doc__)
    params = {"name": function.__name__, "arguments": {"order": order}}
    ruling = await home.guard.authorize(Call(session, SHOP, "tools/call", function.__name__, definition, params))
    if isinstance(ruling, Refused) or ruling.permit is None:
        return ruling.message if isinstance(ruling, Refused) else "done before"
    await home.guard.begin(ruling.permit)  # the permit works once
    result = function(order)
    await home.guard.settle(ruling.permit, Outcome("succeeded", "executor", result.encode()), result)
    return result


async def main() -> None:
    """Two calls of one session."""
    with open_home(load(None, os.environ)) as home:
        session = await home.sessions.join(home.principal("clerk"), "example", home.process)
        for function in (get_order, refund_order):
            print(await governed(home, session.id, function, 7))
        await home.sessions.leave(session.id)


asyncio.run(main())
