"""Rules of sealing by the commands, on a real home: sealed, verified and exported with its archive and without."""

from __future__ import annotations

from pathlib import Path

from assent.assembly import open_home
from assent.config import load
from assent.ports import Transaction
from assent.record import leaves
from tests.unit.cli.world import World


def grow(home: Path, count: int) -> None:
    """Add system leaves that say nothing."""
    with open_home(load(home, {})) as opened:
        for _ in range(count // 100):

            def job(tx: Transaction) -> None:
                for _ in range(100):
                    leaves.append(tx, leaves.system(opened.node, opened.clock.now(), "checkpoint", {}), None)

            opened.log.submit(job, durable=False).result()


def alone(world: World, archive: str) -> None:
    """What reads receipts one by one says that some lie in the archive, and reads them there: none is passed over."""
    log = world.folder / "access.log"
    log.write_text("")
    reconcile = ["reconcile", "--telemetry", f"access:{log}"]
    for words in (["receipts", "show", "7"], ["explain", "7"], ["receipts", "convert", "csv"], ["replay"], reconcile):
        told = world.run(*words)
        assert (told.code, told.err.startswith("error[leaves_archived]")) == (1, True), (words, told.err)
        assert world.run(*words, "--archive", archive).code == 0, words
    listed = world.run("receipts", "list")
    assert "receipts 1 to 511 lie in an archive" in listed.err
    assert world.run("receipts", "list", "--last", "5").err == ""
    whole = world.run("receipts", "list", "--archive", archive)
    assert (whole.err, len(whole.out.splitlines())) == ("", len(listed.out.splitlines()) + 511)
    assert world.run("verify", "--replay").code == 1
    proof = str(world.home.parent / "7.tlog-proof")
    assert world.run("receipts", "proof", "7", "-o", proof, "--archive", archive).code == 0
    assert world.run("verify", "--replay", "--archive", archive).code == 0


def test_a_sealed_home_is_verified_with_its_archive_and_never_without(tmp_path: Path) -> None:
    """Sealed, it verifies as before with the archive; without it the command says what is missing and fails."""
    world = World(tmp_path)
    world.init()
    grow(world.home, 600)
    archive = str(tmp_path / "archive")
    done = world.run("receipts", "seal", "--leaves", "550", "--to", archive, "--key", str(world.key), "--yes")
    assert (done.code, done.out.startswith("sealed receipts 0 to 511 in ")) == (0, True), done.err
    without = world.run("verify")
    assert (without.code, "leaves 1 to 511 lie in an archive alone" in without.err) == (1, True)
    assert world.run("receipts", "export", "-o", str(tmp_path / "no.export")).code == 1
    assert not (tmp_path / "no.export").exists()
    assert world.run("receipts", "proof", "7").code == 1
    with_it = world.run("verify", "--archive", archive, "--json")
    assert with_it.code == 0, with_it.out + with_it.err
    assert (with_it.json["sound"], with_it.json["complete"]) == (True, True)
    export = str(tmp_path / "whole.export")
    assert world.run("receipts", "export", "-o", export, "--archive", archive).code == 0
    assert world.run("verify", export, "--json").json["sound"] is True
    assert world.run("receipts", "proof", "520", "-o", str(tmp_path / "520.tlog-proof")).code == 0
    alone(world, archive)
    published = world.run("receipts", "publish", archive)
    assert published.code == 0, published.err
    again = world.run("receipts", "seal", "--leaves", "550", "--to", archive, "--key", str(world.key), "--yes")
    assert (again.code, "nothing_to_seal" in again.err) == (1, True)
