"""What has been found in one script so far; only ever more, and never milder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Literal

from assent.catalog.analysers.url import read_host_name, read_url
from assent.catalog.analysers.words import PIPED, START, as_file, known, plain
from assent.catalog.observation import NamedFile, Reading, Use
from assent.model.profile import REVERSIBILITY, Reversibility, ToolProfile

#: As `Reversibility`; `prior` can be undone by the bytes from before of the files it names.
Undo = Literal["reversible", "compensable", "irreversible", "prior"]
#: Files that are none.
NO_FILES = frozenset({"-", "/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero"})
_CHANGES = frozenset({"write", "delete"})
_MOST_FILES, _MOST_NOTES = 256, 4


class UnreadError(Exception):
    """What follows cannot be read; the reason is for a person. Never leaves this room."""


@dataclass
class Findings:
    """Everything that one script does, gathered while it is read.

    Args:
        budget: steps left before the script counts as too much to read.
        cwds: directories the script may be in, each relative to where it starts, or absolute.
        moved: what the script puts in place and may be a link, whose target only the run will show.
    """

    budget: int
    cwds: tuple[str, ...] = ("",)
    effects: set[str] = field(default_factory=set)
    severity: int = 0
    by_prior: bool = False
    complete: bool = True
    downloads: bool = False
    fetched: set[str] = field(default_factory=set)
    files: dict[NamedFile, None] = field(default_factory=dict)
    refs: dict[tuple[str, str], None] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    recipients: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    programs: set[str] = field(default_factory=set)
    facts: set[str] = field(default_factory=set)
    notes: dict[str, None] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)

    def step(self, cost: int = 1) -> None:
        """Spend some of the budget.

        Raises:
            UnreadError: it is used up.
        """
        self.budget -= cost
        if self.budget < 0:
            raise UnreadError("the script is too long to be read")

    def does(self, effects: frozenset[str], undo: Undo, note: str = "") -> None:
        """Add effects and how they are undone."""
        self.effects |= effects
        self.by_prior |= undo == "prior"
        self.severity = max(self.severity, REVERSIBILITY.index("compensable" if undo == "prior" else undo))
        if note and len(self.notes) < _MOST_NOTES:
            self.notes[note] = None

    def unknown(self, note: str) -> None:
        """Part of it is not known: the worst case, and what else was found stays."""
        self.does(frozenset({"execute", "unknown"}), "irreversible", note)
        self.complete = False

    def file(self, word: str, use: Use, within: str = "") -> None:
        """Name a file that a word means."""
        if PIPED in word:
            return  # what a command prints; the command itself is read
        if not known(word):
            self.unknown("a file is named by something that is not known")
            return
        text, pattern = as_file(word)
        if text in NO_FILES or not text or text.startswith("/dev/fd/"):
            return
        if text.startswith("/dev/") and use in _CHANGES and text[5:9] != "shm/":
            self.does(frozenset({"delete"}), "irreversible", "writes to a device")
        for cwd in self.cwds:
            if not known(cwd + text) or len(self.files) > _MOST_FILES:
                self.unknown("which files are named cannot be told")
                return
            named = NamedFile(_joined(cwd, text), use, pattern, within)
            if use in ("read", "write", "run", "send") and normpath(named.text) in self.moved:
                self.unknown("it uses what the script has just put there, which may be a link")
            self.files[named] = None

    def places(self, word: str, sources: Sequence[str]) -> None:
        """What was put there, by its own name or into it, may be links: what lies below is elsewhere."""
        if not known(word):
            return
        text = as_file(word)[0]
        for cwd in self.cwds:
            whole = normpath(_joined(cwd, text)) if text and known(cwd) else "."
            if len(sources) < 2 and not text.endswith(("/", ".")):  # else it is a directory that is there already
                self.moved.add(whole)
            self.moved |= {f"{whole}/{plain(each).rstrip('/').rpartition('/')[2]}" for each in sources}

    def _through(self) -> bool:
        """Does a file lie below what the script puts in place?"""
        below = tuple(each + "/" for each in self.moved)
        return any(
            file.use != "list" and (file.pattern or normpath(file.text).startswith(below)) for file in self.files
        )

    def ref(self, name: str) -> None:
        """Name a git reference of the repository the script is in; what it points to goes with the call."""
        for cwd in self.cwds:
            if known(cwd):
                self.refs[cwd.replace(START, ".", 1) or ".", name[:256]] = None

    def host(self, text: str, *, url: bool = False) -> None:
        """Name a host, alone, as `user@host`, or in a URL."""
        if not known(text):
            self.unknown("a host is named by something that is not known")
            return
        profile = ToolProfile("", frozenset({"read"}))
        text = plain(text)
        found = read_url(text, profile) if url or "//" in text else read_host_name(text.rpartition("@")[2], profile)
        if not found.complete:
            self.unknown(found.note)
        self.add(found)

    def add(self, found: Reading) -> None:
        """Take in what another analyser read."""
        self.effects |= found.effects
        self.severity = max(self.severity, REVERSIBILITY.index(found.reversibility))
        self.by_prior |= found.by_prior
        self.complete &= found.complete
        self.tables |= set(found.tables)
        self.hosts |= set(found.hosts)
        self.facts |= found.facts
        self.recipients |= set(found.recipients)
        self.files |= dict.fromkeys(found.files)
        if found.note and len(self.notes) < _MOST_NOTES:
            self.notes[found.note] = None

    def reading(self) -> Reading:
        """All of it together."""
        if self.moved and self._through():
            self.unknown("it goes through what the script has put there, which may be a link")
        effects = frozenset(self.effects or {"read"})
        reversibility: Reversibility = REVERSIBILITY[self.severity]
        return Reading(
            effects - {"read"} or effects,
            reversibility,
            self.by_prior,
            tuple(sorted(self.tables)),
            tuple(self.files),
            tuple(sorted(self.hosts)),
            tuple(sorted(self.recipients)),
            programs=tuple(sorted(self.programs)),
            facts=frozenset(self.facts),
            complete=self.complete,
            note="; ".join(self.notes),
            refs=tuple(self.refs),
        )


def _joined(cwd: str, text: str) -> str:
    if text.startswith(START):
        return "." + text[1:]
    if not cwd or text[0] in "/~":
        return text
    return f"{cwd.replace(START, '.', 1)}/{text}"
