"""The trace that a call belongs to, as its caller says (W3C Trace Context §3.2; MCP `_meta.traceparent`)."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Key of `_meta`, and in capitals the variable of the environment.
TRACEPARENT = "traceparent"
# version, trace id, parent id, flags; a later version may go on after another dash
_FORM = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-[!-~]{0,200})?")


def trace_of(traceparent: object) -> str:
    """Trace id and parent id, joined by a dash; empty if it is none, which is passed over as the standard says."""
    found = _FORM.fullmatch(traceparent) if isinstance(traceparent, str) else None
    if found is None or (found[1] == "00" and found[4] is not None):
        return ""
    return f"{found[2]}-{found[3]}"


def trace_with(params: Mapping[str, object], otherwise: str) -> str:
    """The trace of a request's own `_meta`, else of what started this process."""
    meta = params.get("_meta")
    return (trace_of(meta.get(TRACEPARENT)) if isinstance(meta, Mapping) else "") or otherwise
