"""A foreign witness, `litewitness` of torchwood, takes our log and cosigns it, and our verifier believes it."""

from __future__ import annotations

import base64
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest
from assent_verify.cosignature import WitnessKey, cosignatures
from assent_verify.errors import ProofError
from assent_verify.note import Note
from assent_verify.policy import quorum_of
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from assent.admin.witnesses import change
from assent.record import asking, witnesses
from tests.evidence.servers import free_port
from tests.world import World

PROGRAM = Path(__file__).parents[2] / ".servers" / "go" / "litewitness"
NAME = "lite.example/w"
EMPTY = base64.b64encode(sha256(b"").digest()).decode()


class Lite:
    """A running litewitness, whose key an agent of its own holds."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.port = folder, free_port()
        agent = folder / "agent"
        _running(["ssh-agent", "-D", "-a", str(agent)], stack)
        _until(agent.exists)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
        environ = {**os.environ, "SSH_AUTH_SOCK": str(agent)}
        subprocess.run(["ssh-add", "-q", folder / "key"], check=True, env=environ)
        public = (folder / "key.pub").read_bytes()
        loaded = load_ssh_public_key(public)
        assert isinstance(loaded, Ed25519PublicKey)
        self.key = WitnessKey(NAME, loaded.public_bytes_raw())
        print_ = base64.b64encode(sha256(base64.b64decode(public.split()[1])).digest()).decode().rstrip("=")
        where = ["-db", str(folder / "witness.db"), "-listen", f"127.0.0.1:{self.port}"]
        _running([PROGRAM, "-name", NAME, "-key", f"SHA256:{print_}", "-ssh-agent", str(agent), *where], stack)
        _until(lambda: _answers(self.url))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def trust(self, world: World) -> None:
        """Let it know our log, as its operator does."""
        with sqlite3.connect(self.folder / "witness.db") as database:
            database.execute("INSERT INTO log VALUES (?, 0, ?)", (world.key.name, EMPTY))
            database.execute("INSERT INTO key VALUES (?, ?)", (world.key.name, str(world.key)))


def _running(command: Sequence[str | Path], stack: ExitStack) -> None:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)


def _answers(url: str) -> bool:
    try:
        asking.ask(url, b"")
    except ProofError:
        return False
    return True


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Lite]:
    with ExitStack() as stack:
        yield Lite(tmp_path, stack)


def test_a_foreign_witness_cosigns_our_log_and_we_believe_it(lite: Lite, tmp_path: Path) -> None:
    """From the first checkpoint on, with a consistency proof for each that follows; three sizes, one after another."""
    world = World(tmp_path / "world")
    world.clock.wall = int(time.time() * 1000)
    lite.trust(world)
    change(world.log, world.operator, world.clock.wall, add=(lite.key, lite.url))
    change(world.log, world.operator, world.clock.wall, add=None, quorum=1)
    sizes = []
    for number in range(3):
        world.put_state("x", str(number))
        change(world.log, world.operator, world.clock.wall, add=None, quorum=number % 2)
        world.log.checkpoint().result()
        witnesses.round(world.store, world.log, world.clock, asking.ask)
        with world.store.read() as reader:
            newest = reader.newest_checkpoint()
        assert newest is not None
        sizes.append(newest[0])
        found = cosignatures(Note.parse(newest[1]), [lite.key])
        assert quorum_of([lite.key], 1).since(found)
    assert sizes == sorted(set(sizes))


def test_a_foreign_witness_that_does_not_know_our_log_gives_nothing(lite: Lite, tmp_path: Path) -> None:
    """Without its operator's trust there is no cosignature, and nothing of ours says that there is."""
    world = World(tmp_path / "world")
    world.clock.wall = int(time.time() * 1000)
    change(world.log, world.operator, world.clock.wall, add=(lite.key, lite.url))
    world.log.checkpoint().result()
    witnesses.round(world.store, world.log, world.clock, asking.ask)
    with world.store.read() as reader:
        newest = reader.newest_checkpoint()
        assert newest is not None and not list(cosignatures(Note.parse(newest[1]), [lite.key]))
        assert witnesses.standing(reader, lite.key).size == 0
