"""A jump of more than 30 s either way is seen; a reboot is not a jump."""

from __future__ import annotations

import os
import subprocess
import sys

from assent.inform.clock import SystemClock, jumped, reading
from assent.inform.process import alive, process_text, program


def test_jumps_are_seen_either_way() -> None:
    """DESIGN §5."""
    known = reading(1_000_000, 5_000, 0)
    assert not jumped(known, 1_010_000, 15_000)
    assert not jumped(known, 1_040_000, 15_000)  # 30 s more than ran
    assert jumped(known, 1_040_001, 15_000)
    assert jumped(known, 979_999, 15_000)


def test_a_step_back_behind_the_highest_time_is_seen_across_boots() -> None:
    """Nothing else can be told of another boot."""
    known = {**reading(1_000_000, 5_000, 0), "boot": "another"}
    assert not jumped(known, 9_000_000, 10)
    assert jumped(known, 969_999, 10)


def test_the_clock_runs() -> None:
    """Wall time since 1970 and a steady one."""
    clock = SystemClock()
    first = clock.steady()
    assert clock.now() > 1_700_000_000_000
    assert clock.steady() >= first


def test_a_process_is_named_so_that_its_end_is_seen() -> None:
    """boot, pid and start time: a pid used again is another process."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    text = process_text(child.pid)
    assert alive(text)
    assert not alive(text + "1")
    child.communicate(b"\n")
    assert not alive(text)
    assert alive(process_text(os.getpid()))
    assert not alive("")


def test_an_interpreter_is_named_by_its_script() -> None:
    """`Agent::"local/NAME"` comes from the parent program."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert program(child.pid).startswith("python")
    child.communicate(b"\n")
