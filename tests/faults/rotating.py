"""A rotation that kills itself at one step; started by `test_rotation.py` in a process of its own.

rotating.py HOME KEY REASON STEP     STEP: file, before, leaf, signature, none
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assent.admin.rotate import Change, rotate
from assent.assembly import log_ring, open_to_rotate
from assent.config import load
from assent.record import checkpoints, logkeys


def die(*_: object, **__: object) -> Any:
    """As the kernel does it, without a last word."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step, and then death."""

    def run(*given: Any, **named: Any) -> Any:
        step(*given, **named)
        die()

    return run


def main(place: str, key: str, reason: str, step: str) -> None:
    """Rotate, or die on the way."""
    home = Path(place)
    with open_to_rotate(load(home, {})) as opened:
        with opened.store.read() as reader:
            old = logkeys.spans(reader)[-1].keys
        signer = opened.unlock(Path(key), lambda prompt: "")
        fresh = log_ring(home).create(opened.log.origin, 1)
        if step == "file":
            die()
        if step == "before":  # inside the transaction that is to carry the leaf
            checkpoints.claim = logkeys.text_of = die  # type: ignore[assignment]
        if step == "leaf":
            checkpoints._sign = die
        if step == "signature":
            checkpoints.sign_claimed = after(checkpoints.sign_claimed)  # type: ignore[assignment]
        rotate(opened.log, signer, opened.clock.now(), Change(reason, (str(fresh),), old))  # type: ignore[arg-type]
        opened.log.checkpoint().result()


if __name__ == "__main__":
    main(*sys.argv[1:])
