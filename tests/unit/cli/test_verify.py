"""Rules of verifying from the command line: a home, a database, an export; 4 if a proof does not hold."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assent.stores.packed import pack, unpack
from assent.stores.vault import FOLDER, Vault
from tests.unit.cli.world import World, valid


def copied(world: World, folder: Path) -> Path:
    """A copy of the log database as one file."""
    for ending in ("", "-wal"):
        source = world.home / f"assent.db{ending}"
        if source.exists():
            shutil.copy(source, folder / f"copy.db{ending}")
    with closing(sqlite3.connect(folder / "copy.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "copy.db"


def test_home_database_and_export_agree(world: World, tmp_path: Path) -> None:
    """The three forms of one log have the same leaves and root; values kept beside it open their commitments."""
    export = tmp_path / "log.export"
    assert world.run("receipts", "export", "-o", str(export), "--disclose").code == 0
    places = [str(world.home), str(copied(world, tmp_path)), str(export)]
    found = [world.run("verify", place, "--json") for place in places]
    assert {done.code for done in found} == {0}
    assert len({(done.json["leaves"], done.json["root"], done.json["sound"]) for done in found}) == 1
    assert found[2].json["disclosed"] is True
    assert world.run("verify", "--values", "--json").json["disclosed"] is True
    assert world.run("verify", "--json").json["disclosed"] is None


def test_keys_from_the_log_itself_are_not_enough_for_strict(fresh: World) -> None:
    """--strict fails with keys that the log itself names, and holds with keys from outside."""
    assert fresh.run("verify").code == 0
    assert fresh.run("verify", "--strict").code == 4
    vkey = next(line.split()[1] for line in fresh.run("init", "--yes").out.splitlines() if line.startswith("log "))
    enrolled = next(one for one in fresh.run("explain", "2", "--json").json)["leaf"]["subject"]["key"]
    assert fresh.run("verify", "--strict", "--log-key", vkey, "--reviewer", enrolled).code == 0


@pytest.mark.parametrize("spot", [b'"verdict":"escalate"', b'"kind":"outcome"', b'"prev":"sha256:'])
def test_a_flipped_bit_in_a_leaf_is_found(world: World, tmp_path: Path, spot: bytes) -> None:
    """One bit of a leaf in a copy: exit code 4, SOUND no, and the leaf is named."""
    copy = copied(world, tmp_path)
    with closing(sqlite3.connect(copy)) as connection, connection:
        rows = connection.execute("SELECT idx, body FROM leaf ORDER BY idx").fetchall()
        index, leaf = next((index, unpack(body)) for index, body in rows if spot in unpack(body))
        data = bytearray(leaf)
        data[leaf.index(spot) + len(spot) - 2] ^= 1
        connection.execute("UPDATE leaf SET body = ? WHERE idx = ?", (pack(bytes(data)), index))
    done = world.run("verify", str(copy), "--json")
    assert (done.code, done.json["sound"]) == (4, False)
    assert any(problem["leaf"] is not None for problem in done.json["problems"])
    valid("verify", done.json)


def broken(world: World, folder: Path, sql: str, *values: object) -> str:
    """A copy of the home in which one row was changed behind Assent's back; its path."""
    home = folder / "broken"
    home.mkdir(mode=0o700)
    copied(world, folder).rename(home / "assent.db")
    shutil.copytree(world.home / FOLDER, home / FOLDER)
    vault = Vault(home / FOLDER)

    def changed_values(index: int, sealed: bytes, *words: str) -> bytes:
        opened = vault.open(sealed, f"sidecar {index}") or b""
        text = unpack(opened[16:]).replace(*map(str.encode, words))
        return vault.seal(sealed[:16].decode(), opened[:16] + pack(text), f"sidecar {index}")

    with closing(sqlite3.connect(home / "assent.db")) as connection, connection:
        connection.create_function(
            "changed", 3, lambda body, *words: pack(unpack(body).replace(*map(str.encode, words)))
        )
        connection.create_function("changed_values", 4, changed_values)
        assert connection.execute(sql, values).rowcount == 1
    return str(home)


READS = (["receipts", "list"], ["receipts", "list", "--json"], ["tail", "--no-follow", "-n", "999"])


@pytest.mark.parametrize("old", ['"kind":', '"decided":', '"action":'])
def test_a_changed_leaf_is_told_by_whatever_reads_it(world: World, tmp_path: Path, old: str) -> None:
    """No listing and no story reads half a leaf: it names the leaf, and exits with 4."""
    index = next(row["index"] for row in world.run("receipts", "list", "--json").json if row["verdict"] == "allow")
    sql = "UPDATE leaf SET body = changed(body, ?, ?) WHERE idx = ?"
    home = broken(world, tmp_path, sql, old, '"else":', index)
    for words in (*READS, ["explain", str(index)]):
        done = world.run("--home", home, *words)
        assert (done.code, f"leaf {index} is no receipt" in done.err, "Traceback" in done.err) == (4, True, False)
    found = world.run("verify", home, "--values", "--json")
    assert (found.code, found.json["sound"], found.json["disclosed"]) == (4, False, False)


