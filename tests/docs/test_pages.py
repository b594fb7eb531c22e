"""Pages say what is there: links lead somewhere, code is code, commands and options exist."""

from __future__ import annotations

import ast
import json
import re
import shlex
import textwrap
import tomllib
from pathlib import Path

import cedarpy
import click
import pytest

from assent.cli.main import cli
from tests.architecture.source import modules
from tests.docs.codes import words
from tests.docs.pages import ROOT, Block, anchors, blocks, broken_links, pages

PAGES = pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))


def wrong(block: Block) -> str:
    """Why a block is not what its language says; empty if it is."""
    try:
        if block.language == "python":
            ast.parse("async def page():\n" + textwrap.indent(textwrap.dedent(block.text), "    "))
        elif block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "cedar":
            cedarpy.policies_to_json_str(block.text)
    except (SyntaxError, ValueError) as error:
        return f"line {block.line}: {error}"
    return ""


def find(words: list[str], group: click.Group) -> tuple[click.Command | None, list[str]]:
    """The command that these words name, and the words after it."""
    context = click.Context(group)
    for at, word in enumerate(words):
        if word.startswith("-"):
            continue
        found = group.get_command(context, word)
        if not isinstance(found, click.Group):
            return found, words[at + 1 :]
        group = found
    return group, words


def misused(line: str) -> str:
    """Why an `assent …` line could not be typed; empty if it could."""
    words = shlex.split(line.split(" -- ")[0], comments=True)[1:]
    end = next((at for at, word in enumerate(words) if word in ("|", ">", "<", "2>&1", "&&", ";", "&")), len(words))
    words = [word for word in words[:end] if not re.match(r"\d?[<>]", word)]
    if not words:
        return ""
    command, rest = find(words, cli)
    if command is None:
        return f"`{line}`: no such command"
    known = {name for parameter in [*command.params, *cli.params] for name in parameter.opts}
    known |= {"--help", "-h"}
    options = [word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
    missing = [option for option in options if option not in known]
    return f"`{line}`: no option {', '.join(missing)}" if missing else ""


def commands(text: str) -> list[str]:
    """The `assent …` lines of the shell blocks of a page."""
    shells = [block for block in blocks(text) if block.language in ("console", "sh", "bash")]
    lines = [line.strip().removeprefix("$ ") for block in shells for line in block.text.splitlines()]
    return [line for line in lines if re.match(r"assent [a-z-]", line)]


def named(text: str) -> list[str]:
    """The commands that a text names in backticks, or tells to run."""
    return re.findall(r"(?:`|\brun: )(assent [a-z][^`\n;,]*)", text)


@PAGES
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the tree, or to a heading in it, has its target."""
    assert broken_links(page, page.read_text("utf-8")) == []


@PAGES
def test_blocks_are_what_they_say(page: Path) -> None:
    """Python, TOML, JSON and Cedar on a page parse as such."""
    assert [told for block in blocks(page.read_text("utf-8")) if (told := wrong(block))] == []


@PAGES
def test_commands_can_be_typed(page: Path) -> None:
    """Each `assent` command that a page shows exists, with each option it is given."""
    assert [told for line in commands(page.read_text("utf-8")) if (told := misused(line))] == []


@PAGES
def test_commands_in_prose_exist(page: Path) -> None:
    """A command that a sentence names can be typed, too."""
    assert [told for line in named(page.read_text("utf-8")) if (told := misused(line))] == []


def test_commands_in_messages_exist() -> None:
    """So can each that a message, a help text or a docstring of either package names."""
    texts = [(module.name, text) for module in modules() for text in words([module])]
    assert [(name, told) for name, text in texts for line in named(text) if (told := misused(line))] == []


def test_breaches_are_found(tmp_path: Path) -> None:
    """A dead link, a dead anchor, broken code, an unknown command and an unknown option are each found."""
    page = tmp_path / "page.md"
    page.write_text("# One thing\n\n[a](none.md) [b](#one-thing) [c](#other) `[d](no.md)`\n")
    assert broken_links(page, page.read_text()) == ["none.md", "#other"]
    assert anchors("## `Code` of a: thing\n") == {"code-of-a-thing"}
    assert all(wrong(Block(language, "((", 1)) for language in ("python", "toml", "json", "cedar"))
    assert misused("assent nothing --json").endswith("no such command")
    assert misused("assent verify --fast").endswith("no option --fast")
    assert misused("assent verify export --json > out") == ""
    assert named("`assent replay` tells, or run: assent verify") == ["assent replay", "assent verify"]
