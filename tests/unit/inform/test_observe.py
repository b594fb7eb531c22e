"""What is looked up before a call is judged, and what it shows about paths."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from assent.catalog.analysers import analyse, guard
from assent.catalog.analysis import Analysis
from assent.catalog.observation import Guarded, SeenPath
from assent.inform.observe import Observer, digest_of, digest_of_folder, guarded_paths, observe_again, unmoved
from assent.model.action import Action, Referent
from assent.model.ids import PrincipalId, SessionId
from assent.model.profile import Server, ToolProfile

WRITE = ToolProfile(
    "write",
    frozenset({"write"}),
    reversibility="compensable",
    inferred=False,
    targets={"path": "path"},
    analysers=("path",),
)
READ = ToolProfile("read", frozenset({"read"}), reversibility="reversible", inferred=False, targets={"path": "path"})
RUN = ToolProfile("run", frozenset({"execute"}), targets={"script": "path", "command": "command"})
SQL = ToolProfile(
    "q",
    frozenset({"write"}),
    inferred=False,
    targets={"query": "code"},
    analysers=("sql",),
    authoritative=frozenset({"write"}),
)


class Place:
    """A home, a work folder, and an observer with a small limit."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.work = folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        (self.home / "assent.db").write_text("x")
        self.observer = Observer(guarded_paths(self.home), 100)
        self.server = Server("files", zone="local", roots=(str(self.work),), roots_known=True, cwd=str(self.work))

    def judge(self, profile: ToolProfile, **arguments: object) -> Analysis:
        params = {"name": profile.tool, "arguments": arguments}
        action = Action(PrincipalId("Agent::x"), (), SessionId("s"), "files", "tools/call", profile.tool, None, params)
        observed = self.observer.observe(profile, action, self.server)
        return analyse(profile, action, observed, self.server)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_write_inside_the_roots_keeps_the_bytes_from_before(place: Place) -> None:
    """Existing, missing and relative: all can be undone."""
    (place.work / "a.txt").write_text("old")
    for name in (str(place.work / "a.txt"), str(place.work / "new.txt"), "a.txt"):
        found = place.judge(WRITE, path=name)
        assert found.reversibility == "compensable", name
        assert found.facts["prior_kept"]
        assert found.facts["inside_roots"]


def test_what_cannot_be_kept_cannot_be_undone(place: Place) -> None:
    """Too large, or a directory."""
    (place.work / "big").write_bytes(b"x" * 101)
    (place.work / "folder").mkdir()
    for name in ("big", "folder"):
        assert place.judge(WRITE, path=str(place.work / name)).reversibility == "irreversible"


@pytest.mark.parametrize("spelling", ["{}", "file://{}", "{}/../home/assent.db", "%2F{}"])
def test_every_spelling_of_the_home_reaches_assent(place: Place, spelling: str) -> None:
    """DESIGN §3: no path or URL of a call may reach it."""
    target = str(place.work) if ".." in spelling else str(place.home / "assent.db")
    text = spelling.format(target.lstrip("/") if spelling.startswith("%") else target)
    for profile, name in ((READ, "path"), (RUN, "script"), (READ, "other")):
        assert place.judge(profile, **{name: text}).facts["reaches_assent"], (profile.tool, text)


def test_links_into_the_home_reach_assent(place: Place) -> None:
    """Symbolic and hard links are other names for the same thing."""
    (place.work / "soft").symlink_to(place.home)
    os.link(place.home / "assent.db", place.work / "hard")
    assert place.judge(READ, path="soft/assent.db").facts["reaches_assent"]
    assert place.judge(READ, path="hard").facts["reaches_assent"]


def test_a_file_that_has_the_number_of_one_that_is_gone_is_not_of_the_home(place: Place) -> None:
    """A file system gives the number of a deleted file to the next new one, wherever that is."""
    (place.home / "passing").write_text("x")
    place.observer = Observer(guarded_paths(place.home), 100)
    (place.home / "passing").rename(place.work / "next")  # the same number, outside the home
    assert not place.judge(READ, path="next").facts["reaches_assent"]


def test_a_directory_that_holds_the_home_reaches_assent(place: Place) -> None:
    """Moving or listing it whole would take Assent along."""
    assert place.judge(WRITE, path=str(place.home.parent)).facts["reaches_assent"]


