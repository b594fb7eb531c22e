"""Reference pages hold exactly what the code has: commands, codes, settings."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from assent.cli.main import cli
from assent.config import Config, load
from tests.architecture.source import modules, parse
from tests.docs.codes import given, words

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below this one, with the words that name it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, name
            yield from walk(below, (*path, name))


COMMANDS = list(walk(cli))


def documented_codes() -> set[str]:
    """The codes in the first cells of the tables of docs/errors.md."""
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`([a-z0-9_]+)`", row)}


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS], ids=lambda path: " ".join(path) or "assent")
def test_every_help_works(path: tuple[str, ...], tmp_path: Path) -> None:
    """`assent … --help` says what the command does, without a home, and leaves none behind."""
    environ = {**os.environ, "HOME": str(tmp_path), "ASSENT_HOME": str(tmp_path / "home")}
    run = subprocess.run([BIN / "assent", *path, "--help"], capture_output=True, text=True, env=environ)
    assert run.returncode == 0, run.stderr
    assert "Usage: assent" in run.stdout and run.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [command for _, command in COMMANDS], ids=lambda command: str(command.name))
def test_every_option_says_what_it_does(command: click.Command) -> None:
    """Each command and each of its options has a help text."""
    assert command.help or command.short_help
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    assert [one.name for one in options if not one.help] == []


def test_verifier_help_works() -> None:
    """`assent-verify --help` works with the verifier alone."""
    run = subprocess.run([BIN / "assent-verify", "--help"], capture_output=True, text=True)
    assert run.returncode == 0 and "usage" in run.stdout.lower()


def test_every_code_is_documented() -> None:
    """Each code that the sources give to an error or a reason has its line in docs/errors.md."""
    missing = {code: sorted(files) for code, files in given(modules()).items() if code not in documented_codes()}
    assert missing == {}


def test_every_documented_code_exists() -> None:
    """Each code of docs/errors.md is a word of the sources: none is left over."""
    assert documented_codes() - words(modules()) == set()


def test_codes_are_found_wherever_they_are_given() -> None:
    """A code is seen as first argument, by keyword, through a function, a class or either branch."""
    text = (
        "def told(line, code): ...\n"
        "class Reason:\n    code: str\n"
        "raise RequestError('one', 'text')\n"
        "told(3, 'two')\n"
        "told(3, code='three')\n"
        "Reason('four' if x else 'five')\n"
        "other('six')\n"
    )
    namesake = parse("assent/y.py", "def told(line, table): ...\ntold(1, 'seven')\n")
    assert set(given([parse("assent/x.py", text), namesake])) == {"one", "two", "three", "four", "five"}


def test_codes_are_stable_words() -> None:
    """A code is lower-case ASCII, digits and underscores, at most 64 characters."""
    assert [code for code in documented_codes() if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", code)] == []


def test_every_setting_is_documented(tmp_path: Path) -> None:
    """docs/settings.md has exactly the settings there are, each with its default."""
    page = (ROOT / "docs/settings.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE))
    assert set(rows) == {field.name for field in dataclasses.fields(Config)} - {"home"}
    defaults = load(tmp_path, {})
    for name, shown in rows.items():
        if shown.startswith("`"):
            assert shown.strip("`") == str(getattr(defaults, name)).lower(), name


def test_the_settings_shown_are_taken(tmp_path: Path) -> None:
    """The example of docs/settings.md is a configuration that is read."""
    page = (ROOT / "docs/settings.md").read_text("utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "assent.toml").write_text(example)
    assert load(tmp_path, {}).approval_wait == 20


def test_make_help_names_every_target() -> None:
    """`make` alone lists the targets, each with what it does."""
    run = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    declared = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert declared is not None
    assert re.findall(r"^  make (\w+) +\S", run.stdout, re.MULTILINE) == declared[1].split()


@pytest.mark.parametrize("page", ["docs/platforms.md", "docs/limits.md"])
def test_pages_of_record_are_linked(page: str) -> None:
    """What was run where, and what Assent does not do, can be found from the README."""
    reached = {"README.md"}
    for _ in range(3):
        for name in list(reached):
            text = (ROOT / name).read_text("utf-8")
            links = re.findall(r"\]\(([^)#:]+\.md)", text)
            reached |= {str(((ROOT / name).parent / link).resolve().relative_to(ROOT)) for link in links}
    assert page in reached
