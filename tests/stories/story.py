"""Stories: sessions at the command line as text files, played in an empty HOME and compared line by line.

A file has a title, prose (`# `), commands of a person (`$ `), tool calls of an agent
(`> TOOL ARGUMENTS`), and after each the output that must come. `$ assent mcp -- …`
starts the agent's connection. What differs from run to run is masked: an id is
written `apr_…`, and in a command stands for the last one that was shown.

    python -m tests.stories.story --write    # write down what comes, and the manual
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.edges.mcp.wire import Wire

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MANUAL = ROOT / "docs" / "manual.md"
FILES = sorted(HERE.glob("*.txt"))
_PREFIX = ("$ ", "> ")
_MASKS: tuple[tuple[str, str], ...] = (
    (r"\b(apr|att|prm|ses|node)_[a-z2-7]{26}", r"\1_…"),
    (r"sha256:[0-9a-f]{64}", "sha256:…"),
    (r"sha256:[0-9a-f]{12}…", "sha256:…"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "2026-11-24T08:30:00.123Z"),
    (r"assent-witness/[0-9a-f]{16}(\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+)?", "assent-witness/…"),
    (r"assent/[0-9a-f]{16}(\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+)?", "assent/…"),
    (r"\(\d+ min \d+ s left\)", "(14 min 59 s left)"),
    (r"the first [\d,]+ under", "the first 11 under"),
    (r"assent \d+\.\d+\.\d+, Python \S+, \w+", "assent 0.1.0, Python 3.11.7, Linux"),
)
_INTRODUCTION = """\
# Manual

Every session on this page was run, as it stands here, by the test-suite: the files are in `tests/stories/`. `$` is a
person at a shell; `>` is a tool call of the agent, over MCP, through `assent mcp`. Ids, digests and times are cut.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """Prose, or a command with the output that must come."""

    line: str
    output: tuple[str, ...] = ()

    @property
    def prose(self) -> bool:
        """Is it text for the reader?"""
        return not self.line.startswith(_PREFIX)


@dataclass(frozen=True, slots=True)
class Story:
    """One file."""

    title: str
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> Story:
        """Read a file."""
        title, *lines = text.splitlines()
        steps: list[Step] = []
        for line in lines:
            if line.startswith(_PREFIX):
                steps.append(Step(line))
            elif line == "#" or line.startswith("# "):
                steps.append(Step(line[2:]))
            elif steps and not steps[-1].prose:
                steps[-1] = Step(steps[-1].line, (*steps[-1].output, line))
        return cls(title, tuple(Step(step.line, _trimmed(step.output)) for step in steps))

    def text(self) -> str:
        """The file."""
        lines = [self.title]
        before_prose: bool | None = None
        for step in self.steps:
            if step.prose != before_prose or not step.prose:
                lines.append("")
            before_prose = step.prose
            lines += [f"# {step.line}".rstrip()] if step.prose else [step.line, *step.output]
        return "\n".join(lines) + "\n"

    def manual(self) -> str:
        """Its section of the manual."""
        lines = [f"## {self.title}"]
        inside = False
        for step in self.steps:
            if step.prose:
                if inside:
                    lines.append("```")
                    inside = False
                if lines[-1] == "```" or lines[-1].startswith("## "):
                    lines.append("")
                lines.append(step.line)
                continue
            lines += [] if inside else ["", "```console"]
            inside = True
            lines += [step.line, *step.output]
        return "\n".join([*lines, "```"] if inside else lines) + "\n"


def _trimmed(output: tuple[str, ...]) -> tuple[str, ...]:
    while output and not output[-1]:
        output = output[:-1]
    return output


class Player:
    """Plays the steps of one story in an empty HOME."""

    def __init__(self, home: Path) -> None:
        self._home = home
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("ASSENT_", "XDG_"))}
        programs = [Path(sys.executable).parent, *(ROOT / ".servers" / name / "bin" for name in ("sqlite", "fetch"))]
        path = os.pathsep.join([str(_desktop(home)), *map(str, programs), os.environ["PATH"]])
        self._environ = {**plain, "HOME": str(home), "USER": "you", "PATH": path, "ASSENT_APPROVAL_WAIT": "0"}
        self._seen: dict[str, str] = {}
        self._wire: Wire | None = None

    def play(self, step: Step) -> tuple[str, ...]:
        """The masked output of one step."""
        line = step.line[2:]
        if step.line.startswith("> "):
            return self._masked(self._call(line))
        if line.startswith("assent mcp "):
            words = ["bash", "-c", 'cd "$HOME" && exec "$@"', "agent", *shlex.split(line)]
            self._wire = Wire(words, self._environ, errors=self._home / ".errors")
            self._wire.hello()
            return ()
        for short, full in self._seen.items():
            line = line.replace(short, full)
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self._home,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            timeout=60,
            check=False,
        )
        code = f"[exit code {done.returncode}]\n" if done.returncode else ""
        return self._masked(done.stdout + code)

    def _call(self, line: str) -> str:
        assert self._wire is not None, "no agent is connected"
        tool, _, arguments = line.partition(" ")
        result = self._wire.call(tool, json.loads(arguments or "{}"))["result"]
        return "\n".join(part["text"] for part in result["content"])

    def _masked(self, text: str) -> tuple[str, ...]:
        for full in re.findall(r"\b(?:apr|att|ses)_[a-z2-7]{26}", text):
            self._seen[full[:4] + "…"] = full
        text = text.replace(str(self._home), "~").replace(f"{Path(sys.executable).parent}/", "/usr/local/bin/")
        for pattern, mask in _MASKS:
            text = re.sub(pattern, mask, text)
        return _trimmed(tuple(line.rstrip() for line in text.splitlines()))

    def close(self) -> None:
        """End the agent's session."""
        if self._wire is not None:
            self._wire.close()


def _desktop(home: Path) -> Path:
    """A folder with programs that show notifications to nobody: a story has no say over a real desktop."""
    folder = home / ".bin"
    folder.mkdir()
    for name in ("notify-send", "osascript"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o700)
    return folder


def played(story: Story, home: Path) -> Iterator[Step]:
    """Each step with the output that came."""
    player = Player(home)
    try:
        for step in story.steps:
            yield step if step.prose else Step(step.line, player.play(step))
    finally:
        player.close()


def manual() -> str:
    """The manual, made of all stories."""
    sections = [Story.parse(path.read_text()).manual() for path in FILES]
    return "\n".join([_INTRODUCTION, *sections])


def _write() -> None:
    for path in FILES:
        story = Story.parse(path.read_text())
        with tempfile.TemporaryDirectory() as folder:
            path.write_text(Story(story.title, tuple(played(story, Path(folder)))).text())
    MANUAL.write_text(manual())


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    _write()
