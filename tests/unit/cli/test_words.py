"""Rules of what a person reads: fast, plain, visible, and an error that says what to do."""

from __future__ import annotations

import importlib
import os
import pty
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from assent.cli.demo.person import Person
from assent.cli.failure import exit_code, lines_of
from assent.cli.main import SECTIONS, cli, main
from assent.cli.output import columns, quoted, visible, when
from assent.errors import ConfigError, PolicyError, ProofError, RefusedError
from tests.unit.cli.world import World

NAMES = [name for section in SECTIONS.values() for name in section]
HEAVY = {"rich", "cedarpy", "sqlglot", "asyncio", "sqlite3", "cryptography", "assent.assembly", "jsonschema_rs"}


def test_help_loads_next_to_nothing() -> None:
    """`assent --help` imports none of what makes a start slow."""
    code = "import sys; from assent.cli.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(done.stderr.split())
    assert "explain" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_subcommand_has_help_of_its_own(name: str) -> None:
    """Each loads, explains itself, knows --home, and bears the name under which it is listed."""
    done = CliRunner().invoke(cli, [name, "--help"])
    assert done.exit_code == 0, done.output
    found = cli.get_command(click.Context(cli), name)
    assert found is not None and found.name == name
    assert found.help


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str) -> None:
    """The script names the command and asks it for completions."""
    done = CliRunner().invoke(cli, ["completion", shell])
    assert done.exit_code == 0
    assert "_ASSENT_COMPLETE" in done.output


def test_wrong_usage_is_two() -> None:
    """Unknown subcommands and options end with 2 and no traceback."""
    assert main(["frobnicate"]) == 2
    assert main(["verify", "--frobnicate"]) == 2
    assert main(["verify", "--log-key", "nonsense"]) == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äöü 漢字", "plain äöü 漢字"),
        ("a\x1b[31mb", "a\\u{1b}[31mb"),
        ("a\u202eb", "a\\u{202e}b"),
        ("a\u200bb\ufeff", "a\\u{200b}b\\u{feff}"),
        ("a\u00a0b\u3164\u2800", "a\\u{a0}b\\u{3164}\\u{2800}"),
        ("a\U000e0041\ufe0f", "a\\u{e0041}\\u{fe0f}"),
        ("one\ntwo\r\x00", "one\\ntwo\\r\\u{0}"),
        ("\x85\u2028", "\\u{85}\\u{2028}"),
    ],
)
def test_nothing_that_others_wrote_is_invisible(text: str, shown: str) -> None:
    """Control, bidirectional, blank and tag characters are written out; ordinary text of any script is not."""
    assert visible(text) == shown


def test_a_quoted_value_is_one_line_and_whole() -> None:
    """A newline in a value cannot look like a line of our own, and a typed backslash is not a newline."""
    assert quoted("a\nb") != quoted("a\\nb")
    assert "\n" not in quoted({"k": "a\nb\u2028"})


def test_columns_align_what_is_seen() -> None:
    """Colour takes no room."""
    assert columns([["a", "x"], [click.style("long", fg="red"), "y"]])[0] == "a     x"
    assert columns([]) == []


def test_times_are_rfc_3339_with_milliseconds() -> None:
    """UTC, three decimals, Z."""
    assert when(1_790_000_000_007) == "2026-09-21T14:13:20.007Z"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("a", "b"), 1),
        (RefusedError("a", "b"), 3),
        (ProofError("a", "b"), 4),
        (FileNotFoundError(2, "No such file", "x"), 1),
    ],
)
def test_the_exit_code_goes_by_family(error: Exception, code: int) -> None:
    """1 failed, 3 not allowed, 4 not proved."""
    assert exit_code(error) == code


def test_a_policy_error_says_what_where_and_what_to_do() -> None:
    """Message, file:line:column, the text, the help; nothing of the author's text moves the terminal."""
    error = PolicyError("c", "unknown `x\x1b`", file="a.cedar", line=3, column=7, text="per\u202emit", help="one\ntwo")
    assert [click.unstyle(line) for line in lines_of(error)] == [
        "error[c]: unknown `x\\u{1b}`",
        "  at a.cedar:3:7",
        "     | per\\u{202e}mit",
        "  help: one",
        "        two",
    ]


def test_nothing_is_coloured_when_piped(world: World) -> None:
    """Output into a pipe has no escape sequences, whatever the terminal is."""
    for words in (["receipts", "list"], ["doctor"], ["explain", "5"], ["catalog", "list"], ["verify"]):
        done = world.run(*words, TERM="xterm-256color")
        assert "\x1b" not in done.out + done.err, words


def test_a_terminal_shows_colour_unless_it_is_not_wanted(world: World) -> None:
    """NO_COLOR, not empty, holds for what is listed and for errors alike."""
    for words in (["doctor"], ["explain", "99999"]):
        for wanted in ({}, {"NO_COLOR": ""}):
            assert "\x1b[" in terminal(world, words, wanted), words
        assert "\x1b" not in terminal(world, words, {"NO_COLOR": "1"}), words


def terminal(world: World, words: list[str], environ: dict[str, str]) -> str:
    """What a command shows at a terminal."""
    plain = {name: value for name, value in world.environ.items() if name != "NO_COLOR"}
    return Person([sys.executable, "-m", "assent"], {**plain, **environ}, "").types(*words)[1]


@pytest.mark.parametrize(
    ("words", "code"),
    [("receipts list >&-", 0), ("decide <&-", 2), ("policy activate <&-", 0), ("explain 99999 2>&-", 1)],
)
def test_a_closed_stream_is_no_crash(world: World, words: str, code: int) -> None:
    """Run by something that closes standard streams, a command still ends as it should."""
    command = f"{sys.executable} -m assent {words}"
    done = subprocess.run(["bash", "-c", command], env=world.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr


def test_a_terminal_of_another_encoding_is_no_crash(world: World) -> None:
    """A character that the terminal cannot show is written out."""
    done = world.run("doctor", PYTHONIOENCODING="latin-1")
    assert (done.code, "\\u2026, a key file" in done.out, done.err) == (0, True, "")


def test_a_no_at_the_terminal_changes_nothing(fresh: World) -> None:
    """The answer no ends with 1, not like an interrupt, and what was shown is not put in force."""
    (fresh.home / "policy" / "mine.cedar").write_text('@id("mine/all")\npermit (principal, action, resource);\n')
    ours, theirs = pty.openpty()
    os.write(ours, b"n\n")
    command = [sys.executable, "-m", "assent", "policy", "activate", "--key", str(fresh.key)]
    done = subprocess.run(command, env=fresh.environ, stdin=theirs, capture_output=True, text=True, check=False)
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, done.stderr.startswith("error[not_confirmed]")) == (1, True)
    assert fresh.run("policy", "check", "--json").json["state"] == "changed"


def test_every_module_of_the_room_is_reached() -> None:
    """The table names modules that exist and hold a command."""
    for section in SECTIONS.values():
        for module, words in section.values():
            assert importlib.import_module(f"assent.cli.{module}").command
            assert words.endswith(".")


def test_a_reader_that_goes_away_is_no_error(world: World) -> None:
    """`assent receipts list | head -1` prints one line and no traceback."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m assent receipts list --json | head -1"],
        env=world.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("[\n", "")
