"""Which tools a client is shown: those that some policy could allow by its scope alone.

Conditions are not guessed: a tool is left out only if no permit's scope matches it, or an
unconditional base forbid covers it. What is left out is decided like any other if called.
"""

from __future__ import annotations

from collections.abc import Iterator

from assent.enforce.rules import Rules
from assent.model.ids import Digest
from assent.model.principal import Principal
from assent.model.profile import EFFECTS, REVERSIBILITY, Server, ToolDefinition, ToolProfile
from assent.policy.slices import Case, Shape, Unavailable

#: Tools remembered; more than one server may list.
_REMEMBERED = 20_000


class Seen:
    """What one principal may be shown of one server, remembered as long as the rules hold.

    Args:
        principal: who looks.
        server: whose tools.
    """

    def __init__(self, principal: Principal, server: Server) -> None:
        self._principal, self._server = principal, server
        self._rules: Rules | None = None
        self._known: dict[Digest, bool] = {}

    def shows(self, rules: Rules, tool: ToolDefinition) -> bool:
        """Could a policy of these rules allow this tool?"""
        if rules is not self._rules or len(self._known) > _REMEMBERED:
            self._rules, self._known = rules, {}
        known = self._known.get(tool.digest)
        if known is None:
            known = self._known[tool.digest] = visible(rules, self._principal, self._server, tool)
        return known


def visible(rules: Rules, principal: Principal, server: Server, tool: ToolDefinition) -> bool:
    """Could a policy allow this principal this tool?"""
    profile = rules.profile_of(server, tool)
    shape = rules.bundle.shape(server, "tools/call", tool.name, profile, tool)
    if isinstance(shape, Unavailable):
        return False  # a call of it is denied whatever it says
    if not profile.analysers:
        # it has exactly these effects, and more as context requires: every one of them must be allowed
        return all(_open(rules, case, shape) for case in _cases(principal, server, profile))
    return any(_open(rules, case, shape) for case in _cases(principal, server, profile))


def _cases(principal: Principal, server: Server, profile: ToolProfile) -> Iterator[Case]:
    """What a call of it can turn out to be; analysers may find any effect."""
    if not profile.analysers:
        for effect in sorted(profile.effects):
            yield Case(principal, server, profile, effect, profile.reversibility)
        return
    for effect in EFFECTS:
        for reversibility in REVERSIBILITY:
            yield Case(principal, server, profile, effect, reversibility)


def _open(rules: Rules, case: Case, shape: Shape) -> bool:
    base = [rule for rule in rules.bundle.applying(case, shape) if not rule.group]
    if any(rule.effect == "forbid" and not rule.conditional for rule in base):
        return False
    return any(rule.effect == "permit" for rule in base)
