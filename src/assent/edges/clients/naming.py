"""Names for servers: what policies and receipts call them, `[a-z0-9-]{1,40}`, each for one program on a home."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

_LONGEST = 40


def plain(name: str) -> str:
    """A client's name for a server as a server name."""
    bare = unicodedata.normalize("NFKD", name[:1000]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:_LONGEST].strip("-") or "server"


class Names:
    """Gives out names.

    Args:
        claimed: what a name already stands for on the home; empty if for nothing.
        given: names of earlier installs, and what each stands for.
    """

    def __init__(self, claimed: Callable[[str], str], given: Mapping[str, str]) -> None:
        self._claimed = claimed
        self._given = dict(given)

    def choose(self, name: str, identity: str, taken: set[str]) -> str:
        """A name that stands for this program and no other.

        Args:
            name: what the client calls the server.
            identity: what its command starts.
            taken: names that stand in the same file; the new one is added.
        """
        base, number = plain(name), 1
        while True:
            suffix = f"-{number}" if number > 1 else ""
            chosen = base[: _LONGEST - len(suffix)].rstrip("-") + suffix
            known = self._given.get(chosen) or self._claimed(chosen) or identity
            if chosen not in taken and known == identity:
                self._given[chosen] = identity
                taken.add(chosen)
                return chosen
            number += 1
