"""Rules of `assent keys`: what it lists, and that a log rotated by it goes on and verifies."""

from __future__ import annotations

import base64
import re
import subprocess
import sys

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from assent.cli.shell import Shell
from tests.unit.cli.world import World, valid


def reviewer(world: World) -> str:
    """The operator's public key as `--reviewer` takes it."""
    key = load_pem_private_key(world.key.read_bytes(), None)
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()  # type: ignore[union-attr]


def test_a_log_goes_from_one_key_to_two_algorithms_and_on(fresh: World) -> None:
    """Rotate, add ML-DSA-44 beside it, retire, delete; the log verifies from its first key and from its last."""
    first = fresh.run("keys", "list", "--json").json
    valid("keys", first)
    old = first["keys"][0]
    key = ["--key", str(fresh.key), "--yes"]
    assert fresh.run("keys", "rotate", *key).code == 0
    added = fresh.run("keys", "rotate", "--keep", "--algorithm", "ml-dsa-44", *key)
    assert added.code == 0, added.err
    found = fresh.run("keys", "list", "--json").json
    valid("keys", found)
    assert [(row["algorithm"], row["state"]) for row in found["keys"]] == [
        ("Ed25519", "retired"),
        ("Ed25519", "in force"),
        ("ML-DSA-44", "in force"),
    ]
    assert fresh.run("keys", "retire", old["short"], "--yes").code == 0
    assert not (fresh.home / "log.key").exists()
    second = found["keys"][1]["short"]
    assert fresh.run("keys", "retire", second, *key).code == 0
    assert fresh.run("keys", "retire", second, "--yes").out.startswith("deleted ")
    for row in found["keys"]:
        told = fresh.run("verify", "--strict", "--log-key", row["key"], "--reviewer", reviewer(fresh))
        assert told.code == 0, told.out
        assert told.out.count("LOG KEY ROTATED") == 3
    assert fresh.run("keys", "retire", found["keys"][2]["short"], *key).err.startswith("error[rotation_refused]")


def test_a_home_whose_key_is_lost_is_rotated_with_the_operators_key(fresh: World) -> None:
    """Without the key nothing opens, and the message says what to do; with the operator's signature it goes on."""
    (fresh.home / "log.key").unlink()
    refused = fresh.run("approvals", "--all")
    opened = fresh.run("clock", "confirm", "--yes", "--key", str(fresh.key))
    assert (refused.code, opened.code) == (0, 1)
    assert "assent keys rotate --lost" in opened.err
    assert fresh.run("keys", "rotate", "--lost", "--key", str(fresh.key), "--yes").code == 0
    assert fresh.run("clock", "confirm", "--yes", "--key", str(fresh.key)).code == 0
    assert fresh.run("verify", "--strict", "--reviewer", reviewer(fresh)).code == 0
    assert fresh.run("keys", "rotate", "--stolen", "--lost", "--yes").code == 2


def test_a_planned_change_without_the_key_changes_nothing(fresh: World) -> None:
    """The lost key would have to sign once more: rotate, --keep and retire say so before a leaf is written."""
    key = ["--key", str(fresh.key), "--yes"]
    short = fresh.run("keys", "list", "--json").json["keys"][0]["short"]
    (fresh.home / "log.key").unlink()
    for words in (["rotate"], ["rotate", "--keep"]):
        told = fresh.run("keys", *words, *key)
        assert (told.code, told.err.startswith("error[log_key_lost]")) == (1, True), told.err
    assert fresh.run("keys", "retire", short, *key).code == 1
    assert len(fresh.run("keys", "list", "--json").json["keys"]) == 1
    assert not list(fresh.home.glob("log*.key"))
    assert fresh.run("keys", "rotate", "--lost", *key).code == 0


def test_a_key_that_is_lost_before_its_last_signature_is_let_go(fresh: World) -> None:
    """A planned change whose checkpoint waits for a key that is gone holds no home for ever: `--lost` ends it."""
    from assent.admin import rotate
    from assent.assembly import log_ring, open_to_rotate

    config = Shell(fresh.home, {}).config()
    (old,) = fresh.run("keys", "list", "--json").json["keys"]
    with open_to_rotate(config) as home:
        fresh_key = log_ring(config.home).create(home.log.origin, 1)
        change = rotate.Change("planned", (str(fresh_key),), (old["key"],))
        rotate.rotate(home.log, home.unlock(fresh.key, lambda _: b""), home.clock.now(), change)
        (fresh.home / "log.key").unlink()
    assert fresh.run("clock", "confirm", "--yes", "--key", str(fresh.key)).code == 1
    assert fresh.run("keys", "rotate", "--lost", "--key", str(fresh.key), "--yes").code == 0
    assert fresh.run("clock", "confirm", "--yes", "--key", str(fresh.key)).code == 0
    assert fresh.run("verify", "--strict", "--reviewer", reviewer(fresh)).code == 0


def test_a_fingerprint_can_be_read_aloud(fresh: World) -> None:
    """Four lines of four groups of four hex digits, for each key in force."""
    lines = fresh.run("keys", "fingerprint").out.splitlines()
    assert re.fullmatch(r"assent/[0-9a-f]{16}\+[0-9a-f]{8}\+\S+", lines[0])
    assert all(re.fullmatch(r"  ([0-9a-f]{4} ){3}[0-9a-f]{4}", line) for line in lines[2:6])
    assert lines[6] == reviewer(fresh)


def test_a_persons_key_is_given_as_any_command_prints_it(fresh: World) -> None:
    """`--reviewer` takes the base64 of `keys fingerprint` and the vkey of the published document; no other text."""
    assert fresh.run("keys", "publish", str(fresh.folder / "site"), "--key", str(fresh.key)).code == 0
    published = (fresh.folder / "site" / ".well-known" / "assent-trust").read_text()
    vkey = published.partition("# reviewer ")[2].split()[0]
    for text in (reviewer(fresh), vkey):
        assert "people's keys" not in fresh.run("verify", "--reviewer", text).out
    for text in (vkey[:-1], reviewer(fresh)[:-1], "x", ""):
        assert fresh.run("verify", "--reviewer", text).code == 2, text


def test_keys_are_published_and_a_file_is_stated_about(fresh: World) -> None:
    """A stranger with the published document verifies an export, and with the auditor's statement, what it says."""
    key = ["--key", str(fresh.key)]
    assert fresh.run("keys", "rotate", "--yes", *key).code == 0
    export, site = fresh.folder / "log.export", fresh.folder / "site"
    assert fresh.run("keys", "publish", str(site), "--url", "https://log.example/", *key).code == 0
    trust = site / ".well-known" / "assent-trust"
    assert "# retired assent/" in trust.read_text()
    assert fresh.run("receipts", "export", "-o", str(export)).code == 0
    note = fresh.folder / "statement"
    words = ["statement", str(export), "-o", str(note), "--sign-with", str(fresh.key), "--as", "auditor.example/ana"]
    made = fresh.run(*words, "--trust", str(trust))
    assert made.code == 0, made.err
    signer = made.out.split()[-1]
    program = [sys.executable, "-m", "assent_verify"]
    checked = subprocess.run(
        [*program, str(export), "--strict", "--trust", str(trust), "--statement", str(note), "--signer", signer],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "says the same" in checked.stdout