@pytest.mark.parametrize(
    "command",
    [
        "assent approve apr_x --yes",
        "/usr/bin/assent init",
        "python -m assent mcp",
        "env ASSENT_HOME=/x true",
        "cat {home}/log.key",
        "cat {home}//./log.key",
        "cat '{home}'/log.key",
        "cat {home}/../ho\\me/log.key",
        'as"sent" approve apr_x',
        "cat assent.toml",
        "sqlite3 assent.db",
        "curl file://{encoded}/log.key",
        "cat {pattern}/*",
    ],
)
def test_commands_that_run_or_mention_assent_reach_it(place: Place, command: str) -> None:
    """DESIGN §3: every shell command that runs `assent`."""
    home = str(place.home)
    written = command.format(home=home, encoded=home.replace("home", "%68ome"), pattern=home.replace("home", "h*e"))
    assert place.judge(RUN, command=written).facts["reaches_assent"]


@pytest.mark.parametrize(
    "command", ["cat ~/.assent/x", "cat $HOME/.assent/x", "cd && cat .assent/x", "ls ${HOME}/.a*", "cat .ass?nt/x"]
)
def test_the_home_is_known_by_every_name_a_shell_has_for_it(command: str) -> None:
    """`~`, variables, patterns, and its own name after a `cd`."""
    guarded = Guarded("/home/u/.assent", ("/home/u/.assent",), "/home/u")
    assert guard.mentions([command], guarded)


def test_what_a_client_wraps_is_guarded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing a client's configuration would unwrap the servers; the directory it is in may be looked at."""
    monkeypatch.setenv("HOME", str(place.work))
    place.observer = Observer(guarded_paths(place.home), 100)
    assert place.judge(WRITE, path=".cursor/mcp.json").facts["reaches_assent"]
    assert place.judge(RUN, command="rm ~/.claude.json").facts["reaches_assent"]
    assert not place.judge(READ, path=".").facts["reaches_assent"]


def test_doubled_slashes_and_dots_hide_no_path() -> None:
    """A home with an ordinary name is known by its path alone."""
    guarded = Guarded("/srv/data/keep", ("/srv/data/keep",), "/home/u")
    assert guard.mentions(["cat /srv//./data/keep/x"], guarded)
    assert not guard.mentions(["cat /srv/data/keeper/x keep"], guarded)


@pytest.mark.parametrize("command", ["ls *", "ls /home/u/*", "rm -rf .cache/*", "cat ~/.assentive", "git commit -m x"])
def test_other_commands_do_not_mention_the_home(command: str) -> None:
    """A pattern that does not match it, and a name that only begins like it."""
    assert not guard.mentions([command], Guarded("/home/u/.assent", ("/home/u/.assent",), "/home/u"))


def test_a_revision_may_name_a_secret_file(place: Place) -> None:
    """gitrevisions(7): `HEAD:.env` shows the file's bytes."""
    show = ToolProfile("show", frozenset({"read"}), inferred=False, targets={"revision": "ref"})
    assert place.judge(show, revision="HEAD~2:conf/.env").facts["secret_path"]
    assert not place.judge(show, revision="HEAD:README.md").facts["secret_path"]


def test_an_unknown_tool_may_take_options_apart(place: Place) -> None:
    """Nobody has said that an argument of it is only text."""
    inferred = ToolProfile("get", frozenset({"read"}))
    assert place.judge(inferred, extra=[f"--file={place.home}/assent.db"]).facts["reaches_assent"]
    assert not place.judge(inferred, extra=["--file=x"]).facts["reaches_assent"]


def test_text_may_speak_of_assent(place: Place) -> None:
    """A note that mentions the word is no attack."""
    assert not place.judge(WRITE, path="notes.md", content="we gave our assent to the plan").facts["reaches_assent"]


def test_sql_that_attaches_the_home_reaches_assent(place: Place) -> None:
    """The files that statements open are looked at too."""
    found = place.judge(SQL, query=f"ATTACH '{place.home}/assent.db' AS z")
    assert found.facts["reaches_assent"]
    assert not place.judge(SQL, query="SELECT 1").facts["reaches_assent"]


def test_sql_writes_keep_the_database_file(place: Place, tmp_path: Path) -> None:
    """The bytes of the database are the undo; without a known file there is none."""
    database = place.work / "t.db"
    database.write_bytes(b"db")
    place.server = Server("db", zone="local", roots=(str(database),), roots_known=True, cwd=str(place.work))
    found = place.judge(SQL, query="INSERT INTO t VALUES (1)")
    assert (found.effects, found.reversibility, found.wanted) == (frozenset({"write"}), "compensable", (str(database),))
    (place.work / "t.db-wal").write_bytes(b"not yet in the database")
    assert place.judge(SQL, query="INSERT INTO t VALUES (1)").reversibility == "irreversible"
    place.server = Server("db", zone="local", cwd=str(place.work))
    assert place.judge(SQL, query="INSERT INTO t VALUES (1)").reversibility == "irreversible"


