"""Labels of an output: what it brings into the session (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Callable

from assent.catalog.analysers.secrets import holds_secret, strings
from assent.model.profile import ToolProfile

UNTRUSTED = "untrusted"
SECRET = "secret"  # noqa: S105 - the label's name
PRIVATE = "private"
#: Words of a profile's `output_trust` that do not make an output untrusted.
_TRUSTED = frozenset({"account", "fact", "internal"})
#: Characters of output that are searched; what is beyond counts as secret, for nobody has looked.
_SEARCHED = 4_000_000


def labels_of(
    profile: ToolProfile, response: object, holds: Callable[[str], bool] = holds_secret, *, private: bool = False
) -> frozenset[str]:
    """Labels of one response: those of its profile, of what was read, and what detectors find in it.

    Args:
        holds: does a text hold a secret?
        private: the call named a private file.
    """
    labels = set(profile.output_labels)
    if profile.inferred or profile.output_trust.get("$", UNTRUSTED) not in _TRUSTED:
        labels.add(UNTRUSTED)
    if private:
        labels.add(PRIVATE)
    if brings_secret(response, holds):
        labels.add(SECRET)
    return frozenset(labels)


def brings_secret(said: object, holds: Callable[[str], bool] = holds_secret) -> bool:
    """Does anything that a server says hold a secret, or more than is searched?"""
    seen = 0
    for text in strings(said):
        seen += len(text)
        if seen > _SEARCHED or holds(text):
            return True
    return False
