"""Checkpoints go to witnesses, and what they say is believed only as far as it proves."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from assent_verify.checkpoint import Checkpoint
from assent_verify.note import Note
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.admin.witnesses import change
from assent.api.witness import Witness
from assent.errors import ProofError, RequestError
from assent.record import witnesses
from assent.stores.book import WitnessBook
from tests.unit.api.test_witness import server
from tests.unit.cli.world import valid
from tests.unit.verify.witnesses import TestWitness
from tests.world import World

ASSENT = str(Path(sys.executable).parent / "assent")


def assent(*arguments: str, code: int = 0) -> str:
    done = subprocess.run([ASSENT, *arguments], capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


class Org:
    """An organisation: a home of its own, and a witness that runs."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.home, self.state, self.key = str(folder / "home"), folder / "witness", str(folder / "operator.key")
        folder.mkdir()
        assent("init", "--yes", "--operator-key", self.key, "--home", self.home)
        header = assent("receipts", "export", "--home", self.home).partition("\n")[0]
        self.log_key = str(json.loads(header)["log_key"])
        self.process, self.witness, self.url = stack.enter_context(server(self.state))

    def add(self, other: Org, *more: str) -> str:
        return assent(
            "witness", "add", other.url, str(other.witness), "--yes", "--key", self.key, "--home", self.home, *more
        )


@pytest.fixture
def orgs(tmp_path: Path) -> Iterator[list[Org]]:
    with ExitStack() as stack:
        yield [Org(tmp_path / name, stack) for name in ("north", "south")]


def test_two_organisations_witness_each_other(orgs: list[Org]) -> None:
    """Two homes, two witnesses, HTTP between processes: each log is WITNESSED with the other's key from outside."""
    for mine, other in (orgs, orgs[::-1]):
        assert mine.log_key
        assent("witness", "trust", mine.log_key, "--state", str(other.state))
        assert "1, of which 1 must agree" in mine.add(other)
    for mine, other in (orgs, orgs[::-1]):
        assert "ok" in assent("witness", "list", "--home", mine.home)
        said = assent("verify", mine.home, "--witness", str(other.witness))
        assert "WITNESSED  yes" in said or "WITNESSED UP TO LEAF" in said
        policy = Path(mine.home).parent / "policy"
        policy.write_text(assent("witness", "policy", "--home", mine.home))
        assent("verify", mine.home, "--policy", str(policy))
        assent("verify", mine.home, "--witness", str(mine.witness), code=4)
        assert "leaves" in assent("witness", "logs", "--state", str(other.state))


def test_what_serves_the_log_does_its_duties(orgs: list[Org]) -> None:
    """`assent receipts serve` alone takes the checkpoint to a witness that did not know the log when it was added."""
    mine, other = orgs
    mine.add(other)
    before = json.loads(assent("witness", "list", "--json", "--home", mine.home))
    valid("witnesses", before)
    assert (before["vouched"], before["witnesses"][0]["error"]) == (0, "it answered 404")
    assent("witness", "trust", mine.log_key, "--state", str(other.state))
    command = [ASSENT, "receipts", "serve", "--port", "0", "--home", mine.home]
    serving = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        for _ in range(60):
            time.sleep(0.5)
            after = json.loads(assent("witness", "list", "--json", "--home", mine.home))
            if after["vouched"]:
                break
        valid("witnesses", after)
        assert after["vouched"] >= before["leaves"] and after["witnesses"][0]["failures"] == 0
    finally:
        serving.kill()
        serving.communicate()


