"""Is a link within the one it stands on? What can be compared is, before it is signed and whenever it is read."""

from __future__ import annotations

from collections.abc import Iterator

from assent.model.grant import Grant
from assent.policy.limits import Excess, excess

__all__ = ["Excess", "beyond"]


def beyond(child: Grant, above: tuple[Grant, ...]) -> Iterator[Excess]:
    """Everything in which a link goes beyond one that it stands on.

    A link that leaves something open is held by what the others say of it, so each is looked at.

    Args:
        above: the chain it is added to, root first.
    """
    for at, parent in enumerate(reversed(above)):
        for one in excess(child.limits, parent.limits):
            if at == 0 or one.dimension != "depth":  # of links further up, each takes one off
                yield one
        if child.expires > parent.expires or child.not_before < parent.not_before:
            yield Excess("time", "it would hold before or after the one it stands on")
        if child.session and parent.session not in ("", child.session):
            yield Excess("session", f"the one it stands on holds in session `{parent.session}` alone")
        if child.task and parent.task not in ("", child.task):
            yield Excess("task", "the one it stands on holds for another task alone")
