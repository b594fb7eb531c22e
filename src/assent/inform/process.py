"""Processes: who started this one, and is one that was registered still running?

A process is named by boot id, pid and start time, so that a pid used again is
another process (proc(5) `starttime`; `ps -o lstart` elsewhere).
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path


@cache
def boot_id() -> str:
    """Id of this boot; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return _command("sysctl", "-n", "kern.boottime").partition("}")[0].replace(" ", "").strip("{")


def started(pid: int) -> str:
    """When a process started, as text that another process with the same pid cannot have; empty if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except FileNotFoundError:
        return "" if Path("/proc/self/stat").exists() else _command("ps", "-o", "lstart=", "-p", str(pid))
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    # a zombie has ended: only its parent has not looked yet
    return "" if fields[0] in "ZX" else fields[19]


def process_text(pid: int) -> str:
    """`boot:pid:start` of a running process."""
    return f"{boot_id()}:{pid}:{started(pid).replace(' ', '_')}"


def alive(text: str) -> bool:
    """Is the process that was registered as this text still running?"""
    boot, _, rest = text.partition(":")
    pid, _, start = rest.partition(":")
    if boot != boot_id() or not pid.isdecimal():
        return False
    return bool(start) and started(int(pid)).replace(" ", "_") == start


def program(pid: int) -> str:
    """Name of the program a process runs, or of the script if it is an interpreter; empty if unknown."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        name = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        words, name = _command("ps", "-o", "command=", "-p", str(pid)).split(), ""
        name = os.path.basename(words[0]) if words else ""
    if name.startswith(("python", "node", "bun", "deno")) and not {"-c", "-e"} & set(words[1:3]):
        script = next((word for word in words[1:] if word and not word.startswith("-")), "")
        return os.path.splitext(os.path.basename(script))[0] or name
    return name


def _command(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
