"""Which policies can apply: found by the action and principal constraints of their scopes.

What is found is a superset; Cedar decides what of it applies. Cost goes with
the number of groups of the request, not with the number of policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assent.policy.cedar import Uid
from assent.policy.rule import Rule

_ANY = ""


class Index:
    """Positions of rules by (action, principal) key.

    Args:
        rules: all rules of a bundle.
        known: entities whose place in the hierarchy is known; a constraint on
            any other is no reason to leave a policy out, so that what is
            missing shows.
    """

    def __init__(self, rules: Sequence[Rule], known: Iterable[Uid]) -> None:
        self._buckets: dict[tuple[str, Uid | str], list[int]] = {}
        known = set(known)
        for position, rule in enumerate(rules):
            principal = _principal_key(rule, known)
            for action in {uid[1] for uid in rule.action.uids} or {_ANY}:
                self._buckets.setdefault((action, principal), []).append(position)

    def find(self, actions: Iterable[str], principals: Iterable[Uid], kind: str) -> list[int]:
        """Positions of all rules that can apply, ascending.

        Args:
            actions: the action's id and every group it is in.
            principals: the principal and every group it is in.
            kind: its entity type.
        """
        keys: list[Uid | str] = [*principals, kind, _ANY]
        found: set[int] = set()
        for action in (*actions, _ANY):
            for key in keys:
                found.update(self._buckets.get((action, key), ()))
        return sorted(found)


def _principal_key(rule: Rule, known: set[Uid]) -> Uid | str:
    scope = rule.principal
    if scope.op == "is":
        return scope.type
    if scope.op == "any" or (scope.uids[0][0] == "Group" and scope.uids[0] not in known):
        return _ANY
    return scope.uids[0]