def test_outside_the_roots_is_said_so(place: Place, tmp_path: Path) -> None:
    """Through `..` and through links."""
    (place.work / "out").symlink_to(tmp_path)
    for name in (str(tmp_path / "x"), "../x", "out/x"):
        assert not place.judge(WRITE, path=name).facts["inside_roots"]


def test_what_a_call_runs_is_pinned_by_its_bytes(place: Place) -> None:
    """DESIGN §4.10: referents are part of the action, and read again before the effect."""
    script = place.work / "run.sh"
    script.write_text("echo one")
    found = place.judge(RUN, script=str(script))
    assert found.referents == (Referent("file", str(script), digest_of(str(script))),)
    assert observe_again(found.referents)
    script.write_text("echo two")
    assert not observe_again(found.referents)
    script.unlink()
    assert not observe_again(found.referents)


@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "x" * 5000,
        "/" * 300,
        "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
        "~nobody/x",
        "file://[::1",
    ],
)
def test_hostile_paths_never_raise(place: Place, text: str) -> None:
    """What cannot be resolved judges as the worst."""
    place.judge(WRITE, path=text)
    place.judge(RUN, script=[text, {"deep": text}])


def test_a_directory_is_pinned_by_all_that_is_in_it(place: Place) -> None:
    """One changed byte, one new file or one more link shows; a directory too large to read is not pinned."""
    folder = place.work / "tests"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.py").write_text("1")
    digest = digest_of_folder(str(folder))
    pinned = [Referent("directory", str(folder), digest)]
    assert digest and observe_again(pinned)
    for change in (
        lambda: (folder / "deep" / "a.py").write_text("2"),
        lambda: (folder / "b.py").write_text(""),
        lambda: (folder / "c.py").symlink_to("/etc/passwd"),
    ):
        before = [Referent("directory", str(folder), digest_of_folder(str(folder)))]
        change()
        assert not observe_again(before)
    for number in range(2_001):
        (folder / f"{number}").touch()
    assert digest_of_folder(str(folder)) is None


def test_a_file_url_outside_the_roots_reaches_this_machine(place: Place) -> None:
    """A tool that fetches pages and is given a file reads where nobody expects it; a resource in a root is ordinary."""
    fetch = ToolProfile(
        "fetch", frozenset({"read"}), reversibility="reversible", inferred=False, targets={"uri": "url"}
    )
    (place.work / "a.txt").write_text("x")
    assert place.judge(fetch, uri="file:///etc/passwd").facts["private_host"]
    assert not place.judge(fetch, uri=f"file://{place.work}/a.txt").facts["private_host"]


SHELL = ToolProfile(
    "sh",
    frozenset({"execute"}),
    inferred=False,
    targets={"command": "command"},
    analysers=("shell",),
    authoritative=frozenset({"execute"}),
)


def test_a_command_is_judged_by_what_it_does(place: Place) -> None:
    """A shell that is trusted to: reading reads, a kept file can be undone, everything else cannot."""
    (place.work / "a").write_text("1")
    (place.work / "d").mkdir()
    for command, effects, undo in (
        ("ls", {"read"}, "reversible"),
        ("cat a | grep 1", {"read"}, "reversible"),
        ("rm a", {"delete"}, "compensable"),
        ("echo 2 > a", {"write"}, "compensable"),
        ("cp a d", {"write"}, "compensable"),
        ("cp a d/new", {"write"}, "compensable"),
        ("mkdir -p d/e", {"write"}, "compensable"),
        ("rm -r d", {"delete"}, "irreversible"),
        ("rm d", {"delete"}, "irreversible"),
        ("frobnicate", {"execute", "unknown"}, "irreversible"),
    ):
        found = place.judge(SHELL, command=command)
        assert (found.effects, found.reversibility) == (effects, undo), command
    (place.work / "a").write_text("x" * 101)
    assert place.judge(SHELL, command="rm a").reversibility == "irreversible"  # too large to be kept


def test_what_a_command_copies_into_a_directory_is_what_is_kept(place: Place) -> None:
    """`cp a d` changes `d/a`, and its bytes from before are the undo."""
    (place.work / "d").mkdir()
    (place.work / "a").write_text("new")
    (place.work / "d" / "a").write_text("old")
    assert str(place.work / "d" / "a") in place.judge(SHELL, command="cp a d").wanted


def test_a_command_is_guarded_like_any_call(place: Place) -> None:
    """By the files it names, wherever it stands and however it is spelled."""
    for command in (
        f"cat {place.home}/assent.db",
        f"cd {place.home} && ls -la",
        f"cd {place.home.parent}; cat ho''me/assent.db",
        f"x={place.home}; cat $x/assent.db",
        "cat ../h*/assent.db",
        "cd .. && rm -rf home",
        "a=ass; b=ent; $a$b approve 1",
        "\\assent approve 1",
        "env as'sent' approve 1",
    ):
        assert place.judge(SHELL, command=command).facts["reaches_assent"], command
    for command in ("cat .env", "cat .en*", "f=.env; cat $f", "git show HEAD:.env", "cd .ssh && cat id_rsa"):
        (place.work / ".env").write_text("x")
        assert place.judge(SHELL, command=command).facts["secret_path"], command


