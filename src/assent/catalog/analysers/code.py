"""Code in a language of its own: Python, JavaScript, notebooks. It is not read, so everything may happen."""

from __future__ import annotations

from assent.catalog.observation import Reading
from assent.model.profile import ToolProfile


def read_code(value: object, profile: ToolProfile) -> Reading:
    """What an argument that holds code does: the worst case, whatever it says. Never raises.

    A list of the names that a program mentions would look like knowledge and be none: every language here can compute
    the name of what it calls.
    """
    return Reading(
        frozenset({"execute", "unknown"}),
        "irreversible",
        facts=frozenset({"opaque"}),
        complete=False,
        note="runs code that is not read",
    )
