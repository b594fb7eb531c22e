"""`assent delegations`: issue, hand over, take in, list, show, verify, as people and scripts read them."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.world import Ran, World, valid

DEPLOY, SUB = 'Agent::"ci/deploy"', 'Agent::"ci/sub"'


def enrolled(world: World, folder: Path) -> None:
    """Two agents with keys of their own."""
    for name in ("deploy", "sub"):
        words = ("principals", "add", f"ci/{name}", "--new-key", str(folder / f"{name}.key"))
        assert world.run(*words, "--yes", "--key", str(world.key)).code == 0


def issue(world: World, *words: str, key: Path | None = None) -> Ran:
    return world.run("delegations", "issue", *words, "--yes", "--key", str(key or world.key))


def test_the_life_of_a_chain(fresh: World, tmp_path: Path) -> None:
    """Issued, passed on, listed, shown, handed over, verified offline with the person's public key alone."""
    enrolled(fresh, tmp_path)
    assert "nothing is delegated now" in fresh.run("delegations", "list").out
    limits = ["--action", "effect:read", "--target", "paths=/srv/", "--condition", "context.session.calls < 9"]
    done = issue(fresh, "ci/deploy", *limits, "--calls", "5", "--depth", "1", "--for", "8h")
    assert done.code == 0, done.err
    assert "condition  context.session.calls < 9" in done.out and f"→ {DEPLOY}" in done.out
    [root] = fresh.run("delegations", "list", "--json").json
    valid("chains", [root])
    assert (root["status"], root["used"], root["limits"]["calls"]) == ("live", 0, 5)

    file = tmp_path / "chain.json"
    agent = tmp_path / "deploy.key"
    done = issue(fresh, "ci/sub", "--under", root["id"], "--target", "paths=/srv/a/", "--out", str(file), key=agent)
    assert done.code == 0, done.err
    shown = fresh.run("delegations", "show", done.out.split()[4], "--json")
    rows = fresh.run("delegations", "list", "--json").json
    child = next(row for row in rows if row["parent"])
    shown = fresh.run("delegations", "show", child["id"], "--json").json
    valid("chains", shown)
    assert [one["id"] for one in shown] == [root["id"], child["id"]]
    told = fresh.run("delegations", "show", child["id"]).out
    assert told.splitlines()[0].startswith("User::") and f"  └─ {SUB}  {child['id']}  live" in told

    assert fresh.run("delegations", "verify", str(file)).code == 0
    assert fresh.run("delegations", "add", str(file)).code == 0
    assert fresh.run("verify").code == 0


def test_verified_anywhere(fresh: World, tmp_path: Path) -> None:
    """Without the home, with a person's public key; another person's, or a changed byte, ends with 4."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    enrolled(fresh, tmp_path)
    file, public = tmp_path / "chain.json", tmp_path / "op.pub"
    assert issue(fresh, "ci/deploy", "--out", str(file)).code == 0
    private = load_pem_private_key(fresh.key.read_bytes(), None)
    public.write_bytes(private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    [row] = fresh.run("delegations", "list", "--json").json
    elsewhere = World(tmp_path / "elsewhere")
    elsewhere.folder.mkdir()
    done = elsewhere.run("delegations", "verify", str(file), "--person", f"{row['issuer']}={public}", "--json")
    assert done.code == 0, done.err
    valid("chain-verify", done.json)
    assert not elsewhere.home.exists()
    done = elsewhere.run("delegations", "verify", str(file), "--person", f"User::other={public}")
    assert done.code == 4 and "delegation_key" in done.err
    file.write_bytes(file.read_bytes().replace(b'"chain":["eyJ', b'"chain":["eyK'))
    assert elsewhere.run("delegations", "verify", str(file), "--person", f"{row['issuer']}={public}").code == 4


def test_an_excess_is_told_and_nothing_kept(fresh: World, tmp_path: Path) -> None:
    """What is too much is said, and the list stays as it was."""
    enrolled(fresh, tmp_path)
    assert issue(fresh, "ci/deploy", "--action", "effect:read", "--depth", "1").code == 0
    [root] = fresh.run("delegations", "list", "--json").json
    wide = ["--under", root["id"], "--action", "effect:pay", "--for", "2h"]
    done = issue(fresh, "ci/sub", *wide, key=tmp_path / "deploy.key")
    assert done.code == 1 and "delegation_excess" in done.err and "effect:pay" in done.err and "time:" in done.err
    assert len(fresh.run("delegations", "list", "--all", "--json").json) == 1


def test_usage(fresh: World, tmp_path: Path) -> None:
    """What is misspelled is said before a key is used; without the operator's key nothing is issued."""
    enrolled(fresh, tmp_path)
    assert issue(fresh, "ci/deploy", "--for", "soon").code == 2
    assert issue(fresh, "ci/deploy", "--target", "/srv").code == 2
    assert "bad_limits" in issue(fresh, "ci/deploy", "--target", "paths=srv").err
    assert "bad_condition" in issue(fresh, "ci/deploy", "--condition", "principal == 1").err
    assert "unknown_principal" in issue(fresh, "ci/nobody").err
    assert fresh.run("delegations", "issue", "ci/deploy", "--yes").code == 1
    assert fresh.run("delegations", "issue", "ci/deploy", "--under", "dlg_x", "--yes").code == 2
    assert "unknown_delegation" in fresh.run("delegations", "show", "dlg_x").err
    assert "file_unreadable" in fresh.run("delegations", "add", str(tmp_path / "none")).err
    assert fresh.run("delegations", "list", "--json").json == []
