"""The clock, and whether it has jumped (DESIGN §5)."""

from __future__ import annotations

import time
from collections.abc import Mapping

from assent.inform.process import boot_id

#: A jump of more than this either way defers until an operator confirms the time.
JUMP_MS = 30_000
_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # counts suspended time where there is one


class SystemClock:
    """`ports.Clock` of this machine."""

    def now(self) -> int:
        """Wall time, milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def steady(self) -> int:
        """Milliseconds since boot; runs on while the machine sleeps, where the system can tell."""
        return time.clock_gettime_ns(_BOOTTIME) // 1_000_000


def reading(now: int, steady: int, high: int) -> dict[str, object]:
    """What is remembered of the clock: boot, wall time less steady time, highest time recorded."""
    return {"boot": boot_id(), "high": max(now, high), "offset": now - steady}


def jumped(known: Mapping[str, object], now: int, steady: int) -> bool:
    """Has the wall clock moved more than 30 s against what is known of it?

    Within one boot the steady clock tells, either way; across a boot only a step
    back behind the highest recorded time can be seen.
    """
    if now < _number(known, "high") - JUMP_MS:
        return True
    same_boot = bool(boot_id()) and known.get("boot") == boot_id()
    return same_boot and abs((now - steady) - _number(known, "offset")) > JUMP_MS


def _number(known: Mapping[str, object], name: str) -> int:
    value = known.get(name, 0)
    return value if isinstance(value, int) else 0