class Net:
    """Witnesses in this process behind the `ask` that the log uses; one may be dead or lie."""

    def __init__(self, folder: Path, world: World) -> None:
        self.world = world
        self.witnesses: dict[str, Witness] = {}
        self.books: dict[str, WitnessBook] = {}
        self.instead: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.operator = world.operator
        for name in "abc":
            test = TestWitness(name)
            book = self.books[name] = WitnessBook(folder / name)
            book.trust(world.key)
            self.witnesses[name] = Witness(test.key, test.private.sign, book, lambda: world.clock.wall / 1000)

    def ask(self, url: str, body: bytes) -> tuple[int, bytes]:
        name = url[-1]
        self.asked.append(name)
        if name in self.instead:
            status, found = self.instead[name]
            if not status:
                raise ProofError("bad_witness", "it gave no answer: dead")
            return status, found
        answer = self.witnesses[name].add(body)
        return answer.status, answer.body.encode()

    def add_all(self) -> None:
        for name, one in self.witnesses.items():
            change(self.world.log, self.operator, self.world.clock.wall, add=(one.key, f"https://w.example/{name}"))

    def round(self) -> bool:
        self.world.log.checkpoint().result()
        return witnesses.round(self.world.store, self.world.log, self.world.clock, self.ask)

    def newest(self) -> Note:
        with self.world.store.read() as reader:
            found = reader.newest_checkpoint()
            assert found is not None
            return Note.parse(found[1])

    def standing(self, name: str) -> witnesses.Standing:
        with self.world.store.read() as reader:
            return witnesses.standing(reader, self.witnesses[name].key)

    def barred(self) -> str:
        with self.world.store.read() as reader:
            return reader.state(witnesses.ROLLED_BACK) or ""


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    world = World(tmp_path / "world")
    made = Net(tmp_path, world)
    made.add_all()
    yield made
    assert world.verify().sound
    world.home.close()


def test_a_dead_witness_keeps_nothing_from_the_others(net: Net) -> None:
    """Two cosign while the third is down; it is asked again, later each time, and catches up."""
    net.instead["b"] = (0, b"")
    assert net.round()
    assert {line.name for line in net.newest().signatures} == {"assent/world", "a", "c"}
    assert net.standing("b").failures == 1 and "dead" in net.standing("b").error
    net.asked.clear()
    net.round()
    assert net.asked == []  # not before its time
    net.world.clock.pass_time(3)
    net.round()
    assert net.asked == ["b"] and net.standing("b").again - net.world.clock.wall == 4000
    del net.instead["b"]
    net.world.clock.pass_time(5)
    net.round()
    assert net.standing("b").error == "" and net.standing("b").failures == 0
    assert {line.name for line in net.newest().signatures} == {"assent/world", "a", "b", "c"}


def test_a_witness_that_saw_more_says_that_the_home_was_put_back(net: Net) -> None:
    """409 with a larger size: every decision is barred, with the witness's name."""
    assert not net.barred()
    net.instead["a"] = (409, b"99999\n")
    net.round()
    assert "`a` has seen 99999 leaves" in net.barred()


def test_a_witness_that_saw_another_history_bars_as_well(net: Net, tmp_path: Path) -> None:
    """The same size with another root, and a proof that does not fit what was seen."""
    net.instead["a"] = (422, b"")
    net.round()
    assert "another history" in net.barred()


def test_a_witness_that_is_behind_or_ahead_of_what_we_know_is_met(net: Net, tmp_path: Path) -> None:
    """A new state at the witness, or an answer that was lost after it was given, costs one more request."""
    net.round()
    net.books["a"] = WitnessBook(tmp_path / "fresh")
    net.books["a"].trust(net.world.key)
    test = TestWitness("a")
    net.witnesses["a"] = Witness(test.key, test.private.sign, net.books["a"], lambda: net.world.clock.wall / 1000)
    change(net.world.log, net.operator, net.world.clock.wall, add=None, quorum=2)
    net.asked.clear()
    net.round()
    assert sorted(net.asked) == ["a", "a", "b", "c"] and not net.standing("a").error and not net.barred()


@pytest.mark.parametrize(
    "answer",
    [
        (200, b""),
        (200, b"\xff"),
        (200, b"x" * 100_000),
        (200, b"\xe2\x80\x94 a AAAAAAAA\n"),
        (409, b"x\n"),
        (409, b""),
        (409, b"9" * 5000),
        (500, b"a page"),
        (302, b""),
    ],
)
def test_a_lying_witness_is_an_error_of_its_own(net: Net, answer: tuple[int, bytes]) -> None:
    """Nothing it says is kept, nothing is barred, the others are heard."""
    net.instead["a"] = answer
    net.round()
    assert net.standing("a").error and not net.standing("a").size and not net.barred()
    assert {line.name for line in net.newest().signatures} == {"assent/world", "b", "c"}


