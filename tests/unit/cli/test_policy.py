"""Rules of changing policy from the command line: checked at once, in force only when activated with the key."""

from __future__ import annotations

from tests.unit.cli.world import World

MINE = '@id("mine/all")\npermit (principal, action, resource);\n'


def test_a_changed_file_waits_for_the_key(fresh: World) -> None:
    """A new file changes nothing until activated; the difference is shown; afterwards it is in force."""
    (fresh.home / "policy" / "mine.cedar").write_text(MINE)
    check = fresh.run("policy", "check")
    assert (check.code, "+@id" in check.out) == (0, True)
    assert "not activated" in fresh.run("doctor").out
    assert fresh.run("policy", "show", "mine/all").code == 1
    assert fresh.run("policy", "activate", "--key", str(fresh.key)).code == 2
    done = fresh.run("policy", "activate", "--yes", "--key", str(fresh.key))
    assert done.code == 0, done.err
    assert fresh.run("policy", "show", "mine/all").out.strip() == MINE.strip()
    assert fresh.run("policy", "activate", "--yes", "--key", str(fresh.key)).out.startswith("nothing to activate")


def test_a_broken_file_is_told_with_its_place_and_leaves_the_last_good_one(fresh: World) -> None:
    """File, line, column and what to write; exit code 1; `doctor` says it; nothing is activated."""
    before = fresh.run("policy", "check", "--json").json["bundle"]
    (fresh.home / "policy" / "mine.cedar").write_text(
        '@id("mine/x")\n@quorm("2")\npermit (principal, action, resource);\n'
    )
    for words in (["policy", "check"], ["policy", "activate", "--yes", "--key", str(fresh.key)]):
        done = fresh.run(*words)
        assert done.code == 1
        assert "mine.cedar:2" in done.err, done.err
        assert "help:" in done.err
    doctor = fresh.run("doctor")
    assert (doctor.code, "stays in force" in doctor.out) == (1, True)
    assert fresh.run("policy", "check", "--json").json["bundle"] == before


def test_the_difference_cannot_hide_anything(fresh: World) -> None:
    """Whoever wrote the file, control and bidirectional characters in it are written out."""
    (fresh.home / "policy" / "mine.cedar").write_text("// a\u202e\x1b[2J\n" + MINE)
    out = fresh.run("policy", "check").out
    assert "\x1b" not in out
    assert "\\u{202e}\\u{1b}[2J" in out
