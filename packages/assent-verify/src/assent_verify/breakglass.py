"""Break-glass: another bundle in force for some hours, by two people or the recovery key (docs/recovery.md)."""

from __future__ import annotations

from collections.abc import Callable, Set

from assent_verify.attempts import CLOCK_TOLERANCE
from assent_verify.receipt import System, milliseconds

#: Longest time that it lasts, in ms.
LONGEST = 8 * 3_600_000


class BreakGlass:
    """Which bundle stands in for the active one, and until when.

    Args:
        refuse: called with code and message for whatever does not hold.
    """

    def __init__(self, refuse: Callable[[str, str], None]) -> None:
        self._refuse = refuse
        self._bundle, self._until = b"", 0
        self.sealed: set[bytes] = set()
        self.times = 0

    def bundle(self, time: int) -> bytes:
        """The bundle that stands in at this time (ms); empty if none does."""
        return self._bundle if time < self._until else b""

    def over(self, leaf: System) -> bool:
        """Does a leaf say that it has ended when it has?"""
        return leaf.subject["state"] == "off" and milliseconds(leaf.time) >= self._until

    def follow(self, leaf: System, activated: Set[bytes]) -> None:
        """Take over what a leaf says; whether its signer may say so is not judged here."""
        state, time = leaf.subject["state"], milliseconds(leaf.time)
        bundle, until = (str(leaf.subject[name]).encode() for name in ("bundle", "until"))
        ends = milliseconds(until) if until else 0
        if bool(until) is not (state == "on") or ends > time + LONGEST + CLOCK_TOLERANCE:
            self._refuse("breakglass_until", "what is switched on, and that alone, ends within eight hours")
            ends = 0
        if state == "sealed":
            self.sealed.add(bundle)
            return
        self._bundle, self._until = bundle, ends
        self.times += state == "on"
        if state == "on" and bundle not in activated | self.sealed:
            self._refuse("breakglass_bundle", "the bundle was neither activated nor sealed before")
