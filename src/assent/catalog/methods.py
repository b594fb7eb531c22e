"""Profiles of the governed MCP methods that are not tool calls (DESIGN §8)."""

from __future__ import annotations

from assent.model.profile import ToolProfile

_READS = ("resources/read", "resources/subscribe", "prompts/get", "completion/complete", "tasks/get", "tasks/result",
          "tasks/list", "roots/list")  # fmt: skip
#: Requests whose answer a person or model of the client writes; the answer goes to the server.
#: An agent asks a person for one more action group (`approve.elevate`).
ELEVATE = "authority/elevate"
_ASKS = ("sampling/createMessage", "elicitation/create")


def method_profile(method: str) -> ToolProfile:
    """The profile of a governed method; one that is not known has an unknown, irreversible effect."""
    if method in _READS:
        targets = {"uri": "url"} if method.startswith("resources/") else {}
        return ToolProfile(method, frozenset({"read"}), reversibility="reversible", inferred=False, targets=targets)
    if method in _ASKS:
        domains = frozenset({"communication"})
        return ToolProfile(method, frozenset({"read"}), domains, "reversible", inferred=False)
    if method in ("tasks/update", "tasks/cancel"):
        return ToolProfile(method, frozenset({"write"}), reversibility="compensable", inferred=False)
    if method == "credentials/use":  # a person has put the secret there for this server; see `enforce.broker`
        return ToolProfile(method, frozenset({"read"}), frozenset({"identity"}), "reversible", inferred=False)
    if method == ELEVATE:  # a no holds for the group, whatever reason is given
        targets = {"group": "id"}
        return ToolProfile(
            method, frozenset({"grant"}), frozenset({"identity"}), "reversible", inferred=False, targets=targets
        )
    return ToolProfile(method, frozenset({"unknown"}))
