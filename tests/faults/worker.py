"""Processes that commit until they are killed, or all at once; started from a prepared one, so quickly."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import time
from concurrent.futures import Future
from multiprocessing.connection import Connection
from pathlib import Path

from assent import assembly
from assent.config import load
from assent.enforce.gather import Call
from assent.enforce.guard import Allowed
from assent.keys import file
from assent.model.ids import LeafIndex, SessionId
from assent.model.outcome import Outcome
from assent.model.profile import Server
from assent.record import log as log_module
from assent.record.log import Log
from assent.stores.sqlite import SqliteStore
from tests.stores.world import RealClock
from tests.world import tool

ORIGIN = "assent/test"
SEND = tool("send_message", recipient={"type": "string"}, text={"type": "string"})


def prepared() -> multiprocessing.context.ForkServerContext:
    """Starts processes that have this module imported and nothing open."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def opened(home: Path, key: Path) -> tuple[SqliteStore, Log]:
    """A log on a home, as a process has it."""
    store = SqliteStore(home)
    return store, Log(store, RealClock(), file.load(key), origin=ORIGIN, node=f"node_{os.getpid()}")


def commit_until_killed(home: Path, key: Path, acks: Connection) -> None:
    """Keep four jobs under way, every third not durable; send `(index, text)` of each that is acknowledged."""
    log_module.CHECKPOINT_MS = 15  # so that kills fall between claim and signature, too
    _, log = opened(home, key)
    under_way: list[tuple[Future[LeafIndex], bytes]] = []
    n = 0
    while True:
        text = f"leaf {os.getpid()} {n}".encode()
        under_way.append((log.submit(lambda tx, text=text: tx.append(text), durable=n % 3 > 0), text))
        n += 1
        if len(under_way) == 4:
            future, text = under_way.pop(0)
            acks.send((future.result(), text))


def called(session: SessionId, text: str) -> Call:
    """A message to always the same person."""
    params = {"name": SEND.name, "arguments": {"recipient": "bob@example.org", "text": text}}
    return Call(session, Server("files", zone="local"), "tools/call", SEND.name, SEND, params)


def spend_until_killed(home: Path, client: str, number: int, acks: Connection) -> None:
    """Make calls that a grant lets pass, through the whole guard; send `(index, text)` of each that passed."""

    async def run() -> None:
        opened = assembly.open_home(load(home, {}))
        session = await opened.sessions.join(opened.principal("agent"), client, opened.process)
        for count in itertools.count():
            ruling = await opened.guard.authorize(called(session.id, f"{number}-{count}"))
            if not isinstance(ruling, Allowed) or ruling.permit is None:
                raise SystemExit(f"not allowed: {ruling}")
            await opened.guard.begin(ruling.permit)
            acks.send((ruling.permit.receipt, b""))
            await opened.guard.settle(ruling.permit, Outcome("succeeded", "gateway", b"{}"), {})

    asyncio.run(run())


def commit_some(home: Path, key: Path, results: Connection, count: int) -> None:
    """Commit `count` leaves one after the other; send their indexes and seconds."""
    store, log = opened(home, key)
    results.send("ready")
    results.recv()
    seen = []
    for n in range(count):
        text = f"leaf {os.getpid()} {n}".encode()
        start = time.perf_counter()
        index = log.submit(lambda tx, text=text: tx.append(text), durable=True).result()
        seen.append((index, time.perf_counter() - start))
    results.send(seen)
    log.close()
    store.close()
