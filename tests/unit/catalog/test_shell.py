"""Shell commands: every program that is run, with which files, and the worst of what is not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from assent.catalog.analysers.code import read_code
from assent.catalog.analysers.programs import table
from assent.catalog.analysers.readers import read_arguments
from assent.catalog.analysers.shell import LONGEST, read_script, read_shell
from assent.catalog.observation import NamedFile, Reading
from assent.model.action import Action
from assent.model.ids import PrincipalId, SessionId
from assent.model.profile import EFFECTS, REVERSIBILITY, ToolProfile

TABLE = Path(__file__).with_name("shell.txt").read_text("utf-8").splitlines()[1:]
SHELL = ToolProfile("run", frozenset({"execute"}), targets={"command": "command"}, analysers=("shell",))


def worst(found: Reading) -> bool:
    """Nothing is known of it."""
    return {"execute", "unknown"} <= found.effects and found.reversibility == "irreversible" and not found.complete


@pytest.mark.parametrize("line", TABLE)
def test_a_command_is_what_it_does(line: str) -> None:
    """Effects, undo, facts and files of each command of the table."""
    says, files, command = line.split(" | ", 2)
    if "\\x" in command or "\\u" in command or "\\n" in command or "\\t" in command:
        command = command.encode("latin-1", "backslashreplace").decode("unicode_escape")
    found = read_script(command)
    undo = "prior" if found.by_prior and found.reversibility == "compensable" else found.reversibility
    words = [*sorted(found.effects), *([] if found.effects == {"read"} else [undo])]
    words += [*([] if found.complete else ["?"]), *(f"+{fact}" for fact in sorted(found.facts))]
    named = [f"{f.use}:{f.text}" + (f"/{f.within}" if f.within else "") for f in found.files if " " not in f.text]
    assert (" ".join(words), " ".join(named)) == (says, files)


@pytest.mark.parametrize(
    "command",
    [
        "ls (",
        "ls )",
        'echo "abc',
        "cat <<EOF\nabc",
        "if",
        "done",
        "ls \x00",
        "ls \x1b[2K",
        "ls \u202e",
        "ls\u00a0x",
        "l\ue072s",
        "\U0001d425\U0001d42c",
        "ls " + "x" * LONGEST,
        "ls;" * 20_000,
        "$(" * 500 + ")" * 500,
        "(" * 5_000,
        "`" * 5_001,
        "{" * 5_000,
        "cat " + "{a,b}" * 20,
        "a=" * 5_000,
        "if true; then " * 100 + "ls" + "; fi" * 100,
        "f() { f; }; f",
        "eval " * 200 + "ls",
        "sh -c " * 200 + "ls",
        "x" * (1 << 20),
        "",
        "# nothing",
    ],
    ids=lambda text: f"{len(text)}:{text[:12]!a}",
)
def test_what_cannot_be_read_is_the_worst_case(command: str) -> None:
    """Broken, too long, too deep, or with characters that are shown otherwise than they are read."""
    assert worst(read_script(command))


@pytest.mark.parametrize("value", [None, 3, True, {"command": "ls"}, [], [1], ["ls", None], [["ls"]]])
def test_what_is_no_command_is_the_worst_case(value: object) -> None:
    """Anything but text or a list of words."""
    assert worst(read_shell(value, SHELL))


def test_a_list_is_words_and_not_a_script() -> None:
    """Nothing in a word is expanded; but a word that is a sign of a shell may be taken as one by the server."""
    assert read_shell(["rm", "$HOME; x"], SHELL).files == (NamedFile("$HOME; x", "delete"),)
    assert read_shell(["ls", "*"], SHELL).files == (NamedFile("*", "list"),)
    assert read_shell(["bash", "-c", "rm -rf x"], SHELL).effects == {"delete"}
    assert read_shell(["echo", "a", ">", "b"], SHELL).files == (NamedFile("b", "write"),)
    assert "delete" in read_shell(["ls", "|", "xargs", "rm"], SHELL).effects
    for words in (["ls", "; rm x"], ["ls", "-a;", "rm", "x"], ["echo", "$(rm x)"], ["echo", "`rm x`"]):
        assert "delete" in read_shell(words, SHELL).effects
    assert "write" in read_shell(["cat", ">../x"], SHELL).effects
    assert "delete" in read_shell(["ls", ";", "rm", "x"], SHELL).effects


def test_what_was_seen_before_a_doubt_stays() -> None:
    """Files and facts are for the person, and for the guard of Assent's own files."""
    found = read_script("cat /home/u/.assent/assent.db; frobnicate")
    assert worst(found) and NamedFile("/home/u/.assent/assent.db", "read") in found.files


