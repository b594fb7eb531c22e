"""The tool by which an agent asks for one more action group, where its session acts under a delegation.

The gateway adds it to the server's list and answers it itself: the server never hears of it.
A tool of that name at the server is left out, so that it can be taken for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from assent_verify.canonical import canonicalize

from assent.catalog.methods import ELEVATE
from assent.edges.mcp import answers, classes, frames
from assent.edges.mcp.frames import Request
from assent.edges.mcp.peer import Asked
from assent.enforce.gather import Call
from assent.enforce.guard import Refused
from assent.errors import RefusedError, RequestError, UnavailableError
from assent.model.grant import Grant
from assent.model.outcome import Outcome
from assent.model.profile import Server

if TYPE_CHECKING:
    from assent.edges.mcp.governed import Governor, Setting

NAME = "assent_request_elevation"
#: What the question is addressed to: authority is asked of this home, not of the wrapped server.
_HOME = Server("assent", zone="local")
_DEFINITION: dict[str, object] = {
    "name": NAME,
    "description": (
        "Ask a person to let you do one more kind of action in this session, where a call was refused because it lies "
        "outside what was delegated to you. Ask only for what the task needs now. The answer is a person's; it may be "
        "no, and it ends with the session or sooner."
    ),
    "inputSchema": {
        "type": "object",
        "properties": {
            "group": {
                "type": "string",
                "description": "An action group, as effect:write, effect:delete, server:NAME or tool:SERVER/TOOL",
            },
            "minutes": {"type": "integer", "minimum": 1, "maximum": 480, "default": 30},
            "reason": {"type": "string", "maxLength": 500, "description": "Why the task needs it, for the person."},
        },
        "required": ["group", "reason"],
        "additionalProperties": False,
    },
    "annotations": {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": False},
}


class Elevation:
    """Answers the tool for one session.

    Args:
        setting: guard and session.
        governor: holds a call while a person is asked.
        given: the elevations of this session that hold now.
    """

    def __init__(self, setting: Setting, governor: Governor, given: Callable[[], Sequence[Grant]]) -> None:
        self._setting = setting
        self._governor = governor
        self._given = given

    def means(self, request: Request) -> bool:
        """Is this request a call of the tool?"""
        return request.method == "tools/call" and request.params.get("name") == NAME

    def listed(self, body: Mapping[str, object]) -> dict[str, object]:
        """A page of the list without a tool of this name, and on its last page with ours."""
        tools = body.get("tools")
        if not isinstance(tools, list):
            return dict(body)
        others = [tool for tool in tools if not (isinstance(tool, dict) and tool.get("name") == NAME)]
        return {**body, "tools": others if "nextCursor" in body else [*others, _DEFINITION]}

    async def serve(self, asked: Asked) -> None:
        """Ask a person, wait as for any other call, and say what became of it."""
        from assent.approve.elevate import wish

        setting, arguments = self._setting, asked.request.params.get("arguments", {})
        _, transport = classes.split(asked.request.params)
        try:
            wanted = wish(arguments)
        except RequestError as wrong:
            await self._tell(asked, f"Not asked: {wrong.message}. {wrong.help}".strip(), failed=True)
            return
        params: dict[str, object] = {"group": wanted.group, "minutes": wanted.minutes, "reason": wanted.reason}
        call = Call(setting.session, _HOME, ELEVATE, ELEVATE, None, params)
        ruling = await self._governor.held(call, asked, transport)
        if isinstance(ruling, Refused):
            await self._governor.tell(asked, self._governor.refusal(asked, ruling))
            return
        if ruling.permit is not None:
            try:
                await setting.guard.begin(ruling.permit)
            except (RefusedError, UnavailableError) as lapsed:
                await self._governor.tell(asked, answers.not_started(asked.request, lapsed, ruling.permit.receipt))
                return
        ends = max((one.expires for one in self._given() if one.limits.actions == (wanted.group,)), default=0)
        if ruling.permit is not None:
            status = Outcome(
                "succeeded" if ends else "failed", "gateway", detail="elevated" if ends else "nobody_asked"
            )
            await setting.guard.settle(ruling.permit, status)
        if not ends:  # a policy that asks nobody gives nothing: only a person's signature does
            await self._tell(
                asked, "Not given: no rule asks a person for it, and nobody else can give it.", failed=True
            )
            return
        left = max(1, (ends - setting.guard.now()) // 60_000)
        await self._tell(asked, f"Given: {wanted.group}, for this session, for about {left} min. Make the call again.")

    async def _tell(self, asked: Asked, text: str, *, failed: bool = False) -> None:
        result: dict[str, object] = {"content": [{"text": text, "type": "text"}], "isError": failed}
        meta = asked.request.params.get("_meta")
        if isinstance(meta, dict) and classes.PROTOCOL_VERSION in meta:
            result["resultType"] = "complete"  # required since 2026-07-28
        await self._governor.tell(asked, frames.response(asked.request.id, canonicalize(result)))
