"""What fault tests run in a process of their own: commits, and says what was acknowledged.

child.py commit HOME KEY [MODE] [COUNT]   one leaf after the other; a line `ack INDEX` for each
child.py unflushed HOME KEY               one leaf that is flushed and one that is only visible, then waits
child.py full HOME KEY CONTROL            fills the disk and frees it, breaks it and mends it
child.py broken HOME KEY CONTROL BIT      writes that fail in one way, round after round, among some that do not
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from assent.errors import UnavailableError
from assent.keys import file
from assent.record.log import Log
from assent.stores.sqlite import SqliteStore
from tests.stores.world import RealClock


class Careless(SqliteStore):
    """What must turn the tests red: it says durable and flushes nothing."""

    _durable_mode = "OFF"


def opened(home: str, key: str, mode: str = "FULL") -> tuple[SqliteStore, Log]:
    """A log on a home, as a process has it."""
    store = (Careless if mode == "OFF" else SqliteStore)(Path(home))
    origin = "assent/test"
    return store, Log(store, RealClock(), file.load(Path(key)), origin=origin, node=f"node_{os.getpid()}")


def commit(home: str, key: str, mode: str = "FULL", count: str = "0") -> None:
    """Acknowledge leaf after leaf, for ever or `count` times."""
    _, log = opened(home, key, mode)
    n = 0
    while n < int(count) or count == "0":
        text = f"leaf {os.getpid()} {n}".encode()
        index = log.submit(lambda tx, text=text: tx.append(text), durable=True).result()
        os.write(1, f"ack {index} {text.decode()}\n".encode())
        n += 1


def unflushed(home: str, key: str) -> None:
    """Say what was committed and wait to be killed."""
    _, log = opened(home, key)
    for durable in (True, False):
        log.submit(lambda tx, durable=durable: tx.append(f"durable {durable}".encode()), durable=durable).result()
    print("done", flush=True)
    sys.stdin.read()


def full(home: str, key: str, control: str) -> None:
    """A full disk, then a broken flush; prints what each commit came to, then waits to be killed."""
    store, log = opened(home, key)
    handle = os.open(control, os.O_RDWR)

    def one(text: str, *, durable: bool = True) -> str:
        try:
            index = log.submit(lambda tx: tx.append(text.encode()), durable=durable).result()
        except UnavailableError as error:
            return error.code
        return f"ack {index} {text}"

    seen = [one("before")]
    os.pwrite(handle, b"\x01", 0)
    seen += [one("full 1"), one("full 2")]
    with store.read() as reader:
        seen.append(f"readable {reader.size()}")
    os.pwrite(handle, b"\x00", 0)
    seen += [one("free again"), one("seen but not flushed", durable=False)]
    os.pwrite(handle, b"\x02", 0)
    seen += [one("not flushed")]
    os.pwrite(handle, b"\x00", 0)
    seen += [one("mended")]
    print(json.dumps(seen), flush=True)
    sys.stdin.read()


def broken(home: str, key: str, control: str, bit: str, rounds: str) -> None:
    """Switch the fault on and off; prints what was acknowledged while it was off, and what it came to meanwhile."""
    _, log = opened(home, key)
    handle = os.open(control, os.O_RDWR)
    kept: dict[int, str] = {}
    codes: set[str] = set()
    for number in range(int(rounds)):
        for failing in (False, True):
            os.pwrite(handle, bytes([int(bit) * failing]), 0)
            text = f"round {number} {failing}"
            try:
                index = log.submit(lambda tx, text=text: tx.append(text.encode()), durable=True).result()
            except UnavailableError as error:
                codes.add(error.code)
            else:
                kept[index] = text
    os.pwrite(handle, b"\x00", 0)
    index = log.submit(lambda tx: tx.append(b"mended"), durable=True).result()
    print(json.dumps({"kept": {**kept, index: "mended"}, "codes": sorted(codes)}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    {"broken": broken, "commit": commit, "full": full, "unflushed": unflushed}[sys.argv[1]](*sys.argv[2:])
