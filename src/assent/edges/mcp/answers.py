"""What the client is told: refusals as normal results, with the structure that scripts rely on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from assent_verify.canonical import canonicalize, parse

from assent.edges.mcp import classes, frames
from assent.edges.mcp.frames import Request
from assent.enforce.refusal import spoken
from assent.enforce.standing import WORDS
from assent.errors import AssentError
from assent.model.decision import Reason

#: Where the structured decision stands in a result's `_meta`.
DECISION = classes.OUR_META + "decision"
#: Set on a result that had been kept for a caller that was gone.
REPLAYED = classes.OUR_META + "replayed"
#: When an agent may sensibly ask again, seconds.
RETRY_AFTER = 15

_MAY_HAVE_HAPPENED = (
    "It is not known whether this call took effect: it was sent, and {why}. Do not repeat it. "
    "Tell the person you work for that it may have happened; they can check and decide."
)
_STOPPED = (
    "Stopped: {why}. The server was told to cancel this call; whether it took effect is not known. "
    "Do not repeat it, and make no other call for it. Tell the person you work for."
)
_WHY = {
    "server_died": "the server ended before it answered",
    "server_gone": "the server ended before it answered",
    "unknown_result": "the answer is of a kind that nobody knows",
    "bad_response": "the answer of the server could not be read",
    "deadline": "no answer came in time",
    "not_recorded": "its outcome could not be recorded, so the answer is held back",
    "ended": "the connection was closed before the answer came",
}


def structure(
    verdict: str, reasons: Sequence[Reason], receipt: int | None, approval: str | None = None
) -> dict[str, object]:
    """The decision as scripts and clients read it."""
    found: dict[str, object] = {
        "reasons": [{"code": r.code, "message": r.message, "policy": r.policy} for r in reasons],
        "receipt": receipt,
        "verdict": verdict,
    }
    if approval is not None:
        found |= {"approval": approval, "retry_after": RETRY_AFTER}
    return found


def refusal(request: Request, message: str, decision: Mapping[str, object]) -> bytes:
    """A refused call: a tool result with `isError` for a tool, else a JSON-RPC error."""
    if request.method != "tools/call":
        return frames.error(request.id, frames.REFUSED, message.partition("\n")[0], decision)
    return frames.response(request.id, canonicalize(_tool_error(request, message, {DECISION: dict(decision)})))


def maybe(request: Request, code: str, receipt: int) -> bytes:
    """A call that was sent and has no usable answer: it may have happened.

    Args:
        code: why there is none; one of `standing.WORDS` if its authority was taken back.
    """
    if why := WORDS.get(code):
        reasons = (Reason(code, "", why), Reason("may_have_happened", "", "it was cancelled under way"))
        return refusal(request, _STOPPED.format(why=why), structure("deny", reasons, receipt))
    text = _MAY_HAVE_HAPPENED.format(why=_WHY.get(code, "the answer is missing"))
    decision = structure("allow", (Reason("may_have_happened", "", f"the outcome is unknown: {code}"),), receipt)
    if request.method != "tools/call":
        return frames.error(request.id, frames.INTERNAL_ERROR, text, decision)
    return frames.response(request.id, canonicalize(_tool_error(request, text, {DECISION: decision})))


def not_started(request: Request, error: AssentError, receipt: int) -> bytes:
    """A permitted call whose permit no longer held: nothing has happened."""
    why = spoken(error)
    text = f"Not done: {why.message}. Nothing was executed. Make the same call again only if it is still wanted."
    return refusal(request, text, structure("deny", (why,), receipt))


def kept(body: Mapping[str, object], *, failed: bool) -> bytes:
    """A result as it is kept for a caller that has gone."""
    return canonicalize({"error" if failed else "result": dict(body)})


def replayed(request: Request, stored: bytes) -> bytes:
    """The answer made of a kept result, marked as such."""
    value = cast(dict[str, dict[str, object]], parse(stored, max_bytes=len(stored)))
    if "error" in value:
        return frames.response(request.id, canonicalize(value["error"]), failed=True)
    body = value["result"]
    meta = body.get("_meta")
    meta = meta if isinstance(meta, dict) else {}
    return frames.response(request.id, canonicalize({**body, "_meta": {**meta, REPLAYED: True}}))


def _tool_error(request: Request, text: str, meta: dict[str, object]) -> dict[str, object]:
    result: dict[str, object] = {"_meta": meta, "content": [{"text": text, "type": "text"}], "isError": True}
    asked = request.params.get("_meta")
    if isinstance(asked, dict) and classes.PROTOCOL_VERSION in asked:
        result["resultType"] = "complete"  # required since 2026-07-28
    return result
