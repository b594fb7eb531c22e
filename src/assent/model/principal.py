"""Principal: who acts, and the person who owns it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assent.model.ids import PrincipalId

PrincipalKind = Literal["User", "Agent", "Service", "Model"]
KINDS: tuple[PrincipalKind, ...] = ("User", "Agent", "Service", "Model")


@dataclass(frozen=True, slots=True)
class Principal:
    """One principal.

    Args:
        kind: which of the four principal types.
        name: unique within its kind, ASCII, for example `local/claude`.
        owner: the `User` who answers for it; None only for a `User`.
        groups: `Group` names it belongs to, sorted.
        status: only an `active` principal may act.
    """

    kind: PrincipalKind
    name: str
    owner: PrincipalId | None
    groups: tuple[str, ...] = ()
    status: Literal["active", "disabled"] = "active"

    @property
    def id(self) -> PrincipalId:
        """The Cedar uid text, `Agent::"local/claude"`."""
        return PrincipalId(f'{self.kind}::"{self.name}"')
