"""`assent principals`: enrol, list, show, change, disable, new keys, review, as scripts and people read them."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.unit.cli.world import Ran, World, valid

DEPLOY = 'Agent::"ci/deploy"'


def signed(world: World, *words: str) -> Ran:
    """A command with the operator's key."""
    return world.run("principals", *words, "--yes", "--key", str(world.key))


def test_the_life_of_a_principal(fresh: World, tmp_path: Path) -> None:
    """Enrolled with a key that is made, shown, changed, disabled, enabled, given another key; all of it verifies."""
    file, other = tmp_path / "deploy.key", tmp_path / "next.key"
    done = signed(fresh, "add", "ci/deploy", "--new-key", str(file), "--autonomy", "2", "--model", "opus@4.5")
    assert done.code == 0, done.err
    assert f"enrolled  {DEPLOY}" in done.out and f"--key {file}" in done.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and "PRIVATE" not in done.out + done.err
    [owner, row] = sorted(fresh.run("principals", "list", "--json").json, key=lambda one: one["owner"])
    valid("principals", [owner, row])
    assert (row["id"], row["autonomy"], row["model"], row["model_version"]) == (DEPLOY, 2, "opus", "4.5")
    assert row["owner"] == owner["id"] and row["last_used"] is None and len(row["proofs"]) == 1
    assert signed(fresh, "set", "ci/deploy", "--model", "opus@5").code == 0
    done = signed(fresh, "rotate", "ci/deploy", "--new-key", str(other))
    assert f"removed   {row['proofs'][0]}" in done.out
    assert signed(fresh, "disable", "ci/deploy").out == f"disabled  {DEPLOY}\n"
    shown = fresh.run("principals", "show", "ci/deploy", "--json").json
    valid("principal", shown)
    assert (shown["status"], shown["model_version"], shown["delegations"]) == ("disabled", "5", [])
    assert shown["proofs"] != row["proofs"]
    assert signed(fresh, "enable", DEPLOY).code == 0
    assert DEPLOY in fresh.run("principals", "list").out and "active" in fresh.run("principals", "show", DEPLOY).out
    assert fresh.run("verify").code == 0


def test_public_keys_and_other_proofs(fresh: World, tmp_path: Path) -> None:
    """A key made elsewhere is given by its public half, as OpenSSH or PEM writes it; two ways at once are refused."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    forms = {"ssh": (Encoding.OpenSSH, PublicFormat.OpenSSH), "pem": (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)}
    for name, (encoding, format) in forms.items():
        (tmp_path / name).write_bytes(Ed25519PrivateKey.generate().public_key().public_bytes(encoding, format))
        done = signed(fresh, "add", f"ci/{name}", "--public", str(tmp_path / name))
        assert done.code == 0 and "proof     key:" in done.out, done.err
    (tmp_path / "no").write_text("nothing")
    assert "key_unreadable" in signed(fresh, "add", "ci/no", "--public", str(tmp_path / "no")).err
    done = signed(fresh, "add", "Service::mail", "--proof", "token:https://id.example mail")
    assert done.code == 0, done.err
    assert signed(fresh, "add", "ci/x", "--proof", "spiffe:spiffe://a/b", "--public", str(tmp_path / "ssh")).code == 2
    assert "bad_proof" in signed(fresh, "add", "ci/x", "--proof", "me").err


def test_a_private_key_never_lies_in_the_home(fresh: World) -> None:
    """Where Assent's own files are, no agent's key is: the agent could not read it."""
    done = signed(fresh, "add", "ci/deploy", "--new-key", str(fresh.home / "x.key"))
    assert done.code == 1 and "key_in_home" in done.err and not (fresh.home / "x.key").exists()
    assert fresh.run("principals", "list", "--json").json == []


def test_without_the_operators_key_nothing_is_enrolled(fresh: World) -> None:
    """An agent that may run `assent` still has no key to sign with."""
    done = fresh.run("principals", "add", "ci/deploy", "--yes")
    assert done.code == 1 and fresh.run("principals", "list", "--json").json == []


def test_review(fresh: World) -> None:
    """What is found is told in words, and to programs by code."""
    assert fresh.run("principals", "review").out.startswith("nothing to look at")
    assert signed(fresh, "add", "ci/deploy").code == 0
    done = fresh.run("principals", "review", "--json")
    valid("principals-review", done.json)
    assert [(one["principal"], one["code"]) for one in done.json] == [(DEPLOY, "no_proof")]
    assert "nothing proves who it is" in fresh.run("principals", "review").out