@pytest.mark.parametrize(("old", "new"), [("CREATE", "CREATF"), ('"arguments":{', '"arguments":['), ("{", "[")])
def test_clear_values_that_were_changed_are_not_told_as_true(world: World, tmp_path: Path, old: str, new: str) -> None:
    """A story shows what the leaf commits to, or says that the values beside it are not that."""
    index = next(row["index"] for row in world.run("receipts", "list", "--json").json if row["verdict"] == "allow")
    sql = "UPDATE sidecar SET body = changed_values(idx, body, ?, ?) WHERE idx = ?"
    home = broken(world, tmp_path, sql, old, new, index)
    done = world.run("--home", home, "explain", str(index))
    assert (done.code, f"clear values of leaf {index}" in done.err, "Traceback" in done.err) == (4, True, False)
    assert world.run("--home", home, "receipts", "list").code == 0
    found = world.run("verify", home, "--values", "--json")
    assert (found.code, found.json["sound"], found.json["disclosed"]) == (4, True, False)


def test_a_log_whose_first_leaf_was_changed_is_not_exported(world: World, tmp_path: Path) -> None:
    """An export says whose log it is; without that it is refused, not made up."""
    home = broken(world, tmp_path, "UPDATE leaf SET body = ? WHERE idx = 0", b"{}")
    done = world.run("--home", home, "receipts", "export")
    assert (done.code, done.out, "Traceback" in done.err) == (4, "", False)


def test_an_export_goes_to_a_file_or_to_a_pipe_whole_or_not_at_all(world: World, tmp_path: Path) -> None:
    """Both are the same bytes; a place that cannot be written is named, and nothing is left there."""
    place = tmp_path / "log.export"
    assert world.run("receipts", "export", "-o", str(place)).err == f"wrote {place}\n"
    assert world.run("receipts", "export").out == place.read_text()
    for output in (tmp_path / "nowhere" / "x", place / "x"):
        done = world.run("receipts", "export", "-o", str(output))
        assert (done.code, done.err.startswith(f"error[export_unwritable]: `{output}`")) == (1, True), done.err
    assert list(tmp_path.iterdir()) == [place]


def test_a_database_torn_in_the_middle_is_a_proof_that_does_not_hold(world: World, tmp_path: Path) -> None:
    """Pages overwritten with noise: not a crash, not a pass."""
    copy = copied(world, tmp_path)
    data = bytearray(copy.read_bytes())
    data[4096 * 4 : -4096] = b"\xa5" * (len(data) - 4096 * 5)
    copy.write_bytes(data)
    done = world.run("verify", str(copy), "--json")
    assert done.code in (1, 4), done.err
    assert "Traceback" not in done.err


def test_a_cut_export_is_found(world: World, tmp_path: Path) -> None:
    """An export without its last lines says what is missing."""
    export = tmp_path / "log.export"
    world.run("receipts", "export", "-o", str(export))
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join(lines[: len(lines) // 2]))
    done = world.run("verify", str(export), "--json")
    assert done.code == 4
    assert done.json["complete"] is False


def test_what_is_no_log_is_said_so(fresh: World, tmp_path: Path) -> None:
    """A text, an empty file, another database, nothing: exit code 1 with what was expected."""
    (tmp_path / "text").write_text(json.dumps({"hello": 1}))
    (tmp_path / "empty").write_text("")
    for place in ("text", "empty", "nothing", "."):
        done = fresh.run("verify", str(tmp_path / "sub" / place if place == "." else tmp_path / place))
        assert (done.code, "Traceback" in done.err) == (1, False), place


def test_a_bundle_shows_one_session_and_verifies_alone(world: World, tmp_path: Path) -> None:
    """By session, by attempt, by receipt, by time; only its owner can read it, and nothing else of the log is in it."""
    rows = world.run("receipts", "list", "--kind", "decision", "--json").json
    session, attempt, index = rows[0]["session"], rows[0]["attempt"], rows[0]["index"]
    world.run("receipts", "list")
    for chosen in (
        ("--session", session),
        ("--attempt", attempt),
        ("--receipt", str(index)),
        ("--since", "2020-01-01"),
    ):
        place = tmp_path / "one.bundle"
        done = world.run("receipts", "export", *chosen, "--bundle", str(place), "--disclose", "--with-policies")
        assert done.code == 0, done.err
        assert place.stat().st_mode & 0o777 == 0o600
        found = world.run("verify", str(place), "--json")
        assert (found.code, found.json["sound"], found.json["disclosed"]) == (0, True, True), found.json
        valid("verify", found.json)
        place.unlink()
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_of_nothing_is_not_written(world: World, tmp_path: Path) -> None:
    """Unknown ids, no choice, a system leaf, a time without receipts: a word, and no file."""
    place = str(tmp_path / "x")
    for chosen, code in (
        (("--session", "ses_" + "a" * 26), 1),
        (("--attempt", "att_" + "a" * 26), 1),
        (("--receipt", "0"), 1),
        (("--since", "2090-01-01"), 1),
        (("--since", "soon"), 2),
        ((), 2),
    ):
        done = world.run("receipts", "export", *chosen, "--bundle", place)
        assert done.code == code, (chosen, done.err)
    assert world.run("receipts", "export", "--session", "ses_x").code == 2
    assert list(tmp_path.iterdir()) == []