def test_names_are_relative_to_where_the_shell_is() -> None:
    """`cd` moves, may fail, and ends with its subshell."""
    for command, names in {
        "cd a && rm x": {"a/x"},
        "cd a; rm x": {"a/x", "x"},
        "cd a || exit; rm x": {"a/x"},
        "cd /a; rm x": {"/a/x", "x"},
        "(cd a); rm x": {"x"},
        "cd a && cd .. && rm x": {"x"},
        "cd ~/a && rm x": {"~/a/x"},
        "cd && rm x": {"~/x"},
        'cd a && rm "$PWD/x"': {"./x", "a/x"},
        "rm $HOME/x": {"~/x"},
        "git -C a restore x": {"a/x"},
        "bash -c 'cd a && rm x'": {"a/x"},
    }.items():
        found = read_script(command)
        if found.complete:
            assert {file.text for file in found.files} == names, command
        else:
            assert command == 'cd a && rm "$PWD/x"'
    assert worst(read_script("cd $x && rm y"))


def test_variables_are_followed_only_where_they_are_certain() -> None:
    """What one of several ways sets is not known afterwards."""
    assert read_script("x=a; rm $x").files == (NamedFile("a", "delete"),)
    assert read_script("for f in a b; do rm $f; done").files == (NamedFile("a", "delete"), NamedFile("b", "delete"))
    assert read_script('for f in *.pyc; do rm "$f"; done').files == (NamedFile("*.pyc", "delete", pattern=True),)
    for command in (
        "x=a; if true; then x=b; fi; rm $x",
        "x=a; true && x=b; rm $x",
        "x=a; while true; do rm $x; x=b; done",
        "x=a; while read x; do rm $x; done",
        "rm $1",
        "x=a; printf -v x b; rm $x",
        "x=a; : ${x:=b}; rm $x",
        "x=a; (( x = 1 )); rm $x",
        "IFS=a; x=bac; rm $x",
    ):
        assert not read_script(command).complete, command


def test_a_here_document_is_run_by_a_shell_only() -> None:
    """What ends it is held against the lines: a text that seems to go on may be commands."""
    assert read_script("cat > f <<'X'\nrm -rf /\nX\n").effects == {"write"}
    assert read_script("bash <<'X'\nrm -rf /\nX\n").effects == {"delete"}
    assert "delete" in read_script("cat <<'X'\na\nX\nrm -rf /\n").effects
    assert "delete" in read_script("cat <<X\n$(rm -rf /)\nX\n").effects
    assert read_script("python <<'X'\nprint(1)\nX\n").facts >= {"opaque"}


def test_an_option_may_hide_in_what_is_not_known() -> None:
    """A file called `--checkpoint-action=…` turns `tar *` into something else; `--` ends options."""
    for command in ("tar cf a.tar *", "rsync * host:b", 'rm "$x"', "find $x"):
        assert not read_script(command).complete, command
    assert read_script("tar cf a.tar -- *").complete and read_script("cat *").complete


def test_a_program_is_what_its_entry_says() -> None:
    """The table is whole: known effects, known uses, and functions that exist."""
    from assent.catalog.analysers.special import HOW

    pending = list(table().values())
    uses = {"text", "list", "read", "write", "delete", "make", "run", "send", "place", "url", "host", "worst", "format"}
    while pending:
        entry = pending.pop()
        assert entry.does <= set(EFFECTS) and entry.undo in (*REVERSIBILITY, "prior")
        assert {*entry.operands} <= uses and entry.last in {"", *uses}
        assert entry.how in HOW or entry.how in ("rewrites", "config")
        assert all(set(effects.split()) <= set(EFFECTS) for effects in entry.adds.values())
        pending += [*entry.sub.values(), *([entry.bare] if entry.bare else [])]


def test_code_is_opaque() -> None:
    """Python, JavaScript, cells of a notebook: whatever they say."""
    for value in ("print(1)", "", None, [{"cell_type": "code", "source": "1"}]):
        found = read_code(value, SHELL)
        assert worst(found) and found.facts == {"opaque"}


def test_a_reading_goes_by_what_the_argument_is() -> None:
    """A command is read as one whatever the profile names; code without the `sql` analyser is opaque."""
    profile = ToolProfile("t", frozenset({"execute"}), targets={"a": "command", "b": "code", "c": "ref"})
    params = {"name": "t", "arguments": {"a": "ls", "b": "1", "c": "main"}}
    action = Action(PrincipalId("Agent::x"), (), SessionId("s"), "x", "tools/call", "t", None, params)
    found = read_arguments(profile, action)
    assert {name: one.analyser for name, one in found.items()} == {"a": "shell", "b": "code"}
    assert found["a"].effects == {"read"} and found["b"].facts == {"opaque"}


def test_brackets_in_a_sed_script_are_read_in_linear_time() -> None:
    """A long row of bracketed sets, which could be taken apart in many ways, is judged at once."""
    from time import process_time

    before = process_time()
    assert not read_script("sed '/" + "[^a]" * 15_000 + "/p' x").complete
    assert process_time() - before < 5
