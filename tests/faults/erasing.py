"""A process that erases and is killed at one step of it; started by `test_erasing`."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin import erase
from assent.keys.file import KeySigner
from assent.record.log import Log
from assent.stores import sqlite
from assent.stores.sealing import Sealing
from assent.stores.sqlite import SqliteStore
from assent.stores.vault import Vault
from tests.stores.world import RealClock

#: Every place at which something becomes true on the disk: before and after each.
STEPS: tuple[tuple[type, str], ...] = (
    (Vault, "make"),
    (Sealing, "renew"),
    (SqliteStore, "_commit"),
    (SqliteStore, "_shred"),
    (Sealing, "given_up"),
    (Vault, "destroy"),
    (Sealing, "finish"),
)


def erase_and_die(home: Path, keys: tuple[bytes, bytes], step: int, told: Connection) -> None:
    """Erase what mentions `ann@x.org`; be killed at this step, counted from 1. Says `done` if there is no such step."""
    store = SqliteStore(home)
    log_key, operator = (KeySigner(Ed25519PrivateKey.from_private_bytes(key), "passphrase") for key in keys)
    log = Log(store, RealClock(), log_key, origin="assent/world", node="node_" + "b" * 25 + "a")
    with store.read() as reader:
        plan = erase.plan(reader, erase.Wanted("matching", "ann@x.org"))
    passed = [0]

    def reach() -> None:
        passed[0] += 1
        if passed[0] == step:
            os.kill(os.getpid(), signal.SIGKILL)

    for owner, name in STEPS:
        setattr(owner, name, _watched(getattr(owner, name), reach))
    assert sqlite.SqliteStore is SqliteStore
    erase.erase(log, operator, plan, "request", RealClock().now())
    told.send("done")
    os.kill(os.getpid(), signal.SIGKILL)


def _watched(real: Callable[..., Any], reach: Callable[[], None]) -> Callable[..., Any]:
    def run(*given: Any, **named: Any) -> Any:
        reach()
        result = real(*given, **named)
        reach()
        return result

    return run
