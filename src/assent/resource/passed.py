"""Which MCP requests have no effect, so that the gateway mints no permit for them (docs/mcp.md)."""

from __future__ import annotations

from collections.abc import Mapping

#: Requests of a client that pass; every other one needs a permit.
PASSED = frozenset(
    "initialize server/discover ping tools/list resources/list resources/templates/list resources/unsubscribe "
    "prompts/list logging/setLevel".split()
)
_LISTEN_FREELY = frozenset({"toolsListChanged", "promptsListChanged", "resourcesListChanged"})


def passes(method: str, params: Mapping[str, object]) -> bool:
    """May this request run without a permit?"""
    if method == "subscriptions/listen":
        wanted = params.get("notifications")
        free = isinstance(wanted, dict) and wanted.keys() <= _LISTEN_FREELY
        return free and params.keys() <= {"notifications", "_meta"}
    return method in PASSED