def test_what_a_push_sends_is_pinned(place: Place) -> None:
    """DESIGN §4.10: the commit that a reference points to, read without git, and read again before the effect."""
    git = ["git", "-C", str(place.work), "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]

    def run(*words: str) -> None:
        subprocess.run([*git, *words], check=True, capture_output=True)

    run("init")
    run("commit", "--allow-empty", "-m", "one")
    for command in ("git push", "git push origin main", "git push origin main:other"):
        found = place.judge(SHELL, command=command)
        assert [one.kind for one in found.referents] == ["git_ref"] and not found.facts["not_pinned"], command
        assert observe_again(found.referents)
        run("commit", "--allow-empty", "-m", "two")
        assert not observe_again(found.referents)
    run("pack-refs", "--all")
    assert not place.judge(SHELL, command="git push origin main").facts["not_pinned"]
    run("worktree", "add", str(place.work / "tree"), "-b", "side")
    assert not place.judge(SHELL, command="cd tree && git push origin side").facts["not_pinned"]
    for command in ("git push --all", "git push origin HEAD~1:x", "git push origin nowhere", "git push origin ../x"):
        assert place.judge(SHELL, command=command).facts["not_pinned"], command


def test_a_pattern_is_looked_for_within_bounds(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any depth, hidden names too; where that would be too much, the folder speaks and nothing can be kept."""
    (place.work / "a" / "b").mkdir(parents=True)
    (place.work / "a" / "b" / "x.pyc").write_text("1")
    (place.work / "a" / ".env").write_text("1")
    monkeypatch.setenv("HOME", str(place.work))
    found = place.judge(SHELL, command="find a -name '*.pyc' | xargs rm")
    assert str(place.work / "a" / "b" / "x.pyc") in found.targets["paths"]
    assert place.judge(SHELL, command="find a -type f -exec cat {} +").facts["secret_path"]
    assert place.judge(SHELL, command="cat ~/a/.e*").facts["secret_path"]
    for number in range(300):
        (place.work / "a" / f"{number}.pyc").touch()
    assert place.judge(SHELL, command="rm a/*.pyc").reversibility == "irreversible"
    started = time.process_time()
    place.judge(SHELL, command="find / -name nowhere -exec rm {} +; rm /*/*/*/*/x")
    assert time.process_time() - started < 2


@pytest.mark.parametrize("spelling", ["\\\\?\\{}", "//?/{}", "{}.", "{} ", "{}:stream", "{}::$DATA", "{}. . "])
def test_spellings_of_other_systems_are_read(place: Place, spelling: str) -> None:
    """Long names, dots and spaces at the end, streams: the file is the same."""
    found = place.judge(READ, path=spelling.format(place.home / "assent.db"))
    assert found.facts["reaches_assent"], spelling


def test_a_name_in_another_normal_form_is_the_same_file(place: Place) -> None:
    """A file system that normalises takes either."""
    (place.work / "caf\u00e9").symlink_to(place.home)
    assert place.judge(READ, path=str(place.work / "cafe\u0301" / "assent.db")).facts["reaches_assent"]


def test_a_path_that_leads_elsewhere_later_is_noticed(place: Place) -> None:
    """A link swapped, a file put in place of another, a directory of the way replaced; a grown log is none of these."""
    inner = place.work / "in"
    inner.mkdir()
    file, link = inner / "a.txt", place.work / "link"
    file.write_text("old")
    link.symlink_to(file)
    action = {"path": str(link)}

    def look(profile: ToolProfile) -> tuple[SeenPath, ...]:
        params = {"name": profile.tool, "arguments": action}
        made = Action(PrincipalId("Agent::x"), (), SessionId("s"), "files", "tools/call", profile.tool, None, params)
        return place.observer.observe(profile, made, place.server).paths

    reading, writing = look(READ), look(WRITE)
    assert unmoved(reading) and unmoved(writing)
    file.write_text("grown in the meantime")
    assert unmoved(reading) and unmoved(writing)  # the same file: calls beside this one write into it too
    file.rename(inner / "b.txt")
    file.write_text("another file")
    assert not unmoved(writing)
    link.unlink()
    link.symlink_to(place.home / "assent.db")
    assert not unmoved(reading)
    link.unlink()
    link.symlink_to(file)
    assert unmoved(reading)
    inner.rename(place.work / "away")
    inner.symlink_to(place.home)
    assert not unmoved(reading)