def test_a_cosignature_of_another_checkpoint_is_not_kept(net: Net) -> None:
    """The line must hold over this text."""
    test = TestWitness("a")
    other = str(Checkpoint("assent/world", 1, bytes(32)))
    line = test.key.cosign(other, 1_790_000_000, test.private.sign)
    net.instead["a"] = (200, f"{line}\n".encode())
    net.round()
    assert "does not hold" in net.standing("a").error


def test_silence_is_broken_by_a_leaf_that_says_so(net: Net) -> None:
    """After the heartbeat's time without a leaf one is written, and witnessed like any other."""
    net.round()
    before = len(net.world.leaves())
    net.world.clock.pass_time(witnesses.HEARTBEAT_MS / 1000 - 60)
    assert not net.round() and len(net.world.leaves()) == before
    net.world.clock.pass_time(120)
    assert net.round() and len(net.world.leaves()) == before + 1
    net.round()
    assert all(net.standing(name).size == before + 1 for name in "abc")


@pytest.mark.parametrize("dated", [1, 2**62])
def test_a_witness_that_dates_wrongly_neither_stops_nor_hurries_the_heartbeat(net: Net, dated: int) -> None:
    """Its cosignature may be of any time; when silence is broken goes by our clock alone."""
    lying = TestWitness("a")
    for name in "bc":
        net.instead[name] = (0, b"")
    net.world.log.checkpoint().result()
    line = lying.key.cosign(net.newest().text, dated, lying.private.sign)
    net.instead["a"] = (200, f"{line}\n".encode())
    assert net.round() and net.standing("a").time == net.world.clock.wall
    before = len(net.world.leaves())
    net.round()
    assert len(net.world.leaves()) == before
    net.world.clock.pass_time(witnesses.HEARTBEAT_MS / 1000 + 1)
    for _ in range(9):  # the others are asked again first
        net.round()
    assert len(net.world.leaves()) == before + 1


def test_a_witness_is_sent_what_the_log_signed_alone(net: Net) -> None:
    """What others cosigned before it was asked is not its business."""
    net.instead["b"] = (0, b"")
    net.round()
    del net.instead["b"]
    net.world.clock.pass_time(5)
    sent: list[bytes] = []

    def ask(url: str, body: bytes) -> tuple[int, bytes]:
        sent.append(body)
        return net.ask(url, body)

    assert len(net.newest().signatures) > 1
    witnesses.round(net.world.store, net.world.log, net.world.clock, ask)
    notes = [Note.parse(body.partition(b"\n\n")[2]) for body in sent]
    assert [[line.name for line in note.signatures] for note in notes] == [["assent/world"]]


def test_one_process_at_a_time_asks(net: Net) -> None:
    """While another has the lease nobody is asked; what is kept under an old fencing number is dropped."""
    held = {"node": "node_other", "until": net.world.clock.wall + 10_000, "fence": 7}
    net.world.put_state(witnesses.LEASE, json.dumps(held))
    assert not net.round() and net.asked == []
    net.world.clock.pass_time(11)
    real = net.ask

    def slow(url: str, body: bytes) -> tuple[int, bytes]:
        net.world.put_state(witnesses.LEASE, json.dumps(held | {"fence": 9}))
        return real(url, body)

    net.world.log.checkpoint().result()
    witnesses.round(net.world.store, net.world.log, net.world.clock, slow)
    assert [line.name for line in net.newest().signatures] == ["assent/world"]


def test_only_the_operator_changes_witnesses_and_it_is_a_receipt(net: Net) -> None:
    """Adding, removing and the quorum are signed leaves; what makes no sense is refused."""
    events = [leaf for leaf in net.world.leaves("system") if leaf["event"] == "witness"]
    assert len(events) == 3 and all(leaf["signature"] for leaf in events)
    now = net.world.clock.wall
    for more in ({"remove": "nobody"}, {"quorum": 4}):
        with pytest.raises(RequestError):
            change(net.world.log, net.operator, now, add=None, **more)  # type: ignore[arg-type]
    for url in ("file:///etc/passwd", "https://", "https://w.example/a b"):
        with pytest.raises(RequestError):
            change(net.world.log, net.operator, now, add=(TestWitness("d").key, url))
    stranger = type(net.operator)(Ed25519PrivateKey.generate(), "passphrase")
    with pytest.raises(RequestError):
        change(net.world.log, stranger, now, add=None, quorum=2)
    assert len(change(net.world.log, net.operator, now, add=None, remove="b").witnesses) == 2
